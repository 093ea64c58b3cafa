package io.relayminer.transport;

import java.time.Duration;
import java.util.concurrent.CompletionStage;

/**
 * A client with its own connection pool. One backend may talk to many hosts; services get one each,
 * so that a slow service cannot starve another.
 *
 * <p>{@link #send} may be called from any thread, preferably from the event loop that received the
 * relay, and does not block. It makes exactly one attempt: choosing hosts, retries and health are
 * the caller's. Redirects are answers, they are not followed. The stage is completed on any thread
 * and never exceptionally: what goes wrong is a {@link BackendResult.Failure}.
 */
public interface Backend {

    /**
     * Sends one request and reads the whole answer.
     *
     * @param timeout the time for everything, from waiting for a connection to the last byte of the
     *     answer; positive
     * @param cancellation when it fires the attempt is abandoned, its connection closed and the
     *     result {@link BackendResult.Kind#CANCELLED}
     */
    CompletionStage<BackendResult> send(
            BackendRequest request, Duration timeout, Cancellation cancellation);

    /**
     * Closes the pool; requests in flight end with {@link BackendResult.Kind#CONNECTION_LOST} or
     * {@link BackendResult.Kind#CLOSED}. Idempotent.
     */
    CompletionStage<Void> close();
}
