package io.relayminer.core.cache;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.relayminer.core.redis.RedisConnections;
import io.relayminer.testkit.redis.EmbeddedRedis;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** The shared tier on a real Redis, also on one that stands still. */
class RedisTierTest {

    private final EmbeddedRedis redis = EmbeddedRedis.start();
    private final RedisConnections connections = RedisConnections.open(redis.uri());
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final AtomicLong now = new AtomicLong();
    private final RedisCircuit circuit =
            new RedisCircuit(now::get, Duration.ofMillis(200), Duration.ofSeconds(1));
    private final List<String> locks = new CopyOnWriteArrayList<>();
    private final AtomicInteger queries = new AtomicInteger();

    @AfterEach
    void stop() throws Exception {
        timer.shutdownNow();
        connections.close();
        redis.close();
    }

    private void signal(String name) throws Exception {
        new ProcessBuilder("kill", "-" + name, Long.toString(redis.pid())).start().waitFor();
    }

    private RedisTier<String, String> tier(boolean locked, int budget) {
        return new RedisTier<>(
                new RedisTier.Environment(
                        connections.async(),
                        timer,
                        new Random(1),
                        circuit,
                        new QueryBudget("of a test", budget, 1_000, now::get),
                        new CacheObserver() {
                            @Override
                            public void lock(String type, String result) {
                                locks.add(result);
                            }
                        }),
                "thing",
                key -> bytes("value:" + key),
                locked ? key -> bytes("lock:" + key) : null,
                new ValueCodec<>() {
                    @Override
                    public byte[] encode(String value) {
                        return bytes(value);
                    }

                    @Override
                    public String decode(byte[] bytes) {
                        String text = new String(bytes, StandardCharsets.UTF_8);
                        if (text.equals("rubbish")) {
                            throw new IllegalArgumentException("rubbish");
                        }
                        return text;
                    }
                },
                value -> value.equals("forever") ? Duration.ZERO : Duration.ofMinutes(5));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private CompletableFuture<String> query(String answer) {
        queries.incrementAndGet();
        return CompletableFuture.completedFuture(answer);
    }

    @Test
    void valuesAreWrittenWithTheirTimeToLiveAndReadBack() {
        RedisTier<String, String> tier = tier(false, 1);
        tier.put("a", "v").toCompletableFuture().join();
        tier.put("b", "forever").toCompletableFuture().join();
        assertEquals("v", tier.get("a").toCompletableFuture().join());
        long ttl = connections.sync().pttl(bytes("value:a"));
        assertTrue(ttl > 0 && ttl <= 300_000, () -> "" + ttl);
        assertEquals(-1, connections.sync().pttl(bytes("value:b")));
        assertNull(tier.get("c").toCompletableFuture().join());
    }

    @Test
    void whatCannotBeDecodedIsAMiss() {
        connections.sync().set(bytes("value:a"), bytes("rubbish"));
        assertNull(tier(false, 1).get("a").toCompletableFuture().join());
    }

    @Test
    void theWinnerOfTheLockAsksStoresAndReleases() {
        String value = tier(true, 1).fill("a", () -> query("v")).toCompletableFuture().join();
        assertEquals("v", value);
        assertArrayEquals(bytes("v"), connections.sync().get(bytes("value:a")));
        Awaitility.await().until(() -> connections.sync().exists(bytes("lock:a")) == 0);
        assertEquals(List.of("acquired"), locks);
    }

    @Test
    void aLoserTakesTheWinnersValueAndLeavesTheLockAlone() {
        connections.sync().set(bytes("lock:a"), bytes("somebody"));
        CompletableFuture<String> waiting =
                tier(true, 1).fill("a", () -> query("own")).toCompletableFuture();
        connections.sync().set(bytes("value:a"), bytes("theirs"));
        assertEquals("theirs", waiting.join());
        assertEquals(0, queries.get());
        assertArrayEquals(bytes("somebody"), connections.sync().get(bytes("lock:a")));
        assertEquals(List.of("contended"), locks);
    }

    @Test
    void aLoserWhoseWinnerDiedAsksItself() {
        connections.sync().set(bytes("lock:a"), bytes("dead"));
        assertEquals(
                "own", tier(true, 1).fill("a", () -> query("own")).toCompletableFuture().join());
        assertArrayEquals(bytes("own"), connections.sync().get(bytes("value:a")));
    }

    @Test
    void aRedisThatStandsStillCostsOneLimitAndNotOnePerLookup() throws Exception {
        RedisTier<String, String> tier = tier(true, 1_000);
        signal("STOP");
        try {
            assertPassesBy(tier);
        } finally {
            signal("CONT");
        }
        Awaitility.await()
                .until(
                        () -> {
                            now.addAndGet(Duration.ofSeconds(2).toNanos());
                            return tier.get("a")
                                    .handle((value, failure) -> failure == null)
                                    .toCompletableFuture()
                                    .join();
                        });
        assertFalse(circuit.isOpen());
    }

    private void assertPassesBy(RedisTier<String, String> tier) {
        assertThrows(CompletionException.class, () -> tier.get("a").toCompletableFuture().join());
        List<CompletableFuture<String>> replies = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            CompletableFuture<String> missed = tier.get("k" + i).toCompletableFuture();
            assertTrue(missed.isCompletedExceptionally(), "passed by at once");
            replies.add(tier.fill("k" + i, () -> query("v")).toCompletableFuture());
        }
        for (CompletableFuture<String> reply : replies) {
            assertTrue(reply.isDone(), "the chain is asked without waiting for Redis");
            assertEquals("v", reply.join());
        }
        assertEquals(500, queries.get());
        assertEquals(List.of(), locks);
    }

    @Test
    void withoutRedisTheChainIsAskedWithinTheBudget() {
        redis.kill();
        RedisTier<String, String> tier = tier(true, 2);
        assertThrows(CompletionException.class, () -> tier.get("a").toCompletableFuture().join());
        assertEquals("v", tier.fill("a", () -> query("v")).toCompletableFuture().join());
        assertEquals("v", tier.fill("b", () -> query("v")).toCompletableFuture().join());
        CompletionException refused =
                assertThrows(
                        CompletionException.class,
                        () -> tier.fill("c", () -> query("v")).toCompletableFuture().join());
        assertInstanceOf(CacheException.Unavailable.class, refused.getCause());
        assertEquals(2, queries.get());
    }
}
