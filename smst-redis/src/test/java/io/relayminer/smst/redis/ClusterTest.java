package io.relayminer.smst.redis;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lettuce.core.RedisClient;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import io.relayminer.smst.MerkleSumRoot;
import io.relayminer.smst.SmstStoreException;
import io.relayminer.testkit.redis.EmbeddedRedis;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/**
 * A Redis Cluster refuses scripts whose keys lie in different slots, so one node is enough to see
 * that tags work.
 */
class ClusterTest {

    private static EmbeddedRedis server;
    private static RedisClusterClient client;
    private static StatefulRedisClusterConnection<byte[], byte[]> connection;

    private final RedisLeafStore store =
            new RedisLeafStore(connection.async(), Duration.ofSeconds(30));
    private final Fence fence = new Fence("me", 1);
    private final SessionDetails session =
            new SessionDetails(
                    "sess1", Map.of("state", b("active")), "2026-01-01T00:00:00Z", 60_000);

    @BeforeAll
    static void startCluster() {
        server = EmbeddedRedis.start("--cluster-enabled", "yes");
        try (RedisClient plain = RedisClient.create(server.uri());
                var link = plain.connect()) {
            link.sync().clusterAddSlots(IntStream.range(0, 16384).toArray());
            Awaitility.await().until(() -> link.sync().clusterInfo().contains("cluster_state:ok"));
        }
        client = RedisClusterClient.create(server.uri());
        connection = client.connect(ByteArrayCodec.INSTANCE);
    }

    @AfterAll
    static void stopCluster() {
        connection.close();
        client.shutdown();
        server.close();
    }

    private void own(CommitKeys keys) {
        connection.sync().set(b(keys.lease()), b(fence.owner()));
        connection.sync().set(b(keys.epoch()), b(Long.toString(fence.epoch())));
    }

    private static LeafBatch batch() throws Exception {
        LeafBatch batch = new LeafBatch();
        for (byte i = 0; i < 5; i++) {
            byte[] relay = {i, 1, 2};
            batch.add(MessageDigest.getInstance("SHA-256").digest(relay), relay, 7);
        }
        return batch.acknowledge("1-1");
    }

    @Test
    void aTaggedSessionGoesFromItsFirstLeafToDeletion() throws Exception {
        CommitKeys keys = RedisLeafStoreTest.keys("{pokt1sup}");
        own(keys);
        assertEquals(
                new CommitResult.Committed(5, 5, 35),
                store.commit(keys, fence, "g", session, batch()).get(30, TimeUnit.SECONDS));
        assertInstanceOf(
                AdoptResult.Adopted.class, store.adopt(keys, fence, session, leaf -> true));
        assertEquals(
                new SealResult.Sealed(5, 35, "claiming"),
                store.seal(keys, fence, session).get(30, TimeUnit.SECONDS));
        MerkleSumRoot root = store.load(keys.trie()).trie().root();
        assertEquals(
                new RootResult.Stored(),
                store.storeRoot(keys, fence, root, 60_000).get(30, TimeUnit.SECONDS));
        byte[] path = new byte[32];
        assertTrue(
                store.loadSealed(keys.trie(), root)
                        .proveClosest(path, store.leaves(keys.trie()))
                        .verifyStrictly(root, path)
                        .isValid());
        assertTrue(store.discard(keys, fence, "g", List.of("1-2")).get(30, TimeUnit.SECONDS));
        assertTrue(store.delete(keys, fence).get(30, TimeUnit.SECONDS));
    }

    @Test
    void keysOfOnesOwnLieInOneSlot() throws Exception {
        CommitKeys keys = CommitKeys.of("shop", "s1", "monday");
        own(keys);
        assertEquals(
                new CommitResult.Committed(5, 5, 35),
                store.commit(keys, fence, "g", session, batch()).get(30, TimeUnit.SECONDS));
        assertTrue(store.delete(keys, fence).get(30, TimeUnit.SECONDS));
    }

    @Test
    void untaggedKeysAreRefusedAndSaidToBe() {
        CommitKeys keys = RedisLeafStoreTest.keys("pokt1sup");
        own(keys);
        ExecutionException e =
                assertThrows(
                        ExecutionException.class,
                        () ->
                                store.commit(keys, fence, "g", session, batch())
                                        .get(30, TimeUnit.SECONDS));
        SmstStoreException refused = assertInstanceOf(SmstStoreException.class, e.getCause());
        assertEquals(SmstStoreException.Reason.REFUSED, refused.reason());
        assertTrue(refused.getMessage().contains("slot"), refused::getMessage);
    }

    private static byte[] b(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
