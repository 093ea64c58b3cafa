package io.relayminer.core.miner.redis;

import io.lettuce.core.RedisException;
import io.relayminer.core.miner.store.FencedException;
import io.relayminer.core.miner.store.MinerStoreException;
import io.relayminer.core.miner.store.MinerStoreListener;
import io.relayminer.core.miner.store.OutboxEntry;
import io.relayminer.core.miner.store.SessionChange;
import io.relayminer.core.miner.store.SessionRecord;
import io.relayminer.core.miner.store.SessionState;
import io.relayminer.core.redis.LuaScript;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.redis.RedisStateException;
import io.relayminer.core.redis.SubmissionPhase;
import io.relayminer.smst.redis.Fence;
import io.relayminer.smst.redis.RedisLeafStore;
import io.relayminer.smst.redis.TrieKeys;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The session records of one supplier, in the format that all RelayMiners share: one hash for each
 * session, a set of session ids, and one set for each state.
 *
 * <p>Records of sessions that are not over never expire. A record in the superseded layout, a JSON
 * text, is read, and rewritten before it changes. One that cannot be read at all would hide its
 * session from every owner, so it is put aside and made anew of what the tree says.
 */
final class SessionRecords {

    private static final Logger LOG = LoggerFactory.getLogger(SessionRecords.class);

    private static final LuaScript CHANGE =
            LuaScript.load(SessionRecords.class, "change_session.lua");
    private static final LuaScript REPLACE =
            LuaScript.load(SessionRecords.class, "replace_record.lua");

    /** Longer than any claim and proof window; messages are removed when they are done. */
    private static final Duration MESSAGE_LIFE = Duration.ofHours(24);

    private static final Duration UNREADABLE_LIFE = Duration.ofDays(7);

    private final RedisConnections connections;
    private final RedisKeys keys;
    private final RedisMinerStoreSettings settings;
    private final MinerStoreListener listener;
    private final RedisSessionReader reader;
    private final RecordRebuild rebuild;
    private final String supplier;
    private final Fence fence;

    SessionRecords(
            RedisConnections connections,
            RedisKeys keys,
            RedisMinerStoreSettings settings,
            MinerStoreListener listener,
            RedisLeafStore trees,
            String supplier,
            Fence fence) {
        this.connections = connections;
        this.keys = keys;
        this.settings = settings;
        this.listener = listener;
        this.reader = new RedisSessionReader(connections, keys);
        this.rebuild = new RecordRebuild(connections, keys, trees, supplier);
        this.supplier = supplier;
        this.fence = fence;
    }

    List<SessionRecord> open() {
        return reader.open(supplier, this::anew);
    }

    /** Makes a record anew that cannot be read. The other sessions do not wait for it. */
    private Optional<SessionRecord> anew(
            String id,
            byte @Nullable [] text,
            Map<String, byte[]> fields,
            RedisStateException.MalformedValue problem) {
        Optional<SessionRecord> made = rebuild.record(id, fields);
        boolean replaced = made.isPresent() && replace(id, text, UNREADABLE_LIFE, made.get());
        listener.recordUnreadable(supplier, id, replaced);
        LOG.error(
                "the record of session {} of supplier {} cannot be read ({}); {}",
                id,
                supplier,
                problem.getMessage(),
                replaced
                        ? "it was made anew from its tree, and what was there is in "
                                + keys.unreadableSession(supplier, id)
                        : "nothing is left to make it anew from, the session is passed over");
        return replaced ? made : Optional.empty();
    }

    /** Writes a record anew if nobody has changed it since; false if somebody has. */
    private boolean replace(
            String id, byte @Nullable [] text, Duration lifeOfTheOld, SessionRecord record) {
        List<byte[]> arguments = new ArrayList<>();
        arguments.add(decimal(lifeOfTheOld.toMillis()));
        arguments.add(text == null ? new byte[0] : text);
        record.allFields()
                .forEach(
                        (name, value) -> {
                            arguments.add(utf8(name));
                            arguments.add(value);
                        });
        long reply =
                RedisSupplierStore.fenced(
                        connections,
                        keys,
                        supplier,
                        fence,
                        REPLACE,
                        List.of(keys.session(supplier, id), keys.unreadableSession(supplier, id)),
                        arguments);
        if (reply == 1) {
            throw new FencedException(supplier);
        }
        return reply == 0;
    }

