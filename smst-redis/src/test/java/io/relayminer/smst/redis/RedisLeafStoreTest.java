package io.relayminer.smst.redis;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lettuce.core.AclSetuserArgs;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.Consumer;
import io.lettuce.core.RedisClient;
import io.lettuce.core.StreamMessage;
import io.lettuce.core.XGroupCreateArgs;
import io.lettuce.core.XReadArgs;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.protocol.CommandType;
import io.relayminer.smst.LeafNode;
import io.relayminer.smst.MerkleSumRoot;
import io.relayminer.smst.SmstStoreException;
import io.relayminer.smst.SparseMerkleSumTrie;
import io.relayminer.testkit.redis.RedisServer;
import io.relayminer.testkit.redis.RedisVersion;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

@ParameterizedClass
@MethodSource("io.relayminer.testkit.redis.RedisVersion#available")
class RedisLeafStoreTest {

    private static final String GROUP = "ha-miners";
    private static final String ME = "miner-host-1x00000001";
    private static final Fence FENCE = new Fence(ME, 7);
    private static final CommitKeys KEYS = keys("pokt1sup");
    private static final long TTL = 3_600_000;

    private static RedisServer server;
    private static RedisClient client;

    @Parameter private RedisVersion version;
    private StatefulRedisConnection<byte[], byte[]> connection;
    private RedisCommands<byte[], byte[]> redis;
    private RedisLeafStore store;

    /** Plain or tagged: the store takes the names as they come. */
    static CommitKeys keys(String supplier) {
        String session = "ha:miner:sessions:" + supplier;
        String tree = "ha:smst:" + supplier + ":sess1:";
        return new CommitKeys(
                "ha:miner:claim:" + supplier,
                "ha:miner:claim_epoch:" + supplier,
                "ha:relays:" + supplier,
                session + ":sess1",
                session + ":index",
                session + ":state:active",
                session + ":state:claiming",
                new TrieKeys(tree + "nodes", tree + "live_root", tree + "root", tree + "stats"));
    }

    @BeforeParameterizedClassInvocation
    static void startRedis(RedisVersion version) {
        server = version.start();
        client = RedisClient.create(server.uri());
    }

    @AfterParameterizedClassInvocation
    static void stopRedis() {
        client.shutdown();
        server.close();
    }

    @BeforeEach
    void connect() {
        connection = client.connect(ByteArrayCodec.INSTANCE);
        redis = connection.sync();
        redis.flushall();
        store = new RedisLeafStore(connection.async(), Duration.ofSeconds(30));
        own(KEYS, FENCE);
    }

    @AfterEach
    void disconnect() {
        connection.close();
    }

    private void own(CommitKeys keys, Fence fence) {
        redis.set(b(keys.lease()), b(fence.owner()));
        redis.set(b(keys.epoch()), b(Long.toString(fence.epoch())));
    }

    @Test
    void commitWritesLeavesRecordIndexesAndAcknowledgesInOneStep() {
        List<Relay> relays = relays(3, 100);
        List<String> ids = publishAndRead(KEYS, relays);
        assertEquals(3, redis.xpending(b(KEYS.stream()), b(GROUP)).getCount());

        assertEquals(new CommitResult.Committed(3, 3, 300), commit(relays, ids));

        assertEquals(0, redis.xlen(b(KEYS.stream())));
        assertEquals(0, redis.xpending(b(KEYS.stream()), b(GROUP)).getCount());
        Map<String, String> nodes = nodes();
        for (Relay relay : relays) {
            LeafNode leaf = LeafNode.ofRelay(relay.bytes(), relay.units());
            assertEquals(hex(leaf.encode()), nodes.get(hex(leaf.digest())));
        }
        assertEquals(3, nodes.size());
        Map<String, String> record = record();
        assertEquals("active", record.get("state"));
        assertEquals("3", record.get("relay_count"));
        assertEquals("300", record.get("total_compute_units"));
        assertEquals("2026-01-01T00:00:00Z", record.get("last_updated_at"));
        assertEquals("pokt1sup", record.get("supplier_operator_address"));
        assertEquals(Set.of("sess1"), members(KEYS.sessionIndex()));
        assertEquals(Set.of("sess1"), members(KEYS.activeIndex()));
        for (String key :
                List.of(
                        KEYS.trie().nodes(),
                        KEYS.session(),
                        KEYS.sessionIndex(),
                        KEYS.activeIndex())) {
            long ttl = redis.pttl(b(key));
            assertTrue(ttl > TTL / 2 && ttl <= TTL, () -> key + " lives " + ttl);
        }
    }

    @Test
    void hashTaggedKeysWorkTheSame() {
        CommitKeys tagged = keys("{pokt1sup}");
        own(tagged, FENCE);
        List<Relay> relays = relays(2, 5);
        List<String> ids = publishAndRead(tagged, relays);
        assertEquals(
                new CommitResult.Committed(2, 2, 10),
                join(store.commit(tagged, FENCE, GROUP, details(), batch(relays, ids))));
        assertEquals(2, redis.hlen(b(tagged.trie().nodes())));
    }

