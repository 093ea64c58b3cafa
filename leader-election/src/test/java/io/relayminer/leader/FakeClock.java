package io.relayminer.leader;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Moves when it is told to. Starts close to the wrap-around, where differences still work and
 * comparisons do not.
 */
final class FakeClock implements MonotonicClock {

    private final AtomicLong nanos =
            new AtomicLong(Long.MAX_VALUE - Duration.ofSeconds(10).toNanos());

    @Override
    public long nanos() {
        return nanos.get();
    }

    void advance(Duration duration) {
        nanos.addAndGet(duration.toNanos());
    }
}
