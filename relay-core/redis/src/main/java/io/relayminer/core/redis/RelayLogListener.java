package io.relayminer.core.redis;

import io.relayminer.transport.MinedRelay;

/** Observes a relay log, for metrics. Called on I/O threads; must not block or throw. */
public interface RelayLogListener {

    /** Observes nothing. */
    RelayLogListener NONE = new RelayLogListener() {};

    /**
     * A relay was confirmed by Redis.
     *
     * @param relay the relay
     * @param nanos time from append to confirmation
     */
    default void appended(MinedRelay relay, long nanos) {}

    /**
     * A relay could not be appended.
     *
     * @param relay the relay
     * @param reason {@code full} or {@code redis}
     */
    default void failed(MinedRelay relay, String reason) {}

    /** So many relays were appended again after a fail-over. */
    default void replayed(int relays) {}
}
