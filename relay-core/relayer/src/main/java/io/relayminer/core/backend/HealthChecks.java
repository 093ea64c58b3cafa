package io.relayminer.core.backend;

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
 * <p>Endpoints of type {@code websocket} are probed over HTTP on the same host. Of type {@code
 * grpc} only the connection is probed: whatever the node answers to a plain request, it is up.
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
            send(member)
                    .whenComplete(
                            (result, defect) -> {
                                if (!closing.isCancelled()) {
                                    record(member, result != null && passes(result));
                                    probe(index + 1, startNanos);
                                }
                            });
        }

        private CompletionStage<BackendResult> send(EndpointPool.Member member) {
            try {
                return service.backend()
                        .send(
                                pool.requests().probe(check, member.endpoint()),
                                check.timeout(),
                                closing);
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
            if (pool.type().equals("grpc")) {
                return connected(result);
            }
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

        private boolean connected(BackendResult result) {
            return switch (result) {
                case BackendResult.Response r -> true;
                case BackendResult.Streamed s -> true;
                case BackendResult.Failure f ->
                        switch (f.kind()) {
                            case CONNECTION_LOST, PROTOCOL, TOO_LARGE -> true;
                            case CONNECT,
                                    DNS,
                                    TLS,
                                    TIMEOUT,
                                    CANCELLED,
                                    INVALID_REQUEST,
                                    NOT_OFFERED,
                                    CLOSED ->
                                    false;
                        };
            };
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
