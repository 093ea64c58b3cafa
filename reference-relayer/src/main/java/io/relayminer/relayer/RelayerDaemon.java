package io.relayminer.relayer;

import com.github.benmanes.caffeine.cache.Ticker;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.relayminer.core.admin.AdminServer;
import io.relayminer.core.admin.DebugPages;
import io.relayminer.core.chain.ChainClient;
import io.relayminer.core.chain.ChainQueries;
import io.relayminer.core.config.Check;
import io.relayminer.core.daemon.Closer;
import io.relayminer.core.daemon.DaemonCommand;
import io.relayminer.core.daemon.DaemonProcess;
import io.relayminer.core.daemon.KeysSection;
import io.relayminer.core.daemon.RedisSection;
import io.relayminer.core.key.KeyRing;
import io.relayminer.core.metrics.ProcessMetrics;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.relay.Relayer;
import io.relayminer.core.relay.StatusPages;
import io.relayminer.core.relay.SupplierKeys;
import io.relayminer.transport.RelayHandler.StatusPage;
import io.relayminer.transport.vertx.SharedEventLoops;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.TimeUnit;

/**
 * The relayer as a daemon: a {@link Relayer} built from a configuration, with the operators' pages
 * beside it.
 *
 * <p>Stop: readiness turns negative, load balancers get time to notice, the relay port finishes
 * what it has, leases and queued relays go to Redis, and only then connections close.
 */
final class RelayerDaemon extends DaemonProcess {

    private static final Logger LOG = LoggerFactory.getLogger(RelayerDaemon.class);

    private final RelayerConfig config;
    private final PrometheusMeterRegistry registry;
    private final Relayer relayer;
    private final @Nullable InetSocketAddress healthAddress;
    private final @Nullable InetSocketAddress metricsAddress;
    private final @Nullable InetSocketAddress debugAddress;

    /**
     * Starts.
     *
     * @throws RuntimeException naming what is wrong; everything opened so far is closed
     */
    static RelayerDaemon start(RelayerConfig config) {
        PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        try (Opening<ChainClient> chain =
                        new Opening<>(
                                "chain",
                                () ->
                                        ChainClient.openChecked(
                                                RelayerWiring.chain(config.pocketNode())));
                Opening<RedisConnections> redis =
                        new Opening<>(
                                "redis",
                                () -> RedisSection.open(config.redis(), "relayer", registry))) {
            return start(
                    parts -> {
                        KeyRing ring = parts.add(KeysSection.load(config.keys(), registry));
                        ChainClient client = parts.add(chain.take());
                        if (config.hotReloadEnabled()) {
                            parts.add(KeysSection.follow(ring));
                        }
                        return new RelayerDaemon(
                                config,
                                parts,
                                parts.add(redis.take()),
                                client.queries(),
                                SupplierKeys.of(ring),
                                registry,
                                InstantSource.system(),
                                Ticker.systemTicker());
                    });
        }
    }

    /**
     * Starts beside a chain and keys that are there already.
     *
     * @param config a complete configuration
     * @param redis open connections to its Redis, which become the daemon's
     * @param chain the chain; not closed here
     * @param keys signing keys; may change while the relayer runs
     * @param registry where everything is counted; served on the metrics port
     * @param clock wall clock
     * @param ticker monotonic nanoseconds
     * @throws RuntimeException naming what is wrong; everything opened so far is closed
     */
    static RelayerDaemon start(
            RelayerConfig config,
            RedisConnections redis,
            ChainQueries chain,
            SupplierKeys keys,
            PrometheusMeterRegistry registry,
            InstantSource clock,
            Ticker ticker) {
        return start(
                parts ->
                        new RelayerDaemon(
                                config,
                                parts,
                                parts.add(redis),
                                chain,
                                keys,
                                registry,
                                clock,
                                ticker));
    }

    private interface Start {
        RelayerDaemon from(Closer parts);
    }

    private static RelayerDaemon start(Start start) {
        Closer parts = new Closer();
        try {
            return start.from(parts);
        } catch (RuntimeException e) {
            parts.close();
            throw e;
        }
    }

    private RelayerDaemon(
            RelayerConfig config,
            Closer parts,
            RedisConnections redis,
            ChainQueries chain,
            SupplierKeys keys,
            PrometheusMeterRegistry registry,
            InstantSource clock,
            Ticker ticker) {
        super("relayer", parts);
        this.config = config;
        this.registry = registry;
        ProcessMetrics.bindTo(
                registry,
                "relayer",
                DaemonCommand.versionOf(RelayerDaemon.class),
                RelayerDaemon.class);
        SharedEventLoops loops = parts.add(SharedEventLoops.acquire(config.eventLoops()));
        this.relayer =
                parts.add(
                        RelayerWiring.relayer(config, redis, loops.loops(), clock)
                                .chain(chain)
                                .keys(keys)
                                .metrics(registry)
                                .clocks(clock, ticker::read)
                                .build());
        StatusPages pages = relayer.status();
        this.metricsAddress =
                config.metrics().isEnabled()
                        ? listen(
                                parts,
                                "metrics.addr",
                                config.metrics().address(),
                                AdminServer.builder()
                                        .metrics(registry::scrape)
                                        .health(() -> true)
                                        .get("/ready", () -> AdminServer.Answer.text(200, "Ready")))
                        : null;
        this.debugAddress =
                config.pprof().isEnabled()
                        ? parts.add(DebugPages.open(config.pprof().address())).address()
                        : null;
        this.healthAddress =
                config.healthCheck().enabled()
                        ? listen(
                                parts,
                                "health_check.addr",
                                config.healthCheck().addr(),
                                AdminServer.builder()
                                        .health(() -> true)
                                        .get("/ready", () -> answer(pages.ready()))
                                        .getBelow(
                                                "/ready/",
                                                service -> answer(pages.service(service))))
                        : null;
        relayer.start();
        LOG.info(
                "relayer listens on {}, health on {}, metrics on {}",
                relayAddress(),
                healthAddress,
                metricsAddress);
    }

    private static InetSocketAddress listen(
            Closer parts, String key, String address, AdminServer.Builder pages) {
        InetSocketAddress at = Check.listenAddress(key, address);
        try {
            return parts.add(pages.start(at.getHostString(), at.getPort())).address();
        } catch (IOException e) {
            throw new UncheckedIOException(
                    key + ": " + address + " cannot be bound: " + e.getMessage(), e);
        }
    }

    private static AdminServer.Answer answer(StatusPage page) {
        return new AdminServer.Answer(page.status(), page.contentType(), page.body());
    }

    /** Address of the relay port: that of the first transport. */
    InetSocketAddress relayAddress() {
        return relayer.addresses().get(0);
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
        return relayer.height();
    }

    /** All meters in the Prometheus text format. */
    String scrape() {
        return registry.scrape();
    }

    @Override
    protected void stop() {
        LOG.info("stopping: not ready from now on");
        relayer.retire();
        pause(config.shutdown().drainDelay());
        int unanswered = relayer.drain(config.shutdown().grace());
        if (unanswered != 0) {
            LOG.warn("{} relays were still in flight when the grace period was over", unanswered);
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
