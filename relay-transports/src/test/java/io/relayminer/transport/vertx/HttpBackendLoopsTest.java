package io.relayminer.transport.vertx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.EventLoop;
import io.relayminer.transport.Backend;
import io.relayminer.transport.BackendEvents;
import io.relayminer.transport.BackendOptions;
import io.relayminer.transport.BackendRequest;
import io.relayminer.transport.BackendResult;
import io.relayminer.transport.Cancellation;
import io.relayminer.transport.Headers;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** What belongs to the event loop of the caller, and what all loops share. */
@Timeout(60)
class HttpBackendLoopsTest {

    private static final int LOOPS = 3;

    private VertxInternal vertx;
    private List<ContextInternal> loops;

    @BeforeEach
    void startLoops() {
        vertx = (VertxInternal) VertxRuntime.acquire(LOOPS);
        loops = new ArrayList<>();
        Set<EventLoop> seen = ConcurrentHashMap.newKeySet();
        while (loops.size() < LOOPS) {
            ContextInternal context = vertx.createEventLoopContext();
            if (seen.add(context.nettyEventLoop())) {
                loops.add(context);
            }
        }
    }

    @AfterEach
    void stopLoops() throws Exception {
        VertxRuntime.release().toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
    }

    private static Backend backend(int maxConnections) {
        BackendOptions d = BackendOptions.DEFAULT;
        return new HttpBackend(
                new BackendOptions(
                        maxConnections,
                        d.maxIdleConnectionsPerHost(),
                        d.idleTimeout(),
                        d.connectTimeout(),
                        d.tlsHandshakeTimeout(),
                        d.responseHeaderTimeout(),
                        0),
                BackendEvents.NONE);
    }

    /** Sends from an event loop; the result says which thread it came on. */
    private static CompletableFuture<Thread> send(
            Backend backend, ContextInternal loop, ScriptedServer server) {
        CompletableFuture<Thread> answered = new CompletableFuture<>();
        loop.runOnContext(
                v ->
                        backend.send(
                                        new BackendRequest(
                                                new BackendRequest.Target(
                                                        false, "127.0.0.1", server.port()),
                                                "POST",
                                                "/",
                                                Headers.empty(),
                                                ByteBuffer.wrap(new byte[] {'x'}),
                                                100),
                                        Duration.ofSeconds(30),
                                        new Cancellation())
                                .whenComplete(
                                        (result, failure) -> {
                                            if (result instanceof BackendResult.Response) {
                                                answered.complete(Thread.currentThread());
                                            } else {
                                                answered.completeExceptionally(
                                                        new AssertionError(result + " " + failure));
                                            }
                                        }));
        return answered;
    }

    private static Thread threadOf(ContextInternal loop) throws Exception {
        CompletableFuture<Thread> thread = new CompletableFuture<>();
        loop.runOnContext(v -> thread.complete(Thread.currentThread()));
        return thread.get(30, TimeUnit.SECONDS);
    }

    private static void close(Backend backend) throws Exception {
        backend.close().toCompletableFuture().get(30, TimeUnit.SECONDS);
    }

    @Test
    void aLoopUsesConnectionsOfItsOwnAgainAndAgain() throws Exception {
        try (ScriptedServer server = new ScriptedServer((r, c) -> c.respond("ok"))) {
            Backend backend = backend(500);
            try {
                for (int round = 0; round < 3; round++) {
                    for (ContextInternal loop : loops) {
                        Thread answered = send(backend, loop, server).get(30, TimeUnit.SECONDS);
                        assertEquals(threadOf(loop), answered);
                    }
                }
                assertEquals(LOOPS, server.accepted.get());
            } finally {
                close(backend);
            }
        }
    }

    @Test
    void theBoundOfConnectionsHoldsForAllLoopsTogether() throws Exception {
        for (int bound : new int[] {1, 2, 4}) {
            try (ScriptedServer server = new ScriptedServer((r, c) -> c.respond("ok"))) {
                Backend backend = backend(bound);
                try {
                    List<CompletableFuture<Thread>> answers = new ArrayList<>();
                    for (int i = 0; i < 60; i++) {
                        answers.add(send(backend, loops.get(i % LOOPS), server));
                    }
                    for (CompletableFuture<Thread> answer : answers) {
                        answer.get(30, TimeUnit.SECONDS);
                    }
                    assertTrue(server.accepted.get() <= bound, "bound " + bound);
                } finally {
                    close(backend);
                }
            }
        }
    }

    @Test
    void oneBusyLoopMayUseAllConnections() throws Exception {
        CountDownLatch all = new CountDownLatch(7);
        try (ScriptedServer server =
                new ScriptedServer(
                        (request, connection) -> {
                            all.countDown();
                            all.await();
                            connection.respond("ok");
                        })) {
            Backend backend = backend(7);
            try {
                List<CompletableFuture<Thread>> answers = new ArrayList<>();
                for (int i = 0; i < 7; i++) {
                    answers.add(send(backend, loops.get(0), server));
                }
                for (CompletableFuture<Thread> answer : answers) {
                    assertEquals(threadOf(loops.get(0)), answer.get(30, TimeUnit.SECONDS));
                }
            } finally {
                close(backend);
            }
        }
    }

    @Test
    void aClosedBackendOpensNothingOnALoopThatItHasNotSeen() throws Exception {
        try (ScriptedServer server = new ScriptedServer((r, c) -> c.respond("ok"))) {
            Backend backend = backend(500);
            send(backend, loops.get(0), server).get(30, TimeUnit.SECONDS);
            close(backend);
            CompletableFuture<Thread> refused = send(backend, loops.get(1), server);
            Throwable failure = refused.handle((t, e) -> e).get(30, TimeUnit.SECONDS);
            assertInstanceOf(AssertionError.class, failure);
            assertTrue(failure.getMessage().contains("CLOSED"), failure.getMessage());
            assertEquals(1, server.accepted.get());
        }
    }
}
