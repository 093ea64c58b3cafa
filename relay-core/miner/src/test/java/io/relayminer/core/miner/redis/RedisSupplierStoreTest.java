package io.relayminer.core.miner.redis;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;

import io.lettuce.core.Consumer;
import io.lettuce.core.KillArgs;
import io.lettuce.core.Range;
import io.lettuce.core.StreamMessage;
import io.lettuce.core.XReadArgs;
import io.relayminer.core.miner.store.FencedException;
import io.relayminer.core.miner.store.MinerStoreException;
import io.relayminer.core.miner.store.MinerStoreListener;
import io.relayminer.core.miner.store.RelayEntry;
import io.relayminer.core.miner.store.SessionChange;
import io.relayminer.core.miner.store.SessionRecord;
import io.relayminer.core.miner.store.SessionState;
import io.relayminer.core.miner.store.SupplierStore;
import io.relayminer.core.redis.MinedRelayCodec;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.wire.RelayCodec;
import io.relayminer.core.wire.service.RelayRequest;
import io.relayminer.core.wire.service.RelayRequestMetadata;
import io.relayminer.core.wire.service.RelayResponse;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.smst.MerkleSumRoot;
import io.relayminer.smst.redis.Fence;
import io.relayminer.testkit.redis.EmbeddedRedis;
import io.relayminer.transport.MinedRelay;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;

/** What only a store on Redis has to do: other writers, lost keys, entries that cannot be read. */
class RedisSupplierStoreTest {

    private static final String SUPPLIER = "pokt19a3t4yunp0dlpfjrp7qwnzwlrzd5fzs2gjaaaj";
    private static final Duration LONG = Duration.ofSeconds(30);
    private static final OffsetDateTime NOW =
            OffsetDateTime.of(2026, 1, 2, 3, 4, 5, 0, ZoneOffset.UTC);

    private static EmbeddedRedis server;

    private final RedisKeys keys = RedisKeys.plain();
    private final Set<String> unreadable = new ConcurrentSkipListSet<>();
    private RedisConnections connections;
    private RedisMinerStore store;
    private long epoch;

    @BeforeAll
    static void startRedis() {
        server = EmbeddedRedis.start();
    }

    @AfterAll
    static void stopRedis() {
        server.close();
    }

    @BeforeEach
    void connect() {
        connections = RedisConnections.open(server.uri());
        connections.sync().flushall();
        store = store("m1", RedisMinerStoreSettings.DEFAULT);
    }

    @AfterEach
    void disconnect() {
        store.close();
        connections.close();
    }

    private RedisMinerStore store(String consumer, RedisMinerStoreSettings settings) {
        return new RedisMinerStore(
                connections,
                keys,
                consumer,
                settings.withPace(Duration.ofMillis(5), Duration.ofMillis(50)),
                new MinerStoreListener() {
                    @Override
                    public void recordUnreadable(String supplier, String session, boolean rebuilt) {
                        unreadable.add(session + (rebuilt ? " rebuilt" : " passed over"));
                    }
                },
                InstantSource.system());
    }

    private Fence grant(String supplier, String owner) {
        Fence fence = new Fence(owner, ++epoch);
        connections.sync().set(bytes(keys.lease(supplier)), bytes(owner));
        connections.sync().set(bytes(keys.leaseEpoch(supplier)), bytes(Long.toString(epoch)));
        return fence;
    }

    private SupplierStore open() {
        return store.open(SUPPLIER, grant(SUPPLIER, "m1"));
    }

    private static MinedRelay relay(String supplier, String session, int number, int size) {
        SessionHeader header =
                SessionHeader.newBuilder()
                        .setSessionId(session)
                        .setServiceId("svc")
                        .setApplicationAddress("app")
                        .setSessionStartBlockHeight(1)
                        .setSessionEndBlockHeight(10)
                        .build();
        byte[] leaf =
                RelayCodec.leaf(
                        RelayRequest.newBuilder()
                                .setMeta(
                                        RelayRequestMetadata.newBuilder()
                                                .setSessionHeader(header)
                                                .setSupplierOperatorAddress(supplier))
                                .setPayload(
                                        ByteString.copyFrom(new byte[size])
                                                .concat(ByteString.copyFromUtf8("" + number)))
                                .build(),
                        RelayResponse.getDefaultInstance());
        return new MinedRelay(
                RelayCodec.relayHash(leaf), leaf, 10, session, 1, 10, supplier, "svc", "app", 5, 1);
    }

