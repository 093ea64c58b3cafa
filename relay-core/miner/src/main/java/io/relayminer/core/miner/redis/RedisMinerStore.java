package io.relayminer.core.miner.redis;

import io.lettuce.core.RedisException;
import io.relayminer.core.miner.store.MinerStore;
import io.relayminer.core.miner.store.MinerStoreException;
import io.relayminer.core.miner.store.MinerStoreListener;
import io.relayminer.core.miner.store.MinerStoreProvider;
import io.relayminer.core.miner.store.SessionState;
import io.relayminer.core.miner.store.SupplierStore;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.smst.redis.Fence;
import io.relayminer.smst.redis.RedisLeafStore;

import java.nio.charset.StandardCharsets;
import java.time.InstantSource;

/**
 * The miner's store on Redis, in the keys and formats that all RelayMiners share. The lease of a
 * supplier lives beside its data, so an owner is fenced the moment it loses its lease.
 *
 * <p>One thread and one connection of its own read the logs of all suppliers; everything else goes
 * over the shared connection.
 */
public final class RedisMinerStore implements MinerStore {

    private final RedisConnections connections;
    private final RedisKeys keys;
    private final RedisMinerStoreSettings settings;
    private final MinerStoreListener listener;
    private final RedisLeafStore trees;
    private final StreamReader streams;

    /**
     * A store over open connections, which stay the caller's.
     *
     * @param connections open connections
     * @param keys names of keys
     * @param consumer name of this process among those that read logs: the owner in its leases
     * @param settings times and bounds
     * @param listener observer
     * @param clock wall clock, for the age of relays
     */
    public RedisMinerStore(
            RedisConnections connections,
            RedisKeys keys,
            String consumer,
            RedisMinerStoreSettings settings,
            MinerStoreListener listener,
            InstantSource clock) {
        this.connections = connections;
        this.keys = keys;
        this.settings = settings;
        this.listener = listener;
        this.trees = new RedisLeafStore(connections.async(), settings.treeTimeout());
        this.streams = new StreamReader(connections, keys, consumer, settings, listener, clock);
    }

    /**
     * Makes stores of type {@code redis}; settings: {@code linger}, {@code block}, {@code
     * read_entries} and {@code read_bytes}, as in {@link RedisMinerStoreSettings}.
     *
     * @param connections open connections, which stay the caller's
     * @param keys names of keys
     * @param defaults what holds where the settings say nothing
     */
    public static MinerStoreProvider provider(
            RedisConnections connections, RedisKeys keys, RedisMinerStoreSettings defaults) {
        return new RedisMinerStoreProvider(connections, keys, defaults);
    }

    @Override
    public SupplierStore open(String supplier, Fence fence) {
        return new RedisSupplierStore(
                connections,
                keys,
                settings,
                listener,
                trees,
                streams.open(supplier),
                supplier,
                fence);
    }

    @Override
    public boolean hasOpenSessions(String supplier) {
        try {
            for (SessionState state : SessionState.values()) {
                if (!state.terminal()
                        && connections
                                        .sync()
                                        .exists(
                                                utf8(
                                                        keys.sessionStateIndex(
                                                                supplier, state.wire())))
                                > 0) {
                    return true;
                }
            }
            return connections.sync().exists(utf8(keys.sessionIndex(supplier))) > 0;
        } catch (RedisException e) {
            throw new MinerStoreException(
                    MinerStoreException.Reason.UNAVAILABLE,
                    "Redis did not say whether supplier " + supplier + " has open sessions",
                    e);
        }
    }

    @Override
    public void close() {
        streams.close();
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