    @Test
    void replayChangesNothing() {
        List<Relay> relays = relays(5, 100);
        List<String> ids = publishAndRead(KEYS, relays);
        commit(relays, ids);
        Map<String, String> before = nodes();
        for (int i = 0; i < 3; i++) {
            assertEquals(new CommitResult.Committed(0, 5, 500), commit(relays, ids));
        }
        assertEquals(before, nodes());
        assertEquals("5", record().get("relay_count"));
    }

    @Test
    void duplicatesWithinAndAcrossBatchesCountOnce() {
        List<Relay> relays = relays(4, 10);
        List<Relay> twice = new ArrayList<>(relays);
        twice.addAll(relays);
        List<String> ids = publishAndRead(KEYS, twice);
        assertEquals(new CommitResult.Committed(4, 4, 40), commit(twice, ids));

        List<Relay> overlapping = new ArrayList<>(relays.subList(2, 4));
        overlapping.addAll(relays(2, 10, 99));
        List<String> more = publishAndRead(KEYS, overlapping);
        assertEquals(new CommitResult.Committed(2, 6, 60), commit(overlapping, more));
        assertEquals(0, redis.xlen(b(KEYS.stream())));
        assertEquals(6, store.load(KEYS.trie()).trie().size());
    }

    @Test
    void weightsThatDifferAddUpExactly() {
        List<Relay> relays = new ArrayList<>(relays(3, 7));
        relays.addAll(relays(2, LeafBatch.MAX_WEIGHT, 5));
        relays.addAll(relays(1, 0, 6));
        relays.addAll(relays(1, 1, 7));
        long sum = 21 + 2 * LeafBatch.MAX_WEIGHT + 1;
        assertEquals(new CommitResult.Committed(7, 7, sum), commit(relays, List.of()));
        assertEquals(Long.toString(sum), record().get("total_compute_units"));
        MerkleSumRoot root = store.load(KEYS.trie()).trie().root();
        assertEquals(sum, root.sum());
        assertEquals(7, root.count());
    }

    @Test
    void computeUnitsBeyondTheirRangeAreRefusedBeforeAnythingIsWritten() {
        commit(relays(1, 1), List.of());
        redis.hset(b(KEYS.session()), b("total_compute_units"), b("9223372036854775000"));
        SmstStoreException e =
                failure(
                        store.commit(
                                KEYS,
                                FENCE,
                                GROUP,
                                details(),
                                batch(relays(2, LeafBatch.MAX_WEIGHT, 3), List.of())));
        assertEquals(SmstStoreException.Reason.OVERFLOW, e.reason());
        assertEquals(1, nodes().size());
        assertThrows(
                IllegalArgumentException.class,
                () -> new LeafBatch().add(new byte[32], new byte[1], -1));
        assertThrows(
                IllegalArgumentException.class,
                () -> new LeafBatch().add(new byte[32], new byte[1], LeafBatch.MAX_WEIGHT + 1));
    }

    @Test
    void eightThousandLeavesAndEntriesGoThroughInOneCommit() {
        List<Relay> relays = relays(8000, 42);
        List<String> ids = publishAndRead(KEYS, relays);
        assertEquals(8000, ids.size());
        assertEquals(new CommitResult.Committed(8000, 8000, 336_000), commit(relays, ids));
        assertEquals(0, redis.xlen(b(KEYS.stream())));
        LoadedTrie loaded = store.load(KEYS.trie());
        assertEquals(8000, loaded.trie().size());
        assertEquals(trie(relays).root(), loaded.trie().root());
        assertEquals(0, loaded.otherNodes());
        assertEquals(0, loaded.damaged());
    }

    @Test
    void aBatchWithoutLeavesOnlyAcknowledges() {
        List<String> ids = publishAndRead(KEYS, relays(2, 1));
        assertEquals(new CommitResult.Committed(0, 0, 0), commit(List.of(), ids));
        assertEquals(0, redis.xlen(b(KEYS.stream())));
        assertEquals(0, redis.exists(b(KEYS.session())));
    }

    @Test
    void aGroupOrStreamThatIsGoneDoesNotHoldUpTheLeaves() {
        List<Relay> relays = relays(3, 10);
        List<String> ids = publishAndRead(KEYS, relays);
        redis.xgroupDestroy(b(KEYS.stream()), b(GROUP));
        assertEquals(new CommitResult.Committed(3, 3, 30), commit(relays, ids));
        assertEquals(0, redis.xlen(b(KEYS.stream())));
        redis.del(b(KEYS.stream()));
        List<Relay> more = relays(2, 10, 77);
        assertEquals(new CommitResult.Committed(2, 5, 50), commit(more, ids));
    }

    @Test
    void aServerThatForgotTheScriptsIsTaughtAgain() {
        commit(relays(1, 10), List.of());
        redis.scriptFlush();
        assertEquals(new CommitResult.Committed(1, 2, 20), commit(relays(1, 10, 2), List.of()));
        redis.scriptFlush();
        assertEquals(
                new SealResult.Sealed(2, 20, "claiming"), join(store.seal(KEYS, FENCE, details())));
    }

    @Test
    void noTimeToLiveMeansForEver() {
        commit(relays(1, 10), List.of());
        SessionDetails forEver = SessionDetails.of("sess1", "2026-01-01T00:00:01Z");
        join(store.commit(KEYS, FENCE, GROUP, forEver, batch(relays(1, 10, 2), List.of())));
        assertEquals(-1, redis.pttl(b(KEYS.trie().nodes())));
        assertEquals(-1, redis.pttl(b(KEYS.session())));
    }

