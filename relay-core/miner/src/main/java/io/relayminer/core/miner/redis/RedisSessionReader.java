package io.relayminer.core.miner.redis;

import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisFuture;
import io.relayminer.core.miner.store.MinerStoreException;
import io.relayminer.core.miner.store.SessionRecord;
import io.relayminer.core.miner.store.SessionState;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.redis.RedisStateException;

import org.jspecify.annotations.Nullable;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletionException;
import java.util.stream.Stream;

/**
 * Reads session records without owning a supplier, for those who look. Blocks; safe for use by any
 * thread.
 */
public final class RedisSessionReader {

    /** What becomes of a record that cannot be read. */
    interface Unreadable {

        /**
         * The record that stands for it, empty for none.
         *
         * @param text the record if it is a text
         * @param fields the record if it is a hash
         */
        Optional<SessionRecord> instead(
                String id,
                byte @Nullable [] text,
                Map<String, byte[]> fields,
                RedisStateException.MalformedValue problem);
    }

    private final RedisConnections connections;
    private final RedisKeys keys;

    /**
     * A reader over open connections.
     *
     * @param connections open connections
     * @param keys names of keys
     */
    public RedisSessionReader(RedisConnections connections, RedisKeys keys) {
        this.connections = connections;
        this.keys = keys;
    }

    /**
     * The record of a session, empty if there is none.
     *
     * @throws RedisStateException.MalformedValue if it cannot be read
     * @throws MinerStoreException if Redis does not answer
     */
    public Optional<SessionRecord> find(String supplier, String sessionId) {
        return read(
                supplier,
                sessionId,
                ask(supplier, sessionId),
                (id, text, fields, problem) -> {
                    throw problem;
                });
    }

    /**
     * The records of a supplier's sessions that are not over, without those that cannot be read.
     *
     * @throws MinerStoreException if Redis does not answer
     */
    public List<SessionRecord> open(String supplier) {
        return open(supplier, (id, text, fields, problem) -> Optional.empty());
    }

    List<SessionRecord> open(String supplier, Unreadable unreadable) {
        try {
            Map<String, RedisFuture<Map<byte[], byte[]>>> replies = new LinkedHashMap<>();
            for (String id : ids(supplier)) {
                replies.put(id, ask(supplier, id));
            }
            List<SessionRecord> open = new ArrayList<>();
            replies.forEach(
                    (id, reply) ->
                            read(supplier, id, reply, unreadable)
                                    .filter(RedisSessionReader::goesOn)
                                    .ifPresent(open::add));
            return open;
        } catch (RedisException e) {
            throw unavailable("list the sessions of supplier " + supplier, e);
        }
    }

    private RedisFuture<Map<byte[], byte[]>> ask(String supplier, String id) {
        return connections.async().hgetall(utf8(keys.session(supplier, id)));
    }

    private static boolean goesOn(SessionRecord record) {
        return record.knownState().filter(state -> !state.terminal()).isPresent();
    }

    /** The state sets of other writers are best effort, so all indexes together are the truth. */
    private Set<String> ids(String supplier) {
        Set<String> ids = new TreeSet<>();
        Stream.concat(
                        Stream.of(keys.sessionIndex(supplier)),
                        Stream.of(SessionState.values())
                                .filter(state -> !state.terminal())
                                .map(state -> keys.sessionStateIndex(supplier, state.wire())))
                .forEach(
                        index -> {
                            for (byte[] id : connections.sync().smembers(utf8(index))) {
                                ids.add(new String(id, StandardCharsets.UTF_8));
                            }
                        });
        return ids;
    }

    private Optional<SessionRecord> read(
            String supplier,
            String id,
            RedisFuture<Map<byte[], byte[]>> reply,
            Unreadable unreadable) {
        Map<String, byte[]> fields = new LinkedHashMap<>();
        try {
            reply.toCompletableFuture()
                    .join()
                    .forEach((f, v) -> fields.put(new String(f, StandardCharsets.UTF_8), v));
            return SessionRecord.ofFields(fields);
        } catch (CompletionException e) {
            if (e.getCause() instanceof RedisCommandExecutionException refused
                    && String.valueOf(refused.getMessage()).startsWith("WRONGTYPE")) {
                return readText(supplier, id, unreadable);
            }
            throw unavailable("read the session " + id, e);
        } catch (RedisStateException.MalformedValue e) {
            return unreadable.instead(id, null, fields, e);
        }
    }

    private Optional<SessionRecord> readText(String supplier, String id, Unreadable unreadable) {
        String key = keys.session(supplier, id);
        byte[] json;
        try {
            json = connections.sync().get(utf8(key));
        } catch (RedisCommandExecutionException e) {
            return unreadable.instead(
                    id,
                    null,
                    Map.of(),
                    new RedisStateException.MalformedValue(
                            key + " is neither a hash nor a text; rename or delete it", e));
        }
        if (json == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(SessionRecord.ofLegacyJson(json));
        } catch (RedisStateException.MalformedValue e) {
            return unreadable.instead(id, json, Map.of(), e);
        }
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static MinerStoreException unavailable(String what, Exception cause) {
        return new MinerStoreException(
                MinerStoreException.Reason.UNAVAILABLE, "Redis did not " + what, cause);
    }
}
