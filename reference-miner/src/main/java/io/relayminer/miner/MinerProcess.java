package io.relayminer.miner;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.relayminer.core.admin.AdminServer;
import io.relayminer.core.admin.DebugPages;
import io.relayminer.core.chain.ChainClient;
import io.relayminer.core.chain.ChainSettings;
import io.relayminer.core.chain.TxSettings;
import io.relayminer.core.config.Check;
import io.relayminer.core.config.NamespaceConfig;
import io.relayminer.core.config.RedisConfig;
import io.relayminer.core.daemon.DaemonCommand;
import io.relayminer.core.key.KeyRing;
import io.relayminer.core.key.KeySources;
import io.relayminer.core.metrics.MeteredChainQueries;
import io.relayminer.core.metrics.ProcessMetrics;
import io.relayminer.core.metrics.RedisMetrics;
import io.relayminer.core.miner.MinerMetrics;
import io.relayminer.core.miner.MinerNode;
import io.relayminer.core.miner.MinerSettings;
import io.relayminer.core.miner.redis.RedisMinerStore;
import io.relayminer.core.miner.redis.RedisMinerStoreSettings;
import io.relayminer.core.miner.store.MinerStore;
import io.relayminer.core.redis.KeyLayout;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisEndpoint;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.redis.RedisNamespace;
import io.relayminer.core.redis.RedisServerCheck;
import io.relayminer.core.tx.GasPrice;
import io.relayminer.core.tx.TxLifetime;
import io.relayminer.leader.InstanceId;
import io.relayminer.leader.LeaseSettings;
import io.relayminer.leader.LeaseStore;
import io.relayminer.leader.LeaseStoreContext;
import io.relayminer.leader.LeaseStoreProvider;
import io.relayminer.leader.MembershipKeys;
import io.relayminer.leader.RedisLeaseStore;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The miner as a process: keys, Redis, the chain and the operators' HTTP server around a {@link
 * MinerNode}, and the ordered stop that SIGINT or SIGTERM begins.
 *
 * <p>It starts without waiting for the chain: until the first block it is live but not ready.
 */