    @Test
    void aRecordThatCouldOnlyBeHalfWrittenIsNotAccepted() {
        Map<String, byte[]> complete = details().newRecord();
        assertThrows(
                IllegalArgumentException.class,
                () -> new SessionDetails("sess1", Map.of(), "2026-01-01T00:00:01Z", 0));
        assertThrows(
                IllegalArgumentException.class,
                () -> new SessionDetails("", complete, "2026-01-01T00:00:01Z", 0));
        assertThrows(
                IllegalArgumentException.class, () -> new SessionDetails("sess1", complete, "", 0));
        assertThrows(
                IllegalArgumentException.class,
                () -> new SessionDetails("sess1", complete, "2026-01-01T00:00:01Z", -1));
        Map<String, byte[]> counted = new LinkedHashMap<>(complete);
        counted.put("relay_count", b("7"));
        assertThrows(
                IllegalArgumentException.class,
                () -> new SessionDetails("sess1", counted, "2026-01-01T00:00:01Z", 0));
        counted.remove("relay_count");
        counted.put("state", b("claiming"));
        assertThrows(
                IllegalArgumentException.class,
                () -> new SessionDetails("sess1", counted, "2026-01-01T00:00:01Z", 0));
    }

    /** What another program, or a later version of this one, may send. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                // ttl, fields ..., weights (weight, leaves, digest, node ...), ids
                "60000 0 1 10 1 digest node 0",
                "never 1 state active 1 10 1 digest node 0",
                "60000 1 state active 1 10 2 digest node 0",
                "60000 1 state active 1 heavy 1 digest node 0",
                "60000 1 state active 1 1.5 1 digest node 0",
                "60000 1 state active 1 -1 1 digest node 0",
                "60000 1 state active many 10 1 digest node 0",
                "60000 1 state active 1 10 0 0",
                "60000 1 state active 1 10 1 digest node 2 1-1",
                "60000 1 state active 1 10 1 digest node 0 1-1",
                "60000 1 state active 1 10 1 digest node",
                "60000 9 state active",
            })
    void argumentsThatDoNotAddUpChangeNothing(String arguments) {
        List<String> all = new ArrayList<>(List.of(ME, "7", GROUP, "sess1", "now"));
        all.addAll(List.of(arguments.split(" ")));
        List<Object> reply =
                join(
                        LuaScript.load("commit.lua")
                                .run(
                                        connection.async(),
                                        Stream.of(
                                                        KEYS.lease(),
                                                        KEYS.epoch(),
                                                        KEYS.trie().nodes(),
                                                        KEYS.trie().root(),
                                                        KEYS.session(),
                                                        KEYS.sessionIndex(),
                                                        KEYS.activeIndex(),
                                                        KEYS.stream())
                                                .map(RedisLeafStoreTest::b)
                                                .toArray(byte[][]::new),
                                        all.stream()
                                                .map(RedisLeafStoreTest::b)
                                                .toArray(byte[][]::new)));
        assertEquals(7L, reply.get(0));
        assertEquals(2, redis.dbsize(), "only the lease is there");
    }

    @Test
    void aRefusalThatNoRepetitionCuresIsToldFromAnOutage() {
        redis.aclSetuser(
                "reader",
                AclSetuserArgs.Builder.on().nopass().allKeys().addCommand(CommandType.GET));
        try (var link = client.connect(ByteArrayCodec.INSTANCE)) {
            link.sync().auth("reader", "any");
            RedisLeafStore weak = new RedisLeafStore(link.async(), Duration.ofSeconds(30));
            SmstStoreException e =
                    failure(
                            weak.commit(
                                    KEYS, FENCE, GROUP, details(), batch(relays(1, 1), List.of())));
            assertEquals(SmstStoreException.Reason.REFUSED, e.reason());
            assertTrue(e.getMessage().contains("NOPERM"), e::getMessage);
        } finally {
            redis.aclDeluser("reader");
        }
    }

    @Test
    void keysOfOnesOwnNeedAPrefixASupplierAndASession() {
        CommitKeys own = CommitKeys.of("shop", "s1", "monday");
        own(own, FENCE);
        List<Relay> relays = relays(2, 5);
        List<String> ids = publishAndRead(own, relays);
        SessionDetails monday = SessionDetails.of("monday", "2026-01-01T00:00:00Z");
        assertEquals(
                new CommitResult.Committed(2, 2, 10),
                join(store.commit(own, FENCE, GROUP, monday, batch(relays, ids))));
        assertEquals(
                new SealResult.Sealed(2, 10, "claiming"), join(store.seal(own, FENCE, monday)));
        assertEquals(trie(relays).root(), store.load(own.trie()).trie().root());
    }

    @Test
    void aTrieAloneNeedsNeitherLeaseNorSession() {
        RedisTrieStore tries = new RedisTrieStore(connection.async(), Duration.ofSeconds(30));
        TrieKeys keys = TrieKeys.of("shop", "t1");
        List<Relay> relays = relays(30, 5);
        assertEquals(0, join(tries.add(keys, new LeafBatch())));
        assertEquals(20, join(tries.add(keys, batch(relays.subList(0, 20), List.of()))));
        assertEquals(10, join(tries.add(keys, batch(relays, List.of()))), "what was there stays");
        MerkleSumRoot root = trie(relays).root();
        assertEquals(root, tries.load(keys).trie().root());
        byte[] path = sha256(b("path"));
        assertTrue(
                tries.load(keys, root)
                        .proveClosest(path, tries.leaves(keys))
                        .verifyStrictly(root, path)
                        .isValid());
        assertThrows(
                IllegalArgumentException.class,
                () -> tries.add(keys, batch(List.of(), List.of("1-1"))));
        assertEquals(1, join(tries.delete(keys)));
        assertEquals(0, tries.load(keys).trie().size());
    }

    @Test
    void onlyTheHolderOfTheLeaseInItsEpochCommits() {
        List<Relay> relays = relays(2, 10);
        List<String> ids = publishAndRead(KEYS, relays);
        for (Fence stale :
                List.of(new Fence("miner-other", 7), new Fence(ME, 6), new Fence(ME, 8))) {
            assertEquals(
                    new CommitResult.Fenced(),
                    join(store.commit(KEYS, stale, GROUP, details(), batch(relays, ids))));
            assertEquals(new SealResult.Fenced(), join(store.seal(KEYS, stale, details())));
            assertEquals(
                    new RootResult.Fenced(),
                    join(store.storeRoot(KEYS, stale, MerkleSumRoot.EMPTY, TTL)));
            assertEquals(
                    new AdoptResult.Fenced(), store.adopt(KEYS, stale, details(), leaf -> true));
            assertFalse(join(store.discard(KEYS, stale, GROUP, ids)));
            assertFalse(join(store.delete(KEYS, stale)));
        }
        redis.del(b(KEYS.lease()));
        assertEquals(new CommitResult.Fenced(), commit(relays, ids));
        assertTrue(nodes().isEmpty());
        assertEquals(2, redis.xlen(b(KEYS.stream())));
        assertEquals(2, redis.xpending(b(KEYS.stream()), b(GROUP)).getCount());
    }

    @Test
    void twoOwnersAtOnceLoseNothingAndCountNothingTwice() {
        Fence first = new Fence("miner-a", 1);
        Fence second = new Fence("miner-b", 2);
        own(KEYS, first);
        List<Relay> relays = relays(40, 10);
        List<String> ids = publishAndRead(KEYS, relays);
        int committedByFirst = 0;
        for (int i = 0; i < relays.size(); i += 10) {
            if (i == 20) {
                own(KEYS, second);
            }
            CommitResult result =
                    join(
                            store.commit(
                                    KEYS,
                                    first,
                                    GROUP,
                                    details(),
                                    batch(relays.subList(i, i + 10), ids.subList(i, i + 10))));
            if (i < 20) {
                committedByFirst += ((CommitResult.Committed) result).newLeaves();
            } else {
                assertEquals(new CommitResult.Fenced(), result);
            }
        }
        assertEquals(20, committedByFirst);
        // The second owner gets what is pending and, overlapping, some of what was committed.
        assertEquals(
                new CommitResult.Committed(20, 40, 400),
                join(
                        store.commit(
                                KEYS,
                                second,
                                GROUP,
                                details(),
                                batch(relays.subList(10, 40), ids.subList(10, 40)))));
        assertEquals(trie(relays).root(), store.load(KEYS.trie()).trie().root());
    }

    @Test
    void aSealedSessionTakesNoMoreLeaves() {
        List<Relay> relays = relays(3, 10);
        List<String> ids = publishAndRead(KEYS, relays);
        commit(relays, ids);
        assertEquals(
                new SealResult.Sealed(3, 30, "claiming"), join(store.seal(KEYS, FENCE, details())));
        assertEquals(
                new SealResult.Sealed(3, 30, "claiming"), join(store.seal(KEYS, FENCE, details())));
        assertEquals("claiming", record().get("state"));
        assertEquals(Set.of("sess1"), members(KEYS.claimingIndex()));
        assertEquals(Set.of(), members(KEYS.activeIndex()));

        List<Relay> late = new ArrayList<>(relays.subList(0, 1));
        late.addAll(relays(2, 10, 50));
        List<String> lateIds = publishAndRead(KEYS, late);
        assertEquals(new CommitResult.Sealed(2, "claiming"), commit(late, lateIds));
        assertEquals(3, nodes().size());
        assertEquals(3, redis.xlen(b(KEYS.stream())), "refused entries stay pending");
        assertTrue(join(store.discard(KEYS, FENCE, GROUP, lateIds)));
        assertEquals(0, redis.xlen(b(KEYS.stream())));
        assertTrue(join(store.discard(KEYS, FENCE, GROUP, List.of())));
    }

    @Test
    void aCommitWhoseReplyWasLostBeforeTheSealIsStillCommitted() {
        List<Relay> relays = relays(3, 10);
        List<String> ids = publishAndRead(KEYS, relays);
        commit(relays, ids);
        join(store.seal(KEYS, FENCE, details()));
        assertEquals(new CommitResult.Committed(0, 3, 30), commit(relays, ids));
    }

    @ParameterizedTest
    @ValueSource(strings = {"claiming", "claimed", "proving"})
    void aSessionBeyondActiveIsSealed(String state) {
        commit(relays(1, 10), List.of());
        redis.hset(b(KEYS.session()), b("state"), b(state));
        assertEquals(new CommitResult.Sealed(1, state), commit(relays(1, 10, 2), List.of()));
        assertEquals(new SealResult.Sealed(1, 10, state), join(store.seal(KEYS, FENCE, details())));
        assertEquals(state, record().get("state"), "sealing does not set a session back");
    }

    @Test
    void aStoredRootSealsASessionWhoseRecordIsGone() {
        redis.set(b(KEYS.trie().root()), new byte[48]);
        assertEquals(new CommitResult.Sealed(1, ""), commit(relays(1, 10), List.of()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"proved", "claim_missing", "a_state_of_the_future"})
    void aSessionThatIsOverTakesNothing(String state) {
        commit(relays(1, 10), List.of());
        redis.hset(b(KEYS.session()), b("state"), b(state));
        List<Relay> late = relays(1, 10, 2);
        List<String> ids = publishAndRead(KEYS, late);
        assertEquals(new CommitResult.Sealed(1, state), commit(late, ids));
        assertEquals(new SealResult.Sealed(1, 10, state), join(store.seal(KEYS, FENCE, details())));
        assertEquals(new AdoptResult.Sealed(), store.adopt(KEYS, FENCE, details(), leaf -> true));
        assertEquals(1, nodes().size());
        assertEquals(1, redis.xlen(b(KEYS.stream())));
    }

    @Test
    void aSessionThatNeverWasCannotBeSealed() {
        assertEquals(new SealResult.Absent(), join(store.seal(KEYS, FENCE, details())));
        assertEquals(0, redis.exists(b(KEYS.session())));
    }

    @Test
    void theRootOfASealedSessionIsStoredOnce() {
        List<Relay> relays = relays(3, 10);
        commit(relays, List.of());
        MerkleSumRoot root = trie(relays).root();
        assertEquals(MerkleSumRoot.EMPTY, join(store.storedRoot(KEYS.trie())));
        assertEquals(new RootResult.NotSealed(), join(store.storeRoot(KEYS, FENCE, root, TTL)));
        join(store.seal(KEYS, FENCE, details()));
        for (int i = 0; i < 2; i++) {
            assertEquals(new RootResult.Stored(), join(store.storeRoot(KEYS, FENCE, root, TTL)));
        }
        MerkleSumRoot other = trie(relays(1, 1)).root();
        assertEquals(new RootResult.Conflict(root), join(store.storeRoot(KEYS, FENCE, other, TTL)));
        assertArrayEquals(root.toBytes(), redis.get(b(KEYS.trie().root())));
        assertEquals(
                "3:30", new String(redis.get(b(KEYS.trie().stats())), StandardCharsets.US_ASCII));
        assertTrue(redis.pttl(b(KEYS.trie().root())) > 0);
        assertEquals(root, join(store.storedRoot(KEYS.trie())));
        redis.set(b(KEYS.trie().root()), new byte[47]);
        assertEquals(MerkleSumRoot.EMPTY, join(store.storedRoot(KEYS.trie())));
    }

    @Test
    void deletingATreeLeavesTheRecord() {
        commit(relays(3, 10), List.of());
        assertTrue(join(store.delete(KEYS, FENCE)));
        assertEquals(0, redis.exists(b(KEYS.trie().nodes())));
        assertEquals(1, redis.exists(b(KEYS.session())));
    }

    @Test
    void aSealedTreeIsLoadedAndProvedWithTwoLeavesAtMost() {
        Random random = new Random(3);
        List<Relay> relays = relays(700, 10);
        commit(relays, List.of());
        join(store.seal(KEYS, FENCE, details()));
        SparseMerkleSumTrie expected = trie(relays);
        SparseMerkleSumTrie loaded = store.loadSealed(KEYS.trie(), expected.root());
        for (int i = 0; i < 20; i++) {
            byte[] path = new byte[32];
            random.nextBytes(path);
            assertTrue(
                    loaded.proveClosest(path, store.leaves(KEYS.trie()))
                            .verifyStrictly(expected.root(), path)
                            .isValid());
        }
        redis.del(b(KEYS.trie().nodes()));
        SmstStoreException gone =
                assertThrows(
                        SmstStoreException.class,
                        () -> loaded.proveClosest(new byte[32], store.leaves(KEYS.trie())));
        assertEquals(SmstStoreException.Reason.LEAF_MISSING, gone.reason());
        SmstStoreException mismatch =
                assertThrows(
                        SmstStoreException.class,
                        () -> store.loadSealed(KEYS.trie(), expected.root()));
        assertEquals(SmstStoreException.Reason.ROOT_MISMATCH, mismatch.reason());
    }

    @Test
    void damagedFieldsAreNotLeaves() {
        List<Relay> relays = relays(5, 10);
        commit(relays, List.of());
        LeafNode leaf = LeafNode.ofRelay(new byte[] {1, 2, 3}, 10);
        byte[] changed = leaf.encode();
        changed[40 % changed.length] ^= 1;
        redis.hset(b(KEYS.trie().nodes()), b(hex(leaf.digest())), changed);
        redis.hset(b(KEYS.trie().nodes()), b("not hex"), new byte[] {9});
        redis.hset(b(KEYS.trie().nodes()), b("empty"), new byte[0]);
        LoadedTrie loaded = store.load(KEYS.trie());
        assertEquals(trie(relays).root(), loaded.trie().root());
        assertEquals(3, loaded.damaged());
        assertEquals(0, loaded.otherNodes());
        assertEquals(0, store.load(keys("nobody").trie()).trie().size());
    }

    /** Writes a hash as a miner does that stores whole tries. */
    private void writeWholeTrie(List<Relay> relays) {
        Map<byte[], byte[]> nodes = new LinkedHashMap<>();
        trie(relays).forEachNode((digest, encoding) -> nodes.put(b(hex(digest)), encoding));
        redis.hset(b(KEYS.trie().nodes()), nodes);
    }

