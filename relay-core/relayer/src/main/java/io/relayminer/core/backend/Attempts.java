package io.relayminer.core.backend;

import io.relayminer.transport.BackendResult;
import io.relayminer.transport.BodyReceiver;
import io.relayminer.transport.Cancellation;
import io.relayminer.transport.Headers;
import io.relayminer.transport.StreamChoice;

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

    /** With less than this part of the time left, another attempt is not worth making. */
    private static final int LEAST_SHARE = 20;

    private final BackendService service;
    private final EndpointPool pool;
    private final RequestBuilder.Prepared prepared;
    private final Cancellation cancellation;
    private final StreamChoice choice;
    private final BackendPoolEvents events;
    private final InstantSource clock;
    private final long fullMillis;
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
            StreamChoice choice,
            BackendPoolEvents events,
            InstantSource clock) {
        this.service = service;
        this.pool = pool;
        this.prepared = prepared;
        this.cancellation = cancellation;
        this.choice = choice;
        this.events = events;
        this.clock = clock;
        this.fullMillis = service.spec().requestTimeout().toMillis();
        this.deadlineMillis = clock.millis() + fullMillis;
    }

    /** Starts with an endpoint whose breaker has given permission. */
    CompletionStage<BackendAnswer> begin(EndpointPool.Member first) {
        attempt(first, fullMillis);
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
                                    choice,
                                    Duration.ofMillis(leftMillis),
                                    cancellation);
        } catch (RuntimeException e) {
            sent = CompletableFuture.failedStage(e);
        }
        sent.whenComplete((result, defect) -> attempted(member, leftMillis, result, defect));
    }

    private void attempted(
            EndpointPool.Member member,
            long given,
            @Nullable BackendResult result,
            @Nullable Throwable defect) {
        if (result instanceof BackendResult.Streamed streamed) {
            member.breaker().succeeded();
            answer.complete(
                    Assessment.of(
                                    new BackendResult.Streamed(
                                            streamed.status(),
                                            streamed.headers(),
                                            receiver ->
                                                    streamed.body()
                                                            .begin(
                                                                    new Observed(
                                                                            receiver,
                                                                            member,
                                                                            streamed.status()))),
                                    prepared.safe())
                            .answer(service.spec().maxResponseBytes(), retries));
            return;
        }
        attemptOver();
        BackendResult outcome =
                result != null
                        ? result
                        : new BackendResult.Failure(
                                BackendResult.Kind.PROTOCOL,
                                "backend client failed: " + defect,
                                defect);
        Assessment a = Assessment.of(outcome, prepared.safe());
        if (a.verdict() == Assessment.Verdict.SLOW && given < fullMillis / 2) {
            member.breaker().neutral(); // others have used its time up
        } else {
            member.breaker().report(a);
        }
        if (a.retryable() && retries < pool.spec().maxRetries() && !cancellation.isCancelled()) {
            long left = deadlineMillis - clock.millis();
            EndpointPool.Member next =
                    left > fullMillis / LEAST_SHARE ? pool.acquireNext(member, tried) : null;
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
            case BackendAnswer.Streamed s -> {} // counted when it ends
            case BackendAnswer.NoPool n -> {}
            case BackendAnswer.NoHealthyEndpoint n -> {}
            case BackendAnswer.InvalidRequest i -> {}
        }
        answer.complete(outcome);
    }

    private void attemptOver() {
        service.inFlight().decrementAndGet();
        events.inFlightChanged(service.id(), -1);
    }

    /** Watches a streamed body to its end, which is when the call is over. */
    private final class Observed implements BodyReceiver {

        private final BodyReceiver receiver;
        private final EndpointPool.Member member;
        private final int status;

        Observed(BodyReceiver receiver, EndpointPool.Member member, int status) {
            this.receiver = receiver;
            this.member = member;
            this.status = status;
        }

        @Override
        public CompletionStage<Void> chunk(byte[] bytes) {
            return receiver.chunk(bytes);
        }

        @Override
        public void end(Headers trailers) {
            over(Outcome.SUCCESS, status);
            receiver.end(trailers);
        }

        @Override
        public void failed(BackendResult.Failure failure) {
            Assessment a = Assessment.of(failure, false);
            if (a.verdict() == Assessment.Verdict.BAD) {
                member.breaker().failed(a.reason());
            }
            over(
                    switch (failure.kind()) {
                        case TIMEOUT -> Outcome.BACKEND_TIMEOUT;
                        case CANCELLED -> Outcome.CLIENT_DISCONNECTED;
                        default -> Outcome.BACKEND_NETWORK_ERROR;
                    },
                    0);
            receiver.failed(failure);
        }

        private void over(Outcome outcome, int shown) {
            attemptOver();
            events.callFinished(service.id(), outcome, shown, System.nanoTime() - startNanos);
        }
    }
}
