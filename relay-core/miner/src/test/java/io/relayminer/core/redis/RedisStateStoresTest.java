package io.relayminer.core.redis;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lettuce.core.Consumer;
import io.lettuce.core.XReadArgs;
import io.relayminer.core.miner.store.Outbox;
import io.relayminer.core.miner.store.OutboxEntry;
import io.relayminer.core.miner.store.RedisOutbox;
import io.relayminer.core.miner.store.RedisSessionStore;
import io.relayminer.core.miner.store.RedisSubmissionLog;
import io.relayminer.core.miner.store.SessionRecord;
import io.relayminer.core.miner.store.SessionState;
import io.relayminer.core.miner.store.SessionStore;
import io.relayminer.core.miner.store.SessionStore.Change;
import io.relayminer.core.miner.store.SessionStore.Moved;
import io.relayminer.core.miner.store.SubmissionLog;
import io.relayminer.core.miner.store.SubmissionRecord;
import io.relayminer.smst.redis.Fence;
import io.relayminer.testkit.redis.RedisServer;
import io.relayminer.testkit.redis.RedisVersion;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Session records, outbox, submission records and the janitor against a real server. */
@ParameterizedClass
@MethodSource("io.relayminer.testkit.redis.RedisVersion#available")
class RedisStateStoresTest {

    private static final String SUPPLIER = "pokt1sup";
    private static final OffsetDateTime NOW =
            OffsetDateTime.of(2026, 1, 2, 3, 4, 5, 600_000_000, ZoneOffset.UTC);

    @Parameter private RedisVersion version;
    private RedisServer redis;
    private RedisConnections connections;
    private RedisKeys keys = RedisKeys.plain();
    private final Fence fence = new Fence("m1", 3);

    @BeforeEach
    void start() {
        redis = version.start();
        connections = RedisConnections.open(redis.uri());
    }

    @AfterEach
    void stop() {
        connections.close();
        redis.close();
    }

    private void hold(String owner, long epoch) {
        connections.sync().set(bytes(keys.lease(SUPPLIER)), bytes(owner));
        connections.sync().set(bytes(keys.leaseEpoch(SUPPLIER)), bytes(Long.toString(epoch)));
    }

    private SessionStore store() {
        return new RedisSessionStore(connections, keys, Duration.ofHours(2));
    }

    private SessionRecord record(String id, SessionState state) {
        return new SessionRecord(
                id,
                SUPPLIER,
                "svc",
                "pokt1app",
                1,
                10,
                state.wire(),
                4,
                4000,
                NOW,
                NOW,
                null,
                "",
                "",
                "",
                null);
    }

    private void put(SessionRecord record) {
        Map<byte[], byte[]> fields = new LinkedHashMap<>();
        record.allFields().forEach((name, value) -> fields.put(bytes(name), value));
        connections.sync().hset(bytes(keys.session(SUPPLIER, record.sessionId())), fields);
        connections.sync().sadd(bytes(keys.sessionIndex(SUPPLIER)), bytes(record.sessionId()));
        connections
                .sync()
                .sadd(
                        bytes(keys.sessionStateIndex(SUPPLIER, record.state())),
                        bytes(record.sessionId()));
    }

