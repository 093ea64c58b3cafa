package io.relayminer.core.backend;

import io.relayminer.transport.BackendRequest;
import io.relayminer.transport.BackendResult;
import io.relayminer.transport.Cancellation;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Active health checks. The endpoints of a pool are probed one after another, then the pool rests
 * until its interval, counted from the start of the round, has passed. A pool without a health
 * check is not probed.
 *
 * <p>Each type is probed in its own protocol. {@code websocket}: the handshake, and if there is a
 * request body that as a message, which has to be answered. {@code grpc}: the standard health
 * service, asked about the service that the endpoint names, about all without; a server without
 * that service has answered and is up. All others: a request.
 */
final class HealthChecks {

    private final BackendPoolEvents events;
    private final ScheduledExecutorService scheduler;
    private final Cancellation closing = new Cancellation();

    HealthChecks(BackendPoolEvents events, ScheduledExecutorService scheduler) {
        this.events = events;
        this.scheduler = scheduler;
    }

    void begin(BackendService service, EndpointPool pool) {
        PoolSpec.HealthCheck check = pool.spec().healthCheck();
        if (check != null) {
            new Round(service, pool, check).run();
        }
    }

    void close() {
        closing.cancel();
    }

    /** The probes of one pool, over and over. Each step starts when the one before is complete. */
    private final class Round implements Runnable {
        private final BackendService service;
        private final EndpointPool pool;
        private final PoolSpec.HealthCheck check;
        private final int[] failures;
        private final int[] successes;

        Round(BackendService service, EndpointPool pool, PoolSpec.HealthCheck check) {
            this.service = service;
            this.pool = pool;
            this.check = check;
            this.failures = new int[pool.members().size()];
            this.successes = new int[pool.members().size()];
        }

        @Override
        public void run() {
            if (!closing.isCancelled()) {
                probe(0, System.nanoTime());
            }
        }

        private void probe(int index, long startNanos) {
            if (index == pool.members().size()) {
                rest(startNanos);
                return;
            }
            EndpointPool.Member member = pool.members().get(index);
            outcome(member)
                    .whenComplete(
                            (passed, defect) -> {
                                if (!closing.isCancelled()) {
                                    record(member, passed != null && passed);
                                    probe(index + 1, startNanos);
                                }
                            });
        }

        private CompletionStage<Boolean> outcome(EndpointPool.Member member) {
            try {
                BackendRequest request = pool.requests().probe(check, member.endpoint());
                return switch (pool.type()) {
                    case "websocket" ->
                            WebSocketProbe.of(service.backend(), request, check, closing);
                    case "grpc" -> GrpcProbe.of(service.backend(), request, check, closing);
                    default ->
                            service.backend()
                                    .send(request, check.timeout(), closing)
                                    .thenApply(this::passes);
                };
            } catch (InvalidRequestException | RuntimeException e) {
                return CompletableFuture.failedStage(e);
            }
        }

        private void rest(long startNanos) {
            long spent = System.nanoTime() - startNanos;
            long delay = Math.max(0, check.interval().toNanos() - spent);
            try {
                @SuppressWarnings("unused") // ends by itself once closing has been cancelled
                var next = scheduler.schedule(this, delay, TimeUnit.NANOSECONDS);
            } catch (RejectedExecutionException e) {
                closing.cancel();
            }
        }

        private boolean passes(BackendResult result) {
            if (!(result instanceof BackendResult.Response r)) {
                return false;
            }
            List<Integer> expected = check.expectedStatus();
            boolean statusOk =
                    expected.isEmpty()
                            ? r.status() >= 200 && r.status() < 300
                            : expected.contains(r.status());
            return statusOk
                    && (check.expectedBody().isEmpty() || text(r).contains(check.expectedBody()));
        }

        private String text(BackendResult.Response r) {
            try {
                byte[] body =
                        ResponseDecoding.decode(r, service.spec().maxResponseBytes(), 0).body();
                return new String(body, StandardCharsets.UTF_8);
            } catch (ResponseDecoding.UndecodableException e) {
                return "";
            }
        }

        private void record(EndpointPool.Member member, boolean success) {
            int i = member.index();
            events.probed(pool.serviceId(), pool.type(), member.endpoint().name(), success);
            if (success) {
                failures[i] = 0;
                successes[i]++;
                if (successes[i] >= check.healthyThreshold()) {
                    member.breaker().checkedUp();
                }
            } else {
                successes[i] = 0;
                failures[i]++;
                if (failures[i] >= check.unhealthyThreshold()) {
                    member.breaker().checkedDown("health_check");
                }
            }
        }
    }
}
