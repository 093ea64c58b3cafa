package io.relayminer.relayer;

import com.github.benmanes.caffeine.cache.Ticker;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.relayminer.core.admin.AdminServer;
import io.relayminer.core.admin.DebugPages;
import io.relayminer.core.backend.BackendPools;
import io.relayminer.core.backend.BackendSource;
import io.relayminer.core.cache.QueryBudget;
import io.relayminer.core.cache.RedisCircuit;
import io.relayminer.core.cache.RedisTier;
import io.relayminer.core.cache.RelayCaches;
import io.relayminer.core.chain.ChainQueries;
import io.relayminer.core.config.Check;
import io.relayminer.core.daemon.DaemonCommand;
import io.relayminer.core.meter.RelayMeter;
import io.relayminer.core.metrics.MeteredChainQueries;
import io.relayminer.core.metrics.ProcessMetrics;
import io.relayminer.core.metrics.RedisMetrics;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisEndpoint;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.redis.RedisServerCheck;
import io.relayminer.core.redis.RedisStreamRelayLog;
import io.relayminer.core.redis.RedisSubscriber;
import io.relayminer.core.redis.RelayLogSettings;
import io.relayminer.core.relay.BlockHeights;
import io.relayminer.core.relay.MiningPolicy;
import io.relayminer.core.relay.RelayAdmission;
import io.relayminer.core.relay.RelayPipeline;
import io.relayminer.core.relay.RelayPublisher;
import io.relayminer.core.relay.RelayerMetrics;
import io.relayminer.core.relay.ReplayGuard;
import io.relayminer.core.relay.SimulatedRelays;
import io.relayminer.core.relay.StatusPages;
import io.relayminer.core.relay.SupplierKeys;
import io.relayminer.provider.ProviderSettings;
import io.relayminer.provider.Providers;
import io.relayminer.ring.RingPolicy;
import io.relayminer.ring.RingVerifier;
import io.relayminer.transport.BackendProvider;
import io.relayminer.transport.RelayHandler.StatusPage;
import io.relayminer.transport.Transport;
import io.relayminer.transport.TransportContext;
import io.relayminer.transport.TransportProvider;
import io.relayminer.transport.vertx.SharedEventLoops;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A running relayer: everything {@link RelayPipeline} needs, put together by constructors, started
 * in order and stopped in order.
 *
 * <p>Start: Redis and its policy, caches, backends, listeners; the relay port opens last. It does
 * not wait for the chain or a block: until those are there the process is live but not ready. Stop
 * ({@link #close}): readiness turns negative, load balancers get time to notice, the relay port
 * finishes what it has, leases and queued relays go to Redis, and only then connections close.
 */
final class Relayer implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Relayer.class);

    /** A second; half of it is left to relays that are authenticated. */
    private static final int CHAIN_QUERIES_WITHOUT_REDIS = 100;

    /** A second. */
    static final int CHAIN_QUERIES_OF_STRANGERS = 50;

    private static final int RELAYS_WAITING_TO_RESUME = 10_000;
    private static final long SWEEP_SECONDS = 10;
    private static final long PING_SECONDS = 2;

    private final RelayerConfig config;
    private final InstantSource clock;
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();
    private final PrometheusMeterRegistry registry;
    private final RelayerMetrics metrics;
    private final SupplierKeys keys;
    private final BlockHeights heights;
    private final RedisConnections redis;
    private final @Nullable RelayMeter meter;
    private final RedisStreamRelayLog log;
    private final Transport transport;
    private final InetSocketAddress relayAddress;
    private final @Nullable InetSocketAddress healthAddress;
    private final @Nullable InetSocketAddress metricsAddress;
    private final @Nullable InetSocketAddress debugAddress;
    private volatile boolean redisReachable = true;
    private volatile boolean warm;
    private volatile boolean draining;

    /**
     * Starts a relayer.
     *
     * @param config a complete configuration
     * @param redis open connections to its Redis, which become the relayer's
     * @param chain the chain; not closed here
     * @param keys signing keys; may change while the relayer runs
     * @param registry where everything is counted; served on the metrics port
     * @param clock wall clock
     * @param ticker monotonic nanoseconds
     * @throws RuntimeException if it cannot start, naming what to do; everything opened so far is
     *     closed
     */
    static Relayer start(
            RelayerConfig config,
            RedisConnections redis,
            ChainQueries chain,
            SupplierKeys keys,
            PrometheusMeterRegistry registry,
            InstantSource clock,
            Ticker ticker) {
        return new Relayer(config, redis, chain, keys, registry, clock, ticker);
    }

    /** Connects to the Redis of a configuration; reconnects are counted. */
    static RedisConnections connect(RelayerConfig config, MeterRegistry registry) {
        return RedisConnections.open(
                RedisEndpoint.parse(config.redis().url()),
                "relayer",
                RedisConnections.Limits.DEFAULT,
                new RedisMetrics(registry));
    }

    private Relayer(
            RelayerConfig config,
            RedisConnections connections,
            ChainQueries node,
            SupplierKeys keys,
            PrometheusMeterRegistry registry,
            InstantSource clock,
            Ticker ticker) {
        this.clock = clock;
        this.registry = registry;
        this.config = config;
        this.keys = keys;
        this.metrics = new RelayerMetrics(registry, config.services().keySet());
        ProcessMetrics.bindTo(
                registry, "relayer", DaemonCommand.versionOf(Relayer.class), Relayer.class);
        ChainQueries chain = new MeteredChainQueries(node, registry);
        try {
            ScheduledExecutorService timer = timer();
            ThreadPoolExecutor resume = resumePool();

            // Redis, where what every relay writes is written on the loop that handles the relay
            SharedEventLoops loops = opened(SharedEventLoops.acquire(config.eventLoops()));
            RedisKeys names = RelayerWiring.keys(config);
            this.redis = opened(connections);
            for (String warning : RedisServerCheck.inspect(redis, names).warnings()) {
                LOG.warn("Redis: {}", warning);
            }
            RedisSubscriber subscriber = redis.subscriber();
            this.log =
                    opened(
                            new RedisStreamRelayLog(
                                    redis,
                                    names,
                                    logSettings(config.publish()),
                                    clock,
                                    metrics,
                                    loops.loops()));
            metrics.publishPending(log::unconfirmed);

            // What is known of the world
            this.heights = opened(new BlockHeights(chain, names, redis, timer, ticker));
            RelayCaches caches =
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
            metrics.remembered(caches);
            RingVerifier verifier =
                    opened(RingVerifier.builder().policy(ringPolicy(config.ring())).build());
            RelayAdmission admission =
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
                            RelayerWiring.patience(config),
                            metrics,
                            ticker);
            this.meter = meter(config.relayMeter(), names, caches, ticker);

            // Backends
            BackendPools backends =
                    new BackendPools(
                            RelayerWiring.backends(config),
                            BackendSource.chosen(
                                    Providers.onClassPath("backend", BackendProvider.class),
                                    new BackendSource.Choice("http", "backend", Map.of()),
                                    Map.of()),
                            metrics,
                            clock,
                            timer);
            opened.push(() -> backends.close().toCompletableFuture().get(5, TimeUnit.SECONDS));
            StatusPages pages =
                    new StatusPages(
                            RelayerWiring.poolLimits(config, metrics),
                            backends,
                            heights::height,
                            this::notReady,
                            config.healthCheck().relayPortAlwaysReady());

            // The relay path
            RelayPipeline pipeline =
                    new RelayPipeline(
                            new RelayPipeline.Parts(
                                    RelayerWiring.services(config),
                                    keys,
                                    admission,
                                    meter,
                                    backends,
                                    new RelayPublisher(
                                            log,
                                            config.publish().onLogFailure().equals("serve_unpaid"),
                                            metrics),
                                    new MiningPolicy(
                                            config.mining().maxRelayBytes(),
                                            config.mining().dropLateRelays()),
                                    simulation(config, names, verifier),
                                    pages,
                                    metrics,
                                    heights::height,
                                    resume,
                                    RelayerWiring.longestBody(config),
                                    config.errors()
                                            .stakeExhaustedStyle()
                                            .equals("relay_miner_error")));

            // Start: events first, then listeners, the relay port last
            heights.onAnnouncement(metrics::blockAnnounced);
            heights.onBlock(metrics::block);
            heights.onBlock(admission::onBlock);
            caches.subscribe(subscriber);
            if (meter != null) {
                RelayMeter live = meter;
                live.subscribe(subscriber, names);
                repeat(timer, () -> live.sweep(heights.height()), SWEEP_SECONDS);
            }
            heights.start(subscriber);
            repeat(timer, this::ping, PING_SECONDS);
            backends.start();
            new Warmup(config.cacheWarmup(), caches, keys)
                    .run()
                    .whenComplete((ok, e) -> warm = true);
            this.metricsAddress = metricsServer(config);
            this.debugAddress =
                    config.pprof().isEnabled()
                            ? opened(DebugPages.open(config.pprof().address())).address()
                            : null;
            this.healthAddress = healthServer(config, pages);
            this.transport =
                    Providers.onClassPath("transport", TransportProvider.class)
                            .create(
                                    "http",
                                    new TransportContext(
                                            ProviderSettings.empty("transports[0]"),
                                            RelayerWiring.transport(config),
                                            metrics));
            opened.push(() -> transport.close().toCompletableFuture().get(5, TimeUnit.SECONDS));
            this.relayAddress = transport.start(pipeline).toCompletableFuture().join();
            LOG.info(
                    "relayer listens on {}, health on {}, metrics on {}",
                    relayAddress,
                    healthAddress,
                    metricsAddress);
        } catch (IOException | RuntimeException e) {
            closeAll();
            throw e instanceof RuntimeException runtime
                    ? runtime
                    : new IllegalStateException(
                            "a listener cannot be opened: " + e.getMessage(), e);
        }
    }

    /** Address of the relay port. */
    InetSocketAddress relayAddress() {
        return relayAddress;
    }

    /** Address of the health port, or null if it is off. */
    @Nullable InetSocketAddress healthAddress() {
        return healthAddress;
    }

    /** Address of the metrics port, or null if it is off. */
    @Nullable InetSocketAddress metricsAddress() {
        return metricsAddress;
    }

    /** Address of the debug pages, or null if they are off. */
    @Nullable InetSocketAddress debugAddress() {
        return debugAddress;
    }

    /** Newest block height, 0 while unknown. */
    long height() {
        return heights.height();
    }

    /** All meters in the Prometheus text format. */
    String scrape() {
        return registry.scrape();
    }

    /** Stops in order; see the class. */
    @Override
    public void close() {
        if (draining) {
            return;
        }
        draining = true;
        Duration grace = config.shutdown().grace();
        LOG.info("stopping: not ready from now on");
        pause(config.shutdown().drainDelay());
        int unanswered =
                transport
                        .drain(grace)
                        .toCompletableFuture()
                        .orTimeout(grace.toMillis() + 5_000, TimeUnit.MILLISECONDS)
                        .exceptionally(failure -> -1)
                        .join();
        if (unanswered != 0) {
            LOG.warn("{} relays were still in flight when the grace period was over", unanswered);
        }
        closeAll();
        LOG.info("stopped");
    }

    // ---- readiness
    // -------------------------------------------------------------------------------

    private @Nullable String notReady() {
        if (draining) {
            return "shutting down";
        }
        if (!redisReachable) {
            return "redis is unreachable";
        }
        if (heights.height() == 0) {
            return "block height unknown";
        }
        if (keys.isEmpty()) {
            return "no supplier key loaded";
        }
        return warm ? null : "caches are being warmed";
    }

    /** Repeats a task that must survive its own failures. */
    private static void repeat(ScheduledExecutorService timer, Runnable task, long seconds) {
        Runnable guarded =
                () -> {
                    try {
                        task.run();
                    } catch (RuntimeException e) {
                        LOG.warn("a periodic task failed: {}", e.toString());
                    }
                };
        var unused = timer.scheduleWithFixedDelay(guarded, 0, seconds, TimeUnit.SECONDS);
    }

    private void ping() {
        var unused =
                redis.async()
                        .ping()
                        .toCompletableFuture()
                        .orTimeout(PING_SECONDS, TimeUnit.SECONDS)
                        .whenComplete((pong, failure) -> redisReachable = failure == null);
    }

    // ---- parts
    // -----------------------------------------------------------------------------------

    private @Nullable RelayMeter meter(
            RelayerConfig.MeterConfig meterConfig,
            RedisKeys names,
            RelayCaches caches,
            Ticker ticker) {
        if (!meterConfig.enabled()) {
            return null;
        }
        return opened(
                RelayMeter.onRedis(
                        redis.async(),
                        names,
                        meterConfig.cacheTtl(),
                        caches.serviceFactors(),
                        new RelayMeter.Settings(
                                meterConfig.failBehavior().equals("open"),
                                meterConfig.leaseRelays(),
                                100),
                        metrics,
                        clock,
                        ticker));
    }

    private static RelayLogSettings logSettings(RelayerConfig.PublishConfig publish) {
        RelayLogSettings base = RelayLogSettings.DEFAULT;
        return publish.mode().equals("confirmed")
                ? base.withConfirm(true)
                : base.withConfirm(false).withMaxInFlight(publish.queueSize());
    }

    private static RingPolicy ringPolicy(RelayerConfig.RingConfig ring) {
        return RingPolicy.DEFAULT
                .withMaxMembers(ring.maxMembers())
                .withSingleMemberAllowed(ring.allowSingleMember())
                .withPlaceholderSignerRefused(ring.rejectPlaceholderSigner());
    }

    private @Nullable InetSocketAddress metricsServer(RelayerConfig relayer) throws IOException {
        if (!relayer.metrics().isEnabled()) {
            return null;
        }
        InetSocketAddress at = Check.listenAddress("metrics.addr", relayer.metrics().address());
        return opened(
                        AdminServer.builder()
                                .metrics(registry::scrape)
                                .health(() -> true)
                                .get("/ready", () -> AdminServer.Answer.text(200, "Ready"))
                                .start(at.getHostString(), at.getPort()))
                .address();
    }

    private @Nullable SimulatedRelays simulation(
            RelayerConfig relayer, RedisKeys names, RingVerifier verifier) {
        return relayer.simulation().enabled()
                ? new SimulatedRelays(
                        relayer.simulation().settings(),
                        keys,
                        verifier,
                        ReplayGuard.onRedis(redis.async(), names),
                        clock)
                : null;
    }

    private @Nullable InetSocketAddress healthServer(RelayerConfig relayer, StatusPages pages)
            throws IOException {
        if (!relayer.healthCheck().enabled()) {
            return null;
        }
        InetSocketAddress at =
                Check.listenAddress("health_check.addr", relayer.healthCheck().addr());
        return opened(
                        AdminServer.builder()
                                .health(() -> true)
                                .get("/ready", () -> answer(pages.ready()))
                                .getBelow("/ready/", service -> answer(pages.service(service)))
                                .start(at.getHostString(), at.getPort()))
                .address();
    }

    private static AdminServer.Answer answer(StatusPage page) {
        return new AdminServer.Answer(page.status(), page.contentType(), page.body());
    }

    private ScheduledExecutorService timer() {
        ScheduledThreadPoolExecutor timer =
                new ScheduledThreadPoolExecutor(
                        1,
                        task -> Thread.ofPlatform().daemon().name("relayer-timer").unstarted(task));
        timer.setRemoveOnCancelPolicy(true);
        opened.push(timer::shutdownNow);
        return timer;
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

    private void closeAll() {
        while (!opened.isEmpty()) {
            AutoCloseable next = opened.pop();
            try {
                next.close();
            } catch (Exception e) {
                if (e instanceof InterruptedException) {
                    Thread.currentThread().interrupt();
                }
                LOG.warn("a part did not close cleanly: {}", e.toString());
            }
        }
    }

    private static void pause(Duration time) {
        try {
            TimeUnit.NANOSECONDS.sleep(time.toNanos());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
