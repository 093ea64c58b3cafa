package io.relayminer.core.redis;

import io.relayminer.transport.MinedRelay;

import java.time.Duration;

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

    /** So many entries of a supplier were delivered to this process. */
    default void delivered(String supplier, int entries) {}

    /**
     * A relay was decoded after its delivery.
     *
     * @param supplier its supplier
     * @param service its service
     * @param age time since it was published, negative if that is not known
     */
    default void consumed(String supplier, String service, Duration age) {}

    /** So many entries of a supplier were taken over from another consumer. */
    default void reclaimed(String supplier, int entries) {}

    /** An entry of a supplier could not be decoded. */
    default void malformed(String supplier) {}

    /** Entries of a supplier were acknowledged one by one, outside a commit. */
    default void acknowledged(String supplier, int entries) {}

    /** Reading from Redis failed. */
    default void readFailed(String supplier) {}
}