    @Test
    void aForeignTreeIsRefusedUntilItIsAdopted() {
        List<Relay> reachable = relays(20, 10);
        List<Relay> unreachable = relays(3, 10, 66);
        writeWholeTrie(reachable);
        unreachable.forEach(
                relay -> {
                    LeafNode leaf = LeafNode.ofRelay(relay.bytes(), relay.units());
                    redis.hset(b(KEYS.trie().nodes()), b(hex(leaf.digest())), leaf.encode());
                });
        redis.set(b(KEYS.trie().liveRoot()), trie(reachable).root().toBytes());
        Map<String, byte[]> record = details().newRecord();
        record.forEach((field, value) -> redis.hset(b(KEYS.session()), b(field), value));
        redis.hset(b(KEYS.session()), b("relay_count"), b("20"));
        redis.hset(b(KEYS.session()), b("total_compute_units"), b("200"));

        List<Relay> more = new ArrayList<>(relays(2, 10, 67));
        more.addAll(reachable.subList(0, 2));
        List<String> ids = publishAndRead(KEYS, more);
        long stored = redis.hlen(b(KEYS.trie().nodes()));
        assertEquals(new CommitResult.NotAdopted(stored, 20), commit(more, ids));
        assertEquals(
                new SealResult.NotAdopted(stored, 20), join(store.seal(KEYS, FENCE, details())));
        assertEquals(4, redis.xlen(b(KEYS.stream())));
        assertTrue(store.load(KEYS.trie()).otherNodes() > 0);

        AdoptResult adopted = store.adopt(KEYS, FENCE, details(), leaf -> leaf.weight() == 10);
        assertEquals(new AdoptResult.Adopted(23, 230, 20, (int) stored - 23), adopted);
        assertEquals(0, redis.exists(b(KEYS.trie().liveRoot())));
        assertEquals(new CommitResult.Committed(2, 25, 250), commit(more, ids));
        List<Relay> all = new ArrayList<>(reachable);
        all.addAll(unreachable);
        all.addAll(more);
        LoadedTrie loaded = store.load(KEYS.trie());
        assertEquals(trie(all).root(), loaded.trie().root());
        assertEquals(0, loaded.otherNodes());
        assertEquals(
                new AdoptResult.Adopted(25, 250, 25, 0),
                store.adopt(KEYS, FENCE, details(), leaf -> true));
    }