    private void append(String supplier, String session, int from, int to, int size) {
        for (int i = from; i < to; i++) {
            connections
                    .sync()
                    .xadd(
                            bytes(keys.stream(supplier)),
                            Map.of(
                                    bytes("data"),
                                    MinedRelayCodec.encode(relay(supplier, session, i, size))));
        }
    }

    private static List<RelayEntry> poll(SupplierStore store, int count) throws Exception {
        List<RelayEntry> entries = new ArrayList<>();
        long deadline = System.nanoTime() + LONG.toNanos();
        while (entries.size() < count && System.nanoTime() - deadline < 0) {
            entries.addAll(store.poll(1000, Duration.ofSeconds(1)));
        }
        return entries;
    }

    private static SessionRecord start(String session) {
        return SessionRecord.started(session, SUPPLIER, "svc", "app", 1, 10, NOW);
    }

    private SupplierStore withSessions(String... sessions) throws Exception {
        SupplierStore opened = open();
        for (String session : sessions) {
            append(SUPPLIER, session, 0, 3, 10);
            List<RelayEntry> entries = poll(opened, 3);
            assertEquals(3, entries.size());
            var unused = opened.commit(start(session), entries, leaf -> true);
        }
        return opened;
    }

    private Set<String> open(SupplierStore opened) {
        Set<String> ids = new TreeSet<>();
        opened.sessions().forEach(record -> ids.add(record.sessionId()));
        return ids;
    }

    @Test
    void aRecordThatCannotBeReadIsMadeAnewAndHidesNoOther() throws Exception {
        SupplierStore opened = withSessions("s1", "s2", "s3");
        var unused = opened.seal(start("s2"), leaf -> true);
        opened.storeRoot("s2", opened.trie("s2").root());
        for (String session : List.of("s1", "s2")) {
            connections
                    .sync()
                    .hset(bytes(keys.session(SUPPLIER, session)), bytes("relay_count"), bytes("x"));
        }
        assertEquals(Set.of("s1", "s2", "s3"), open(opened));
        assertEquals(Set.of("s1 rebuilt", "s2 rebuilt"), unreadable);
        for (SessionRecord record : opened.sessions()) {
            assertEquals(3, record.relayCount());
            assertEquals(30, record.computeUnits());
            assertEquals("svc", record.serviceId());
            assertEquals("app", record.application());
            assertEquals(10, record.endHeight());
            assertEquals(record.sessionId().equals("s2") ? "claiming" : "active", record.state());
        }
        assertEquals(
                "x",
                new String(
                        connections
                                .sync()
                                .hget(
                                        bytes(keys.unreadableSession(SUPPLIER, "s1")),
                                        bytes("relay_count")),
                        StandardCharsets.UTF_8),
                "what was there is kept for the operator");
        append(SUPPLIER, "s1", 7, 8, 10);
        var committed = opened.commit(start("s1"), poll(opened, 1), leaf -> true);
        assertEquals(4, opened.trie("s1").root().count(), committed::toString);
    }

    @Test
    void aRecordOfWhichNothingIsLeftIsPassedOver() throws Exception {
        SupplierStore opened = withSessions("s1", "s2");
        connections.sync().del(bytes(keys.smstNodes(SUPPLIER, "s1")));
        connections
                .sync()
                .hset(
                        bytes(keys.session(SUPPLIER, "s1")),
                        bytes("session_end_height"),
                        bytes("soon"));
        connections.sync().sadd(bytes(keys.sessionIndex(SUPPLIER)), bytes("s3"));
        connections.sync().lpush(bytes(keys.session(SUPPLIER, "s3")), bytes("a list"));
        assertEquals(Set.of("s2"), open(opened));
        assertEquals(Set.of("s1 passed over", "s3 passed over"), unreadable);
    }

