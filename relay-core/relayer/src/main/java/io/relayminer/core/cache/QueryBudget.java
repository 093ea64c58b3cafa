package io.relayminer.core.cache;

import com.github.benmanes.caffeine.cache.Ticker;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/**
 * Chain queries of one kind that a process allows itself: so many per second, as a token bucket
 * whose burst is one second's worth, and so many at once, because a node that answers late would
 * otherwise let them pile up. Thread-safe; nothing waits.
 */
public final class QueryBudget {

    private final String whose;
    private final int perSecond;
    private final int atOnce;
    private final Ticker ticker;
    private double tokens;
    private long refilledAt;
    private int running;

    /**
     * @param whose completes "the limit on chain queries …" in the log
     * @param perSecond sustained queries per second; also the burst
     * @param atOnce queries that may be running at the same time
     * @param ticker monotonic nanoseconds
     */
    public QueryBudget(String whose, int perSecond, int atOnce, Ticker ticker) {
        if (perSecond <= 0 || atOnce <= 0) {
            throw new IllegalArgumentException(
                    "a budget must be positive: "
                            + perSecond
                            + " per second, "
                            + atOnce
                            + " at once");
        }
        this.whose = whose;
        this.perSecond = perSecond;
        this.atOnce = atOnce;
        this.ticker = ticker;
        this.tokens = perSecond;
        this.refilledAt = ticker.read();
    }

    /**
     * Runs a query, if the budget allows one more.
     *
     * @return what the query returned; fails with {@link CacheException.Unavailable}, and the query
     *     is not run, if the budget is used up
     */
    public <V> CompletionStage<V> spend(Supplier<CompletionStage<V>> query) {
        if (!begin()) {
            return CompletableFuture.failedFuture(
                    new CacheException.Unavailable(
                            "the limit on chain queries "
                                    + whose
                                    + " is reached, "
                                    + perSecond
                                    + " a second and "
                                    + atOnce
                                    + " at once",
                            null));
        }
        CompletionStage<V> answer;
        try {
            answer = query.get();
        } catch (RuntimeException | Error e) {
            end();
            throw e;
        }
        return answer.whenComplete((value, failure) -> end());
    }

    private synchronized boolean begin() {
        long now = ticker.read();
        tokens = Math.min(perSecond, tokens + (now - refilledAt) * (perSecond / 1e9));
        refilledAt = now;
        if (tokens < 1 || running >= atOnce) {
            return false;
        }
        tokens -= 1;
        running++;
        return true;
    }

    private synchronized void end() {
        running--;
    }
}