final class MinerProcess implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(MinerProcess.class);
    private static final long KEY_CHECK_SECONDS = 5;
    private static final String MEMO = "HA RelayMiner";

    private final MinerConfig config;
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();
    private final CountDownLatch stopped = new CountDownLatch(1);
    private final RedisConnections redis;
    private final MinerNode node;
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
            RedisKeys keys = keys(config.redis());
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
            MinerMetrics metrics = new MinerMetrics(registry);
            MinerStore store =
                    opened(
                            new RedisMinerStore(
                                    redis,
                                    keys,
                                    instance,
                                    RedisMinerStoreSettings.DEFAULT
                                            .withLives(
                                                    config.sessionTtl(),
                                                    config.submissionTrackingTtl())
                                            .withReclaimIdle(
                                                    Duration.ofMillis(config.claimIdleTimeoutMs())),
                                    metrics.ofStore(),
                                    InstantSource.system()));
            ChainClient chain = opened(ChainClient.openChecked(chainSettings(config)));
            var submitter = opened(chain.submitter(txSettings(config)));
            this.node =
                    new MinerNode(
                            new MinerNode.Surroundings(
                                    redis,
                                    keys,
                                    opened(leases(config, redis, keys)),
                                    store,
                                    new MeteredChainQueries(chain.queries(), registry),
                                    submitter,
                                    chain.blocks(),
                                    ring::find,
                                    ring::addresses),
                            nodeSettings(config, instance),
                            metrics,
                            InstantSource.system());
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
            this.admin = config.metrics().isEnabled() ? opened(admin(registry)) : null;
            node.start();
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

    private AdminServer admin(PrometheusMeterRegistry registry) {
        InetSocketAddress at = Check.listenAddress("metrics.addr", config.metrics().address());
        try {
            return AdminServer.builder()
                    .metrics(() -> MinerMetrics.exposition(registry.scrape()))
                    .health(() -> true)
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
        if (node.height() == 0) {
            return "no block was seen yet";
        }
        Duration limit = Duration.ofSeconds(Math.max(30, 3L * config.blockTimeSeconds()));
        if (node.sinceBlock().compareTo(limit) > 0) {
            return "no block for " + node.sinceBlock().toSeconds() + " s";
        }
        return "";
    }

    private AdminServer.Answer ready() {
        String problem = notReady();
        return problem.isEmpty()
                ? AdminServer.Answer.text(200, "Ready")
                : AdminServer.Answer.text(503, "Not Ready: " + problem);
    }

    private AdminServer.Answer status() {
        StringBuilder suppliers = new StringBuilder();
        for (String supplier : node.suppliers()) {
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
                        node.leading(),
                        node.height(),
                        problem.isEmpty(),
                        suppliers));
    }

    static RedisKeys keys(RedisConfig config) {
        NamespaceConfig ns = config.namespace();
        return new RedisKeys(
                new RedisNamespace(
                        ns.basePrefix(),
                        ns.cachePrefix(),
                        ns.eventsPrefix(),
                        ns.streamsPrefix(),
                        ns.minerPrefix(),
                        ns.supplierPrefix(),
                        ns.meterPrefix(),
                        ns.paramsPrefix(),
                        ns.consumerGroupPrefix()),
                config.keyLayout().equals("plain") ? KeyLayout.PLAIN : KeyLayout.HASH_TAGGED);
    }

    private static LeaseStore leases(MinerConfig config, RedisConnections redis, RedisKeys keys) {
        return LeaseStoreProvider.onClassPath()
                .with(RedisLeaseStore.provider(redis::async))
                .create(
                        config.leases().type(),
                        new LeaseStoreContext(
                                config.leases().settings("leases"),
                                new MembershipKeys(keys.activeMiners(), keys::instance),
                                InstantSource.system()));
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

    private static ChainSettings chainSettings(MinerConfig config) {
        return new ChainSettings(
                split(config.pocketNode().queryNodeRpcUrl()).map(URI::create).toList(),
                split(config.pocketNode().queryNodeGrpcUrl()).toList(),
                config.pocketNode().grpcInsecure(),
                Duration.ofSeconds(config.pocketNode().queryTimeoutSeconds()),
                Duration.ofSeconds(config.blockTimeSeconds()),
                config.pocketNode().chainId());
    }

    private static Stream<String> split(String list) {
        return Stream.of(list.split(",", -1)).map(String::strip).filter(s -> !s.isEmpty());
    }

    private static TxSettings txSettings(MinerConfig config) {
        MinerConfig.TransactionConfig tx = config.transaction();
        GasPrice price = GasPrice.parse(tx.gasPrice());
        GasPrice highest = GasPrice.parse(tx.maxGasPrice());
        return new TxSettings(
                MEMO,
                tx.gasLimit(),
                tx.gasAdjustment(),
                price,
                highest.upokt().compareTo(price.upokt()) < 0 ? price : highest,
                new TxLifetime(
                        Duration.ofSeconds(tx.txTimeoutMinSeconds()),
                        Duration.ofSeconds(tx.txTimeoutMaxSeconds()),
                        Duration.ofSeconds(tx.txTimeoutDefaultSeconds()),
                        Duration.ofSeconds(tx.txTimeoutClockSkewBufferSeconds())));
    }

    static MinerNode.Settings nodeSettings(MinerConfig config, String instance) {
        MinerSettings d = MinerSettings.DEFAULT;
        MinerSettings miner =
                new MinerSettings(
                        config.batchSize(),
                        d.commitRelays(),
                        d.commitBytes(),
                        d.pollWait(),
                        Duration.ofSeconds(config.claims().settleSeconds()),
                        MinerSettings.ClaimPolicy.valueOf(
                                config.claims().policy().toUpperCase(Locale.ROOT)),
                        !config.transaction().disableClaimBatching(),
                        !config.transaction().disableProofBatching(),
                        config.transaction().maxRebroadcasts(),
                        Duration.ofSeconds(2L * config.pocketNode().queryTimeoutSeconds()),
                        config.claims().assumedFeeUpokt());
        MinerConfig.LeaderElectionConfig leader = config.leaderElection();
        MinerConfig.SupplierClaimingConfig suppliers = config.supplierClaiming();
        return new MinerNode.Settings(
                instance,
                config.assignment().equals("leader")
                        ? MinerNode.Assignment.LEADER
                        : MinerNode.Assignment.FAIR_SHARE,
                new LeaseSettings(
                        Duration.ofSeconds(suppliers.claimTtlSeconds()),
                        renewal(suppliers.claimTtlSeconds(), suppliers.renewRateSeconds()),
                        Duration.ofSeconds(suppliers.rebalanceIntervalSeconds())),
                new LeaseSettings(
                        Duration.ofSeconds(leader.leaderTtlSeconds()),
                        renewal(leader.leaderTtlSeconds(), leader.heartbeatRateSeconds()),
                        Duration.ofSeconds(leader.leaderTtlSeconds())),
                miner,
                Duration.ofSeconds(config.supplierReconcileIntervalSeconds()),
                List.copyOf(config.knownApplications()),
                config.defaultServiceFactor(),
                config.serviceFactors(),
                config.cacheTtl(),
                Duration.ofSeconds(config.blockTimeSeconds()),
                slowBlock(config),
                balances(config.balanceMonitor()));
    }

    private static Duration slowBlock(MinerConfig config) {
        return config.blockHealthMonitor().enabled()
                ? Duration.ofMillis(
                        Math.round(
                                config.blockTimeSeconds()
                                        * 1_000
                                        * config.blockHealthMonitor().slownessThreshold()))
                : Duration.ZERO;
    }

    private static MinerNode.BalanceWatch balances(MinerConfig.BalanceConfig config) {
        return new MinerNode.BalanceWatch(
                config.enabled(),
                Duration.ofSeconds(config.checkIntervalSeconds()),
                config.balanceThresholdUpokt(),
                config.stakeWarningProofThreshold(),
                config.stakeCriticalProofThreshold());
    }

    private static Duration renewal(int ttlSeconds, int rateSeconds) {
        Duration third = Duration.ofSeconds(ttlSeconds).dividedBy(3);
        Duration rate = Duration.ofSeconds(rateSeconds);
        return rate.compareTo(third) > 0 ? third : rate;
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

    /** The node inside. */
    MinerNode node() {
        return node;
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
        node.close(Duration.ofSeconds(config.shutdownTimeoutSeconds()));
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
