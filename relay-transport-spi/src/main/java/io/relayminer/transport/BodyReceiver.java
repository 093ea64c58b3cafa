package io.relayminer.transport;

import java.util.concurrent.CompletionStage;

/**
 * Takes the body of a backend's answer piece by piece. Calls come one at a time, on any thread, in
 * the order of the bytes, and must not block or throw. {@link #chunk} and {@link #end} come when
 * the stage of the chunk before has completed; {@link #failed} may come while it has not. Exactly
 * one of {@code end} and {@code failed} is the last.
 */
public interface BodyReceiver {

    /**
     * Takes the next bytes; how they are cut means nothing.
     *
     * @param bytes at least one; handed over
     * @return completes when the receiver is ready for more; until then the backend does not read
     *     on from its connection. A stage that fails abandons the rest, as a cancellation does
     */
    CompletionStage<Void> chunk(byte[] bytes);

    /**
     * The body is complete.
     *
     * @param trailers trailers of the response, usually empty
     */
    void end(Headers trailers);

    /** The body broke off. */
    void failed(BackendResult.Failure failure);
}
