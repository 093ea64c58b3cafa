package io.relayminer.core.miner;

import io.relayminer.core.miner.redis.RedisMinerStore;
import io.relayminer.core.miner.redis.RedisMinerStoreSettings;
import io.relayminer.core.miner.store.MinerStoreListener;
import io.relayminer.core.redis.KeyLayout;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.redis.RedisNamespace;
import io.relayminer.core.redis.RedisStreamRelayLog;
import io.relayminer.core.redis.RelayLogListener;
import io.relayminer.core.redis.RelayLogSettings;
import io.relayminer.smst.redis.Fence;
import io.relayminer.testkit.redis.RedisServer;
import io.relayminer.transport.MinedRelay;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;

/** Processes that share one Redis: a relayer, and miners that are named by their owner's id. */
final class RedisFleet implements AutoCloseable {

    private final RedisConnections connections;
    private final RedisKeys keys;
    private final RedisStreamRelayLog log;
    private final Map<String, RedisMinerStore> stores = new HashMap<>();
    private final Map<String, Long> epochs = new HashMap<>();

    RedisFleet(RedisServer server, KeyLayout layout) {
        connections = RedisConnections.open(server.uri());
        connections.sync().flushall();
        keys = new RedisKeys(RedisNamespace.DEFAULT, layout);
        log =
                new RedisStreamRelayLog(
                        connections,
                        keys,
                        RelayLogSettings.DEFAULT,
                        InstantSource.system(),
                        RelayLogListener.NONE);
    }

    /** The store as the process with an id has it. */
    RedisMinerStore store(String owner) {
        return stores.computeIfAbsent(
                owner,
                id ->
                        new RedisMinerStore(
                                connections,
                                keys,
                                id,
                                RedisMinerStoreSettings.DEFAULT.withPace(
                                        Duration.ofMillis(5), Duration.ofMillis(50)),
                                MinerStoreListener.NONE,
                                InstantSource.system()));
    }

    void append(MinedRelay relay) {
        log.append(relay).toCompletableFuture().join();
    }

    Fence grant(String supplier, String owner) {
        Fence fence = new Fence(owner, epochs.merge(supplier, 1L, Long::sum));
        connections.sync().set(bytes(keys.lease(supplier)), bytes(owner));
        connections
                .sync()
                .set(bytes(keys.leaseEpoch(supplier)), bytes(Long.toString(fence.epoch())));
        return fence;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        stores.values().forEach(RedisMinerStore::close);
        log.close();
        connections.close();
    }
}