    @ParameterizedTest
    @EnumSource(KeyLayout.class)
    void movesThroughItsLife(KeyLayout layout) {
        keys = new RedisKeys(RedisNamespace.DEFAULT, layout);
        hold("m1", 3);
        put(record("s1", SessionState.CLAIMING));
        byte[] root = new byte[48];
        root[0] = 7;
        Change claimed = new Change(SessionState.CLAIMED, root, "AB12", null, null);
        assertEquals(
                Moved.DONE,
                store().move(
                                fence,
                                SUPPLIER,
                                "s1",
                                EnumSet.of(SessionState.CLAIMING),
                                claimed,
                                NOW.plusSeconds(1)));
        SessionRecord r = store().find(SUPPLIER, "s1").orElseThrow();
        assertEquals("claimed", r.state());
        assertArrayEquals(root, r.claimedRoot());
        assertEquals("AB12", r.claimTxHash());
        assertEquals(4, r.relayCount(), "counters are not touched");
        assertEquals(NOW.plusSeconds(1), r.lastUpdatedAt());
        assertEquals(
                Set.of(),
                members(keys.sessionStateIndex(SUPPLIER, "claiming")),
                "it left the old state");
        assertEquals(Set.of("s1"), members(keys.sessionStateIndex(SUPPLIER, "claimed")));
        assertEquals(1, store().live(SUPPLIER).size());
        assertEquals(-1, connections.sync().pttl(bytes(keys.session(SUPPLIER, "s1"))));
        Change proved =
                new Change(
                        SessionState.PROVED,
                        null,
                        null,
                        "CD34",
                        new SessionRecord.Settlement("settled_proven", 20, ""));
        assertEquals(
                Moved.DONE,
                store().move(
                                fence,
                                SUPPLIER,
                                "s1",
                                EnumSet.of(SessionState.CLAIMED),
                                proved,
                                NOW.plusSeconds(2)));
        r = store().find(SUPPLIER, "s1").orElseThrow();
        assertEquals("AB12", r.claimTxHash());
        assertEquals("CD34", r.proofTxHash());
        assertEquals("settled_proven", r.settlement().outcome());
        assertEquals(List.of(), store().live(SUPPLIER));
        assertEquals(Set.of(), members(keys.sessionIndex(SUPPLIER)));
        assertTrue(connections.sync().pttl(bytes(keys.session(SUPPLIER, "s1"))) > 0);
    }

    @Test
    void refusesIllegalMovesAndForeignOwners() {
        hold("m1", 3);
        put(record("s1", SessionState.PROVED));
        Set<SessionState> from = EnumSet.of(SessionState.CLAIMING);
        Change back = Change.to(SessionState.CLAIMING);
        assertEquals(Moved.ILLEGAL, store().move(fence, SUPPLIER, "s1", from, back, NOW));
        assertEquals(Moved.ABSENT, store().move(fence, SUPPLIER, "none", from, back, NOW));
        hold("m1", 4);
        assertEquals(Moved.FENCED, store().move(fence, SUPPLIER, "s1", from, back, NOW));
        hold("m2", 3);
        assertEquals(Moved.FENCED, store().move(fence, SUPPLIER, "s1", from, back, NOW));
        assertEquals("proved", store().find(SUPPLIER, "s1").orElseThrow().state());
    }

    @Test
    void readsAndConvertsTheSupersededLayout() {
        hold("m1", 3);
        String json =
                "{\"session_id\":\"s1\",\"supplier_operator_address\":\"pokt1sup\",\"service_id\":"
                        + "\"svc\",\"application_address\":\"a\",\"session_start_height\":1,"
                        + "\"session_end_height\":10,\"state\":\"claiming\",\"relay_count\":3,"
                        + "\"total_compute_units\":30,\"last_updated_at\":\"2025-04-19T12:00:01Z\","
                        + "\"created_at\":\"2025-04-19T12:00:01Z\"}";
        connections.sync().set(bytes(keys.session(SUPPLIER, "s1")), bytes(json));
        connections.sync().sadd(bytes(keys.sessionIndex(SUPPLIER)), bytes("s1"));
        assertEquals(1, store().live(SUPPLIER).size());
        assertEquals(
                Moved.DONE,
                store().move(
                                fence,
                                SUPPLIER,
                                "s1",
                                EnumSet.of(SessionState.CLAIMING),
                                Change.to(SessionState.CLAIMED),
                                NOW));
        assertEquals("hash", connections.sync().type(bytes(keys.session(SUPPLIER, "s1"))));
        assertEquals(3, store().find(SUPPLIER, "s1").orElseThrow().relayCount());
    }

    @Test
    void anUnreadableRecordIsAnErrorAndNotAbsence() {
        connections
                .sync()
                .hset(
                        bytes(keys.session(SUPPLIER, "s1")),
                        bytes("session_end_height"),
                        bytes("soon"));
        assertThrows(RedisStateException.MalformedValue.class, () -> store().find(SUPPLIER, "s1"));
        redis.kill();
        assertThrows(RedisStateException.Unavailable.class, () -> store().find(SUPPLIER, "s1"));
        redis.restart();
    }

