package io.relayminer.core.cache;

import java.time.Duration;

/**
 * How long an entry of one kind may live in process memory.
 *
 * @param type the {@code cache_type} metric label, e.g. {@code application}
 * @param maxEntries upper bound of entries in memory, positive and absent ones together
 * @param freshFor age up to which an entry is answered without further ado
 * @param staleFor age up to which an entry is still answered while, or because, the tiers below are
 *     asked; at least {@code freshFor}
 * @param absentFor how long "there is no such thing" is believed
 */
public record CachePolicy(
        String type, long maxEntries, Duration freshFor, Duration staleFor, Duration absentFor) {

    /** Validates the durations. */
    public CachePolicy {
        if (maxEntries <= 0) {
            throw new IllegalArgumentException("maxEntries must be positive: " + maxEntries);
        }
        if (freshFor.isNegative() || staleFor.compareTo(freshFor) < 0 || absentFor.isNegative()) {
            throw new IllegalArgumentException(
                    "durations must not be negative and staleFor must not be below freshFor");
        }
    }

    /** Entities that governance, stakes or operators change: fresh for a minute, stale for ten. */
    public static CachePolicy entity(String type, long maxEntries) {
        return new CachePolicy(
                type,
                maxEntries,
                Duration.ofSeconds(60),
                Duration.ofMinutes(10),
                Duration.ofSeconds(5));
    }

    /** Facts that never change once they exist, such as parameters at a past height. */
    public static CachePolicy immutable(String type, long maxEntries) {
        return new CachePolicy(
                type,
                maxEntries,
                Duration.ofMinutes(30),
                Duration.ofMinutes(30),
                Duration.ofSeconds(5));
    }
}
