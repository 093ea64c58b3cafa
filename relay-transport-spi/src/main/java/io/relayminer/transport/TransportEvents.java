package io.relayminer.transport;

/**
 * What a transport reports about itself, for metrics. Called on event loops: implementations count
 * and return. Every method does nothing by default.
 */
public interface TransportEvents {

    /** Reports nothing. */
    TransportEvents NONE = new TransportEvents() {};

    /**
     * A request other than a status page has arrived.
     *
     * @param protocol as in {@link InboundRelay#protocol()}
     */
    default void requestStarted(String protocol) {}

    /** A request announced by {@link #requestStarted} is over, whatever became of it. */
    default void requestFinished() {}

    /** A request ended before it was a relay. */
    default void requestRefused(Refusal refusal) {}

    /**
     * A {@link RelayHandler} threw or failed its stage; the client was answered 500.
     *
     * @param component where, e.g. {@code "http_handler"}
     */
    default void handlerFailed(String component, Throwable cause) {}

    /** Why a request never became a relay. */
    enum Refusal {
        /** The body could not be read to its end: connection lost, malformed, or too slow. */
        BODY_READ_FAILED,
        /** The body is longer than the transport's limit. */
        BODY_TOO_LARGE,
        /** The bodies that the transport holds leave no room for this one. */
        OVERLOADED,
        /** It uses a protocol (WebSocket, gRPC, gRPC-Web) that this transport does not offer. */
        PROTOCOL_NOT_OFFERED
    }
}
