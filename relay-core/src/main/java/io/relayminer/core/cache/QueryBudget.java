package io.relayminer.core.cache;

import com.github.benmanes.caffeine.cache.Ticker;

/**
 * A token bucket over chain queries, used while the shared tier cannot be reached: without Redis
 * nothing else keeps every replica from asking the chain for every key.
 */
public final class QueryBudget {

    private final Ticker ticker;
    private final double perNano;
    private final double capacity;
    private double tokens;
    private long refilledAt;

    /**
     * @param perSecond sustained queries per second; also the burst
     * @param ticker monotonic nanoseconds
     */
    public QueryBudget(int perSecond, Ticker ticker) {
        if (perSecond <= 0) {
            throw new IllegalArgumentException("perSecond must be positive: " + perSecond);
        }
        this.ticker = ticker;
        this.perNano = perSecond / 1e9;
        this.capacity = perSecond;
        this.tokens = perSecond;
        this.refilledAt = ticker.read();
    }

    /** Takes one query from the budget; false when it is used up. */
    public synchronized boolean tryTake() {
        long now = ticker.read();
        tokens = Math.min(capacity, tokens + (now - refilledAt) * perNano);
        refilledAt = now;
        if (tokens < 1) {
            return false;
        }
        tokens -= 1;
        return true;
    }
}
