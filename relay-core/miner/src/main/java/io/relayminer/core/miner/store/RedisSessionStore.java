package io.relayminer.core.miner.store;

import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisFuture;
import io.relayminer.core.redis.LuaScript;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.redis.RedisStateException;
import io.relayminer.smst.redis.Fence;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletionException;
import java.util.stream.Collectors;

/**
 * Session records in Redis, in the format that all RelayMiners share: one hash per session, a set
 * of session ids per supplier, and one set per state.
 *
 * <p>Records of sessions that are not over never expire; terminal ones live for a configured time.
 * Records in the superseded layout (a JSON string) are read, and converted when they are moved.
 */
public final class RedisSessionStore implements SessionStore {

    private static final LuaScript MOVE =
            LuaScript.load(RedisSessionStore.class, "move_session.lua");

    private final RedisConnections connections;
    private final RedisKeys keys;
    private final Duration terminalLife;

    /**
     * A store over open connections.
     *
     * @param connections open connections
     * @param keys names of keys
     * @param terminalLife how long the record of a session that is over is kept
     */
    public RedisSessionStore(RedisConnections connections, RedisKeys keys, Duration terminalLife) {
        this.connections = connections;
        this.keys = keys;
        this.terminalLife = terminalLife;
    }

    @Override
    public Optional<SessionRecord> find(String supplier, String sessionId) {
        try {
            return read(supplier, sessionId, connections.async().hgetall(key(supplier, sessionId)));
        } catch (RedisException e) {
            throw unavailable("read the session " + sessionId, e);
        }
    }

    @Override
    public List<SessionRecord> live(String supplier) {
        try {
            // The reference's state sets are best effort, so all indexes together are the truth.
            Set<String> ids = new TreeSet<>();
            List<String> indexes = new ArrayList<>();
            indexes.add(keys.sessionIndex(supplier));
            for (SessionState state : SessionState.values()) {
                if (!state.terminal()) {
                    indexes.add(keys.sessionStateIndex(supplier, state.wire()));
                }
            }
            for (String index : indexes) {
                for (byte[] id : connections.sync().smembers(utf8(index))) {
                    ids.add(new String(id, StandardCharsets.UTF_8));
                }
            }
            Map<String, RedisFuture<Map<byte[], byte[]>>> replies = new LinkedHashMap<>();
            for (String id : ids) {
                replies.put(id, connections.async().hgetall(key(supplier, id)));
            }
            List<SessionRecord> live = new ArrayList<>();
            replies.forEach(
                    (id, reply) ->
                            read(supplier, id, reply)
                                    .filter(
                                            r ->
                                                    r.knownState()
                                                            .filter(s -> !s.terminal())
                                                            .isPresent())
                                    .ifPresent(live::add));
            return live;
        } catch (RedisException e) {
            throw unavailable("list the sessions of supplier " + supplier, e);
        }
    }

    private Optional<SessionRecord> read(
            String supplier, String sessionId, RedisFuture<Map<byte[], byte[]>> reply) {
        try {
            Map<String, byte[]> fields = new LinkedHashMap<>();
            reply.toCompletableFuture()
                    .join()
                    .forEach((f, v) -> fields.put(new String(f, StandardCharsets.UTF_8), v));
            return SessionRecord.ofFields(fields);
        } catch (CompletionException e) {
            if (e.getCause() instanceof RedisCommandExecutionException refused
                    && String.valueOf(refused.getMessage()).startsWith("WRONGTYPE")) {
                byte[] json = connections.sync().get(key(supplier, sessionId));
                return json == null
                        ? Optional.empty()
                        : Optional.of(SessionRecord.ofLegacyJson(json));
            }
            throw unavailable("read the session " + sessionId, e);
        }
    }

    @Override
    public Moved move(
            Fence fence,
            String supplier,
            String sessionId,
            Set<SessionState> from,
            Change change,
            OffsetDateTime now) {
        Map<String, byte[]> fields = new LinkedHashMap<>();
        fields.put("state", utf8(change.to().wire()));
        fields.put("last_updated_at", SessionRecord.encodeTime(now));
        if (change.claimedRoot() != null) {
            fields.put("claimed_root_hash", change.claimedRoot());
        }
        if (change.claimTxHash() != null) {
            fields.put("claim_tx_hash", utf8(change.claimTxHash()));
        }
        if (change.proofTxHash() != null) {
            fields.put("proof_tx_hash", utf8(change.proofTxHash()));
        }
        if (change.settlement() != null) {
            fields.put("settlement_outcome", utf8(change.settlement().outcome()));
            fields.put("settlement_height", utf8(Long.toString(change.settlement().height())));
            fields.put("settlement_tx_hash", utf8(change.settlement().txHash()));
        }
        List<String> names = new ArrayList<>();
        names.add(keys.lease(supplier));
        names.add(keys.leaseEpoch(supplier));
        names.add(keys.session(supplier, sessionId));
        names.add(keys.sessionIndex(supplier));
        for (SessionState state : SessionState.values()) {
            names.add(keys.sessionStateIndex(supplier, state.wire()));
        }
        List<byte[]> args = new ArrayList<>();
        args.add(utf8(fence.owner()));
        args.add(utf8(Long.toString(fence.epoch())));
        args.add(utf8(sessionId));
        args.add(
                utf8(
                        ","
                                + from.stream()
                                        .map(SessionState::wire)
                                        .collect(Collectors.joining(","))
                                + ","));
        args.add(utf8(Long.toString(change.to().terminal() ? terminalLife.toMillis() : 0)));
        args.add(utf8(Integer.toString(SessionState.values().length)));
        for (SessionState state : SessionState.values()) {
            args.add(utf8(state.wire()));
        }
        fields.forEach(
                (name, value) -> {
                    args.add(utf8(name));
                    args.add(value);
                });
        try {
            for (int attempt = 0; ; attempt++) {
                long reply = MOVE.integer(connections.sync(), names, args);
                if (reply == 4 && attempt == 0) {
                    convert(supplier, sessionId);
                    continue;
                }
                return switch ((int) reply) {
                    case 0 -> Moved.DONE;
                    case 1 -> Moved.FENCED;
                    case 2 -> Moved.ABSENT;
                    default -> Moved.ILLEGAL;
                };
            }
        } catch (RedisException e) {
            throw unavailable("move the session " + sessionId, e);
        }
    }

    /** Rewrites a record of the superseded layout as a hash. */
    private void convert(String supplier, String sessionId) {
        byte[] key = key(supplier, sessionId);
        byte[] json = connections.sync().get(key);
        if (json == null) {
            return;
        }
        IdentityHashMap<byte[], byte[]> fields = new IdentityHashMap<>();
        SessionRecord.ofLegacyJson(json).allFields().forEach((f, v) -> fields.put(utf8(f), v));
        connections.sync().del(key);
        connections.sync().hset(key, fields);
    }

    private byte[] key(String supplier, String sessionId) {
        return utf8(keys.session(supplier, sessionId));
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static RedisStateException unavailable(String what, Exception cause) {
        return new RedisStateException.Unavailable("Redis did not " + what, cause);
    }
}
