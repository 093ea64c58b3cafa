package io.relayminer.miner;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.relayminer.core.admin.AdminServer;
import io.relayminer.core.admin.DebugPages;
import io.relayminer.core.chain.BlockFeed;
import io.relayminer.core.chain.ChainClient;
import io.relayminer.core.chain.ChainQueries;
import io.relayminer.core.config.Check;
import io.relayminer.core.daemon.DaemonCommand;
import io.relayminer.core.key.KeyRing;
import io.relayminer.core.key.KeySources;
import io.relayminer.core.metrics.MeteredChainQueries;
import io.relayminer.core.metrics.ProcessMetrics;
import io.relayminer.core.metrics.RedisMetrics;
import io.relayminer.core.miner.Miner;
import io.relayminer.core.miner.MinerMetrics;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisEndpoint;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.redis.RedisServerCheck;
import io.relayminer.leader.InstanceId;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * The miner as a process: keys, Redis, the chain and the operators' HTTP server around a {@link
 * Miner}, and the ordered stop that SIGINT or SIGTERM begins.
 *
 * <p>It starts without waiting for the chain: until the first block it is live but not ready.
 */
final class MinerProcess implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(MinerProcess.class);
    private static final long KEY_CHECK_SECONDS = 5;
    private final MinerConfig config;
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();
    private final CountDownLatch stopped = new CountDownLatch(1);
    private final RedisConnections redis;
    private final Miner miner;
    private final String instance;
    private final @Nullable AdminServer admin;
    private final @Nullable AdminServer debug;
    private volatile boolean redisReachable = true;
    private volatile boolean stopping;
    private boolean closed;

    /**
     * Starts.
     *
     * @throws RuntimeException naming what is wrong; everything opened so far is closed
     */
    static MinerProcess start(MinerConfig config) {
        return new MinerProcess(config);
    }

    private MinerProcess(MinerConfig config) {
        this.config = config;
        try {
            PrometheusMeterRegistry registry = registry();
            opened.push(registry::close);
            KeyRing ring = opened(loadedKeys(config, registry));
            RedisKeys keys = MinerWiring.keys(config.redis());
            this.instance = instanceId(config.consumerName());
            this.redis =
                    opened(
                            RedisConnections.open(
                                    RedisEndpoint.parse(config.redis().url()),
                                    instance,
                                    RedisConnections.Limits.DEFAULT,
                                    new RedisMetrics(registry)));
            for (String warning : RedisServerCheck.inspect(redis, keys).warnings()) {
                LOG.warn("Redis: {}", warning);
            }
            ChainClient chain = opened(ChainClient.openChecked(MinerWiring.chain(config)));
            ChainQueries queries = new MeteredChainQueries(chain.queries(), registry);
            this.miner =
                    opened(
                            MinerWiring.configured(config, Miner.builder(redis))
                                    .names(keys)
                                    .instance(instance)
                                    .registry(registry)
                                    .leases(opened(MinerWiring.leases(config, redis, keys)))
                                    .store(
                                            opened(
                                                    MinerWiring.store(
                                                            config, redis, keys, instance,
                                                            registry)))
                                    .chain(queries, chain.blocks())
                                    .submitter(
                                            opened(MinerWiring.submitter(config, chain, queries)))
                                    .keys(ring::find, ring::addresses)
                                    .build());
            var firstBlock = chain.blocks().start();
            var reported =
                    firstBlock.thenAccept(
                            block -> LOG.info("following the chain from {}", block.height()));
            LOG.debug("the block feed starts: {}", reported);
            ScheduledExecutorService timer = timer(ring);
            opened.push(timer::shutdownNow);
            this.debug =
                    config.pprof().isEnabled()
                            ? opened(DebugPages.open(config.pprof().address()))
                            : null;
            this.admin =
                    config.metrics().isEnabled() ? opened(admin(registry, chain.blocks())) : null;
            miner.start();
            LOG.info("miner {} works for {} keys", instance, ring.addresses().size());
        } catch (RuntimeException e) {
            closeOpened();
            throw e;
        }
    }

    /** Loads the keys once, for a check; refuses a configuration that gives none. */
    static int requireKeys(MinerConfig config) {
        try (KeyRing ring =
                loadedKeys(config, new PrometheusMeterRegistry(PrometheusConfig.DEFAULT))) {
            return ring.addresses().size();
        }
    }

    private static PrometheusMeterRegistry registry() {
        PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        ProcessMetrics.bindTo(
                registry, "miner", DaemonCommand.versionOf(MinerProcess.class), MinerProcess.class);
        return registry;
    }

    private static KeyRing loadedKeys(MinerConfig config, MeterRegistry registry) {
        KeyRing ring = new KeyRing(KeySources.open(config.keys().all()), registry);
        ring.reload();
        if (ring.addresses().isEmpty()) {
            ring.close();
            throw new IllegalStateException(
                    "no supplier key was loaded; without one no claim can be signed. See the"
                            + " warnings above and check the keys section of the configuration");
        }
        return ring;
    }

    private ScheduledExecutorService timer(KeyRing ring) {
        ScheduledExecutorService timer =
                Executors.newSingleThreadScheduledExecutor(
                        task -> Thread.ofPlatform().daemon().name("miner-timer").unstarted(task));
        if (config.hotReloadEnabled()) {
            var unused =
                    timer.scheduleWithFixedDelay(
                            () -> reload(ring),
                            KEY_CHECK_SECONDS,
                            KEY_CHECK_SECONDS,
                            TimeUnit.SECONDS);
        }
        var unused = timer.scheduleWithFixedDelay(this::lookAtRedis, 0, 2, TimeUnit.SECONDS);
        return timer;
    }

    private static void reload(KeyRing ring) {
        try {
            ring.reloadIfChanged();
        } catch (RuntimeException e) {
            LOG.warn("keys could not be checked for changes: {}", e.getMessage());
        }
    }

    private void lookAtRedis() {
        try {
            redis.sync().ping();
            redisReachable = true;
        } catch (RuntimeException e) {
            redisReachable = false;
        }
    }

    private AdminServer admin(PrometheusMeterRegistry registry, BlockFeed blocks) {
        InetSocketAddress at = Check.listenAddress("metrics.addr", config.metrics().address());
        try {
            return AdminServer.builder()
                    .metrics(() -> MinerMetrics.exposition(registry.scrape()))
                    .health(blocks::isAlive)
                    .get("/ready", this::ready)
                    .get("/status", this::status)
                    .start(at.getHostString(), at.getPort());
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "metrics.addr: " + config.metrics().address() + " cannot be bound", e);
        }
    }

    private String notReady() {
        if (stopping) {
            return "stopping";
        }
        if (!redisReachable) {
            return "Redis does not answer";
        }
        Duration limit = Duration.ofSeconds(Math.max(30, 3L * config.blockTimeSeconds()));
        return miner.health().problem(limit).orElse("");
    }

    private AdminServer.Answer ready() {
        String problem = notReady();
        return problem.isEmpty()
                ? AdminServer.Answer.text(200, "Ready")
                : AdminServer.Answer.text(503, "Not Ready: " + problem);
    }

    private AdminServer.Answer status() {
        StringBuilder suppliers = new StringBuilder();
        Miner.Health health = miner.health();
        for (String supplier : health.suppliers()) {
            suppliers
                    .append(suppliers.isEmpty() ? "" : ",")
                    .append('"')
                    .append(supplier)
                    .append('"');
        }
        String problem = notReady();
        return AdminServer.Answer.json(
                200,
                String.format(
                        Locale.ROOT,
                        "{\"instance\":\"%s\",\"leader\":%b,\"height\":%d,\"ready\":%b,"
                                + "\"suppliers\":[%s]}%n",
                        instance,
                        health.leading(),
                        health.height(),
                        problem.isEmpty(),
                        suppliers));
    }

    private static String instanceId(String configured) {
        String name = configured;
        if (name.isEmpty()) {
            try {
                name = InetAddress.getLocalHost().getHostName();
            } catch (UnknownHostException e) {
                name = "miner";
            }
        }
        return InstanceId.create(name, ProcessHandle.current().pid(), new SecureRandom());
    }

    private <T extends AutoCloseable> T opened(T part) {
        opened.push(part);
        return part;
    }

    /** The operators' HTTP server; null if it is switched off. */
    @Nullable InetSocketAddress adminAddress() {
        AdminServer server = admin;
        return server == null ? null : server.address();
    }

    /** The debug pages; null if they are off. */
    @Nullable InetSocketAddress debugAddress() {
        AdminServer server = debug;
        return server == null ? null : server.address();
    }

    /** The miner inside. */
    Miner miner() {
        return miner;
    }

    /** Waits until the process was told to stop and has stopped. */
    void awaitStop() throws InterruptedException {
        stopped.await();
    }

    /** Stops in order; a second call waits for the first. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        stopping = true;
        LOG.info("miner {} hands over", instance);
        miner.drain(Duration.ofSeconds(config.shutdownTimeoutSeconds()));
        closeOpened();
        LOG.info("miner {} has stopped", instance);
        stopped.countDown();
    }

    private void closeOpened() {
        while (!opened.isEmpty()) {
            try {
                opened.pop().close();
            } catch (Exception e) {
                LOG.warn("a part did not close", e);
            }
        }
    }
}
