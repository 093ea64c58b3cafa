package io.relayminer.leader;

import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;

import java.time.Duration;
import java.util.function.Supplier;

/** Makes lease stores on a connection that the program has. */
final class RedisLeaseStoreProvider implements LeaseStoreProvider {

    private final Supplier<RedisClusterAsyncCommands<byte[], byte[]>> redis;

    RedisLeaseStoreProvider(Supplier<RedisClusterAsyncCommands<byte[], byte[]>> redis) {
        this.redis = redis;
    }

    @Override
    public String type() {
        return "redis";
    }

    @Override
    public LeaseStore create(LeaseStoreContext context) {
        Duration timeout = context.settings().positiveDuration("timeout", Duration.ofSeconds(3));
        return new RedisLeaseStore(redis.get(), context.membership(), context.time(), timeout);
    }
}
