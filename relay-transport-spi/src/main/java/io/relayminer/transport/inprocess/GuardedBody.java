package io.relayminer.transport.inprocess;

import io.relayminer.transport.BackendResult;
import io.relayminer.transport.BodyReceiver;
import io.relayminer.transport.Headers;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/** A streamed body that ends once, however it ends, and delivers nothing afterwards. */
final class GuardedBody implements BackendResult.Body, BodyReceiver {

    private final BackendResult.Body script;
    private final Consumer<GuardedBody> over;
    private BackendResult.@Nullable Failure before;
    private @Nullable BodyReceiver receiver;
    private boolean done;

    GuardedBody(BackendResult.Body script, Consumer<GuardedBody> over) {
        this.script = script;
        this.over = over;
    }

    @Override
    public void begin(BodyReceiver to) {
        synchronized (this) {
            if (before != null) {
                to.failed(before);
                return;
            }
            receiver = to;
        }
        script.begin(this);
    }

    @Override
    public CompletionStage<Void> chunk(byte[] bytes) {
        CompletionStage<Void> taken;
        synchronized (this) {
            if (done || receiver == null) {
                return CompletableFuture.failedStage(
                        new IllegalStateException("nobody wants the body any more"));
            }
            taken = receiver.chunk(bytes);
        }
        return taken.whenComplete(
                (ready, failure) -> {
                    if (failure != null) {
                        abandon(
                                new BackendResult.Failure(
                                        BackendResult.Kind.CANCELLED,
                                        "the receiver gave up",
                                        failure));
                    }
                });
    }

    @Override
    public void end(Headers trailers) {
        BodyReceiver to = finish();
        if (to != null) {
            to.end(trailers);
        }
    }

    @Override
    public void failed(BackendResult.Failure failure) {
        abandon(failure);
    }

    /** Ends it from outside. */
    void abandon(BackendResult.Failure failure) {
        synchronized (this) {
            before = done ? before : failure;
        }
        BodyReceiver to = finish();
        if (to != null) {
            to.failed(failure);
        }
    }

    private @Nullable BodyReceiver finish() {
        BodyReceiver to;
        synchronized (this) {
            if (done) {
                return null;
            }
            done = true;
            to = receiver;
        }
        over.accept(this);
        return to;
    }
}
