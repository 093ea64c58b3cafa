package io.relayminer.core.meter;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/**
 * This process's share of the budget of one (session, supplier).
 *
 * <p>{@code available} is upokt that Redis already counts as consumed and that no relay holds yet.
 * {@link #take} and {@link #give} are lock-free and never let it fall below zero. All exchanges
 * with Redis of one lease go one after the other ({@code exchange}), so that returning a lease and
 * renewing it cannot cross.
 */
final class BudgetLease {

    private final MeteredSession session;
    private final AtomicLong available = new AtomicLong();
    private final AtomicReference<@Nullable CompletableFuture<?>> exchange =
            new AtomicReference<>();
    private volatile @Nullable MeterTerms terms;
    private volatile long nextWantRelays = 1;
    private volatile long exhaustedAtNanos;
    private volatile boolean exhausted;
    private volatile boolean usedSinceSweep;

    BudgetLease(MeteredSession session) {
        this.session = session;
    }

    MeteredSession session() {
        return session;
    }

    /** Takes {@code cost} out of the lease; false, and nothing taken, if it holds less. */
    boolean take(long cost) {
        usedSinceSweep = true;
        long held = available.get();
        while (held >= cost) {
            if (available.compareAndSet(held, held - cost)) {
                return true;
            }
            held = available.get();
        }
        return false;
    }

    void give(long amount) {
        available.addAndGet(amount);
        exhausted = false;
    }

    long available() {
        return available.get();
    }

    /** Empties the lease, for a return to Redis. */
    long takeAll() {
        return available.getAndSet(0);
    }

    /** The exchange in flight, or null. */
    @Nullable CompletableFuture<?> exchange() {
        return exchange.get();
    }

    boolean beginExchange(CompletableFuture<?> future) {
        return exchange.compareAndSet(null, future);
    }

    void endExchange(CompletableFuture<?> future) {
        exchange.compareAndSet(future, null);
    }

    @Nullable MeterTerms terms() {
        return terms;
    }

    void terms(MeterTerms current) {
        terms = current;
    }

    /** How many relays' worth to ask for next; doubles while the session is busy. */
    long nextWantRelays() {
        return nextWantRelays;
    }

    void grow(long ceiling) {
        nextWantRelays = Math.min(ceiling, nextWantRelays * 2);
    }

    void shrink() {
        nextWantRelays = 1;
    }

    void markExhausted(long nowNanos) {
        exhaustedAtNanos = nowNanos;
        exhausted = true;
    }

    /** True while a recent answer "nothing left" is still believed. */
    boolean exhausted(long nowNanos, long believedNanos) {
        return exhausted && nowNanos - exhaustedAtNanos < believedNanos;
    }

    /** True if nothing was taken since the last call. */
    boolean sweep() {
        boolean idle = !usedSinceSweep;
        usedSinceSweep = false;
        return idle;
    }
}
