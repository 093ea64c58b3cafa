package io.relayminer.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.relayminer.transport.inprocess.InProcessBackend;
import io.relayminer.transport.inprocess.InProcessTransport;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

@Timeout(60)
class TransportContractsTest {

    private static final Duration LONG = Duration.ofSeconds(30);

    // ---- headers -------------------------------------------------------------------------------

    @Test
    void headersAreAnOrderedCaseInsensitiveMultimap() {
        Headers h = Headers.builder().add("A", "1").add("b", "2").add("a", "3").build();
        assertEquals("1", h.first("a"));
        assertEquals(List.of("1", "3"), h.all("A"));
        assertNull(h.first("c"));
        assertTrue(h.all("c").isEmpty());
        assertTrue(h.contains("B"));
        List<String> seen = new ArrayList<>();
        h.forEach((name, value) -> seen.add(name + "=" + value));
        assertEquals(List.of("A=1", "b=2", "a=3"), seen);
        assertThrows(IllegalArgumentException.class, () -> Headers.of("only a name"));
    }

    @Test
    void builderSetsAndRemovesWhateverTheCase() {
        Headers.Builder b = Headers.builder().add("X", "1").add("x", "2").add("Y", "3");
        Headers before = b.build();
        b.set("x", "4").remove("y");
        assertEquals(List.of("4"), b.build().all("X"));
        assertFalse(b.contains("Y"));
        assertEquals(List.of("1", "2"), before.all("x"), "built headers do not change");
    }

    // ---- cancellation --------------------------------------------------------------------------

    @Test
    void cancellationRunsActionsOnceInOrder() {
        Cancellation c = new Cancellation();
        List<String> ran = new ArrayList<>();
        c.onCancel(() -> ran.add("first"));
        Runnable withdraw = c.onCancel(() -> ran.add("withdrawn"));
        c.onCancel(() -> ran.add("second"));
        withdraw.run();
        withdraw.run();
        assertFalse(c.isCancelled());
        c.cancel();
        c.cancel();
        assertTrue(c.isCancelled());
        assertEquals(List.of("first", "second"), ran);
        c.onCancel(() -> ran.add("late"));
        assertEquals("late", ran.getLast(), "runs at once");
    }

