package io.relayminer.core.meter;

/**
 * Told what the meter decides, for metrics. Called on the relay path; must be quick and must not
 * throw.
 */
public interface MeterObserver {

    /** An observer that does nothing. */
    MeterObserver NONE = new MeterObserver() {};

    /** One relay was found {@code within_limit} or {@code over_limit}. */
    default void decided(String serviceId, boolean withinLimit) {}

    /** The shared counter could not be used; {@code operation} names the step. */
    default void failed(String operation) {}

    /** Sessions with a local lease, per supplier and service; called periodically. */
    default void active(String supplier, String serviceId, int sessions) {}
}
