package io.relayminer.core.relay;

import java.time.Duration;

/**
 * How a relayer limits what an application may spend in a session.
 *
 * @param failOpen whether relays are let through while the shared counter cannot be used
 * @param leaseRelays most relays' worth of budget that one relayer holds at once, at least 1
 * @param timeToLive life of a budget's keys in Redis from its creation
 */
public record MeterPolicy(boolean failOpen, int leaseRelays, Duration timeToLive) {

    /** Lets relays through while Redis is away; 32 relays at once; two hours. */
    public static final MeterPolicy DEFAULT = new MeterPolicy(true, 32, Duration.ofHours(2));
}