    @Test
    void adoptionDropsWhatDoesNotBelongAndCreatesAMissingRecord() {
        writeWholeTrie(relays(4, 10));
        LeafNode wrongWeight = LeafNode.ofRelay(new byte[] {1}, 11);
        LeafNode notARelay = LeafNode.of(new byte[] {1}, new byte[] {2}, 10);
        redis.hset(b(KEYS.trie().nodes()), b(hex(wrongWeight.digest())), wrongWeight.encode());
        redis.hset(b(KEYS.trie().nodes()), b(hex(notARelay.digest())), notARelay.encode());
        redis.hset(b(KEYS.trie().nodes()), b("junk"), b("junk"));
        AdoptResult.Adopted adopted =
                assertInstanceOf(
                        AdoptResult.Adopted.class,
                        store.adopt(KEYS, FENCE, details(), leaf -> leaf.weight() == 10));
        assertEquals(4, adopted.relayCount());
        assertEquals(40, adopted.computeUnits());
        assertEquals(0, adopted.countedBefore());
        assertEquals(4, nodes().size());
        assertEquals("active", record().get("state"));
        assertEquals("4", record().get("relay_count"));
        assertEquals(Set.of("sess1"), members(KEYS.activeIndex()));
    }

    @Test
    void adoptingNothingCreatesNothing() {
        assertEquals(
                new AdoptResult.Adopted(0, 0, 0, 0),
                store.adopt(KEYS, FENCE, details(), leaf -> true));
        assertEquals(0, redis.exists(b(KEYS.session())));
    }

