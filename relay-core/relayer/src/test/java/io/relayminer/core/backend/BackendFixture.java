package io.relayminer.core.backend;

import io.relayminer.transport.BackendOptions;
import io.relayminer.transport.BackendRequest;
import io.relayminer.transport.BackendResult;
import io.relayminer.transport.Cancellation;
import io.relayminer.transport.Headers;
import io.relayminer.transport.inprocess.InProcessBackend;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** Pools over a scripted backend, with a clock and a scheduler that tests advance. */
final class BackendFixture {

    static final String SERVICE = "eth";

    /** A clock that stands still. */
    static final class TestClock implements InstantSource {
        private Instant now = Instant.parse("2026-01-01T00:00:00Z");

        @Override
        public synchronized Instant instant() {
            return now;
        }

        synchronized void advance(Duration time) {
            now = now.plus(time);
        }
    }

    /** Keeps what is scheduled until the test runs it. */
    static final class TestScheduler extends ScheduledThreadPoolExecutor {
        final Deque<Runnable> waiting = new ArrayDeque<>();
        final Deque<Duration> delays = new ArrayDeque<>();

        TestScheduler() {
            super(0);
        }

        @Override
        public ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
            waiting.add(task);
            delays.add(Duration.of(delay, unit.toChronoUnit()));
            return null;
        }

        void runNext() {
            waiting.remove().run();
        }
    }

    final TestClock clock = new TestClock();
    final TestScheduler scheduler = new TestScheduler();
    final List<String> events = new CopyOnWriteArrayList<>();
    final InProcessBackend backend;
    final BackendPools pools;

    BackendFixture(PoolSpec spec, Function<BackendRequest, CompletionStage<BackendResult>> script) {
        this("jsonrpc", spec, Duration.ofSeconds(30), 1000, script);
    }

    BackendFixture(
            String type,
            PoolSpec spec,
            Duration timeout,
            long maxResponse,
            Function<BackendRequest, CompletionStage<BackendResult>> script) {
        this(type, spec, timeout, maxResponse, new InProcessBackend(script));
    }

    BackendFixture(
            String type,
            PoolSpec spec,
            Duration timeout,
            long maxResponse,
            InProcessBackend backend) {
        this.backend = backend;
        pools =
                new BackendPools(
                        Map.of(
                                SERVICE,
                                new ServiceBackends(
                                        timeout,
                                        maxResponse,
                                        BackendOptions.DEFAULT,
                                        Map.of(type, spec))),
                        (service, options, connectionEvents) -> backend,
                        recording(),
                        clock,
                        scheduler);
    }

    private BackendPoolEvents recording() {
        return new BackendPoolEvents() {
            @Override
            public void callFinished(String service, Outcome outcome, int status, long nanos) {
                events.add("call " + outcome.label() + " " + status);
            }

            @Override
            public void healthChanged(String service, String type, String name, boolean up) {
                events.add((up ? "up " : "down ") + type + " " + name);
            }

            @Override
            public void probed(String service, String type, String name, boolean success) {
                events.add("probe " + name + " " + success);
            }
        };
    }

    /** Endpoints {@code a}, {@code b}, … with the host of their name. */
    static Endpoint[] endpoints(String... names) {
        Endpoint[] list = new Endpoint[names.length];
        for (int i = 0; i < names.length; i++) {
            list[i] = Endpoint.parse(names[i], "http://" + names[i] + ":8545");
        }
        return list;
    }

    static BackendCall call() {
        return call(Headers.empty(), Headers.empty());
    }

    static BackendCall call(Headers inner, Headers outer) {
        return new BackendCall(
                SERVICE,
                "jsonrpc",
                "POST",
                "https://gw.example/",
                inner,
                ByteBuffer.wrap("{}".getBytes(StandardCharsets.UTF_8)),
                outer,
                "pokt1supplier",
                "pokt1app",
                new Cancellation());
    }

    static BackendCall withUrl(String method, String url) {
        BackendCall c = call();
        return new BackendCall(
                c.serviceId(),
                c.type(),
                method,
                url,
                c.headers(),
                c.body(),
                c.outerHeaders(),
                c.supplier(),
                c.application(),
                c.cancellation());
    }

    BackendAnswer send() {
        return send(call());
    }

    BackendAnswer send(BackendCall call) {
        return pools.send(call).toCompletableFuture().join();
    }

    /** Hosts that were asked, in order. */
    List<String> hosts() {
        return backend.requests().stream().map(r -> r.target().host()).toList();
    }

    static CompletionStage<BackendResult> status(int status) {
        return status(status, Headers.empty(), "{}".getBytes(StandardCharsets.UTF_8));
    }

    static CompletionStage<BackendResult> status(int status, Headers headers, byte[] body) {
        return CompletableFuture.completedStage(
                new BackendResult.Response(status, headers, Headers.empty(), body));
    }

    static CompletionStage<BackendResult> failure(BackendResult.Kind kind) {
        return CompletableFuture.completedStage(
                new BackendResult.Failure(kind, "scripted " + kind, null));
    }
}
