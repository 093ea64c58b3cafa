package io.relayminer.leader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import io.relayminer.testkit.redis.EmbeddedRedis;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Miners over a real Redis. Local clocks are moved by the test; leases expire in Redis by being
 * deleted, as a jump of its clock would.
 */
class RedisFleetTest {

    private static final LeaseSettings SETTINGS =
            new LeaseSettings(
                    Duration.ofMinutes(30), Duration.ofMinutes(5), Duration.ofMinutes(60));

    private final Set<String> suppliers =
            IntStream.range(0, 6).mapToObj(i -> "pokt1sup" + i).collect(Collectors.toSet());

    private EmbeddedRedis server;
    private RedisClient client;
    private StatefulRedisConnection<byte[], byte[]> connection;
    private RedisCommands<byte[], byte[]> redis;

    @BeforeEach
    void startRedis() {
        server = EmbeddedRedis.start();
        client = RedisClient.create(server.uri());
        connection = client.connect(ByteArrayCodec.INSTANCE);
        redis = connection.sync();
    }

    @AfterEach
    void stopRedis() {
        connection.close();
        client.shutdown();
        server.close();
    }

    private final class Miner {
        final FakeClock clock = new FakeClock();
        final RecordingWork work = new RecordingWork();
        final LeaseAssignment assignment;

        Miner(String id) {
            RedisLeaseStore store =
                    new RedisLeaseStore(
                            connection.async(),
                            new MembershipKeys(
                                    "ha:miner:active", each -> "ha:miner:instance:" + each),
                            InstantSource.fixed(Instant.EPOCH),
                            Duration.ofSeconds(10));
            assignment =
                    LeaseAssignment.builder(store, work)
                            .settings(SETTINGS)
                            .instance(id)
                            .keys(MinerLeases::keys)
                            .clock(clock)
                            .build();
            assignment.setResources(suppliers);
        }
    }

    private void everythingExpires() {
        for (String supplier : suppliers) {
            redis.del(b(MinerLeases.keys(supplier).lease()));
        }
        redis.smembers(b("ha:miner:active"))
                .forEach(
                        id ->
                                redis.del(
                                        b(
                                                "ha:miner:instance:"
                                                        + new String(id, StandardCharsets.UTF_8))));
    }

    private String epochInRedis(String supplier) {
        return new String(redis.get(b(MinerLeases.keys(supplier).epoch())), StandardCharsets.UTF_8);
    }

    @Test
    void aRestartInPlaceWaitsForItsFormerLivesLeasesAndThenServesAgain() {
        Miner before = new Miner(InstanceId.create("pod-0", 1, new Random(1)));
        before.assignment.tick();
        assertEquals(suppliers, before.assignment.leases().keySet());
        Miner after = new Miner(InstanceId.create("pod-0", 1, new Random(2)));
        after.assignment.tick();
        assertTrue(after.work.events.isEmpty());
        everythingExpires();
        after.assignment.tick();
        assertEquals(suppliers, after.assignment.leases().keySet());
    }

    @Test
    void aZombieKnowsItByItsClockAndIsRefusedByItsEpoch() {
        Miner zombie = new Miner("zombie");
        zombie.assignment.tick();
        Map<String, Lease> stale = zombie.assignment.leases();
        everythingExpires();
        Miner heir = new Miner("heir");
        heir.assignment.tick();
        assertEquals(suppliers, heir.assignment.leases().keySet());
        zombie.clock.advance(Duration.ofHours(1));
        for (Lease lease : stale.values()) {
            assertFalse(lease.isValid());
            long current = Long.parseLong(epochInRedis(lease.resource()));
            assertTrue(current > lease.epoch(), "its writes would carry an epoch that is over");
            assertEquals(current, heir.assignment.lease(lease.resource()).orElseThrow().epoch());
        }
        zombie.assignment.tick();
        assertTrue(zombie.work.running.isEmpty());
        assertTrue(stale.values().stream().allMatch(Lease::isLost));
        assertEquals(suppliers, heir.assignment.leases().keySet());
    }

    @Test
    void whenAllLeasesExpireAtOnceTheyAreTakenAgainInNewEpochs() {
        Miner miner = new Miner("a");
        miner.assignment.tick();
        Map<String, Lease> before = miner.assignment.leases();
        everythingExpires();
        miner.assignment.tick();
        before.values()
                .forEach(
                        lease -> {
                            assertTrue(lease.isLost());
                            assertTrue(
                                    miner.assignment.lease(lease.resource()).orElseThrow().epoch()
                                            > lease.epoch());
                        });
    }

    @Test
    void aRedisThatComesBackEmptyStartsNewEpochs() {
        Miner miner = new Miner("a");
        miner.assignment.tick();
        Map<String, Lease> before = miner.assignment.leases();
        server.kill();
        miner.clock.advance(Duration.ofMinutes(25));
        assertTrue(before.values().stream().noneMatch(Lease::isValid));
        server.restart();
        Awaitility.await()
                .until(
                        () -> {
                            miner.assignment.tick();
                            return miner.assignment.leases().values().stream()
                                            .filter(Lease::isValid)
                                            .count()
                                    == 6;
                        });
        before.values()
                .forEach(
                        lease ->
                                assertTrue(
                                        miner.assignment
                                                        .lease(lease.resource())
                                                        .orElseThrow()
                                                        .epoch()
                                                > lease.epoch()));
    }

    @Test
    void twoMinersShareAndHandOverInOrder() {
        Miner a = new Miner("a");
        Miner b = new Miner("b");
        a.assignment.tick();
        for (int i = 0; i < 4; i++) {
            b.assignment.tick();
            a.assignment.tick();
        }
        assertEquals(3, a.assignment.leases().size());
        assertEquals(3, b.assignment.leases().size());
        assertTrue(a.work.events.stream().noneMatch(event -> event.startsWith("abandon")));
        a.assignment.close(Duration.ofSeconds(10));
        b.assignment.tick();
        assertEquals(suppliers, b.assignment.leases().keySet());
        assertEquals(
                Set.of("b"),
                redis.smembers(b("ha:miner:active")).stream()
                        .map(id -> new String(id, StandardCharsets.UTF_8))
                        .collect(Collectors.toSet()));
    }

    private static byte[] b(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