    @Test
    void aForeignSealedTreeIsFollowedFromItsRoot() {
        List<Relay> claimed = relays(30, 10);
        writeWholeTrie(claimed);
        LeafNode stray = LeafNode.ofRelay(new byte[] {5, 5}, 10);
        redis.hset(b(KEYS.trie().nodes()), b(hex(stray.digest())), stray.encode());
        MerkleSumRoot root = trie(claimed).root();
        redis.set(b(KEYS.trie().root()), root.toBytes());
        assertEquals(new AdoptResult.Sealed(), store.adopt(KEYS, FENCE, details(), leaf -> true));
        SparseMerkleSumTrie loaded = store.loadSealed(KEYS.trie(), root);
        assertEquals(root, loaded.root());
        assertEquals(30, loaded.size());
        byte[] path = new byte[32];
        assertTrue(
                loaded.proveClosest(path, store.leaves(KEYS.trie()))
                        .verifyStrictly(root, path)
                        .isValid());
    }

    @Test
    void aForeignWriterDuringOurOwnershipIsNoticed() {
        List<Relay> ours = relays(5, 10);
        commit(ours, List.of());
        writeWholeTrie(relays(3, 10, 9));
        assertInstanceOf(CommitResult.NotAdopted.class, commit(relays(1, 10, 10), List.of()));
        store.adopt(KEYS, FENCE, details(), leaf -> true);
        assertEquals(new CommitResult.Committed(1, 9, 90), commit(relays(1, 10, 10), List.of()));
    }

