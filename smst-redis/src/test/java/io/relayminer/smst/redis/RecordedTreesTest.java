package io.relayminer.smst.redis;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;

import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import io.relayminer.smst.LeafNode;
import io.relayminer.smst.MerkleSumRoot;
import io.relayminer.smst.SparseMerkleSumTrie;
import io.relayminer.testkit.redis.EmbeddedRedis;
import io.relayminer.testkit.vectors.VectorFile;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Trees that another miner of the fleet wrote are taken over, growing ones and claimed ones. */
class RecordedTreesTest {

    private static final Fence FENCE = new Fence("me", 3);

    private static EmbeddedRedis server;
    private static RedisClient client;
    private static StatefulRedisConnection<byte[], byte[]> connection;

    private final RedisCommands<byte[], byte[]> redis = connection.sync();
    private final RedisLeafStore store =
            new RedisLeafStore(connection.async(), Duration.ofSeconds(30));

    @BeforeAll
    static void startRedis() {
        server = EmbeddedRedis.start();
        client = RedisClient.create(server.uri());
        connection = client.connect(ByteArrayCodec.INSTANCE);
    }

    @AfterAll
    static void stopRedis() {
        client.shutdown();
        server.close();
    }

    @BeforeEach
    void clear() {
        redis.flushall();
    }

    private static Stream<JsonNode> trees(String moment) {
        return new VectorFile("recorded-trees.json")
                .vectors().stream().filter(tree -> tree.get("id").asText().startsWith(moment));
    }

    static Stream<JsonNode> growing() {
        return trees("snapshot-4");
    }

    static Stream<JsonNode> claimed() {
        return trees("snapshot-6");
    }

    /** Puts everything where it was recorded, and the lease into our hands. */
    private CommitKeys restore(JsonNode tree) {
        String supplier = tree.get("supplier").asText();
        CommitKeys keys = RedisLeafStoreTest.keys(supplier);
        redis.set(b(keys.lease()), b(FENCE.owner()));
        redis.set(b(keys.epoch()), b(Long.toString(FENCE.epoch())));
        tree.get("nodes")
                .properties()
                .forEach(
                        node ->
                                redis.hset(
                                        b(keys.trie().nodes()),
                                        b(node.getKey()),
                                        VectorFile.hex(node.getValue())));
        put(keys.trie().liveRoot(), tree.get("live_root"));
        put(keys.trie().root(), tree.get("root"));
        tree.get("record")
                .properties()
                .forEach(
                        field ->
                                redis.hset(
                                        b(keys.session()),
                                        b(field.getKey()),
                                        field.getKey().equals("claimed_root_hash")
                                                ? VectorFile.hex(field.getValue())
                                                : b(field.getValue().asText())));
        return keys;
    }

    private void put(String key, JsonNode value) {
        if (!value.isNull()) {
            redis.set(b(key), VectorFile.hex(value));
        }
    }

    @ParameterizedTest
    @MethodSource("growing")
    void aGrowingTreeIsAdoptedWithEveryLeafAndGoesOn(JsonNode tree) throws Exception {
        CommitKeys keys = restore(tree);
        long count = tree.get("record").get("relay_count").asLong();
        long units = tree.get("record").get("total_compute_units").asLong();
        SessionDetails details = SessionDetails.of("s", "2026-01-01T00:00:00Z");
        AdoptResult.Adopted adopted =
                assertInstanceOf(
                        AdoptResult.Adopted.class,
                        store.adopt(keys, FENCE, details, leaf -> leaf.weight() == units / count));
        assertEquals(count, adopted.relayCount(), "reachable from the growing root or not");
        assertEquals(units, adopted.computeUnits());
        assertEquals(tree.get("nodes").size() - count, adopted.removedNodes());
        assertEquals(count, redis.hlen(b(keys.trie().nodes())));
        LeafBatch batch = new LeafBatch();
        byte[] relay = {1, 2, 3};
        LeafNode leaf = LeafNode.ofRelay(relay, units / count);
        batch.add(MessageDigest.getInstance("SHA-256").digest(relay), relay, leaf.weight());
        assertEquals(
                new CommitResult.Committed(1, count + 1, units + units / count),
                store.commit(keys, FENCE, "ha-miners", details, batch).get(30, TimeUnit.SECONDS));
    }

    @ParameterizedTest
    @MethodSource("claimed")
    void aClaimedTreeIsProvedAsItIs(JsonNode tree) throws Exception {
        CommitKeys keys = restore(tree);
        MerkleSumRoot root = store.storedRoot(keys.trie()).get(30, TimeUnit.SECONDS);
        assertEquals(tree.get("root").asText(), root.toString());
        assertEquals(tree.get("record").get("claimed_root_hash").asText(), root.toString());
        assertEquals(tree.get("stats").asText(), root.count() + ":" + root.sum());
        assertEquals(
                new AdoptResult.Sealed(),
                store.adopt(keys, FENCE, SessionDetails.of("s", "now"), leaf -> true));
        SparseMerkleSumTrie trie = store.loadSealed(keys.trie(), root);
        Random random = new Random(1);
        for (byte[] path : List.of(new byte[32], random(random), random(random), random(random))) {
            assertTrue(
                    trie.proveClosest(path, store.leaves(keys.trie()))
                            .verifyStrictly(root, path)
                            .isValid());
        }
    }

    private static byte[] random(Random random) {
        byte[] path = new byte[32];
        random.nextBytes(path);
        return path;
    }

    private static byte[] b(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
