package io.relayminer.testkit.localnet;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.codec.RedisCodec;
import io.lettuce.core.codec.StringCodec;
import io.relayminer.core.chain.ChainClient;
import io.relayminer.core.chain.ChainQueries;
import io.relayminer.core.chain.ChainSettings;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.wire.application.Application;
import io.relayminer.core.wire.cosmos.base.Coin;
import io.relayminer.core.wire.shared.ApplicationServiceConfig;
import io.relayminer.core.wire.shared.Params;
import io.relayminer.ring.PrivateKey;
import io.relayminer.ring.PublicKey;
import io.relayminer.testkit.backend.DemoBackend;
import io.relayminer.testkit.chain.DevChain;
import io.relayminer.testkit.chain.genesis.Genesis;
import io.relayminer.testkit.chain.genesis.LocalnetAccounts;
import io.relayminer.testkit.redis.EmbeddedRedis;

import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;

/**
 * Everything that runs in a localnet: Redis, chain, backend, two miners, two relayers.
 *
 * <p>Resources are closed in reverse order of their opening. {@link #close} may be called by
 * another thread, such as a shutdown hook, while {@link #start} is under way; what is opened after
 * that is closed at once.
 */
final class LocalnetCluster implements AutoCloseable {

    static final String SERVICE = "develop-http";

    private static final Duration READY_LIMIT = Duration.ofMinutes(5);
    private static final int BLOCK_SECONDS = 1;
    private static final String STAKE_UPOKT = "1000000000000";
    private static final String RELAYER_MAIN = "io.relayminer.relayer.Main";
    private static final String MINER_MAIN = "io.relayminer.miner.Main";

    private final LocalnetOptions options;
    private final int blocksPerSession;
    private final Path folder;
    private final PrintStream out;
    private final Deque<AutoCloseable> open = new ArrayDeque<>();
    private final AtomicBoolean closed = new AtomicBoolean();
    private final List<Daemon> relayers = new CopyOnWriteArrayList<>();
    private final List<Daemon> miners = new CopyOnWriteArrayList<>();
    private final List<URI> relayerUrls = new ArrayList<>();
    private final OrphanGuard guard = OrphanGuard.start();
    private Optional<EmbeddedRedis> embeddedRedis = Optional.empty();
    private Optional<DevChain> devChain = Optional.empty();
    private List<Application> applications = List.of();
    private Set<String> foreignKeys = Set.of();
    private String redisUrl = "";
    private volatile long height;

    /**
     * A cluster that is not running yet.
     *
     * @param blocksPerSession length of sessions on the built-in chain
     * @param folder where configurations and logs go
     */
    LocalnetCluster(LocalnetOptions options, int blocksPerSession, Path folder, PrintStream out) {
        this.options = options;
        this.blocksPerSession = blocksPerSession;
        this.folder = folder;
        this.out = out;
    }

    /**
     * Starts everything and waits until all daemons are ready.
     *
     * @throws LocalnetException if the external node or Redis cannot be used
     */
    ChainQueries start() throws IOException, InterruptedException {
        opened(guard);
        options.externalRedis().ifPresent(Preflight::redis);
        ChainSettings node = node();
        ChainClient client = opened(ChainClient.open(node));
        applications =
                Preflight.accounts(client.queries(), SERVICE, options.applications(), suppliers());
        redisUrl = redis();
        try (RedisWatch before = new RedisWatch(redisConnection(), RedisKeys.plain(), List.of())) {
            foreignKeys = before.keys();
        }
        DemoBackend backend = opened(DemoBackend.start());
        client.blocks().start().toCompletableFuture().orTimeout(60, TimeUnit.SECONDS).join();
        opened(client.blocks().subscribe(block -> height = block.height()));
        daemons(
                new DaemonConfigs(
                        folder,
                        redisUrl,
                        node.rpcUrls().getFirst().toString(),
                        node.grpcTargets().getFirst(),
                        node.chainId(),
                        SERVICE,
                        backend.url()),
                (int) Math.max(1, node.blockInterval().toSeconds()));
        return client.queries();
    }

    /** Height of the newest block seen, 0 before the first. */
    long height() {
        return height;
    }