    @Test
    void keysOfAnotherTypeAreNamedAndNothingIsWritten() {
        for (String key :
                List.of(
                        KEYS.trie().nodes(),
                        KEYS.trie().root(),
                        KEYS.session(),
                        KEYS.sessionIndex(),
                        KEYS.activeIndex(),
                        KEYS.stream())) {
            redis.flushall();
            own(KEYS, FENCE);
            redis.lpush(b(key), b("x"));
            SmstStoreException e =
                    failure(
                            store.commit(
                                    KEYS, FENCE, GROUP, details(), batch(relays(1, 1), List.of())));
            assertEquals(SmstStoreException.Reason.WRONG_TYPE, e.reason());
            assertTrue(e.getMessage().contains(key), e::getMessage);
            assertEquals(3, redis.dbsize());
        }
    }

    @Test
    void outOfMemoryRefusesTheWholeCommit() {
        List<Relay> first = relays(3, 10);
        commit(first, List.of());
        List<Relay> relays = relays(10, 10, 4);
        List<String> ids = publishAndRead(KEYS, relays);
        redis.configSet("maxmemory", "1");
        try {
            SmstStoreException e =
                    failure(store.commit(KEYS, FENCE, GROUP, details(), batch(relays, ids)));
            assertEquals(SmstStoreException.Reason.OUT_OF_MEMORY, e.reason());
            SmstStoreException sealing = failure(store.seal(KEYS, FENCE, details()));
            assertEquals(SmstStoreException.Reason.OUT_OF_MEMORY, sealing.reason());
        } finally {
            redis.configSet("maxmemory", "0");
        }
        assertEquals(3, nodes().size());
        assertEquals("3", record().get("relay_count"));
        assertEquals("active", record().get("state"));
        assertEquals(10, redis.xlen(b(KEYS.stream())));
        assertEquals(10, redis.xpending(b(KEYS.stream()), b(GROUP)).getCount());
        assertEquals(new CommitResult.Committed(10, 13, 130), commit(relays, ids));
    }

    @Test
    void aKilledServerKeepsEveryCommitItAnsweredAndHalvesNone() {
        try (RedisServer durable = version.start("--appendonly", "yes", "--appendfsync", "always");
                RedisClient durableClient = RedisClient.create(durable.uri())) {
            List<Relay> relays = relays(60, 10);
            List<String> ids;
            int answered = 0;
            try (var link = durableClient.connect(ByteArrayCodec.INSTANCE)) {
                redis = link.sync();
                own(KEYS, FENCE);
                ids = publishAndRead(KEYS, relays);
                RedisLeafStore victim = new RedisLeafStore(link.async(), Duration.ofSeconds(30));
                for (int i = 0; i < 30; i += 10) {
                    CommitResult result =
                            join(
                                    victim.commit(
                                            KEYS,
                                            FENCE,
                                            GROUP,
                                            details(),
                                            batch(
                                                    relays.subList(i, i + 10),
                                                    ids.subList(i, i + 10))));
                    answered += ((CommitResult.Committed) result).newLeaves();
                }
                // This one is on its way when the server dies: done or not done, but not half.
                CompletableFuture<CommitResult> inFlight =
                        victim.commit(
                                KEYS,
                                FENCE,
                                GROUP,
                                details(),
                                batch(relays.subList(30, 40), ids.subList(30, 40)));
                durable.kill();
                inFlight.cancel(false);
            }
            durable.restart();
            try (var link = durableClient.connect(ByteArrayCodec.INSTANCE)) {
                redis = link.sync();
                RedisLeafStore heir = new RedisLeafStore(link.async(), Duration.ofSeconds(30));
                long leaves = redis.hlen(b(KEYS.trie().nodes()));
                assertEquals(30, answered);
                assertTrue(leaves == 30 || leaves == 40, () -> leaves + " leaves");
                assertEquals(Long.toString(leaves), record().get("relay_count"));
                assertEquals(60 - leaves, redis.xlen(b(KEYS.stream())));
                assertEquals(60 - leaves, redis.xpending(b(KEYS.stream()), b(GROUP)).getCount());
                // Everything is sent again, including what was committed.
                assertEquals(
                        new CommitResult.Committed((int) (60 - leaves), 60, 600),
                        join(heir.commit(KEYS, FENCE, GROUP, details(), batch(relays, ids))));
                assertEquals(trie(relays).root(), heir.load(KEYS.trie()).trie().root());
            }
        }
    }