    @Test
    void aDamagedLeafIsLeftOutAndTheOthersAreProvable() throws Exception {
        SupplierStore opened = withSessions("s1");
        var sealed = opened.seal(start("s1"), leaf -> true);
        byte[] nodes = bytes(keys.smstNodes(SUPPLIER, "s1"));
        byte[] field = connections.sync().hkeys(nodes).get(0);
        byte[] node = connections.sync().hget(nodes, field);
        node[node.length / 2] ^= 1;
        connections.sync().hset(nodes, field, node);
        MerkleSumRoot root = opened.trie("s1").root();
        assertEquals(2, root.count(), sealed::toString);
        assertEquals(root, opened.storeRoot("s1", root));
        byte[] path = new byte[32];
        assertTrue(
                opened.trie("s1", root)
                        .proveClosest(path, opened.leaves("s1"))
                        .verifyStrictly(root, path)
                        .isValid());
    }

    private static final String TEXT =
            "{\"session_id\":\"s1\",\"supplier_operator_address\":\"x\",\"service_id\":"
                    + "\"svc\",\"application_address\":\"a\",\"session_start_height\":1,"
                    + "\"session_end_height\":10,\"state\":\"claiming\",\"relay_count\":3,"
                    + "\"total_compute_units\":30,\"last_updated_at\":\"2025-04-19T12:00:01Z\","
                    + "\"created_at\":\"2025-04-19T12:00:01Z\"}";

    @Test
    void aRecordOfTheSupersededLayoutIsRewrittenWithItsFirstChange() {
        connections.sync().set(bytes(keys.session(SUPPLIER, "s1")), bytes(TEXT));
        connections.sync().sadd(bytes(keys.sessionIndex(SUPPLIER)), bytes("s1"));
        SupplierStore opened = open();
        SessionRecord record = opened.sessions().get(0);
        assertTrue(opened.change(record, SessionChange.to(SessionState.CLAIMED, NOW)));
        assertEquals("hash", connections.sync().type(bytes(keys.session(SUPPLIER, "s1"))));
        assertEquals(3, opened.sessions().get(0).relayCount());
        assertEquals("claimed", opened.sessions().get(0).state());
    }

    /** An owner that was paused between looking and rewriting must not undo what came after it. */
    @Test
    void aStaleOwnerDoesNotRewriteARecord() {
        connections.sync().set(bytes(keys.session(SUPPLIER, "s1")), bytes(TEXT));
        connections.sync().sadd(bytes(keys.sessionIndex(SUPPLIER)), bytes("s1"));
        SupplierStore stale = open();
        SessionRecord record = stale.sessions().get(0);
        Fence unused = grant(SUPPLIER, "m2");
        assertThrows(
                FencedException.class,
                () -> stale.change(record, SessionChange.to(SessionState.CLAIMED, NOW)));
        assertEquals("string", connections.sync().type(bytes(keys.session(SUPPLIER, "s1"))));
    }

    @Test
    void entriesThatCannotBeDecodedAreDeliveredAsSuchAndCanBeSetAside() throws Exception {
        byte[] stream = bytes(keys.stream(SUPPLIER));
        connections.sync().xadd(stream, Map.of(bytes("other"), bytes("x")));
        connections.sync().xadd(stream, Map.of(bytes("data"), bytes("\u0001\u0002")));
        SupplierStore opened = open();
        for (RelayEntry entry : poll(opened, 2)) {
            assertNull(entry.relay());
            assertFalse(entry.problem().isEmpty());
            opened.setAside(entry, entry.problem());
        }
        assertEquals(0, opened.backlog());
        List<StreamMessage<byte[], byte[]>> dead =
                connections.sync().xrange(bytes(keys.deadLetters(SUPPLIER)), Range.unbounded());
        assertEquals(2, dead.size());
        Map<String, String> fields = new LinkedHashMap<>();
        dead.get(0)
                .getBody()
                .forEach(
                        (name, value) ->
                                fields.put(
                                        new String(name, StandardCharsets.UTF_8),
                                        new String(value, StandardCharsets.UTF_8)));
        assertEquals("the field 'data' is missing", fields.get("reason"));
        assertEquals("x", fields.get("other"));
    }

    @Test
    void theLossOfGroupAndStreamIsSurvived() throws Exception {
        SupplierStore opened = open();
        assertTrue(opened.poll(10, Duration.ofMillis(20)).isEmpty());
        connections.sync().del(bytes(keys.stream(SUPPLIER)));
        append(SUPPLIER, "s1", 0, 1, 10);
        assertEquals(1, poll(opened, 1).size());
        connections.sync().xgroupDestroy(bytes(keys.stream(SUPPLIER)), bytes(keys.consumerGroup()));
        assertEquals(1, poll(opened, 1).size());
    }

