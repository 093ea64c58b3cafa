package io.relayminer.core.relay;

import com.github.benmanes.caffeine.cache.Ticker;

import io.micrometer.core.instrument.MeterRegistry;
import io.relayminer.core.backend.BackendPools;
import io.relayminer.core.backend.ServiceBackends;
import io.relayminer.core.cache.QueryBudget;
import io.relayminer.core.cache.RedisCircuit;
import io.relayminer.core.cache.RedisTier;
import io.relayminer.core.cache.RelayCaches;
import io.relayminer.core.chain.ChainQueries;
import io.relayminer.core.meter.RelayMeter;
import io.relayminer.core.metrics.MeteredChainQueries;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.redis.RedisReachability;
import io.relayminer.core.redis.RedisServerCheck;
import io.relayminer.core.redis.RedisSubscriber;
import io.relayminer.ring.RingVerifier;
import io.relayminer.transport.RelayLog;
import io.relayminer.transport.Transport;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A relayer: it checks gateways' signed relays, has backends answer them, signs the answers, and
 * records what the supplier is to be paid for.
 *
 * <p><b>Lifecycle.</b> {@link #builder}, {@link RelayerBuilder#build build}, {@link #start}, {@link
 * #drain} (optional), {@link #close}. {@code start} opens the transports last and does not wait for
 * the chain or a block: until those are there the relayer is live but not ready, which {@link
 * #status} tells. {@code drain} turns readiness negative and finishes what is in flight; {@code
 * close} gives unused budget back, lets the relay log store what it has, and only then closes.
 *
 * <p><b>What it needs from a miner.</b> A relay is served for a supplier whose state a miner has
 * published in Redis (key {@code ha:supplier:<operator address>}), and block heights come from the
 * leading miner's announcements or, while those stay away, from the chain. A supplier whose state
 * nobody has published is served as long as the chain says that it is in the session.
 *
 * <p>Safe for use by any thread.
 */
public final class Relayer implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Relayer.class);

    /** A second; half of it is left to relays that are authenticated. */
    private static final int CHAIN_QUERIES_WITHOUT_REDIS = 100;

    /** A second. */
    private static final int CHAIN_QUERIES_OF_STRANGERS = 50;

    private static final int RELAYS_WAITING_TO_RESUME = 10_000;
    private static final long SWEEP_SECONDS = 10;
    private static final long KEEP_BUDGETS_BLOCKS = 100;

    private final Deque<AutoCloseable> opened = new ArrayDeque<>();
    private final MeterRegistry registry;
    private final RelayerMetrics metrics;
    private final SupplierKeys keys;
    private final RedisConnections redis;
    private final RedisKeys names;
    private final ScheduledExecutorService timer;
    private final ChainReachability chainReachability;
    private final BlockHeights heights;
    private final RelayCaches caches;
    private final RelayAdmission admission;
    private final @Nullable RelayMeter meter;
    private final BackendPools backends;
    private final StatusPages pages;
    private final RelayPipeline pipeline;
    private final List<Transport> transports = new ArrayList<>();
    private final List<InetSocketAddress> addresses = new ArrayList<>();
    private final Warmup.@Nullable Settings warmup;
    private @Nullable RedisReachability reachability;
    private boolean started;
    private boolean closed;
    private volatile boolean listening;
    private volatile boolean warm;
    private volatile boolean draining;

    /** A relayer to be put together. */
    public static RelayerBuilder builder() {
        return new RelayerBuilder();
    }

    Relayer(RelayerBuilder from) {
        this.redis = RelayerBuilder.required(from.redis, "a Redis: call redis(…)");
        this.keys = RelayerBuilder.required(from.keys, "signing keys: call keys(…)");
        ChainQueries node = RelayerBuilder.required(from.chain, "a chain: call chain(…)");
        RelayerBuilder.required(
                from.transports.isEmpty() ? null : from.transports,
                "a transport: call transport(…)");
        RelayerBuilder.required(
                from.services.isEmpty() ? null : from.services, "a service: call service(…)");
        Ticker ticker = from.nanos::getAsLong;
        this.names = from.names;
        this.registry = from.registry;
        this.warmup = from.warmup;
        this.metrics = new RelayerMetrics(registry, from.services.keySet());
        ChainQueries chain = new MeteredChainQueries(node, registry);
        try {
            this.timer = timer();
            ThreadPoolExecutor resume = resumePool();
            for (String warning : RedisServerCheck.inspect(redis, names).warnings()) {
                LOG.warn("Redis: {}", warning);
            }
            RelayLog log = opened(from.logSource(redis).open(metrics));
            metrics.publishPending(log::unconfirmed);

            this.chainReachability = new ChainReachability(chain, timer);
            this.heights = opened(new BlockHeights(chain, names, redis, timer, ticker));
            this.caches = caches(chain, ticker);
            RingVerifier verifier = opened(RingVerifier.builder().policy(from.rings).build());
            this.admission =
                    new RelayAdmission(
                            caches,
                            keys,
                            verifier,
                            new QueryBudget(
                                    "for relays that are not authenticated",
                                    CHAIN_QUERIES_OF_STRANGERS,
                                    CHAIN_QUERIES_OF_STRANGERS,
                                    ticker),
                            heights::height,
                            from.patience,
                            metrics,
                            ticker);
            this.meter = from.meter == null ? null : meter(from.meter, from, ticker);
            this.backends =
                    new BackendPools(
                            backendsOf(from), from.backendSource(), metrics, from.clock, timer);
            opened.push(() -> await(backends.close()));
            this.pages =
                    new StatusPages(
                            poolLimits(from),
                            backends,
                            heights::height,
                            this::notReady,
                            from.alwaysReady);
            this.pipeline =
                    new RelayPipeline(
                            new RelayPipeline.Parts(
                                    profilesOf(from),
                                    keys,
                                    admission,
                                    meter,
                                    backends,
                                    new RelayPublisher(log, from.serveUnpaid, metrics),
                                    from.mining,
                                    from.simulation == null
                                            ? null
                                            : new SimulatedRelays(
                                                    from.simulation,
                                                    keys,
                                                    verifier,
                                                    ReplayGuard.onRedis(redis.async(), names),
                                                    from.clock),
                                    pages,
                                    metrics,
                                    heights::height,
                                    resume,
                                    longestBody(from),
                                    from.limitAsRelayError));
            for (TransportSource source : from.transports) {
                Transport transport = source.create(metrics);
                transports.add(transport);
                opened.push(() -> await(transport.close()));
            }
        } catch (RuntimeException e) {
            closeOpened();
            throw e;
        }
    }

    /**
     * Begins to serve: events first, then backends, the transports last.
     *
     * @throws IllegalStateException if it was started or closed before
     * @throws io.relayminer.transport.TransportException if a transport cannot listen; the relayer
     *     is closed then
     */
    public synchronized void start() {
        if (started || closed) {
            throw new IllegalStateException("a relayer starts once");
        }
        started = true;
        try {
            RedisSubscriber subscriber = redis.subscriber();
            heights.onAnnouncement(metrics::blockAnnounced);
            heights.onBlock(metrics::block);
            heights.onBlock(admission::onBlock);
            caches.subscribe(subscriber);
            if (meter != null) {
                RelayMeter live = meter;
                live.subscribe(subscriber, names);
                repeat(() -> live.sweep(heights.height()));
            }
            heights.start(subscriber);
            chainReachability.start();
            reachability = opened(new RedisReachability(redis, timer));
            backends.start();
            warmUp();
            for (Transport transport : transports) {
                addresses.add(bound(transport.start(pipeline)));
            }
            listening = true;
            LOG.debug("relayer listens on {}", addresses);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /** Where the transports listen, in the order in which they were added; empty before start. */
    public synchronized List<InetSocketAddress> addresses() {
        return List.copyOf(addresses);
    }

    /** Health and readiness, as the relay port shows them. */
    public StatusPages status() {
        return pages;
    }

    /** Why the relayer should not get traffic at the moment, or null if it may. */
    public @Nullable String notReady() {
        if (draining) {
            return "shutting down";
        }
        if (!listening) {
            return "not started";
        }
        RedisReachability asked = reachability;
        if (asked != null && !asked.reachable()) {
            return "redis is unreachable";
        }
        if (heights.height() == 0) {
            return "block height unknown";
        }
        if (!chainReachability.answered()) {
            return "the chain does not answer queries";
        }
        if (keys.isEmpty()) {
            return "no supplier key loaded";
        }
        return warm ? null : "caches are being warmed";
    }

    /** Where everything is counted. */
    public MeterRegistry metrics() {
        return registry;
    }

    /** Newest block height, 0 while unknown. */
    public long height() {
        return heights.height();
    }

    /** Is not ready from now on, so that load balancers notice; relays are served as before. */
    public void retire() {
        draining = true;
    }

    /**
     * Refuses new relays and waits for those in flight.
     *
     * @param grace how long to wait at most
     * @return relays that were still unanswered then; −1 if a transport does not know
     */
    public int drain(Duration grace) {
        retire();
        List<CompletableFuture<Integer>> all = new ArrayList<>();
        for (Transport transport : transports) {
            all.add(
                    transport
                            .drain(grace)
                            .toCompletableFuture()
                            .orTimeout(grace.toMillis() + 5_000, TimeUnit.MILLISECONDS)
                            .exceptionally(failure -> -1));
        }
        int unanswered = 0;
        for (CompletableFuture<Integer> each : all) {
            int left = each.join();
            unanswered = left < 0 || unanswered < 0 ? -1 : unanswered + left;
        }
        return unanswered;
    }

    /** Closes at once what {@link #drain} has not finished. Idempotent. */
    @Override
    public synchronized void close() {
        draining = true;
        if (!closed) {
            closed = true;
            closeOpened();
        }
    }

    private RelayCaches caches(ChainQueries chain, Ticker ticker) {
        RelayCaches known =
                new RelayCaches(
                        chain,
                        names,
                        new RedisTier.Environment(
                                redis.async(),
                                timer,
                                new SecureRandom(),
                                new RedisCircuit(ticker),
                                new QueryBudget(
                                        "while Redis cannot be reached",
                                        CHAIN_QUERIES_WITHOUT_REDIS,
                                        2 * CHAIN_QUERIES_WITHOUT_REDIS,
                                        ticker),
                                metrics),
                        heights::height,
                        metrics,
                        ticker);
        metrics.remembered(known);
        return known;
    }

    private RelayMeter meter(MeterPolicy policy, RelayerBuilder from, Ticker ticker) {
        return opened(
                RelayMeter.onRedis(
                        redis.async(),
                        names,
                        policy.timeToLive(),
                        caches.serviceFactors(),
                        new RelayMeter.Settings(
                                policy.failOpen(), policy.leaseRelays(), KEEP_BUDGETS_BLOCKS),
                        metrics,
                        from.clock,
                        ticker));
    }

    private void warmUp() {
        if (warmup == null) {
            warm = true;
            return;
        }
        CompletionStage<?> loaded = new Warmup(warmup, caches, keys).run();
        loaded.whenComplete((ok, failure) -> warm = true);
    }

    private static Map<String, ServiceProfile> profilesOf(RelayerBuilder from) {
        Map<String, ServiceProfile> all = new LinkedHashMap<>();
        from.services.forEach((id, service) -> all.put(id, service.profile()));
        return all;
    }

    private static Map<String, ServiceBackends> backendsOf(RelayerBuilder from) {
        Map<String, ServiceBackends> all = new LinkedHashMap<>();
        from.services.forEach((id, service) -> all.put(id, service.backends()));
        return all;
    }

    private Map<String, StatusPages.PoolLimits> poolLimits(RelayerBuilder from) {
        Map<String, StatusPages.PoolLimits> all = new LinkedHashMap<>();
        from.services.forEach(
                (id, service) -> {
                    StatusPages.PoolLimits limits =
                            StatusPages.PoolLimits.of(
                                    service.profile().poolProfile(),
                                    service.backends().connections());
                    all.put(id, limits);
                    metrics.poolLimit(id, limits.maxConnections());
                });
        return all;
    }

    private static int longestBody(RelayerBuilder from) {
        long longest = 1;
        for (RelayerBuilder.Service service : from.services.values()) {
            longest = Math.max(longest, service.profile().maxBodyBytes());
        }
        return Math.toIntExact(longest);
    }

    /** Repeats a task that must survive its own failures. */
    private void repeat(Runnable task) {
        Runnable guarded =
                () -> {
                    try {
                        task.run();
                    } catch (RuntimeException e) {
                        LOG.warn("a periodic task failed: {}", e.toString());
                    }
                };
        var unused = timer.scheduleWithFixedDelay(guarded, 0, SWEEP_SECONDS, TimeUnit.SECONDS);
    }

    private ScheduledExecutorService timer() {
        ScheduledThreadPoolExecutor executor =
                new ScheduledThreadPoolExecutor(
                        1,
                        task -> Thread.ofPlatform().daemon().name("relayer-timer").unstarted(task));
        executor.setRemoveOnCancelPolicy(true);
        opened.push(executor::shutdownNow);
        return executor;
    }

    private ThreadPoolExecutor resumePool() {
        int threads = Math.max(2, Runtime.getRuntime().availableProcessors());
        AtomicInteger number = new AtomicInteger();
        ThreadPoolExecutor pool =
                new ThreadPoolExecutor(
                        threads,
                        threads,
                        30,
                        TimeUnit.SECONDS,
                        new ArrayBlockingQueue<>(RELAYS_WAITING_TO_RESUME),
                        task ->
                                Thread.ofPlatform()
                                        .daemon()
                                        .name("relay-resume-" + number.incrementAndGet())
                                        .unstarted(task));
        pool.allowCoreThreadTimeOut(true);
        opened.push(pool::shutdownNow);
        return pool;
    }

    private <C extends AutoCloseable> C opened(C closeable) {
        opened.push(closeable);
        return closeable;
    }

    private static InetSocketAddress bound(CompletionStage<InetSocketAddress> starting) {
        try {
            return starting.toCompletableFuture().join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : e;
        }
    }

    private static void await(CompletionStage<?> closing) throws Exception {
        closing.toCompletableFuture().get(5, TimeUnit.SECONDS);
    }

    private void closeOpened() {
        while (!opened.isEmpty()) {
            AutoCloseable next = opened.pop();
            try {
                next.close();
            } catch (Exception e) {
                if (e instanceof InterruptedException) {
                    Thread.currentThread().interrupt();
                }
                LOG.warn("a part of the relayer did not close cleanly: {}", e.toString());
            }
        }
    }
}
