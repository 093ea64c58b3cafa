package io.relayminer.core.backend;

import io.relayminer.transport.BackendRequest;
import io.relayminer.transport.BackendResult;
import io.relayminer.transport.Cancellation;
import io.relayminer.transport.ChannelResult;

import org.jspecify.annotations.Nullable;

import java.time.Duration;
import java.util.BitSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * All attempts to open one channel, one after another. Each endpoint gets the time for a handshake;
 * a failed one is repeated elsewhere as often as the pool allows. Not thread-safe, which is enough:
 * each step starts when the step before has completed.
 */
final class ChannelAttempts {

    private static final Duration LONGEST_HANDSHAKE = Duration.ofSeconds(10);

    /** Messages have a limit of their own, whatever the bodies of the service may be. */
    private static final long LONGEST_MESSAGE = 15L * 1024 * 1024;

    private final BackendService service;
    private final EndpointPool pool;
    private final RequestBuilder.Prepared prepared;
    private final Cancellation cancellation;
    private final Duration timeout;
    private final CompletableFuture<ChannelAnswer> answer = new CompletableFuture<>();
    private final BitSet tried = new BitSet();
    private int retries;

    ChannelAttempts(
            BackendService service,
            EndpointPool pool,
            RequestBuilder.Prepared prepared,
            Cancellation cancellation) {
        this.service = service;
        this.pool = pool;
        this.prepared = prepared;
        this.cancellation = cancellation;
        Duration request = service.spec().requestTimeout();
        this.timeout = request.compareTo(LONGEST_HANDSHAKE) < 0 ? request : LONGEST_HANDSHAKE;
    }

    /** Starts with an endpoint whose breaker has given permission. */
    CompletionStage<ChannelAnswer> begin(EndpointPool.Member first) {
        attempt(first);
        return answer;
    }

    private void attempt(EndpointPool.Member member) {
        tried.set(member.index());
        CompletionStage<ChannelResult> opened;
        try {
            opened = service.backend().open(opening(member), timeout, cancellation);
        } catch (RuntimeException e) {
            opened = CompletableFuture.failedStage(e);
        }
        opened.whenComplete((result, defect) -> attempted(member, result, defect));
    }

    private BackendRequest opening(EndpointPool.Member member) {
        BackendRequest request = pool.requests().build(prepared, member.endpoint());
        return new BackendRequest(
                request.target(),
                request.method(),
                request.uri(),
                request.headers(),
                request.body(),
                LONGEST_MESSAGE);
    }

    private void attempted(
            EndpointPool.Member member,
            @Nullable ChannelResult result,
            @Nullable Throwable defect) {
        switch (result) {
            case ChannelResult.Opened opened -> {
                member.breaker().succeeded();
                answer.complete(new ChannelAnswer.Opened(opened.channel()));
            }
            case BackendResult.Response declined ->
                    notOpened(member, Assessment.of(declined, true));
            case BackendResult.Failure failure -> notOpened(member, Assessment.of(failure, true));
            case null ->
                    notOpened(
                            member,
                            Assessment.of(
                                    new BackendResult.Failure(
                                            BackendResult.Kind.PROTOCOL,
                                            "backend client failed: " + defect,
                                            defect),
                                    true));
        }
    }

    private void notOpened(EndpointPool.Member member, Assessment a) {
        member.breaker().report(a);
        if (a.retryable() && retries < pool.spec().maxRetries() && !cancellation.isCancelled()) {
            EndpointPool.Member next = pool.acquireNext(member, tried);
            if (next != null) {
                retries++;
                attempt(next);
                return;
            }
        }
        answer.complete(
                new ChannelAnswer.NotOpened(a.answer(service.spec().maxResponseBytes(), retries)));
    }
}
