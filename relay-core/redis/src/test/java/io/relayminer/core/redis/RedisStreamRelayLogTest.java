package io.relayminer.core.redis;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lettuce.core.Range;
import io.lettuce.core.StreamMessage;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.relayminer.testkit.redis.RedisServer;
import io.relayminer.testkit.redis.RedisVersion;
import io.relayminer.transport.MinedRelay;
import io.relayminer.transport.RelayLogException;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

@ParameterizedClass
@MethodSource("io.relayminer.testkit.redis.RedisVersion#available")
class RedisStreamRelayLogTest {

    private static final Duration LONG = Duration.ofSeconds(30);
    private static final RelayLogSettings SETTINGS = RelayLogSettings.DEFAULT;

    @Parameter private RedisVersion version;
    private RedisServer redis;
    private RedisConnections connections;
    private final RedisKeys keys = RedisKeys.plain();
    private final List<AutoCloseable> closing = new ArrayList<>();

    @BeforeEach
    void start() {
        redis = version.start();
        connections = RedisConnections.open(redis.uri());
    }

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable c : closing.reversed()) {
            c.close();
        }
        connections.close();
        redis.close();
    }

    private RedisStreamRelayLog log() {
        return log(SETTINGS);
    }

    private RedisStreamRelayLog log(RelayLogSettings settings) {
        RedisStreamRelayLog log =
                new RedisStreamRelayLog(
                        connections, keys, settings, InstantSource.system(), RelayLogListener.NONE);
        closing.add(log);
        return log;
    }

    /** A log that is appended to on event loops, of which there are more than connections. */
    private final class OnLoops implements AutoCloseable {
        private final EventLoopGroup group =
                new MultiThreadIoEventLoopGroup(6, NioIoHandler.newFactory());
        private final List<EventLoop> loops = new ArrayList<>();
        private final RedisStreamRelayLog log;

        OnLoops(RelayLogSettings settings) {
            group.forEach(loop -> loops.add((EventLoop) loop));
            log =
                    new RedisStreamRelayLog(
                            connections,
                            keys,
                            settings,
                            InstantSource.system(),
                            RelayLogListener.NONE,
                            loops);
        }

        /** The loop on which an append that began on a loop was confirmed. */
        CompletableFuture<EventLoop> append(EventLoop loop, MinedRelay relay) {
            CompletableFuture<EventLoop> confirmed = new CompletableFuture<>();
            loop.execute(
                    () ->
                            log.append(relay)
                                    .whenComplete(
                                            (id, failure) -> {
                                                if (failure != null) {
                                                    confirmed.completeExceptionally(failure);
                                                    return;
                                                }
                                                confirmed.complete(
                                                        loops.stream()
                                                                .filter(EventLoop::inEventLoop)
                                                                .findFirst()
                                                                .orElse(null));
                                            }));
            return confirmed;
        }

        @Override
        public void close() {
            log.close();
            group.shutdownGracefully(0, 10, TimeUnit.SECONDS).syncUninterruptibly();
        }
    }

    private static MinedRelay relay(String supplier, int n) {
        byte[] hash = new byte[32];
        hash[0] = (byte) n;
        hash[1] = (byte) (n >> 8);
        return new MinedRelay(
                hash,
                ("relay " + n).getBytes(StandardCharsets.UTF_8),
                10,
                "s1",
                1,
                10,
                supplier,
                "svc",
                "app",
                5,
                0);
    }

    /** What the stream of a supplier holds, by the bytes of its relays. */
    private Set<String> stored(String supplier) {
        Set<String> seen = new HashSet<>();
        for (StreamMessage<byte[], byte[]> message :
                connections.sync().xrange(bytes(keys.stream(supplier)), Range.unbounded())) {
            byte[] data = message.getBody().values().iterator().next();
            seen.add(new String(MinedRelayCodec.decode(data).relayBytes(), StandardCharsets.UTF_8));
        }
        return seen;
    }

    @Test
    void whatWasConfirmedIsInTheStreamOfItsSupplierWhichNeverExpires() throws Exception {
        RedisStreamRelayLog log = log();
        List<CompletableFuture<String>> ids = new ArrayList<>();
        for (int i = 0; i < 2000; i++) {
            ids.add(log.append(relay("sup" + i % 3, i)).toCompletableFuture());
        }
        CompletableFuture.allOf(ids.toArray(new CompletableFuture<?>[0])).get(30, TimeUnit.SECONDS);
        assertEquals(0, log.unconfirmed());
        int total = 0;
        for (int s = 0; s < 3; s++) {
            total += stored("sup" + s).size();
            assertEquals(-1, connections.sync().pttl(bytes(keys.stream("sup" + s))));
        }
        assertEquals(2000, total);
    }

    /**
     * Threads that append at the same instant on an idle log: none may leave the write of its relay
     * to another that does the same. A relay nobody writes is only noticed when its command times
     * out, and then it fails.
     */
    @Test
    void appendsThatBeginAtTheSameTimeAreAllWritten() throws Exception {
        RedisStreamRelayLog log = log();
        int threads = 4;
        int rounds = 2000;
        CyclicBarrier together = new CyclicBarrier(threads);
        List<Throwable> failures = new CopyOnWriteArrayList<>();
        List<Thread> all = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
            int number = t;
            all.add(
                    Thread.ofPlatform()
                            .start(
                                    () -> {
                                        try {
                                            for (int i = 0; i < rounds; i++) {
                                                together.await(60, TimeUnit.SECONDS);
                                                log.append(relay("sup" + number, i))
                                                        .toCompletableFuture()
                                                        .get(60, TimeUnit.SECONDS);
                                            }
                                        } catch (Exception e) {
                                            failures.add(e);
                                            together.reset();
                                        }
                                    }));
        }
        for (Thread thread : all) {
            thread.join();
        }
        assertEquals(List.of(), failures);
        assertEquals(0, log.unconfirmed());
    }

    @Test
    void appendsAgainAfterTheServerLostWhatItConfirmed() throws Exception {
        RedisStreamRelayLog log = log();
        for (int i = 0; i < 50; i++) {
            log.append(relay("sup", i)).toCompletableFuture().get(10, TimeUnit.SECONDS);
        }
        // The server comes back empty, as a replica that had received nothing would.
        redis.kill();
        redis.restart();
        Awaitility.await().atMost(LONG).until(() -> length("sup") >= 50);
        assertEquals(50, stored("sup").size());
    }

    private long length(String supplier) {
        try {
            return connections.sync().xlen(bytes(keys.stream(supplier)));
        } catch (RuntimeException e) {
            return -1;
        }
    }

    @Test
    void appendsDuringAnOutageAreConfirmedWhenItEnds() throws Exception {
        RedisStreamRelayLog log = log();
        redis.kill();
        CompletionStage<String> pending = log.append(relay("sup", 1));
        redis.restart();
        assertFalse(pending.toCompletableFuture().get(30, TimeUnit.SECONDS).isEmpty());
        assertTrue(length("sup") >= 1);
    }

    @Test
    void refusesIncompleteRelaysAndBoundsTheQueue() throws Exception {
        RelayLogSettings tiny =
                new RelayLogSettings(true, Duration.ofSeconds(30), 2, 1 << 20, 64, LONG, 1 << 20);
        RedisStreamRelayLog log = log(tiny);
        ExecutionException e =
                assertThrows(
                        ExecutionException.class,
                        () -> log.append(relay("", 1)).toCompletableFuture().get());
        assertTrue(e.getCause() instanceof RelayLogException.Refused);
        redis.kill();
        log.append(relay("sup", 1));
        log.append(relay("sup", 2));
        ExecutionException full =
                assertThrows(
                        ExecutionException.class,
                        () -> log.append(relay("sup", 3)).toCompletableFuture().get());
        assertTrue(full.getCause() instanceof RelayLogException.Full);
        redis.restart();
    }

    @Test
    void appendOnAnEventLoopIsConfirmedOnThatLoopOrTheOneWhoseConnectionItShares()
            throws Exception {
        try (OnLoops on = new OnLoops(SETTINGS)) {
            for (int round = 0; round < 2; round++) {
                for (int i = 0; i < on.loops.size(); i++) {
                    EventLoop own = on.loops.get(i);
                    EventLoop confirmed =
                            on.append(own, relay("sup", round * 6 + i)).get(30, TimeUnit.SECONDS);
                    // On a foreign loop the answer may be there before this one asks for it.
                    assertTrue(
                            confirmed == on.loops.get(i % 4) || i >= 4 && confirmed == own,
                            "loop " + i);
                }
            }
            // A thread that is no loop may append as well.
            on.log.append(relay("sup", 12)).toCompletableFuture().get(30, TimeUnit.SECONDS);
            assertEquals(13, stored("sup").size());
            assertEquals(0, on.log.unconfirmed());
        }
    }

    @Test
    void allEventLoopsTogetherKeepTheBound() throws Exception {
        RelayLogSettings tiny = new RelayLogSettings(true, LONG, 3, 1 << 20, 64, LONG, 1 << 20);
        try (OnLoops on = new OnLoops(tiny)) {
            redis.kill();
            List<CompletableFuture<EventLoop>> waiting = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                waiting.add(on.append(on.loops.get(i), relay("sup", i)));
            }
            Awaitility.await().atMost(LONG).until(() -> on.log.unconfirmed() == 3);
            ExecutionException full =
                    assertThrows(
                            ExecutionException.class,
                            () ->
                                    on.append(on.loops.get(3), relay("sup", 3))
                                            .get(30, TimeUnit.SECONDS));
            assertTrue(full.getCause() instanceof RelayLogException.Full);
            redis.restart();
            for (CompletableFuture<EventLoop> append : waiting) {
                append.get(30, TimeUnit.SECONDS);
            }
        }
    }

    @Test
    void everyEventLoopAppendsAgainAfterTheServerLostWhatItConfirmed() throws Exception {
        try (OnLoops on = new OnLoops(SETTINGS)) {
            for (int i = 0; i < 12; i++) {
                on.append(on.loops.get(i % 6), relay("sup", i)).get(30, TimeUnit.SECONDS);
            }
            redis.kill();
            redis.restart();
            Awaitility.await().atMost(LONG).until(() -> stored("sup").size() == 12);
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
