package io.relayminer.transport.vertx;

import io.relayminer.transport.BackendResult;
import io.relayminer.transport.BodyReceiver;
import io.relayminer.transport.Headers;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.internal.ContextInternal;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.CompletableFuture;

/**
 * The body of a response, handed on as it comes. The response is paused until the body is begun and
 * while its receiver is busy. Touched by the attempt's event loop only.
 */
final class StreamedBody implements BackendResult.Body {

    private final HttpAttempt attempt;
    private final HttpClientResponse response;
    private final ContextInternal loop;
    private @Nullable BodyReceiver receiver;
    private BackendResult.@Nullable Failure failure;

    StreamedBody(HttpAttempt attempt, HttpClientResponse response, ContextInternal loop) {
        this.attempt = attempt;
        this.response = response;
        this.loop = loop;
    }

    @Override
    public void begin(BodyReceiver to) {
        onLoop(
                () -> {
                    BackendResult.Failure before = failure;
                    if (before != null) {
                        to.failed(before);
                        return;
                    }
                    receiver = to;
                    response.handler(chunk -> received(to, chunk));
                    response.endHandler(v -> complete(to));
                    response.resume();
                });
    }

    private void received(BodyReceiver to, Buffer chunk) {
        if (failure != null || chunk.length() == 0) {
            return;
        }
        CompletableFuture<Void> taken = to.chunk(chunk.getBytes()).toCompletableFuture();
        if (taken.isDone() && !taken.isCompletedExceptionally()) {
            return;
        }
        response.pause();
        var unused =
                taken.whenComplete(
                        (ready, abandoned) ->
                                onLoop(
                                        () -> {
                                            if (abandoned != null) {
                                                attempt.abandonedByReceiver();
                                            } else if (failure == null) {
                                                response.resume();
                                            }
                                        }));
    }

    private void complete(BodyReceiver to) {
        if (failure == null) {
            MultiMap trailers = response.trailers();
            attempt.streamed();
            to.end(trailers.isEmpty() ? Headers.empty() : new MultiMapHeaders(trailers));
        }
    }

    /** The attempt has failed. */
    void failed(BackendResult.Failure why) {
        if (failure == null) {
            failure = why;
            if (receiver != null) {
                receiver.failed(why);
            }
        }
    }

    private void onLoop(Runnable action) {
        if (loop.nettyEventLoop().inEventLoop()) {
            action.run();
        } else {
            loop.runOnContext(v -> action.run());
        }
    }
}
