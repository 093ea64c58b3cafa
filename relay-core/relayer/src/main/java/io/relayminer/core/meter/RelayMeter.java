package io.relayminer.core.meter;

import com.github.benmanes.caffeine.cache.Ticker;

import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.relayminer.core.redis.MeterId;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.redis.RedisSubscriber;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * Stops relays that the supplier could not be paid for.
 *
 * <p><b>Leases.</b> The counter of a (session, supplier) lives in Redis and is shared with every
 * relayer of the fleet. This process takes budget from it in leases: the first lease is one relay's
 * worth, each further one twice the last up to {@code leaseRelays}, and never more than a quarter
 * of what is left, so that a quiet session is counted relay by relay and a busy one costs one round
 * trip per {@code leaseRelays} relays. A lease is renewed in the background before it runs out.
 * Budget that was not used for one {@link #sweep} period, and everything at {@link #close}, goes
 * back. A crash forfeits at most one lease per session and supplier: the error is always on the
 * side of serving less. So is a lost reply: the request is sent again, as it is, until its outcome
 * is known, and what it was to give back is not spent meanwhile.
 *
 * <p><b>Fractions.</b> A relay may cost a fraction of a upokt ({@link RelayPrice}). The counter
 * holds whole upokt; what is left of one stays in the lease.
 *
 * <p><b>Order.</b> The meter is asked after a relay was authenticated; refused and failed relays
 * are refunded by the caller through their {@link Reservation}, into the local lease, without a
 * round trip.
 *
 * <p><b>Failure.</b> When the counter cannot be used, {@code failOpen} decides: let the relay
 * through uncounted, or refuse it. For a second after a failure Redis is not asked again, so that
 * an outage costs the relays no waiting.
 *
 * <p><b>Threading.</b> All methods may be called from any thread; none blocks except {@link
 * #close}.
 */
public final class RelayMeter implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(RelayMeter.class);

    private static final long BACK_OFF_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long EXHAUSTED_BELIEVED_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final Duration EXCHANGE_TIMEOUT = Duration.ofSeconds(2);
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);

    private static final String GET_SESSION_METER = "get session meter";
    private static final String INCREMENT_CONSUMED = "increment consumed";
    private static final MeterDecision FREE = new MeterDecision.Allowed(Reservation.NOTHING);
    private static final MeterDecision OVER = new MeterDecision.OverLimit();

    /**
     * Behaviour of the meter.
     *
     * @param failOpen whether relays are let through while the counter cannot be used
     * @param leaseRelays most relays' worth of budget to hold at once, at least 1
     * @param keepBlocks blocks after the session end for which a lease is kept
     */
    public record Settings(boolean failOpen, int leaseRelays, long keepBlocks) {

        /** Validates the numbers. */
        public Settings {
            if (leaseRelays < 1) {
                throw new IllegalArgumentException(
                        "leaseRelays must be at least 1: " + leaseRelays);
            }
        }
    }

    private record Key(String sessionId, String supplier) {}

    private final MeterStore store;
    private final ServiceFactors factors;
    private final Settings settings;
    private final MeterObserver observer;
    private final Ticker ticker;
    private final ConcurrentHashMap<Key, BudgetLease> leases = new ConcurrentHashMap<>();
    private final Set<List<String>> reported = new HashSet<>();
    private final AtomicLong sequence = new AtomicLong();
    private volatile long failedAtNanos;
    private volatile boolean failing;
    private volatile boolean closed;

    RelayMeter(
            MeterStore store,
            ServiceFactors factors,
            Settings settings,
            MeterObserver observer,
            Ticker ticker) {
        this.store = store;
        this.factors = factors;
        this.settings = settings;
        this.observer = observer;
        this.ticker = ticker;
    }

    /**
     * A meter on Redis.
     *
     * @param redis commands on a shared connection
     * @param keys names
     * @param timeToLive life of a budget's keys from its creation
     * @param factors the operators' factors
     * @param settings behaviour
     * @param observer told about decisions
     * @param clock wall clock, for the creation time that a budget's document carries
     * @param ticker monotonic nanoseconds
     */
    public static RelayMeter onRedis(
            RedisClusterAsyncCommands<byte[], byte[]> redis,
            RedisKeys keys,
            Duration timeToLive,
            ServiceFactors factors,
            Settings settings,
            MeterObserver observer,
            InstantSource clock,
            Ticker ticker) {
        return new RelayMeter(
                new RedisMeterStore(redis, keys, timeToLive, clock, UUID.randomUUID().toString()),
                factors,
                settings,
                observer,
                ticker);
    }

    /**
     * Follows the clean-up channel, on which miners announce that a claim is under way.
     *
     * @return completes when the subscription is confirmed
     */
    public CompletionStage<Void> subscribe(RedisSubscriber subscriber, RedisKeys keys) {
        Consumer<byte[]> onMessage =
                message ->
                        MeterId.decode(message)
                                .ifPresentOrElse(
                                        id -> cleanup(id.sessionId(), id.supplier()),
                                        () -> LOG.warn("a meter clean-up message was ignored"));
        CompletionStage<Void> own =
                subscriber.subscribe(keys.meterCleanupChannel(), onMessage, () -> {});
        String other = keys.meterCleanupChannelOfMeterBase();
        return other.equals(keys.meterCleanupChannel())
                ? own
                : own.thenCombine(subscriber.subscribe(other, onMessage, () -> {}), (a, b) -> null);
    }

    /**
     * Decides from what is in memory.
     *
     * @return the decision, or null if Redis has to be asked: use {@link #reserve}
     */
    public @Nullable MeterDecision tryReserve(MeteredSession session) {
        if (closed) {
            return new MeterDecision.Unavailable("closed");
        }
        if (session.price().parts() == 0) {
            observer.decided(session.serviceId(), true);
            return FREE;
        }
        Double factor = factors.peek(session.serviceId());
        BudgetLease lease = leases.get(new Key(session.sessionId(), session.supplier()));
        if (factor == null || lease == null) {
            return null;
        }
        MeterTerms terms = session.terms(factor);
        if (!terms.equals(lease.terms())) {
            return null;
        }
        if (lease.take()) {
            renewBehind(lease, terms);
            return allowed(lease, session);
        }
        return lease.exhausted(ticker.read(), EXHAUSTED_BELIEVED_NANOS) ? overLimit(session) : null;
    }

    /**
     * Reserves the price of one relay.
     *
     * @return a stage that always completes normally
     */
    public CompletionStage<MeterDecision> reserve(MeteredSession session) {
        MeterDecision immediate = tryReserve(session);
        if (immediate != null) {
            return CompletableFuture.completedFuture(immediate);
        }
        if (failing && ticker.read() - failedAtNanos < BACK_OFF_NANOS) {
            return CompletableFuture.completedFuture(failed(INCREMENT_CONSUMED));
        }
        BudgetLease lease =
                leases.computeIfAbsent(
                        new Key(session.sessionId(), session.supplier()),
                        key -> new BudgetLease(session));
        return factors.get(session.serviceId())
                .handle(
                        (factor, failure) -> {
                            if (failure != null) {
                                LOG.warn(
                                        "service factor of {} cannot be read: {}",
                                        session.serviceId(),
                                        failure.toString());
                                return CompletableFuture.completedFuture(failed(GET_SESSION_METER));
                            }
                            return takeRenewing(lease, session, session.terms(factor));
                        })
                .thenCompose(decision -> decision);
    }

    /**
     * Tells the meter that the claim of a session is under way: its budget is settled. Called for
     * each message on the cleanup channel.
     */
    public void cleanup(String sessionId, String supplier) {
        leases.remove(new Key(sessionId, supplier));
        store.remove(sessionId, supplier)
                .exceptionally(
                        failure -> {
                            LOG.warn(
                                    "meter keys of session {} supplier {} stay until they expire:"
                                            + " {}",
                                    sessionId,
                                    supplier,
                                    failure.toString());
                            return null;
                        });
    }

    /**
     * Returns idle leases, forgets sessions long over and reports how many are active. To be called
     * every few seconds.
     *
     * @param height current block height, 0 if unknown
     */
    public void sweep(long height) {
        Map<List<String>, Integer> active = new HashMap<>();
        leases.forEach(
                (key, lease) -> {
                    MeteredSession session = lease.session();
                    boolean over =
                            height > 0
                                    && session.sessionEndHeight() + settings.keepBlocks() < height;
                    if (over) {
                        leases.remove(key, lease);
                    } else {
                        active.merge(
                                List.of(session.supplier(), session.serviceId()), 1, Integer::sum);
                    }
                    if (lease.sweep() || over) {
                        lease.shrink();
                        CompletableFuture<?> unused = giveBack(lease);
                    }
                });
        synchronized (reported) {
            for (List<String> gone : reported) {
                active.putIfAbsent(gone, 0);
            }
            active.forEach((pair, count) -> observer.active(pair.get(0), pair.get(1), count));
            reported.addAll(active.keySet());
        }
    }

    /** Upokt this process holds and has not spent, over all sessions. */
    public long leased() {
        return leases.values().stream().mapToLong(BudgetLease::upokt).sum();
    }

    /** Refuses further relays and returns all leases; waits for Redis up to five seconds. */
    @Override
    public void close() {
        closed = true;
        List<CompletableFuture<?>> returns = new ArrayList<>();
        for (BudgetLease lease : leases.values()) {
            returns.add(giveAllBack(lease));
        }
        try {
            CompletableFuture.allOf(returns.toArray(CompletableFuture[]::new))
                    .orTimeout(CLOSE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)
                    .join();
        } catch (RuntimeException e) {
            LOG.warn("meter leases could not all be returned: {}", e.toString());
        }
    }

    private CompletableFuture<MeterDecision> takeRenewing(
            BudgetLease lease, MeteredSession session, MeterTerms terms) {
        boolean current = terms.equals(lease.terms());
        if (current && lease.take()) {
            return CompletableFuture.completedFuture(allowed(lease, session));
        }
        if (current && lease.exhausted(ticker.read(), EXHAUSTED_BELIEVED_NANOS)) {
            return CompletableFuture.completedFuture(overLimit(session));
        }
        return renew(lease, terms)
                .handle((done, failure) -> failure)
                .thenCompose(
                        failure ->
                                failure == null
                                        ? takeRenewing(lease, session, terms)
                                        : CompletableFuture.completedFuture(
                                                failed(INCREMENT_CONSUMED)));
    }

    private void renewBehind(BudgetLease lease, MeterTerms terms) {
        long half = lease.nextWantRelays() / 2;
        if (half >= 2
                && lease.relays() < half / 2
                && lease.exchange() == null
                && !lease.exhausted(ticker.read(), EXHAUSTED_BELIEVED_NANOS)) {
            CompletableFuture<?> unused = renew(lease, terms);
        }
    }

    /** Brings budget into the lease; joins a renewal that is already under way. */
    private CompletableFuture<?> renew(BudgetLease lease, MeterTerms terms) {
        CompletableFuture<MeterStore.Exchange> mine = new CompletableFuture<>();
        if (!lease.beginExchange(mine)) {
            CompletableFuture<?> other = lease.exchange();
            return other == null ? CompletableFuture.completedFuture(null) : other;
        }
        MeterStore.Request unsettled = lease.unsettled();
        if (unsettled != null) {
            return exchange(lease, unsettled, mine);
        }
        // New terms may mean a lower limit: what is held under the old ones goes back first.
        long returned = terms.equals(lease.terms()) ? 0 : lease.takeUpokt();
        long want = lease.session().price().upoktFor(lease.nextWantRelays());
        return exchange(lease, request(lease, terms, returned, want), mine);
    }

    private MeterStore.Request request(
            BudgetLease lease, MeterTerms terms, long returned, long want) {
        RelayPrice price = lease.session().price();
        return new MeterStore.Request(
                sequence.incrementAndGet(), terms, returned, price.upoktFor(1), price.step(), want);
    }

    /** Ends an exchange: lets the next one begin, then wakes those who waited for this one. */
    private static void settle(
            BudgetLease lease,
            CompletableFuture<MeterStore.Exchange> mine,
            MeterStore.@Nullable Exchange result,
            @Nullable Throwable failure) {
        lease.endExchange(mine);
        if (result != null) {
            mine.complete(result);
        } else {
            mine.completeExceptionally(
                    failure == null ? new IllegalStateException("no result") : failure);
        }
    }

    private CompletableFuture<?> giveBack(BudgetLease lease) {
        MeterTerms terms = lease.terms();
        CompletableFuture<MeterStore.Exchange> mine = new CompletableFuture<>();
        if (terms == null || !lease.beginExchange(mine)) {
            return CompletableFuture.completedFuture(null);
        }
        MeterStore.Request unsettled = lease.unsettled();
        if (unsettled != null) {
            return exchange(lease, unsettled, mine);
        }
        if (lease.upokt() == 0) {
            settle(lease, mine, new MeterStore.Exchange(0, 0), null);
            return mine;
        }
        return exchange(lease, request(lease, terms, lease.takeUpokt(), 0), mine);
    }

    /** Returns a lease after what is under way and what is not settled. */
    private CompletableFuture<?> giveAllBack(BudgetLease lease) {
        CompletableFuture<?> underWay = lease.exchange();
        CompletableFuture<?> settled =
                underWay == null
                        ? CompletableFuture.completedFuture(null)
                        : underWay.handle((result, failure) -> null);
        return settled.thenCompose(done -> giveBack(lease)).thenCompose(done -> giveBack(lease));
    }

    /** Sends a request. As long as its outcome is not known it is the one to be sent next. */
    private CompletableFuture<?> exchange(
            BudgetLease lease,
            MeterStore.Request request,
            CompletableFuture<MeterStore.Exchange> mine) {
        lease.unsettled(request);
        CompletableFuture<MeterStore.Exchange> stage;
        try {
            stage = store.exchange(lease.session(), request).toCompletableFuture();
        } catch (RuntimeException e) {
            stage = CompletableFuture.failedFuture(e);
        }
        return stage.copy()
                .orTimeout(EXCHANGE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)
                .whenComplete(
                        (result, failure) -> {
                            if (failure == null) {
                                failing = false;
                                carriedOut(lease, request, result);
                            } else {
                                failedAtNanos = ticker.read();
                                failing = true;
                                LOG.warn("relay meter cannot use Redis: {}", failure.toString());
                            }
                            settle(lease, mine, result, failure);
                        });
    }

    private void carriedOut(
            BudgetLease lease, MeterStore.Request request, MeterStore.Exchange result) {
        lease.unsettled(null);
        lease.terms(request.terms());
        if (result.granted() > 0) {
            lease.addUpokt(result.granted());
            lease.grow(settings.leaseRelays());
        } else if (request.want() > 0) {
            lease.markExhausted(ticker.read());
        }
    }

    private MeterDecision allowed(BudgetLease lease, MeteredSession session) {
        observer.decided(session.serviceId(), true);
        return new MeterDecision.Allowed(new Reservation(lease));
    }

    private MeterDecision overLimit(MeteredSession session) {
        observer.decided(session.serviceId(), false);
        return OVER;
    }

    private MeterDecision failed(String operation) {
        observer.failed(operation);
        return settings.failOpen() ? FREE : new MeterDecision.Unavailable(operation);
    }
}