    @Test
    void noAnswerIsNotAnAnswer() {
        try (RedisServer mortal = version.start();
                RedisClient mortalClient = RedisClient.create(mortal.uri())) {
            mortalClient.setOptions(
                    ClientOptions.builder()
                            .autoReconnect(false)
                            .disconnectedBehavior(
                                    ClientOptions.DisconnectedBehavior.REJECT_COMMANDS)
                            .build());
            try (var link = mortalClient.connect(ByteArrayCodec.INSTANCE)) {
                RedisLeafStore orphan = new RedisLeafStore(link.async(), Duration.ofSeconds(30));
                mortal.kill();
                SmstStoreException e =
                        failure(
                                orphan.commit(
                                        KEYS,
                                        FENCE,
                                        GROUP,
                                        details(),
                                        batch(relays(1, 1), List.of())));
                assertEquals(SmstStoreException.Reason.UNAVAILABLE, e.reason());
                assertNotNull(e.getCause());
                SmstStoreException reading =
                        assertThrows(SmstStoreException.class, () -> orphan.load(KEYS.trie()));
                assertEquals(SmstStoreException.Reason.UNAVAILABLE, reading.reason());
            }
        }
    }

    private record Relay(byte[] hash, byte[] bytes, long units) {}

    private static List<Relay> relays(int n, long units) {
        return relays(n, units, 1);
    }

    private static List<Relay> relays(int n, long units, long seed) {
        Random random = new Random(seed);
        List<Relay> relays = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            byte[] bytes = new byte[80 + random.nextInt(200)];
            random.nextBytes(bytes);
            relays.add(new Relay(sha256(bytes), bytes, units));
        }
        return relays;
    }

    private static SparseMerkleSumTrie trie(List<Relay> relays) {
        SparseMerkleSumTrie.Builder builder = SparseMerkleSumTrie.builder();
        relays.forEach(relay -> builder.add(relay.hash(), relay.bytes(), relay.units()));
        return builder.build();
    }

    private static LeafBatch batch(List<Relay> relays, List<String> ids) {
        LeafBatch batch = new LeafBatch();
        relays.forEach(relay -> batch.add(relay.hash(), relay.bytes(), relay.units()));
        ids.forEach(batch::acknowledge);
        assertEquals(relays.size(), batch.leaves());
        assertEquals(ids.size(), batch.entries());
        assertTrue(batch.bytes() >= 49L * relays.size());
        return batch;
    }

    private static SessionDetails details() {
        Map<String, byte[]> record = new LinkedHashMap<>();
        record.put("session_id", b("sess1"));
        record.put("supplier_operator_address", b("pokt1sup"));
        record.put("state", b("active"));
        record.put("created_at", b("2025-12-31T23:59:59Z"));
        return new SessionDetails("sess1", record, "2026-01-01T00:00:00Z", TTL);
    }

    private CommitResult commit(List<Relay> relays, List<String> ids) {
        return join(store.commit(KEYS, FENCE, GROUP, details(), batch(relays, ids)));
    }

    /** Puts relays into the stream and delivers them to a consumer, so that they are pending. */
    @SuppressWarnings("unchecked") // Generic varargs of the client.
    private List<String> publishAndRead(CommitKeys keys, List<Relay> relays) {
        byte[] stream = b(keys.stream());
        if (redis.exists(stream) == 0) {
            redis.xgroupCreate(
                    XReadArgs.StreamOffset.from(stream, "0"),
                    b(GROUP),
                    XGroupCreateArgs.Builder.mkstream());
        }
        relays.forEach(relay -> redis.xadd(stream, Map.of(b("data"), relay.bytes())));
        List<StreamMessage<byte[], byte[]>> read =
                redis.xreadgroup(
                        Consumer.from(b(GROUP), b(ME)),
                        XReadArgs.Builder.count(relays.size()),
                        XReadArgs.StreamOffset.lastConsumed(stream));
        assertEquals(relays.size(), read.size());
        return read.stream().map(StreamMessage::getId).toList();
    }

    private Map<String, String> nodes() {
        return redis.hgetall(b(KEYS.trie().nodes())).entrySet().stream()
                .collect(
                        Collectors.toMap(
                                entry -> new String(entry.getKey(), StandardCharsets.US_ASCII),
                                entry -> hex(entry.getValue())));
    }

    private Map<String, String> record() {
        return redis.hgetall(b(KEYS.session())).entrySet().stream()
                .collect(
                        Collectors.toMap(
                                entry -> new String(entry.getKey(), StandardCharsets.UTF_8),
                                entry -> new String(entry.getValue(), StandardCharsets.UTF_8)));
    }

    private Set<String> members(String key) {
        return redis.smembers(b(key)).stream()
                .map(member -> new String(member, StandardCharsets.UTF_8))
                .collect(Collectors.toSet());
    }

    private static <T> T join(CompletableFuture<T> future) {
        try {
            return future.get(60, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static SmstStoreException failure(CompletableFuture<?> future) {
        ExecutionException e =
                assertThrows(ExecutionException.class, () -> future.get(60, TimeUnit.SECONDS));
        return assertInstanceOf(SmstStoreException.class, e.getCause());
    }

    private static byte[] sha256(byte[] input) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(input);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    private static byte[] b(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
