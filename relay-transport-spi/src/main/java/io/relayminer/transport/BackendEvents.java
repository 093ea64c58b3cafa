package io.relayminer.transport;

/**
 * What a backend reports about its connections, for metrics. Called on event loops: implementations
 * count and return. Every method does nothing by default.
 */
public interface BackendEvents {

    /** Reports nothing. */
    BackendEvents NONE = new BackendEvents() {};

    /**
     * A request has got its connection.
     *
     * @param waitNanos time since the request asked for one, in nanoseconds
     * @param reused whether the connection had carried a request before
     */
    default void connectionAcquired(long waitNanos, boolean reused) {}

    /**
     * A connection has been made.
     *
     * @param nanos time from asking to established, TLS included, in nanoseconds
     */
    default void connectionOpened(long nanos) {}
}
