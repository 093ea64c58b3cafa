package io.relayminer.core.meter;

/** What the meter says about one relay. */
public sealed interface MeterDecision {

    /**
     * The relay may be served.
     *
     * @param reservation the budget held for it; to be refunded when the relay is not mined
     */
    record Allowed(Reservation reservation) implements MeterDecision {}

    /** The session's budget for this supplier is used up. */
    record OverLimit() implements MeterDecision {}

    /**
     * The meter cannot tell and is configured to refuse in that case.
     *
     * @param operation what failed, as the metric label names it
     */
    record Unavailable(String operation) implements MeterDecision {}
}
