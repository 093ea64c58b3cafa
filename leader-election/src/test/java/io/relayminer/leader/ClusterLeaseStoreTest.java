package io.relayminer.leader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lettuce.core.RedisClient;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import io.relayminer.testkit.redis.EmbeddedRedis;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * A Redis Cluster refuses scripts whose keys lie in different slots: lease and epoch carry one tag,
 * leases do not share one.
 */
class ClusterLeaseStoreTest {

    private static final Duration TTL = Duration.ofMinutes(1);

    private static EmbeddedRedis server;
    private static RedisClusterClient client;
    private static StatefulRedisClusterConnection<byte[], byte[]> connection;

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

    @Test
    void leasesInManySlotsAreRenewedTogether() {
        RedisLeaseStore store =
                new RedisLeaseStore(
                        connection.async(),
                        new MembershipKeys("ha:miner:active", id -> "ha:miner:instance:" + id),
                        InstantSource.fixed(Instant.EPOCH),
                        Duration.ofSeconds(30));
        Map<LeaseKeys, Long> epochs = new HashMap<>();
        for (int i = 0; i < 50; i++) {
            LeaseKeys keys =
                    new LeaseKeys(
                            "ha:miner:claim:{sup" + i + "}", "ha:miner:claim_epoch:{sup" + i + "}");
            epochs.put(keys, store.acquire(keys, "me", TTL).orElseThrow());
        }
        assertTrue(
                store.renew(epochs, "me", TTL).values().stream().allMatch(Renewal.RENEWED::equals));
        assertEquals(50, store.holders(epochs.keySet()).size());
        epochs.forEach((keys, epoch) -> assertTrue(store.release(keys, "me", epoch)));
        assertEquals(Set.of("me"), store.heartbeat("me", TTL));
        store.leave("me");
    }
}
