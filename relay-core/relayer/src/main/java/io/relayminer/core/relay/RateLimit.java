package io.relayminer.core.relay;

import java.time.InstantSource;

/** So many per second, and as many at once after a second of quiet. Thread-safe. */
final class RateLimit {

    private final InstantSource clock;
    private final double perSecond;
    private double tokens;
    private long filledAtMillis;

    RateLimit(int perSecond, InstantSource clock) {
        this.clock = clock;
        this.perSecond = perSecond;
        this.tokens = perSecond;
        this.filledAtMillis = clock.millis();
    }

    synchronized boolean tryTake() {
        long now = clock.millis();
        double filled = Math.max(0, now - filledAtMillis) / 1e3 * perSecond;
        tokens = Math.min(perSecond, tokens + filled);
        filledAtMillis = now;
        if (tokens < 1) {
            return false;
        }
        tokens -= 1;
        return true;
    }
}
