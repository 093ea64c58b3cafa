package io.relayminer.core.miner.redis;

import io.relayminer.core.miner.store.MinerStore;
import io.relayminer.core.miner.store.MinerStoreContext;
import io.relayminer.core.miner.store.MinerStoreProvider;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.provider.ProviderSettings;

/** Makes stores on connections that the program has. */
final class RedisMinerStoreProvider implements MinerStoreProvider {

    private final RedisConnections connections;
    private final RedisKeys keys;
    private final RedisMinerStoreSettings defaults;

    RedisMinerStoreProvider(
            RedisConnections connections, RedisKeys keys, RedisMinerStoreSettings defaults) {
        this.connections = connections;
        this.keys = keys;
        this.defaults = defaults;
    }

    @Override
    public String type() {
        return "redis";
    }

    @Override
    public MinerStore create(MinerStoreContext context) {
        ProviderSettings s = context.settings();
        RedisMinerStoreSettings settings =
                defaults.withPace(
                                s.duration("linger", defaults.linger()),
                                s.positiveDuration("block", defaults.block()))
                        .withReadBounds(
                                s.integer("read_entries", defaults.readEntries(), 1, 1_000_000),
                                s.bytes("read_bytes", defaults.readBytes()));
        return new RedisMinerStore(
                connections,
                keys,
                context.instance(),
                settings,
                context.listener(),
                context.time());
    }
}
