package io.relayminer.transport;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * A client with its own connection pool. One backend may talk to many hosts; services get one each,
 * so that a slow service cannot starve another.
 *
 * <p>{@link #send} and {@link #open} may be called from any thread, preferably from the event loop
 * that received the relay, and do not block. They make exactly one attempt: choosing hosts, retries
 * and health are the caller's. Redirects are answers, they are not followed. The stages are
 * completed on any thread and never exceptionally: what goes wrong is a {@link
 * BackendResult.Failure}.
 */
public interface Backend {

    /**
     * Sends one request and reads the answer, whole or as a stream.
     *
     * @param choice asked at the head of the answer how its body is wanted
     * @param timeout the time for everything, from waiting for a connection to the last byte of the
     *     answer, streamed or not; positive
     * @param cancellation when it fires the attempt is abandoned and its connection closed; the
     *     result is {@link BackendResult.Kind#CANCELLED}, a stream that is under way fails so
     */
    CompletionStage<BackendResult> send(
            BackendRequest request,
            StreamChoice choice,
            Duration timeout,
            Cancellation cancellation);

    /** As {@link #send(BackendRequest, StreamChoice, Duration, Cancellation)}, always whole. */
    default CompletionStage<BackendResult> send(
            BackendRequest request, Duration timeout, Cancellation cancellation) {
        return send(request, StreamChoice.WHOLE, timeout, cancellation);
    }

    /**
     * Opens a channel of messages in both directions. A backend without such channels fails with
     * {@link BackendResult.Kind#NOT_OFFERED}, which is what this default does.
     *
     * @param request target, path and headers; without body. Its limit counts for each message
     * @param timeout the time until the channel is open; positive. An open channel has no deadline
     * @param cancellation gives the opening up, or closes the open channel with {@link
     *     Closing#GOING_AWAY}
     * @return the open channel; a {@link BackendResult.Response} if the backend declined; or why
     *     there is neither
     */
    default CompletionStage<ChannelResult> open(
            BackendRequest request, Duration timeout, Cancellation cancellation) {
        return CompletableFuture.completedStage(
                new BackendResult.Failure(
                        BackendResult.Kind.NOT_OFFERED, "this backend has no channels", null));
    }

    /**
     * Closes the pool; requests and streams in flight end with {@link
     * BackendResult.Kind#CONNECTION_LOST} or {@link BackendResult.Kind#CLOSED}, channels with
     * {@link Closing#GOING_AWAY}. Idempotent.
     */
    CompletionStage<Void> close();
}