    boolean change(SessionRecord session, SessionChange change, TrieKeys tree) {
        String id = session.sessionId();
        List<String> names = new ArrayList<>();
        names.add(keys.session(supplier, id));
        names.add(keys.sessionIndex(supplier));
        for (SubmissionPhase phase : SubmissionPhase.values()) {
            names.add(keys.outbox(phase, supplier, session.endHeight()));
            names.add(keys.outboxIndex(phase, supplier));
        }
        names.add(tree.nodes());
        names.add(tree.liveRoot());
        names.add(tree.root());
        names.add(tree.stats());
        for (SessionState state : SessionState.values()) {
            names.add(keys.sessionStateIndex(supplier, state.wire()));
        }
        List<byte[]> arguments = arguments(session, change);
        try {
            while (true) {
                long reply =
                        RedisSupplierStore.fenced(
                                connections, keys, supplier, fence, CHANGE, names, arguments);
                switch ((int) reply) {
                    case 0 -> {
                        return true;
                    }
                    case 1 -> throw new FencedException(supplier);
                    case 3 -> {
                        return false;
                    }
                    default -> rewrite(id);
                }
            }
        } catch (RedisException e) {
            throw unavailable("change the session " + id, e);
        }
    }

    private List<byte[]> arguments(SessionRecord session, SessionChange change) {
        List<byte[]> arguments = new ArrayList<>();
        arguments.add(utf8(session.sessionId()));
        arguments.add(
                utf8(
                        Stream.of(SessionState.values())
                                .filter(state -> state.mayBecome(change.to()))
                                .map(SessionState::wire)
                                .collect(Collectors.joining(",", ",", ","))));
        arguments.add(utf8(change.to().wire()));
        arguments.add(decimal(change.to().terminal() ? settings.endedLife().toMillis() : 0));
        arguments.add(utf8(keys.outboxMember(supplier, session.endHeight())));
        arguments.add(decimal(MESSAGE_LIFE.toMillis()));
        for (SubmissionPhase phase : SubmissionPhase.values()) {
            OutboxEntry kept = change.keep().get(phase);
            arguments.add(
                    kept != null ? kept.encode() : utf8(change.drop().contains(phase) ? "-" : ""));
        }
        arguments.add(decimal(SessionState.values().length));
        for (SessionState state : SessionState.values()) {
            arguments.add(utf8(state.wire()));
        }
        Map<String, byte[]> whole = session.allFields();
        arguments.add(decimal(whole.size()));
        whole.forEach(
                (name, value) -> {
                    arguments.add(utf8(name));
                    arguments.add(value);
                });
        changed(change)
                .forEach(
                        (name, value) -> {
                            arguments.add(utf8(name));
                            arguments.add(value);
                        });
        return arguments;
    }

    private static Map<String, byte[]> changed(SessionChange change) {
        Map<String, byte[]> fields = new LinkedHashMap<>();
        fields.put("state", utf8(change.to().wire()));
        fields.put("last_updated_at", SessionRecord.encodeTime(change.at()));
        byte[] root = change.claimedRoot();
        if (root != null) {
            fields.put("claimed_root_hash", root);
        }
        change.transactions()
                .forEach((phase, hash) -> fields.put(phase.wire() + "_tx_hash", utf8(hash)));
        SessionRecord.Settlement settlement = change.settlement();
        if (settlement != null) {
            fields.put("settlement_outcome", utf8(settlement.outcome()));
            fields.put("settlement_height", decimal(settlement.height()));
            fields.put("settlement_tx_hash", utf8(settlement.txHash()));
        }
        return fields;
    }

    /** Rewrites a record of the superseded layout as a hash. */
    private void rewrite(String id) {
        byte[] json = connections.sync().get(utf8(keys.session(supplier, id)));
        if (json != null) {
            try {
                boolean unused = replace(id, json, Duration.ZERO, SessionRecord.ofLegacyJson(json));
            } catch (RedisStateException.MalformedValue e) {
                Optional<SessionRecord> unused = anew(id, json, Map.of(), e);
            }
        }
    }

    private static byte[] decimal(long number) {
        return utf8(Long.toString(number));
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static MinerStoreException unavailable(String what, Exception cause) {
        return new MinerStoreException(
                MinerStoreException.Reason.UNAVAILABLE, "Redis did not " + what, cause);
    }
}
