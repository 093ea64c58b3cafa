package io.relayminer.core.cache;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * A read-through cache over process memory (L1), a shared store (L2) and the authority (L3).
 *
 * <p><b>Shape.</b> L1 is a bounded Caffeine map of {@code entry = value or "absent", load time}. An
 * entry passes through three ages. While <i>fresh</i> it is the answer. While <i>stale</i> it is
 * still the answer, and the first reader to notice starts one refresh in the background: a relay
 * never waits for a value that is merely a minute old, and a chain node that is down for some
 * minutes is not noticed by anyone. When <i>expired</i> it is gone and readers wait for the tiers
 * below. An absent entry has no stale age: it is believed for a few seconds, so that a flood of
 * requests naming a thing that does not exist costs one query per key and period, and no longer, so
 * that a thing just created is seen.
 *
 * <p><b>Single flight.</b> Lookups below L1 are shared per key: {@code inFlight} maps a key to the
 * one pending lookup. The map entry is installed before the lookup starts and removed before its
 * future completes, so a reader either joins the pending lookup or finds its result in L1.
 *
 * <p><b>Budgets.</b> Single flight and remembered absence bound what one key costs, not what many
 * keys do, and whoever may name keys may invent them. A lookup on behalf of such a client is given
 * a {@link QueryBudget}, which limits how many of them get past L2 to the authority; what is in L1
 * or L2 does not draw on it.
 *
 * <p><b>Invalidation and lookups in flight.</b> A lookup that started before an invalidation may
 * carry the old value and must not put it into L1 after it. Each invalidation advances {@code
 * generation}; a lookup remembers the generation it started in and keeps its result out of L1 when
 * that has moved. Its waiters still receive the value: they asked before the invalidation. One
 * counter for all keys is enough, because invalidations are rare and the price of a false conflict
 * is one more lookup.
 *
 * <p><b>Threading.</b> All methods may be called from any thread and none blocks. Stages complete
 * on the thread that completed the lower tier.
 *
 * @param <K> key
 * @param <V> value, immutable
 */
public final class TieredCache<K, V> {

    /** What L1 remembers: exactly one of {@code value} and {@code absent} is set. */
    private record Entry<V>(
            @Nullable V value, CacheException.@Nullable Absent absent, long loadedAt) {}

    private final CachePolicy policy;
    private final CacheTier<K, V> shared;
    private final CacheTier<K, V> authority;
    private final CacheObserver observer;
    private final Ticker ticker;
    private final Cache<K, Entry<V>> memory;
    private final ConcurrentHashMap<K, CompletableFuture<V>> inFlight = new ConcurrentHashMap<>();
    private final AtomicLong generation = new AtomicLong();
    private final long freshNanos;
    private final long absentNanos;

    /**
     * @param policy ages and bounds
     * @param shared L2, or {@link CacheTier#none}
     * @param authority L3, or {@link CacheTier#none}; a miss in it means absent
     * @param observer told about hits and misses
     * @param ticker monotonic nanoseconds
     */
    public TieredCache(
            CachePolicy policy,
            CacheTier<K, V> shared,
            CacheTier<K, V> authority,
            CacheObserver observer,
            Ticker ticker) {
        this.policy = policy;
        this.shared = shared;
        this.authority = authority;
        this.observer = observer;
        this.ticker = ticker;
        this.freshNanos = policy.freshFor().toNanos();
        this.absentNanos = policy.absentFor().toNanos();
        this.memory =
                Caffeine.newBuilder()
                        .maximumSize(policy.maxEntries())
                        .expireAfterWrite(policy.staleFor())
                        .ticker(ticker)
                        .executor(Runnable::run) // evictions run no code of ours: no hop needed
                        .build();
    }

    /**
     * The value if it is in memory and not expired. Starts a background refresh if it is stale.
     * Never waits; the warm path of a relay.
     */
    public @Nullable V peek(K key) {
        return peek(key, null);
    }

    private @Nullable V peek(K key, @Nullable QueryBudget budget) {
        Entry<V> entry = memory.getIfPresent(key);
        if (entry == null || entry.value() == null) {
            return null;
        }
        if (ticker.read() - entry.loadedAt() > freshNanos && !inFlight.containsKey(key)) {
            load(key, budget);
        }
        observer.hit(policy.type(), "l1");
        return entry.value();
    }

    /**
     * The value, from the nearest tier that has it.
     *
     * @return a stage that fails with {@link CacheException.Absent} when the authority says no,
     *     with {@link CacheException.Unavailable} when no tier could tell
     */
    public CompletionStage<V> get(K key) {
        return find(key, null);
    }

    /**
     * As {@link #get(Object)}, on behalf of a client that is not known: the authority is asked only
     * within a budget. A lookup that is pending already is joined whatever it was started with.
     *
     * @return a stage that fails with {@link CacheException.Unavailable} also when the budget is
     *     used up, which is not remembered
     */
    public CompletionStage<V> get(K key, QueryBudget budget) {
        return find(key, budget);
    }

