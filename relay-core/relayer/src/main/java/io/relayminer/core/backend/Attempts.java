package io.relayminer.core.backend;

import io.relayminer.transport.BackendResult;
import io.relayminer.transport.Cancellation;

import org.jspecify.annotations.Nullable;

import java.time.Duration;
import java.time.InstantSource;
import java.util.BitSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * All attempts at one relay, one after another, under one deadline. Not thread-safe, which is
 * enough: each step starts when the step before has completed.
 */
final class Attempts {

    private final BackendService service;
    private final EndpointPool pool;
    private final RequestBuilder.Prepared prepared;
    private final Cancellation cancellation;
    private final BackendPoolEvents events;
    private final InstantSource clock;
    private final long deadlineMillis;
    private final long startNanos = System.nanoTime();
    private final CompletableFuture<BackendAnswer> answer = new CompletableFuture<>();
    private final BitSet tried = new BitSet();
    private int retries;

    Attempts(
            BackendService service,
            EndpointPool pool,
            RequestBuilder.Prepared prepared,
            Cancellation cancellation,
            BackendPoolEvents events,
            InstantSource clock) {
        this.service = service;
        this.pool = pool;
        this.prepared = prepared;
        this.cancellation = cancellation;
        this.events = events;
        this.clock = clock;
        this.deadlineMillis = clock.millis() + service.spec().requestTimeout().toMillis();
    }

    /** Starts with an endpoint whose breaker has given permission. */
    CompletionStage<BackendAnswer> begin(EndpointPool.Member first) {
        attempt(first, service.spec().requestTimeout().toMillis());
        return answer;
    }

    private void attempt(EndpointPool.Member member, long leftMillis) {
        tried.set(member.index());
        service.inFlight().incrementAndGet();
        events.inFlightChanged(service.id(), 1);
        CompletionStage<BackendResult> sent;
        try {
            sent =
                    service.backend()
                            .send(
                                    pool.requests().build(prepared, member.endpoint()),
                                    Duration.ofMillis(leftMillis),
                                    cancellation);
        } catch (RuntimeException e) {
            sent = CompletableFuture.failedStage(e);
        }
        sent.whenComplete((result, defect) -> attempted(member, result, defect));
    }

    private void attempted(
            EndpointPool.Member member,
            @Nullable BackendResult result,
            @Nullable Throwable defect) {
        service.inFlight().decrementAndGet();
        events.inFlightChanged(service.id(), -1);
        Assessment a =
                result == null
                        ? Assessment.of(
                                new BackendResult.Failure(
                                        BackendResult.Kind.PROTOCOL,
                                        "backend client failed: " + defect,
                                        defect))
                        : Assessment.of(result);
        switch (a.verdict()) {
            case GOOD -> member.breaker().succeeded();
            case BAD -> member.breaker().failed(a.reason());
            case NEUTRAL -> member.breaker().neutral();
        }
        if (a.retryable() && retries < pool.spec().maxRetries() && !cancellation.isCancelled()) {
            long left = deadlineMillis - clock.millis();
            EndpointPool.Member next = left > 0 ? pool.acquireNext(member, tried) : null;
            if (next != null) {
                retries++;
                attempt(next, left);
                return;
            }
        }
        finish(a);
    }

    private void finish(Assessment a) {
        BackendAnswer outcome = a.answer(service.spec().maxResponseBytes(), retries);
        long nanos = System.nanoTime() - startNanos;
        switch (outcome) {
            case BackendAnswer.Answered r ->
                    events.callFinished(service.id(), r.outcome(), r.status(), nanos);
            case BackendAnswer.Unanswered u ->
                    events.callFinished(service.id(), u.outcome(), 0, nanos);
            case BackendAnswer.NoPool n -> {}
            case BackendAnswer.NoHealthyEndpoint n -> {}
            case BackendAnswer.InvalidRequest i -> {}
        }
        answer.complete(outcome);
    }
}
