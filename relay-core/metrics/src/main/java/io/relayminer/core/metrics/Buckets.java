package io.relayminer.core.metrics;

import io.micrometer.core.instrument.Timer;

import java.time.Duration;
import java.util.Arrays;

/** The upper bounds of histogram buckets, by what is timed; one definition for both daemons. */
public final class Buckets {

    /** Whole relays, calls over a network, transactions: 1 ms to 30 s. */
    public static final Buckets FINE =
            new Buckets(1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000);

    /** Lookups in caches: 0.1 ms to 1 s. */
    public static final Buckets LOOKUP = new Buckets(0.1, 0.5, 1, 5, 10, 50, 100, 500, 1_000);

    /** Single operations on Redis: 10 µs to 100 ms. */
    public static final Buckets MICRO = new Buckets(0.01, 0.05, 0.1, 0.5, 1, 5, 10, 50, 100);

    /** Commits of batches: 50 µs to 10 s. */
    public static final Buckets COMMIT =
            new Buckets(0.05, 0.1, 0.5, 1, 5, 10, 50, 100, 500, 1_000, 10_000);

    /** The way of a relay through its stream: 1 ms to 10 s. */
    public static final Buckets STREAM =
            new Buckets(1, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000);

    /** Rounds of work over many entries: 0.1 s to 30 s. */
    public static final Buckets ROUND = new Buckets(100, 500, 1_000, 2_500, 5_000, 10_000, 30_000);

    private final Duration[] bounds;

    private Buckets(double... millis) {
        this.bounds =
                Arrays.stream(millis)
                        .mapToObj(each -> Duration.ofNanos(Math.round(each * 1e6)))
                        .toArray(Duration[]::new);
    }

    /** Gives a timer these buckets; returns it for chaining. */
    public Timer.Builder on(Timer.Builder timer) {
        return timer.serviceLevelObjectives(bounds);
    }
}