    @ParameterizedTest
    @EnumSource(KeyLayout.class)
    void theOutboxKeepsWhatWasNotIncluded(KeyLayout layout) {
        keys = new RedisKeys(RedisNamespace.DEFAULT, layout);
        hold("m1", 3);
        Outbox outbox = new RedisOutbox(connections, keys);
        OutboxEntry entry = new OutboxEntry(bytes("message"), 12, "AA", "", "svc", 0);
        assertTrue(outbox.put(fence, SubmissionPhase.CLAIM, SUPPLIER, 10, "s1", entry));
        assertTrue(outbox.put(fence, SubmissionPhase.CLAIM, SUPPLIER, 10, "s2", entry));
        assertEquals(
                Set.of("s1", "s2"), outbox.entries(SubmissionPhase.CLAIM, SUPPLIER, 10).keySet());
        assertEquals(Map.of(), outbox.entries(SubmissionPhase.PROOF, SUPPLIER, 10));
        assertFalse(
                outbox.put(new Fence("m0", 3), SubmissionPhase.CLAIM, SUPPLIER, 10, "s3", entry));
        String index = keys.outboxIndex(SubmissionPhase.CLAIM, SUPPLIER);
        assertEquals(Set.of(SUPPLIER + ":10"), members(index));
        outbox.remove(SubmissionPhase.CLAIM, SUPPLIER, 10, "s1");
        assertEquals(Set.of(SUPPLIER + ":10"), members(index));
        outbox.remove(SubmissionPhase.CLAIM, SUPPLIER, 10, "s2");
        outbox.remove(SubmissionPhase.CLAIM, SUPPLIER, 10, "s2");
        assertEquals(Set.of(), members(index));
    }

    @Test
    void submissionRecordsExpire() {
        SubmissionLog log = new RedisSubmissionLog(connections, keys, Duration.ofDays(7));
        SubmissionRecord record =
                new SubmissionRecord(
                        SUPPLIER,
                        "svc",
                        "app",
                        "s1",
                        1,
                        10,
                        SubmissionRecord.Claim.NONE,
                        SubmissionRecord.Proof.NONE,
                        4,
                        4000,
                        false,
                        "");
        log.save(record);
        assertEquals(record, log.find(SUPPLIER, 10, "s1").orElseThrow());
        assertTrue(log.find(SUPPLIER, 10, "s2").isEmpty());
        assertTrue(connections.sync().pttl(bytes(keys.submission(SUPPLIER, 10, "s1"))) > 0);
    }

    @Test
    void theJanitorRevivesWhatADeadMinerLeftToOneThatNeverLooksBack() {
        byte[] stream = bytes(keys.stream(SUPPLIER));
        byte[] group = bytes(keys.consumerGroup());
        for (int i = 0; i < 3; i++) {
            connections.sync().xadd(stream, Map.of(bytes("data"), bytes("relay " + i)));
        }
        connections.sync().expire(stream, 7200);
        connections.sync().xgroupCreate(XReadArgs.StreamOffset.from(stream, "0"), group);
        read(stream, group, "dead", 2);
        read(stream, group, "idle", 0);
        StreamJanitor janitor = new StreamJanitor(connections, keys, "me", Duration.ZERO);
        janitor.sweep(SUPPLIER);
        assertEquals(-1, connections.sync().pttl(stream), "the stream does not expire");
        assertEquals(3, connections.sync().xlen(stream), "without an owner nothing is revived");
        connections.sync().set(bytes(keys.lease(SUPPLIER)), bytes("miner-host-42"));
        janitor.sweep(SUPPLIER);
        assertEquals(3, connections.sync().xlen(stream));
        assertEquals(3, read(stream, group, "owner", 10), "all of them are new again");
        // An owner that says it takes pending entries over by itself is left alone.
        connections.sync().set(bytes(keys.capabilities("miner-host-42")), bytes("{}"));
        janitor.sweep(SUPPLIER);
        assertEquals(0, read(stream, group, "owner", 10));
    }

    @SuppressWarnings("unchecked")
    private int read(byte[] stream, byte[] group, String consumer, int count) {
        return connections
                .sync()
                .xreadgroup(
                        Consumer.from(group, bytes(consumer)),
                        XReadArgs.Builder.count(Math.max(1, count)),
                        count == 0
                                ? XReadArgs.StreamOffset.from(stream, "0")
                                : XReadArgs.StreamOffset.lastConsumed(stream))
                .size();
    }

    private Set<String> members(String key) {
        Set<String> members = new java.util.TreeSet<>();
        for (byte[] member : connections.sync().smembers(bytes(key))) {
            members.add(new String(member, StandardCharsets.UTF_8));
        }
        return members;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
