package io.relayminer.transport.inprocess;

import io.relayminer.transport.Backend;
import io.relayminer.transport.BackendRequest;
import io.relayminer.transport.BackendResult;
import io.relayminer.transport.Cancellation;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * A backend that answers from a function. It keeps the contract of a network backend: it never
 * fails its stage, observes timeout, cancellation and the response limit, and records what it was
 * asked.
 */
public final class InProcessBackend implements Backend {

    private final Function<BackendRequest, CompletionStage<BackendResult>> script;
    private final List<BackendRequest> requests = new CopyOnWriteArrayList<>();
    private volatile boolean closed;

    /**
     * A backend answering with the stage that the script returns; a stage that is never completed
     * is a backend that hangs.
     */
    public InProcessBackend(Function<BackendRequest, CompletionStage<BackendResult>> script) {
        this.script = script;
    }

    /** A backend answering at once. */
    public static InProcessBackend answering(Function<BackendRequest, BackendResult> script) {
        return new InProcessBackend(
                request -> CompletableFuture.completedFuture(script.apply(request)));
    }

    /** All requests sent so far, oldest first. */
    public List<BackendRequest> requests() {
        return List.copyOf(requests);
    }

    @Override
    public CompletionStage<BackendResult> send(
            BackendRequest request, Duration timeout, Cancellation cancellation) {
        if (closed) {
            return CompletableFuture.completedFuture(
                    failure(BackendResult.Kind.CLOSED, "backend closed"));
        }
        requests.add(request);
        CompletableFuture<BackendResult> result = new CompletableFuture<>();
        Runnable withdraw =
                cancellation.onCancel(
                        () -> result.complete(failure(BackendResult.Kind.CANCELLED, "cancelled")));
        script.apply(request)
                .whenComplete(
                        (answer, error) -> {
                            withdraw.run();
                            result.complete(
                                    error != null
                                            ? failure(
                                                    BackendResult.Kind.CONNECTION_LOST,
                                                    String.valueOf(error.getMessage()))
                                            : limited(request, answer));
                        });
        return result.completeOnTimeout(
                failure(BackendResult.Kind.TIMEOUT, "no answer within " + timeout),
                timeout.toNanos(),
                TimeUnit.NANOSECONDS);
    }

    private static BackendResult limited(BackendRequest request, BackendResult answer) {
        return answer instanceof BackendResult.Response r
                        && r.body().length > request.maxResponseBytes()
                ? failure(
                        BackendResult.Kind.TOO_LARGE,
                        "response longer than " + request.maxResponseBytes() + " bytes")
                : answer;
    }

    private static BackendResult failure(BackendResult.Kind kind, String detail) {
        return new BackendResult.Failure(kind, detail, null);
    }

    @Override
    public CompletionStage<Void> close() {
        closed = true;
        return CompletableFuture.completedFuture(null);
    }
}