    List<Daemon> relayers() {
        return relayers;
    }

    List<Daemon> miners() {
        return miners;
    }

    /** The built-in Redis, if there is one. */
    Optional<EmbeddedRedis> embeddedRedis() {
        return embeddedRedis;
    }

    /** The built-in chain, if there is one. */
    Optional<DevChain> devChain() {
        return devChain;
    }

    /** Keys of relayers and miners that were in Redis before ours were started. */
    Set<String> foreignKeys() {
        return foreignKeys;
    }

    /** Operator addresses of the suppliers whose keys the daemons have. */
    List<String> supplierAddresses() {
        return suppliers().stream().map(LocalnetAccounts.Entry::address).toList();
    }

    /** Shared parameters of the chain. */
    static Params sharedParams(ChainQueries chain) {
        return chain.sharedParams().toCompletableFuture().orTimeout(30, TimeUnit.SECONDS).join();
    }

    /** A new connection to Redis, closed with the cluster. */
    StatefulRedisConnection<String, byte[]> redisConnection() {
        RedisClient client = opened(RedisClient.create(redisUrl));
        return client.connect(RedisCodec.of(StringCodec.UTF8, ByteArrayCodec.INSTANCE));
    }

    /** An observer of Redis, closed with the cluster. */
    RedisWatch watch() {
        return opened(new RedisWatch(redisConnection(), RedisKeys.plain(), supplierAddresses()));
    }

    /** Counts relays as they pass through the streams from now on, until the cluster is closed. */
    void tailStreams(Ledger ledger) {
        opened(new StreamTail(redisConnection(), RedisKeys.plain(), supplierAddresses(), ledger));
    }

    /** A gateway for the cluster, closed with it. */
    Traffic traffic(ChainQueries chain, Ledger ledger) {
        byte[] gateway = LocalnetAccounts.named("gateway1").privateKey().toByteArray();
        return opened(
                new Traffic(
                        chain,
                        SERVICE,
                        applications,
                        PrivateKey.of(gateway),
                        publicKeys(suppliers()),
                        relayerUrls,
                        this::height,
                        options.relayBytes(),
                        ledger));
    }

    private String redis() {
        if (options.externalRedis().isPresent()) {
            out.println("Redis     " + RedisURI.create(options.externalRedis().get()));
            return options.externalRedis().get();
        }
        EmbeddedRedis redis = opened(EmbeddedRedis.start("--appendonly", "yes"));
        guard.watch(redis.pid());
        embeddedRedis = Optional.of(redis);
        out.println("Redis     " + redis.uri());
        return redis.uri();
    }

    private ChainSettings node() {
        if (options.externalRpc().isPresent()) {
            URI rpc = options.externalRpc().get();
            String grpc = options.externalGrpc().orElseThrow();
            ChainSettings node = Preflight.node(rpc, grpc);
            out.printf(
                    Locale.ROOT,
                    "chain     %s, gRPC %s, %s, a block every %.1f s%n",
                    rpc,
                    grpc,
                    node.chainId(),
                    node.blockInterval().toMillis() / 1000.0);
            return node;
        }
        Genesis.Builder genesis =
                Genesis.localnet()
                        .time(Instant.now())
                        .blockTime(Duration.ofSeconds(BLOCK_SECONDS))
                        .blocksPerSession(blocksPerSession)
                        .session(p -> p.setNumSuppliersPerSession(options.suppliers()))
                        .noApplications();
        String gateway = LocalnetAccounts.named("gateway1").address();
        for (int i = 1; i <= options.applications(); i++) {
            genesis.application(
                    Application.newBuilder()
                            .setAddress(LocalnetAccounts.named("app" + i).address())
                            .setStake(Coin.newBuilder().setDenom("upokt").setAmount(STAKE_UPOKT))
                            .addServiceConfigs(
                                    ApplicationServiceConfig.newBuilder().setServiceId(SERVICE))
                            .addDelegateeGatewayAddresses(gateway)
                            .build());
        }
        genesis.suppliers(options.suppliers(), "http://127.0.0.1:8080");
        DevChain.Builder builder = DevChain.builder(genesis.build());
        DevChain chain = opened((options.inStep() ? builder : builder.timedBlocks()).start());
        devChain = Optional.of(chain);
        out.println("chain     " + chain.rpcAddress() + ", gRPC " + chain.grpcAddress());
        return Preflight.settings(
                URI.create(chain.rpcAddress()),
                chain.grpcAddress(),
                chain.genesis().chainId(),
                Duration.ofSeconds(BLOCK_SECONDS));
    }

