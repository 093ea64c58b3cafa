package io.relayminer.testkit.chain.internal.encoding;

import java.time.Duration;
import java.time.Instant;

/** Times as the chain counts and prints them. */
public final class Clocks {
    private Clocks() {}

    /** Nanoseconds since the Unix epoch; times beyond the year 2262 overflow. */
    public static long unixNanos(Instant time) {
        return Duration.between(Instant.EPOCH, time).toNanos();
    }

    /**
     * The fraction of a second with its dot and without trailing zeros; empty for whole seconds.
     */
    public static String fraction(Instant time) {
        int nanos = (int) Math.floorMod(unixNanos(time), 1_000_000_000L);
        return nanos == 0 ? "" : "." + String.format("%09d", nanos).replaceAll("0+$", "");
    }
}