    /** The server has delivered, the connection broke, and nothing arrived. */
    @Test
    @SuppressWarnings("unchecked") // Generic varargs of the client.
    void whatWasInALostAnswerIsClaimedWithoutWaiting() throws Exception {
        SupplierStore opened = open();
        assertTrue(opened.poll(10, Duration.ofMillis(20)).isEmpty());
        append(SUPPLIER, "s1", 0, 1, 10);
        assertEquals(1, poll(opened, 1).size());
        byte[] stream = bytes(keys.stream(SUPPLIER));
        try (RedisConnections server = RedisConnections.open(RedisSupplierStoreTest.server.uri())) {
            append(SUPPLIER, "s1", 1, 3, 10);
            List<StreamMessage<byte[], byte[]>> lost =
                    server.sync()
                            .xreadgroup(
                                    Consumer.from(bytes(keys.consumerGroup()), bytes("m1")),
                                    XReadArgs.StreamOffset.lastConsumed(stream));
            assertTrue(lost.size() <= 2);
            long killed = server.sync().clientKill(KillArgs.Builder.typeNormal().skipme());
            assertTrue(killed >= 1);
        }
        Set<String> ids = new HashSet<>();
        long deadline = System.nanoTime() + LONG.toNanos();
        while (ids.size() < 3 && System.nanoTime() - deadline < 0) {
            try {
                for (RelayEntry entry : opened.poll(10, Duration.ofMillis(100))) {
                    ids.add(entry.id());
                }
            } catch (MinerStoreException e) {
                // Not connected again yet.
                continue;
            }
        }
        assertEquals(3, ids.size());
    }

    @Test
    void aStreamThatWouldExpireWithItsRelaysDoesNot() {
        append(SUPPLIER, "s1", 0, 1, 10);
        connections.sync().expire(bytes(keys.stream(SUPPLIER)), 7200);
        SupplierStore unused = open();
        assertEquals(-1, connections.sync().pttl(bytes(keys.stream(SUPPLIER))));
    }

    @Test
    void noAnswerIsAnErrorAndNotAbsence() throws Exception {
        try (EmbeddedRedis mortal = EmbeddedRedis.start();
                RedisConnections link = RedisConnections.open(mortal.uri())) {
            RedisSessionReader reader = new RedisSessionReader(link, keys);
            assertTrue(reader.find(SUPPLIER, "s1").isEmpty());
            mortal.kill();
            assertThrows(MinerStoreException.class, () -> reader.find(SUPPLIER, "s1"));
        }
    }

    /** Forty suppliers with a backlog, far more than may be read at once, by one process. */
    @Test
    void aBacklogOfManySuppliersIsReadInBoundedParts() throws Exception {
        int suppliers = 40;
        int each = 30;
        for (int s = 0; s < suppliers; s++) {
            append("supplier" + s, "s1", 0, each, 2000);
        }
        try (RedisMinerStore bounded =
                store("m1", RedisMinerStoreSettings.DEFAULT.withReadBounds(16, 64 << 10))) {
            List<SupplierStore> opened = new ArrayList<>();
            List<Set<String>> seen = new ArrayList<>();
            for (int s = 0; s < suppliers; s++) {
                opened.add(bounded.open("supplier" + s, grant("supplier" + s, "m1")));
                seen.add(new HashSet<>());
            }
            long most = 0;
            long deadline = System.nanoTime() + LONG.toNanos();
            while (seen.stream().anyMatch(ids -> ids.size() < each)
                    && System.nanoTime() - deadline < 0) {
                for (int s = 0; s < suppliers; s++) {
                    long pending =
                            connections
                                    .sync()
                                    .xpending(
                                            bytes(keys.stream("supplier" + s)),
                                            bytes(keys.consumerGroup()))
                                    .getCount();
                    most = Math.max(most, pending - seen.get(s).size());
                    for (RelayEntry entry : opened.get(s).poll(1000, Duration.ofMillis(1))) {
                        seen.get(s).add(entry.id());
                    }
                }
            }
            seen.forEach(ids -> assertEquals(each, ids.size()));
            assertTrue(most <= 16, "read ahead of its owner: " + most);
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
