package io.relayminer.leader;

import java.time.Duration;

/**
 * The times of a lease.
 *
 * @param timeToLive how long a lease outlives its last renewal in the store. The holder stops
 *     trusting it a fifth earlier
 * @param renewEvery pause between renewals; at most a third of the time to live, so that two may
 *     fail
 * @param orphanAfter how long a lease may be free before an instance takes it that has its share
 *     already
 */
public record LeaseSettings(Duration timeToLive, Duration renewEvery, Duration orphanAfter) {

    /** Thirty seconds to live, renewed every five, orphans taken after sixty. */
    public static final LeaseSettings DEFAULT =
            new LeaseSettings(
                    Duration.ofSeconds(30), Duration.ofSeconds(5), Duration.ofSeconds(60));

    /** Checks the times against each other. */
    public LeaseSettings {
        if (timeToLive.compareTo(Duration.ofMillis(100)) < 0) {
            throw new IllegalArgumentException(
                    "a lease lives at least 100 ms but timeToLive is " + timeToLive);
        }
        if (renewEvery.isZero()
                || renewEvery.isNegative()
                || renewEvery.multipliedBy(3).compareTo(timeToLive) > 0) {
            throw new IllegalArgumentException(
                    "renewEvery is "
                            + renewEvery
                            + " but must be positive and at most a third of"
                            + " timeToLive, "
                            + timeToLive);
        }
        if (orphanAfter.isNegative()) {
            throw new IllegalArgumentException("orphanAfter is negative: " + orphanAfter);
        }
    }

    /**
     * How long a lease is trusted after the moment its renewal was sent: the time to live less a
     * fifth.
     */
    long trustedNanos() {
        return timeToLive.toNanos() / 5 * 4;
    }
}