    private CompletionStage<V> find(K key, @Nullable QueryBudget budget) {
        V present = peek(key, budget);
        if (present != null) {
            return CompletableFuture.completedFuture(present);
        }
        Entry<V> entry = memory.getIfPresent(key);
        if (entry != null && entry.absent() != null) {
            if (ticker.read() - entry.loadedAt() <= absentNanos) {
                observer.hit(policy.type(), "l1");
                return CompletableFuture.failedFuture(entry.absent());
            }
        }
        return load(key, budget);
    }

    /**
     * Asks the tiers below in the background; what is in memory serves until they have answered.
     */
    public void refresh(K key) {
        load(key, null);
    }

    /**
     * Asks the tiers below although the value may be in memory, which serves others until they have
     * answered.
     *
     * @return as {@link #get(Object, QueryBudget)}
     */
    public CompletionStage<V> refresh(K key, QueryBudget budget) {
        return load(key, budget);
    }

    /** Puts a value known from elsewhere (a warm-up scan) into memory only. */
    public void prime(K key, V value) {
        memory.put(key, new Entry<>(value, null, ticker.read()));
    }

    /** Drops one key from memory. {@code source} is the metric label, e.g. {@code pubsub}. */
    public void invalidate(K key, String source) {
        generation.incrementAndGet();
        memory.invalidate(key);
        inFlight.remove(key);
        observer.invalidated(policy.type(), source);
    }

    /** Drops everything from memory. */
    public void invalidateAll(String source) {
        generation.incrementAndGet();
        memory.invalidateAll();
        inFlight.clear();
        observer.invalidated(policy.type(), source);
    }

    /** Drops the entries whose key matches, e.g. those of sessions long over. */
    public void invalidateIf(Predicate<K> obsolete) {
        List<K> dead = new ArrayList<>();
        for (K key : memory.asMap().keySet()) {
            if (obsolete.test(key)) {
                dead.add(key);
            }
        }
        memory.invalidateAll(dead);
    }

    /** What is kept here, as metrics call it. */
    public String type() {
        return policy.type();
    }

    /** Entries in memory, approximately. */
    public long size() {
        return memory.estimatedSize();
    }

    private CompletionStage<V> load(K key, @Nullable QueryBudget budget) {
        CompletableFuture<V> mine = new CompletableFuture<>();
        CompletableFuture<V> pending = inFlight.putIfAbsent(key, mine);
        if (pending != null) {
            return pending;
        }
        long born = generation.get();
        long started = ticker.read();
        lookup(key, started, budget)
                .whenComplete(
                        (value, failure) -> {
                            CacheException refusal = failure == null ? null : classify(failure);
                            if (generation.get() == born) {
                                remember(key, value, refusal);
                            }
                            inFlight.remove(key, mine);
                            if (refusal == null) {
                                mine.complete(value);
                            } else {
                                mine.completeExceptionally(refusal);
                            }
                        });
        return mine;
    }

    private void remember(K key, @Nullable V value, @Nullable CacheException refusal) {
        if (value != null) {
            memory.put(key, new Entry<>(value, null, ticker.read()));
        } else if (refusal instanceof CacheException.Absent absent) {
            memory.put(key, new Entry<>(null, absent, ticker.read()));
        }
        // Unavailable: keep what is there; a stale value outlives an outage of the tiers below.
    }

    private CompletionStage<V> lookup(K key, long started, @Nullable QueryBudget budget) {
        Supplier<CompletionStage<V>> fill =
                () -> shared.fill(key, () -> askAuthority(key, started));
        return attempt(() -> shared.get(key))
                .handle(
                        (value, failure) ->
                                value) // an unreachable L2 is a miss: the authority decides
                .thenCompose(
                        value -> {
                            if (value != null) {
                                observer.hit(policy.type(), shared.level());
                                observer.latency(
                                        policy.type(), shared.level(), ticker.read() - started);
                                return CompletableFuture.completedFuture(value);
                            }
                            return budget == null ? fill.get() : budget.spend(fill);
                        });
    }

    private CompletionStage<V> askAuthority(K key, long started) {
        return attempt(() -> authority.get(key))
                .handle(
                        (value, failure) -> {
                            report(value, failure, started);
                            if (failure != null) {
                                throw classify(failure);
                            }
                            if (value == null) {
                                throw new CacheException.Absent(
                                        policy.type() + " not found: " + key);
                            }
                            return value;
                        });
    }

    private void report(@Nullable V value, @Nullable Throwable failure, long started) {
        String level = authority.level();
        boolean answered = failure == null || classify(failure) instanceof CacheException.Absent;
        if (level.equals("l2") && value != null) {
            observer.hit(policy.type(), level);
        } else {
            observer.miss(policy.type(), answered ? "l3" : "l3_error");
        }
        observer.latency(policy.type(), level, ticker.read() - started);
    }

    /** Runs a tier and turns a thrown exception into a failed stage. */
    private static <T extends @Nullable Object> CompletionStage<T> attempt(
            Supplier<CompletionStage<T>> call) {
        try {
            return call.get();
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private CacheException classify(Throwable failure) {
        Throwable cause = failure;
        while (cause instanceof CompletionException && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause instanceof CacheException known
                ? known
                : new CacheException.Unavailable(policy.type() + " cannot be read", cause);
    }
}
