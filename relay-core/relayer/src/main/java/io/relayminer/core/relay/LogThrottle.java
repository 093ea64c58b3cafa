package io.relayminer.core.relay;

import com.github.benmanes.caffeine.cache.Ticker;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Lets one log line per second through: what goes wrong for one relay during an outage goes wrong
 * for all of them. Thread-safe.
 */
final class LogThrottle {

    private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Ticker ticker;
    private final AtomicLong nextAt;
    private final AtomicLong heldBack = new AtomicLong();

    LogThrottle(Ticker ticker) {
        this.ticker = ticker;
        this.nextAt = new AtomicLong(ticker.read());
    }

    /**
     * Asks for a line.
     *
     * @return how many lines were held back since the last one, or -1 if this one is, too
     */
    long permit() {
        long now = ticker.read();
        long next = nextAt.get();
        if (now - next >= 0 && nextAt.compareAndSet(next, now + PAUSE_NANOS)) {
            return heldBack.getAndSet(0);
        }
        heldBack.incrementAndGet();
        return -1;
    }
}
