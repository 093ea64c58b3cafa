package io.relayminer.core.relay;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.protobuf.ByteString;

import io.relayminer.core.chain.Block;
import io.relayminer.core.chain.ChainQueries;
import io.relayminer.core.chain.ChainUnavailableException;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.testkit.redis.EmbeddedRedis;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** Where a relayer's block height comes from. */
class BlockHeightsTest {

    private static final RedisKeys KEYS = RedisKeys.plain();

    private final EmbeddedRedis redis = EmbeddedRedis.start();
    private final RedisConnections connections = RedisConnections.open(redis.uri());
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final AtomicLong now = new AtomicLong();
    private final AtomicLong chainHeight = new AtomicLong(-1);
    private final AtomicInteger asked = new AtomicInteger();
    private final List<Long> heard = new CopyOnWriteArrayList<>();
    private final BlockHeights heights =
            new BlockHeights(chain(), KEYS, connections, timer, now::get);

    @AfterEach
    void stop() {
        heights.close();
        timer.shutdownNow();
        connections.close();
        redis.close();
    }

    /** A chain that knows its height and nothing else; down while the height is negative. */
    private ChainQueries chain() {
        return (ChainQueries)
                Proxy.newProxyInstance(
                        ChainQueries.class.getClassLoader(),
                        new Class<?>[] {ChainQueries.class},
                        (self, method, arguments) -> {
                            assertEquals("latestBlock", method.getName());
                            asked.incrementAndGet();
                            long at = chainHeight.get();
                            return at < 0
                                    ? CompletableFuture.failedFuture(
                                            new ChainUnavailableException("no node", null))
                                    : CompletableFuture.completedFuture(
                                            new Block(
                                                    at,
                                                    ByteString.copyFrom(new byte[32]),
                                                    Instant.EPOCH));
                        });
    }

    private void start() {
        heights.onBlock(heard::add);
        heights.start(connections.subscriber());
    }

    private void announce(String json) {
        connections.sync().publish(bytes(KEYS.blockChannel()), bytes(json));
    }

    private static String event(long height) {
        return "{\"height\":" + height + ",\"timestamp\":\"2026-01-01T00:00:00Z\"}";
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private void awaitHeight(long height) {
        Awaitility.await().atMost(Duration.ofMinutes(1)).until(() -> heights.height() == height);
    }

    @Test
    void announcementsAdvanceTheHeightAndNothingMovesItBack() {
        start();
        assertEquals(0, heights.height());
        Awaitility.await()
                .until(
                        () -> {
                            announce(event(7));
                            return heights.height() == 7;
                        });
        announce(event(5));
        announce("no json");
        announce("{\"height\":\"x\"}");
        announce(event(9));
        awaitHeight(9);
        heights.saw(8);
        assertEquals(9, heights.height());
        assertEquals(List.of(7L, 9L), heard);
    }

    @Test
    void theLastAnnouncementIsReadByWhoComesLate() {
        connections.sync().set(bytes(KEYS.lastBlock()), bytes(event(41)));
        start();
        awaitHeight(41);
    }

    @Test
    void theChainIsAskedAtTheStart() {
        chainHeight.set(12);
        start();
        awaitHeight(12);
    }

    @Test
    void theChainIsAskedAgainWhenNoBlockIsAnnounced() {
        start();
        assertEquals(1, asked.get());
        chainHeight.set(20);
        now.addAndGet(Duration.ofSeconds(3).toNanos());
        awaitHeight(20);
        now.addAndGet(Duration.ofSeconds(10).toNanos());
        heights.saw(21);
        int before = asked.get();
        chainHeight.set(22);
        now.addAndGet(Duration.ofSeconds(25).toNanos());
        awaitHeight(22);
        assertEquals(before + 1, asked.get());
    }

    @Test
    void whileBlocksComeTheChainIsLeftAlone() {
        chainHeight.set(10);
        start();
        awaitHeight(10);
        int before = asked.get();
        for (int height = 11; height < 15; height++) {
            now.addAndGet(Duration.ofSeconds(1).toNanos());
            heights.saw(height);
        }
        // The watchdog runs on this timer: two turns of it have passed when this has run.
        CompletableFuture<Void> turns = new CompletableFuture<>();
        timer.schedule(
                () -> turns.complete(null), 1_100, java.util.concurrent.TimeUnit.MILLISECONDS);
        turns.join();
        assertEquals(before, asked.get());
    }
}
