package io.relayminer.transport;

/** Decides at the head of a backend's answer whether its body is wanted whole or as it comes. */
@FunctionalInterface
public interface StreamChoice {

    /** Every body is wanted whole. */
    StreamChoice WHOLE = (status, headers) -> false;

    /**
     * Called once when the head has been read, on the backend's thread; must not block or throw.
     *
     * @return {@code true} for {@link BackendResult.Streamed}, {@code false} for {@link
     *     BackendResult.Response}
     */
    boolean streams(int status, Headers headers);
}
