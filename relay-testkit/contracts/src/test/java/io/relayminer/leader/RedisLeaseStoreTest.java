package io.relayminer.leader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lettuce.core.RedisClient;
import io.lettuce.core.SetArgs;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import io.relayminer.testkit.leader.LeaseStoreContractTest;
import io.relayminer.testkit.redis.RedisServer;
import io.relayminer.testkit.redis.RedisVersion;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

@ParameterizedClass
@MethodSource("io.relayminer.testkit.redis.RedisVersion#available")
class RedisLeaseStoreTest extends LeaseStoreContractTest {

    private static final MembershipKeys MEMBERSHIP =
            new MembershipKeys("ha:miner:active", id -> "ha:miner:instance:" + id);
    private static final InstantSource NOON =
            InstantSource.fixed(Instant.parse("2026-01-01T12:00:00.123456789Z"));

    private static RedisServer server;
    private static RedisClient client;

    @Parameter private RedisVersion version;
    private StatefulRedisConnection<byte[], byte[]> connection;
    private RedisCommands<byte[], byte[]> redis;
    private RedisLeaseStore store;

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
        store = new RedisLeaseStore(connection.async(), MEMBERSHIP, NOON, Duration.ofSeconds(30));
    }

    @AfterEach
    void disconnect() {
        connection.close();
    }

    @Override
    protected LeaseStore store() {
        return store;
    }

    @Override
    protected void letExpire(LeaseKeys keys) {
        redis.del(b(keys.lease()));
    }

    @Override
    protected void letDie(String instance) {
        redis.del(b(MEMBERSHIP.instance().apply(instance)));
    }

    @Test
    void keysAndValuesAreThoseOfTheFleet() {
        long epoch = store.acquire(KEYS, "miner-1", Duration.ofSeconds(90)).orElseThrow();
        assertEquals("miner-1", text(redis.get(b("ha:miner:claim:pokt1sup"))));
        long ttl = redis.pttl(b("ha:miner:claim:pokt1sup"));
        assertTrue(ttl > 80_000 && ttl <= 90_000);
        assertEquals(Long.toString(epoch), text(redis.get(b("ha:miner:claim_epoch:pokt1sup"))));
        assertEquals(-1, redis.pttl(b("ha:miner:claim_epoch:pokt1sup")));

        store.heartbeat("miner-1", Duration.ofSeconds(90));
        assertEquals("1767268800123456789", text(redis.get(b("ha:miner:instance:miner-1"))));
        assertTrue(redis.pttl(b("ha:miner:instance:miner-1")) > 80_000);
        assertEquals(1, redis.scard(b("ha:miner:active")));
        store.leave("miner-1");
        assertEquals(0, redis.exists(b("ha:miner:active"), b("ha:miner:instance:miner-1")));
    }

    @Test
    void leasesOfOtherMinersAreRespected() {
        redis.set(b(KEYS.lease()), b("miner-go"), SetArgs.Builder.ex(90).nx());
        assertEquals(OptionalLong.empty(), store.acquire(KEYS, "me", TTL));
        assertEquals(Optional.of("miner-go"), store.holder(KEYS));
        redis.del(b(KEYS.lease()));
        long epoch = store.acquire(KEYS, "me", TTL).orElseThrow();
        // It expires, and the other miner, which knows no epochs, takes and leaves it.
        redis.del(b(KEYS.lease()));
        redis.set(b(KEYS.lease()), b("miner-go"), SetArgs.Builder.ex(90).nx());
        assertEquals(Renewal.TAKEN, store.renew(Map.of(KEYS, epoch), "me", TTL).get(KEYS));
        redis.del(b(KEYS.lease()));
        assertEquals(Renewal.GONE, store.renew(Map.of(KEYS, epoch), "me", TTL).get(KEYS));
        assertTrue(store.acquire(KEYS, "me", TTL).orElseThrow() > epoch);
    }

    @Test
    void instancesThatDiedAreTakenOffTheList() {
        redis.sadd(b("ha:miner:active"), b("dead-1"), b("dead-2"));
        redis.set(b("ha:miner:instance:alive"), b("1"));
        redis.sadd(b("ha:miner:active"), b("alive"));
        assertEquals(Set.of("me", "alive"), store.heartbeat("me", TTL));
        Awaitility.await().until(() -> redis.scard(b("ha:miner:active")) == 2);
    }

    @Test
    void epochsGoOnAfterRedisLostEverything() {
        long before = 0;
        for (int i = 0; i < 3; i++) {
            redis.flushall();
            long epoch = store.acquire(KEYS, "a", TTL).orElseThrow();
            assertTrue(epoch > before);
            before = epoch;
            letExpire(KEYS);
            epoch = store.acquire(KEYS, "a", TTL).orElseThrow();
            assertEquals(before + 1, epoch);
            before = epoch;
        }
        // Only the counter was lost: the holder's old epoch is not renewed, and it is granted a new
        // one.
        redis.del(b(KEYS.epoch()));
        assertEquals(Renewal.TAKEN, store.renew(Map.of(KEYS, before), "a", TTL).get(KEYS));
        assertTrue(store.acquire(KEYS, "a", TTL).orElseThrow() > before);
    }

    @Test
    void aServerThatForgotTheScriptsIsTaughtAgain() {
        redis.scriptFlush();
        long epoch = store.acquire(KEYS, "a", TTL).orElseThrow();
        redis.scriptFlush();
        assertEquals(Renewal.RENEWED, store.renew(Map.of(KEYS, epoch), "a", TTL).get(KEYS));
        redis.scriptFlush();
        assertTrue(store.release(KEYS, "a", epoch));
    }

    @Test
    void aFullServerStillRenewsAndReleasesButGrantsNothing() {
        long epoch = store.acquire(KEYS, "a", TTL).orElseThrow();
        redis.configSet("maxmemory", "1");
        try {
            assertEquals(Renewal.RENEWED, store.renew(Map.of(KEYS, epoch), "a", TTL).get(KEYS));
            LeaseStoreException e =
                    assertThrows(
                            LeaseStoreException.class,
                            () -> store.acquire(keys("other"), "a", TTL));
            assertEquals(LeaseStoreException.Reason.OUT_OF_MEMORY, e.reason());
            assertTrue(store.release(KEYS, "a", epoch));
        } finally {
            redis.configSet("maxmemory", "0");
        }
        assertEquals(Optional.empty(), store.holder(keys("other")));
    }

    @Test
    void noAnswerIsNotAnAnswer() {
        try (RedisServer mortal = version.start();
                RedisClient mortalClient = RedisClient.create(mortal.uri());
                var link = mortalClient.connect(ByteArrayCodec.INSTANCE)) {
            RedisLeaseStore cut =
                    new RedisLeaseStore(link.async(), MEMBERSHIP, NOON, Duration.ofMillis(200));
            long epoch = cut.acquire(KEYS, "a", TTL).orElseThrow();
            mortal.kill();
            for (Runnable each :
                    new Runnable[] {
                        () -> cut.acquire(KEYS, "a", TTL),
                        () -> cut.renew(Map.of(KEYS, epoch), "a", TTL),
                        () -> cut.release(KEYS, "a", epoch),
                        () -> cut.holder(KEYS),
                        () -> cut.heartbeat("a", TTL),
                        () -> cut.leave("a")
                    }) {
                LeaseStoreException e = assertThrows(LeaseStoreException.class, each::run);
                assertEquals(LeaseStoreException.Reason.UNAVAILABLE, e.reason());
            }
        }
    }

    private static byte[] b(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
