package io.relayminer.core.backend;

/**
 * What the pools report, for metrics. Called on event loops: implementations count and return.
 * Every method does nothing by default.
 */
public interface BackendPoolEvents {

    /** Reports nothing. */
    BackendPoolEvents NONE = new BackendPoolEvents() {};

    /**
     * A call is over, all retries included.
     *
     * @param status status of the answer, or 0 if there was none
     * @param nanos duration of the whole call in nanoseconds
     */
    default void callFinished(String serviceId, Outcome outcome, int status, long nanos) {}

    /** The number of attempts in flight for a service changed by {@code +1} or {@code -1}. */
    default void inFlightChanged(String serviceId, int delta) {}

    /** An endpoint went into or out of service, or was seen for the first time. */
    default void healthChanged(String serviceId, String type, String endpoint, boolean healthy) {}

    /** An active probe has ended. */
    default void probed(String serviceId, String type, String endpoint, boolean success) {}

    /** A request has got its connection; see {@link io.relayminer.transport.BackendEvents}. */
    default void connectionAcquired(String serviceId, long waitNanos, boolean reused) {}

    /** A connection has been made. */
    default void connectionOpened(String serviceId, long nanos) {}
}