    @Test
    void concurrentRegistrationsAllRunExactlyOnce() throws InterruptedException {
        for (int round = 0; round < 50; round++) {
            Cancellation c = new Cancellation();
            AtomicInteger ran = new AtomicInteger();
            CountDownLatch go = new CountDownLatch(1);
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                boolean cancels = i == 3;
                threads.add(
                        Thread.ofPlatform()
                                .start(
                                        () -> {
                                            try {
                                                go.await();
                                            } catch (InterruptedException e) {
                                                return;
                                            }
                                            for (int n = 0; n < 100; n++) {
                                                c.onCancel(ran::incrementAndGet);
                                            }
                                            if (cancels) {
                                                c.cancel();
                                            }
                                        }));
            }
            go.countDown();
            for (Thread t : threads) {
                t.join();
            }
            assertEquals(800, ran.get());
        }
    }

    // ---- values --------------------------------------------------------------------------------

    @Test
    void refusalKeepsTheOrderOfItsDetailsAndChecksItsStatus() {
        Map<String, String> details = new LinkedHashMap<>();
        details.put("z", "1");
        details.put("a", "2");
        RelayReply.Refused r = new RelayReply.Refused(503, "no", details);
        details.clear();
        assertEquals("{z=1, a=2}", r.details().toString());
        assertThrows(IllegalArgumentException.class, () -> new RelayReply.Refused(200, "no"));
    }

    @Test
    void optionsCheckTheirRanges() {
        TransportOptions ok = TransportOptions.listen("127.0.0.1", 0);
        assertThrows(
                IllegalArgumentException.class, () -> TransportOptions.listen("127.0.0.1", -1));
        assertThrows(
                IllegalArgumentException.class, () -> TransportOptions.listen("127.0.0.1", 65_536));
        assertThrows(IllegalArgumentException.class, () -> ok.withMaxBodyBytes(0));
        assertThrows(
                IllegalArgumentException.class, () -> ok.withTimeouts(Duration.ZERO, LONG, LONG));
        assertEquals(5, ok.withMaxBodyBytes(5).maxBodyBytes());
        assertThrows(
                IllegalArgumentException.class,
                () -> ok.withMaxHeldBodyBytes(ok.maxBodyBytes() - 1));
        assertEquals(
                ok.maxBodyBytes(), ok.withMaxHeldBodyBytes(ok.maxBodyBytes()).maxHeldBodyBytes());
        long huge = TransportOptions.MAX_BODY_BYTES;
        assertEquals(
                huge,
                ok.withMaxHeldBodyBytes(ok.maxBodyBytes())
                        .withMaxBodyBytes(huge)
                        .maxHeldBodyBytes());
        assertEquals(7, ok.withCompressionFrom(7).compressFromBytes());
        assertThrows(
                IllegalArgumentException.class,
                () -> new BackendOptions(0, 1, LONG, LONG, LONG, LONG, 0));
        assertThrows(
                IllegalArgumentException.class,
                () -> new BackendOptions(1, 1, LONG, Duration.ZERO, LONG, LONG, 0));
    }

    // ---- in process ----------------------------------------------------------------------------

    private static RelayHandler handler(
            Function<InboundRelay, CompletionStage<RelayReply>> answer) {
        return new RelayHandler() {
            @Override
            public CompletionStage<RelayReply> handle(InboundRelay relay) {
                return answer.apply(relay);
            }

            @Override
            public StatusPage status(String path) {
                return new StatusPage(200, "application/json", "{}");
            }
        };
    }

    @Test
    void inProcessTransportKeepsTheContract() {
        AtomicInteger failures = new AtomicInteger();
        List<TransportEvents.Refusal> refusals = new ArrayList<>();
        TransportEvents events =
                new TransportEvents() {
                    @Override
                    public void handlerFailed(String component, Throwable cause) {
                        failures.incrementAndGet();
                    }

                    @Override
                    public void requestRefused(Refusal refusal) {
                        refusals.add(refusal);
                    }
                };
        InProcessTransport transport =
                new InProcessTransport(
                        TransportOptions.listen("x", 0)
                                .withMaxBodyBytes(10)
                                .withMaxHeldBodyBytes(12),
                        events);
        assertThrows(IllegalStateException.class, () -> transport.request(new byte[0]));
        CompletableFuture<RelayReply> slow = new CompletableFuture<>();
        List<InboundRelay> seen = new ArrayList<>();
        transport.start(
                handler(
                        relay -> {
                            seen.add(relay);
                            return switch (new String(relay.body(), UTF_8)) {
                                case "throw" -> throw new IllegalStateException("defect");
                                case "slow" -> slow;
                                default ->
                                        CompletableFuture.completedStage(
                                                new RelayReply.Signed(
                                                        "t", Headers.empty(), relay.body()));
                            };
                        }));
        assertInstanceOf(
                RelayReply.Signed.class,
                transport.request("ok".getBytes(UTF_8), "Rpc-Type", "3").reply().join());
        assertEquals("3", seen.getFirst().headers().first("rpc-type"));
        assertEquals(
                new RelayReply.Refused(413, "request body too large"),
                transport.request(new byte[11]).reply().join());
        assertEquals(List.of(TransportEvents.Refusal.BODY_TOO_LARGE), refusals);
        assertEquals(
                500,
                assertInstanceOf(
                                RelayReply.Refused.class,
                                transport.request("throw".getBytes(UTF_8)).reply().join())
                        .status());
        assertEquals(1, failures.get());
        InProcessTransport.Call call = transport.request("slow".getBytes(UTF_8));
        assertEquals(
                new RelayReply.Refused(503, "relayer overloaded"),
                transport.request(new byte[9]).reply().join());
        assertEquals(TransportEvents.Refusal.OVERLOADED, refusals.getLast());
        assertInstanceOf(RelayReply.Signed.class, transport.request(new byte[8]).reply().join());
        call.disconnect();
        assertTrue(seen.get(seen.size() - 2).cancellation().isCancelled());
        CompletableFuture<Integer> drained = transport.drain(LONG).toCompletableFuture();
        assertFalse(drained.isDone());
        assertThrows(IllegalStateException.class, () -> transport.request(new byte[0]));
        slow.complete(new RelayReply.Refused(503, "late"));
        assertEquals(0, drained.join());
        assertThrows(IllegalStateException.class, () -> transport.start(handler(r -> slow)));
    }

    private static BackendRequest request() {
        return new BackendRequest(
                new BackendRequest.Target(false, "h", 80),
                "GET",
                "/",
                Headers.empty(),
                ByteBuffer.allocate(0),
                3);
    }

    @Test
    void inProcessBackendKeepsTheContract() {
        InProcessBackend hanging = new InProcessBackend(r -> new CompletableFuture<>());
        assertEquals(
                BackendResult.Kind.TIMEOUT,
                kind(hanging.send(request(), Duration.ofMillis(1), new Cancellation())));
        Cancellation cancellation = new Cancellation();
        CompletionStage<BackendResult> pending = hanging.send(request(), LONG, cancellation);
        cancellation.cancel();
        assertEquals(BackendResult.Kind.CANCELLED, kind(pending));
        assertEquals(2, hanging.requests().size());
        InProcessBackend large =
                InProcessBackend.answering(
                        r ->
                                new BackendResult.Response(
                                        200, Headers.empty(), Headers.empty(), new byte[4]));
        assertEquals(
                BackendResult.Kind.TOO_LARGE,
                kind(large.send(request(), LONG, new Cancellation())));
        large.close();
        assertEquals(
                BackendResult.Kind.CLOSED, kind(large.send(request(), LONG, new Cancellation())));
        InProcessBackend broken =
                new InProcessBackend(r -> CompletableFuture.failedStage(new RuntimeException("x")));
        assertEquals(
                BackendResult.Kind.CONNECTION_LOST,
                kind(broken.send(request(), LONG, new Cancellation())));
    }

    private static BackendResult.Kind kind(CompletionStage<BackendResult> stage) {
        return assertInstanceOf(BackendResult.Failure.class, stage.toCompletableFuture().join())
                .kind();
    }
}
