package io.relayminer.core.miner.store;

import io.lettuce.core.RedisException;
import io.relayminer.core.redis.LuaScript;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.redis.RedisStateException;
import io.relayminer.core.redis.SubmissionPhase;
import io.relayminer.smst.redis.Fence;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Claim and proof messages that wait for their inclusion, in the format in which all RelayMiners
 * keep them. A message is stored before it is sent, so any owner can send it again.
 *
 * <p>Blocks; throws {@link RedisStateException.Unavailable}. Safe for use by any thread.
 */
public final class RedisOutbox implements Outbox {

    private static final LuaScript PUT = LuaScript.load(RedisOutbox.class, "outbox_put.lua");
    private static final LuaScript REMOVE = LuaScript.load(RedisOutbox.class, "outbox_remove.lua");

    /** Longer than any claim and proof window; entries are removed when they are done. */
    private static final Duration LIFE = Duration.ofHours(24);

    private final RedisConnections connections;
    private final RedisKeys keys;

    /** An outbox over open connections. */
    public RedisOutbox(RedisConnections connections, RedisKeys keys) {
        this.connections = connections;
        this.keys = keys;
    }

    @Override
    public boolean put(
            Fence fence,
            SubmissionPhase phase,
            String supplier,
            long sessionEnd,
            String sessionId,
            OutboxEntry entry) {
        try {
            return PUT.integer(
                            connections.sync(),
                            List.of(
                                    keys.lease(supplier),
                                    keys.leaseEpoch(supplier),
                                    keys.outbox(phase, supplier, sessionEnd),
                                    keys.outboxIndex(phase, supplier)),
                            List.of(
                                    utf8(fence.owner()),
                                    utf8(Long.toString(fence.epoch())),
                                    utf8(sessionId),
                                    entry.encode(),
                                    utf8(keys.outboxMember(supplier, sessionEnd)),
                                    utf8(Long.toString(LIFE.toMillis()))))
                    == 1;
        } catch (RedisException e) {
            throw new RedisStateException.Unavailable(
                    "Redis did not store a message of supplier " + supplier, e);
        }
    }

    @Override
    public void remove(SubmissionPhase phase, String supplier, long sessionEnd, String sessionId) {
        try {
            REMOVE.integer(
                    connections.sync(),
                    List.of(
                            keys.outbox(phase, supplier, sessionEnd),
                            keys.outboxIndex(phase, supplier)),
                    LuaScript.texts(List.of(sessionId, keys.outboxMember(supplier, sessionEnd))));
        } catch (RedisException e) {
            throw new RedisStateException.Unavailable(
                    "Redis did not remove a message of supplier " + supplier, e);
        }
    }

    @Override
    public Map<String, OutboxEntry> entries(
            SubmissionPhase phase, String supplier, long sessionEnd) {
        try {
            Map<String, OutboxEntry> entries = new LinkedHashMap<>();
            connections
                    .sync()
                    .hgetall(utf8(keys.outbox(phase, supplier, sessionEnd)))
                    .forEach(
                            (id, value) ->
                                    entries.put(
                                            new String(id, StandardCharsets.UTF_8),
                                            OutboxEntry.decode(value)));
            return entries;
        } catch (RedisException e) {
            throw new RedisStateException.Unavailable(
                    "Redis did not list the messages of supplier " + supplier, e);
        }
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
