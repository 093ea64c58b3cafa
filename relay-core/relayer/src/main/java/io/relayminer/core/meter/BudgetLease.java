package io.relayminer.core.meter;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/**
 * This process's share of the budget of one (session, supplier).
 *
 * <p>{@code available} is budget, in {@linkplain RelayPrice parts}, that Redis already counts as
 * consumed and that no relay holds yet. {@link #take} and {@link #give} are lock-free and never let
 * it fall below zero. All exchanges with Redis of one lease go one after the other ({@code
 * exchange}), so that returning a lease and renewing it cannot cross; one whose outcome is not
 * known is {@code unsettled} and comes first.
 */
final class BudgetLease {

    private final MeteredSession session;
    private final AtomicLong available = new AtomicLong();
    private final AtomicReference<@Nullable CompletableFuture<?>> exchange =
            new AtomicReference<>();
    private volatile @Nullable MeterTerms terms;

    /** Touched only by who has begun the exchange. */
    private MeterStore.@Nullable Request unsettled;

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

    /** Takes the price of a relay; false, and nothing taken, if the lease holds less. */
    boolean take() {
        long cost = session.price().parts();
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

    /** Puts the price of a relay back. */
    void refund() {
        give(session.price().parts());
    }

    /** Adds budget from Redis. */
    void addUpokt(long upokt) {
        give(upokt * session.price().partsPerUpokt());
    }

    private void give(long parts) {
        available.addAndGet(parts);
        exhausted = false;
    }

    /** Relays that can be paid from the lease. */
    long relays() {
        return available.get() / session.price().parts();
    }

    /** Whole upokt in the lease. */
    long upokt() {
        return available.get() / session.price().partsPerUpokt();
    }

    /** Takes all whole upokt out of the lease, for a return to Redis. */
    long takeUpokt() {
        long perUpokt = session.price().partsPerUpokt();
        return available.getAndUpdate(parts -> parts % perUpokt) / perUpokt;
    }

    /** The request whose outcome is not known, or null. */
    MeterStore.@Nullable Request unsettled() {
        return unsettled;
    }

    void unsettled(MeterStore.@Nullable Request request) {
        unsettled = request;
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
