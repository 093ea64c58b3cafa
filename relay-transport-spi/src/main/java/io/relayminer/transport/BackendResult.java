package io.relayminer.transport;

import org.jspecify.annotations.Nullable;

/** How one attempt on a backend ended. */
public sealed interface BackendResult {

    /**
     * The backend answered, with whatever status.
     *
     * @param status HTTP status code
     * @param headers response headers as received
     * @param trailers trailers of the response, usually empty
     * @param body complete body as received, not decompressed; handed over
     */
    @SuppressWarnings("ArrayRecordComponent") // handed over; never compared
    record Response(int status, Headers headers, Headers trailers, byte[] body)
            implements BackendResult, ChannelResult {}

    /**
     * The backend answers, and its body comes as it is produced.
     *
     * @param status HTTP status code
     * @param headers response headers as received
     * @param body the body; it has to be {@linkplain Body#begin begun}, or given up with the
     *     cancellation of the call
     */
    record Streamed(int status, Headers headers, Body body) implements BackendResult {}

    /** A body whose first byte has not been asked for. */
    @FunctionalInterface
    interface Body {

        /** Begins to deliver; called once at most. Until then the connection is not read from. */
        void begin(BodyReceiver receiver);
    }

    /**
     * The backend did not answer.
     *
     * @param kind what went wrong
     * @param detail for the operator's log; may name the host, so it is not for clients
     * @param cause the underlying exception, if any
     */
    record Failure(Kind kind, String detail, @Nullable Throwable cause)
            implements BackendResult, ChannelResult {}

    /** Why there is no answer. */
    enum Kind {
        /**
         * The connection was refused or could not be made in the dial timeout. Nothing was sent.
         */
        CONNECT,
        /** The host name does not resolve. Nothing was sent. */
        DNS,
        /** The TLS handshake failed. Nothing was sent. */
        TLS,
        /** The time for the request, or for the head of the response, is over. */
        TIMEOUT,
        /** The caller's {@link Cancellation} fired. */
        CANCELLED,
        /** The response is longer than the request allowed. */
        TOO_LARGE,
        /** The connection was lost after the request was written, or within the response. */
        CONNECTION_LOST,
        /** The answer is not HTTP. */
        PROTOCOL,
        /** The request cannot be sent as it is: a header or method the wire format forbids. */
        INVALID_REQUEST,
        /** This kind of backend does not do what was asked of it. Nothing was sent. */
        NOT_OFFERED,
        /** The backend has been closed. Nothing was sent. */
        CLOSED;

        /** Whether it is certain that the backend has seen nothing of the request. */
        public boolean nothingSent() {
            return switch (this) {
                case CONNECT, DNS, TLS, INVALID_REQUEST, NOT_OFFERED, CLOSED -> true;
                case TIMEOUT, CANCELLED, TOO_LARGE, CONNECTION_LOST, PROTOCOL -> false;
            };
        }
    }
}
