package io.relayminer.core.tx;

import java.time.Duration;

/**
 * How long a transaction may wait for its block.
 *
 * @param min shortest lifetime given
 * @param max longest lifetime given; the chain refuses more than ten minutes from its own time
 * @param whenUnknown lifetime if the caller does not know how much time is left
 * @param skew subtracted from the time left, because chain time lags
 */
public record TxLifetime(Duration min, Duration max, Duration whenUnknown, Duration skew) {

    /** The chain's bound on the lifetime of an unordered transaction. */
    public static final Duration CHAIN_LIMIT = Duration.ofMinutes(10);

    /** Two minutes to ten minutes less ten seconds, with a minute of skew. */
    public static final TxLifetime DEFAULT =
            new TxLifetime(
                    Duration.ofSeconds(120),
                    Duration.ofSeconds(590),
                    Duration.ofSeconds(120),
                    Duration.ofSeconds(60));

    /** Where a lifetime came from. */
    public enum Source {
        /** The time left was not known. */
        DEFAULT,
        /** Less would have been left than the shortest lifetime. */
        MIN,
        /** More would have been left than the longest lifetime. */
        MAX,
        /** The time left, less the skew. */
        WINDOW
    }

    /**
     * A lifetime.
     *
     * @param lifetime lifetime from the chain's time on
     * @param source where it came from
     */
    public record Effective(Duration lifetime, Source source) {}

    public TxLifetime {
        if (min.isNegative() || min.compareTo(max) > 0 || max.compareTo(CHAIN_LIMIT) > 0) {
            throw new IllegalArgumentException(
                    "transaction lifetime: the shortest must not exceed the longest, nor that ten"
                            + " minutes");
        }
    }

    /** The lifetime for the time that is left to a window; zero or less means it is not known. */
    public Effective of(Duration left) {
        if (left.isNegative() || left.isZero()) {
            return new Effective(whenUnknown, Source.DEFAULT);
        }
        Duration usable = left.minus(skew);
        if (usable.compareTo(min) < 0) {
            return new Effective(min, Source.MIN);
        }
        if (usable.compareTo(max) > 0) {
            return new Effective(max, Source.MAX);
        }
        return new Effective(usable, Source.WINDOW);
    }
}