    private List<LocalnetAccounts.Entry> suppliers() {
        List<LocalnetAccounts.Entry> list = new ArrayList<>();
        for (int i = 1; i <= options.suppliers(); i++) {
            list.add(LocalnetAccounts.named("supplier" + i));
        }
        return list;
    }

    private static Map<String, PublicKey> publicKeys(List<LocalnetAccounts.Entry> suppliers) {
        Map<String, PublicKey> keys = new LinkedHashMap<>();
        for (LocalnetAccounts.Entry entry : suppliers) {
            keys.put(entry.address(), PublicKey.of(entry.publicKey().toByteArray()));
        }
        return keys;
    }

    private void daemons(DaemonConfigs configs, int blockSeconds)
            throws IOException, InterruptedException {
        Path keys =
                configs.keys(suppliers().stream().map(s -> s.privateKey().toByteArray()).toList());
        for (int i = 1; i <= 2; i++) {
            String name = "miner-" + i;
            int metrics = freePort();
            Path config = configs.minerWithShortLeases(name, keys, metrics, blockSeconds);
            miners.add(daemon(name, MINER_MAIN, config, metrics, "/ready"));
        }
        for (int i = 1; i <= 2; i++) {
            String name = "relayer-" + i;
            int port = freePort();
            int health = freePort();
            Path config = configs.relayer(name, keys, port, health, freePort());
            relayers.add(daemon(name, RELAYER_MAIN, config, health, "/ready"));
            relayerUrls.add(URI.create("http://127.0.0.1:" + port));
        }
        for (Daemon daemon : Stream.concat(miners.stream(), relayers.stream()).toList()) {
            daemon.awaitReady(READY_LIMIT);
            out.printf(
                    Locale.ROOT,
                    "%-9s pid %d, ready after %.1f s%n",
                    daemon.name(),
                    daemon.pid(),
                    daemon.startToReady().toMillis() / 1000.0);
        }
    }

    private Daemon daemon(String name, String main, Path config, int readyPort, String path) {
        Daemon daemon =
                opened(
                        new Daemon(
                                name,
                                main,
                                List.of("--config", config.toString()),
                                jvmOptions(),
                                URI.create("http://127.0.0.1:" + readyPort + path),
                                folder.resolve(name + ".log"),
                                guard));
        daemon.start();
        return daemon;
    }

    /** Temporary files stay in the run's folder, also those of a process that is killed. */
    private List<String> jvmOptions() {
        List<String> all = new ArrayList<>(Daemon.jvmOptions());
        all.add("-Djava.io.tmpdir=" + folder);
        return all;
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private <C extends AutoCloseable> C opened(C resource) {
        synchronized (open) {
            open.push(resource);
        }
        if (closed.get()) {
            throw new IllegalStateException("the localnet is being taken down");
        }
        return resource;
    }

    /** Stops the daemons, so that they write nothing to Redis any more. */
    void stopDaemons() {
        List<Daemon> all = Stream.concat(relayers.stream(), miners.stream()).toList();
        all.forEach(Daemon::terminate);
        all.forEach(Daemon::close);
    }

    /** Takes everything down. Idempotent. */
    @Override
    public void close() {
        closed.set(true);
        synchronized (open) {
            open.stream()
                    .filter(Daemon.class::isInstance)
                    .map(Daemon.class::cast)
                    .forEach(Daemon::terminate);
        }
        while (true) {
            AutoCloseable next;
            synchronized (open) {
                next = open.poll();
            }
            if (next == null) {
                return;
            }
            try {
                next.close();
            } catch (Exception e) {
                out.println("closing failed: " + e);
            }
        }
    }
}
