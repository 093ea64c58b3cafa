package io.relayminer.relayer;

import com.github.benmanes.caffeine.cache.Ticker;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.relayminer.core.chain.ChainClient;
import io.relayminer.core.key.KeyRing;
import io.relayminer.core.key.KeySources;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.relay.SupplierKeys;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.InstantSource;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * The relayer as a process: keys and chain client around a {@link Relayer}, reload of changed keys,
 * and the ordered stop that SIGINT or SIGTERM begins.
 */
final class RelayerProcess implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(RelayerProcess.class);
    private static final long KEY_CHECK_SECONDS = 5;
    private final KeyRing keys;
    private final ChainClient chain;
    private final Relayer relayer;
    private final ScheduledExecutorService keyChecks;
    private final CountDownLatch stopped = new CountDownLatch(1);

    private RelayerProcess(
            KeyRing keys, ChainClient chain, Relayer relayer, ScheduledExecutorService keyChecks) {
        this.keys = keys;
        this.chain = chain;
        this.relayer = relayer;
        this.keyChecks = keyChecks;
    }

    /**
     * Starts.
     *
     * @throws RuntimeException naming what is wrong; everything opened so far is closed
     */
    static RelayerProcess start(RelayerConfig config) {
        PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        ChainClient chain = null;
        KeyRing keys = null;
        try (Opening<ChainClient> chainOpening =
                        new Opening<>(
                                "chain",
                                () ->
                                        ChainClient.openChecked(
                                                RelayerWiring.chain(config.pocketNode())));
                Opening<RedisConnections> redisOpening =
                        new Opening<>("redis", () -> Relayer.connect(config, registry))) {
            keys = loadedKeys(config, registry);
            chain = chainOpening.take();
            Relayer relayer =
                    Relayer.start(
                            config,
                            redisOpening.take(),
                            chain.queries(),
                            SupplierKeys.of(keys),
                            registry,
                            InstantSource.system(),
                            Ticker.systemTicker());
            RelayerProcess process =
                    new RelayerProcess(keys, chain, relayer, keyChecks(config, keys));
            Runtime.getRuntime()
                    .addShutdownHook(
                            Thread.ofPlatform().name("relayer-stop").unstarted(process::close));
            return process;
        } catch (RuntimeException e) {
            if (chain != null) {
                chain.close();
            }
            if (keys != null) {
                keys.close();
            }
            throw e;
        }
    }

    /** Loads the keys once, for a check; refuses a configuration that gives none. */
    static void requireKeys(RelayerConfig config) {
        loadedKeys(config, new PrometheusMeterRegistry(PrometheusConfig.DEFAULT)).close();
    }

    /** Operator addresses of the keys that a configuration loads. */
    static Set<String> suppliers(RelayerConfig config) {
        try (KeyRing keys =
                loadedKeys(config, new PrometheusMeterRegistry(PrometheusConfig.DEFAULT))) {
            return keys.addresses();
        }
    }

    private static KeyRing loadedKeys(RelayerConfig config, MeterRegistry registry) {
        KeyRing ring = new KeyRing(KeySources.open(config.keys().all()), registry);
        ring.reload();
        if (ring.addresses().isEmpty()) {
            ring.close();
            throw new IllegalStateException(
                    "no supplier key was loaded; without one no response can be signed. See the"
                            + " warnings above and check the keys section of the configuration");
        }
        LOG.info("signing for {} suppliers", ring.addresses().size());
        return ring;
    }

    private static ScheduledExecutorService keyChecks(RelayerConfig config, KeyRing keys) {
        ScheduledExecutorService timer =
                Executors.newSingleThreadScheduledExecutor(
                        task -> Thread.ofPlatform().daemon().name("key-reload").unstarted(task));
        if (config.hotReloadEnabled()) {
            var unused =
                    timer.scheduleWithFixedDelay(
                            () -> reload(keys),
                            KEY_CHECK_SECONDS,
                            KEY_CHECK_SECONDS,
                            TimeUnit.SECONDS);
        }
        return timer;
    }

    private static void reload(KeyRing keys) {
        try {
            keys.reloadIfChanged();
        } catch (RuntimeException e) {
            LOG.warn("keys could not be checked for changes: {}", e.getMessage());
        }
    }

    /** Waits until the process was told to stop and has stopped. */
    void awaitStop() throws InterruptedException {
        stopped.await();
    }

    /** The relayer inside. */
    Relayer relayer() {
        return relayer;
    }

    /** Stops in order; a second call waits for the first. */
    @Override
    public synchronized void close() {
        if (stopped.getCount() == 0) {
            return;
        }
        keyChecks.shutdownNow();
        relayer.close();
        chain.close();
        keys.close();
        stopped.countDown();
    }
}
