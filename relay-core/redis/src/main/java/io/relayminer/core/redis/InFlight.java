package io.relayminer.core.redis;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How many relays, and bytes of them, wait for Redis: one bound for all publishers of a log.
 *
 * <p>Safe for use by any thread. Appends that look at the same moment may exceed the bound by one
 * relay each.
 */
final class InFlight {

    private final int mostRelays;
    private final long mostBytes;
    private final AtomicInteger relays = new AtomicInteger();
    private final AtomicLong bytes = new AtomicLong();

    InFlight(int mostRelays, long mostBytes) {
        this.mostRelays = mostRelays;
        this.mostBytes = mostBytes;
    }

    /** Takes a relay in, unless the bound is reached. */
    boolean enter(int length) {
        if (relays.get() >= mostRelays || bytes.get() + length > mostBytes) {
            return false;
        }
        relays.incrementAndGet();
        bytes.addAndGet(length);
        return true;
    }

    /** A relay that was taken in is confirmed or given up. */
    void leave(int length) {
        relays.decrementAndGet();
        bytes.addAndGet(-length);
    }

    /** Relays that wait. */
    int relays() {
        return relays.get();
    }

    @Override
    public String toString() {
        return relays.get()
                + " relays wait for Redis; the bound is "
                + mostRelays
                + " relays or "
                + mostBytes
                + " bytes";
    }
}
