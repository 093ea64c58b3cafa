package io.relayminer.miner;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.relayminer.core.admin.AdminServer;
import io.relayminer.core.admin.DebugPages;
import io.relayminer.core.chain.BlockFeed;
import io.relayminer.core.chain.ChainClient;
import io.relayminer.core.chain.ChainQueries;
import io.relayminer.core.config.Check;
import io.relayminer.core.daemon.Closer;
import io.relayminer.core.daemon.DaemonCommand;
import io.relayminer.core.daemon.DaemonProcess;
import io.relayminer.core.daemon.KeysSection;
import io.relayminer.core.daemon.RedisSection;
import io.relayminer.core.key.KeyRing;
import io.relayminer.core.metrics.MeteredChainQueries;
import io.relayminer.core.metrics.ProcessMetrics;
import io.relayminer.core.miner.Miner;
import io.relayminer.core.miner.MinerMetrics;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.redis.RedisReachability;
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
import java.util.Locale;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;

/**
 * The miner as a process: keys, Redis, the chain and the operators' HTTP server around a {@link
 * Miner}, and the ordered stop that SIGINT or SIGTERM begins.
 *
 * <p>It starts without waiting for the chain: until the first block it is live but not ready.
 */
final class MinerDaemon extends DaemonProcess {

    private static final Logger LOG = LoggerFactory.getLogger(MinerDaemon.class);

    private final MinerConfig config;
    private final Miner miner;
    private final String instance;
    private final RedisReachability redisReachability;
    private final @Nullable InetSocketAddress adminAddress;
    private final @Nullable InetSocketAddress debugAddress;
    private volatile boolean stopping;

    /**
     * Starts.
     *
     * @throws RuntimeException naming what is wrong; everything opened so far is closed
     */
    static MinerDaemon start(MinerConfig config) {
        Closer parts = new Closer();
        try {
            return new MinerDaemon(config, parts);
        } catch (RuntimeException e) {
            parts.close();
            throw e;
        }
    }

    private MinerDaemon(MinerConfig config, Closer parts) {
        super("miner", parts);
        this.config = config;
        PrometheusMeterRegistry registry = registry();
        AutoCloseable meters = registry::close;
        parts.add(meters);
        KeyRing ring = parts.add(KeysSection.load(config.keys(), registry));
        RedisKeys keys = RedisSection.keys(config.redis());
        this.instance = instanceId(config.consumerName());
        RedisConnections redis = parts.add(RedisSection.open(config.redis(), instance, registry));
        for (String warning : RedisServerCheck.inspect(redis, keys).warnings()) {
            LOG.warn("Redis: {}", warning);
        }
        ChainClient chain = parts.add(ChainClient.openChecked(MinerWiring.chain(config)));
        ChainQueries queries = new MeteredChainQueries(chain.queries(), registry);
        this.miner =
                parts.add(
                        MinerWiring.configured(config, Miner.builder(redis))
                                .names(keys)
                                .instance(instance)
                                .registry(registry)
                                .leases(parts.add(MinerWiring.leases(config, redis, keys)))
                                .store(
                                        parts.add(
                                                MinerWiring.store(
                                                        config, redis, keys, instance, registry)))
                                .chain(queries, chain.blocks())
                                .submitter(parts.add(MinerWiring.submitter(config, chain, queries)))
                                .keys(ring::find, ring::addresses)
                                .build());
        var firstBlock = chain.blocks().start();
        var reported =
                firstBlock.thenAccept(
                        block -> LOG.info("following the chain from {}", block.height()));
        LOG.debug("the block feed starts: {}", reported);
        if (config.hotReloadEnabled()) {
            parts.add(KeysSection.follow(ring));
        }
        ScheduledExecutorService timer =
                Executors.newSingleThreadScheduledExecutor(
                        task -> Thread.ofPlatform().daemon().name("miner-timer").unstarted(task));
        parts.add(timer::shutdownNow);
        this.redisReachability = parts.add(new RedisReachability(redis, timer));
        this.debugAddress =
                config.pprof().isEnabled()
                        ? parts.add(DebugPages.open(config.pprof().address())).address()
                        : null;
        this.adminAddress =
                config.metrics().isEnabled()
                        ? parts.add(admin(registry, chain.blocks())).address()
                        : null;
        miner.start();
        LOG.info("miner {} works for {} keys", instance, ring.addresses().size());
    }

    private static PrometheusMeterRegistry registry() {
        PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        ProcessMetrics.bindTo(
                registry, "miner", DaemonCommand.versionOf(MinerDaemon.class), MinerDaemon.class);
        return registry;
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
        if (!redisReachability.reachable()) {
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

    /** The operators' HTTP server; null if it is switched off. */
    @Nullable InetSocketAddress adminAddress() {
        return adminAddress;
    }

    /** The debug pages; null if they are off. */
    @Nullable InetSocketAddress debugAddress() {
        return debugAddress;
    }

    /** The miner inside. */
    Miner miner() {
        return miner;
    }

    @Override
    protected void stop() {
        stopping = true;
        LOG.info("miner {} hands over", instance);
        miner.drain(Duration.ofSeconds(config.shutdownTimeoutSeconds()));
    }
}
