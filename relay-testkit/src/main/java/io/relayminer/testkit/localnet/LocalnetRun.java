package io.relayminer.testkit.localnet;

import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.codec.RedisCodec;
import io.lettuce.core.codec.StringCodec;
import io.relayminer.core.chain.ChainClient;
import io.relayminer.core.chain.ChainQueries;
import io.relayminer.core.chain.ChainSettings;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.wire.application.Application;
import io.relayminer.core.wire.shared.ApplicationServiceConfig;
import io.relayminer.ring.PrivateKey;
import io.relayminer.ring.PublicKey;
import io.relayminer.testkit.backend.DemoBackend;
import io.relayminer.testkit.chain.DevChain;
import io.relayminer.testkit.chain.Genesis;
import io.relayminer.testkit.chain.LocalnetAccounts;
import io.relayminer.testkit.gateway.LoadGenerator;
import io.relayminer.testkit.redis.EmbeddedRedis;

import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;

/**
 * One localnet from start to end.
 *
 * <p>{@link #run} tells the story in order: infrastructure, daemons, traffic over some sessions,
 * waiting for the chain to settle them, the table, and taking everything down again. Resources are
 * closed in reverse order of their opening, also when the run fails or the process is interrupted;
 * {@link #close} may be called from a shutdown hook while {@code run} is under way.
 */
final class LocalnetRun implements AutoCloseable {

    static final String SERVICE = "develop-http";

    private static final Duration READY_LIMIT = Duration.ofSeconds(60);
    private static final int BLOCK_SECONDS = 1;
    private static final long STAKE_UPOKT = 1_000_000_000_000L;
    private static final List<String> JVM_OPTIONS =
            List.of(
                    "-Xmx512m",
                    "-XX:+UseSerialGC",
                    "--enable-native-access=ALL-UNNAMED",
                    "--sun-misc-unsafe-memory-access=allow");
    private static final String RELAYER_MAIN = "io.relayminer.relayer.Main";
    private static final String MINER_MAIN = "io.relayminer.miner.Main";

    private final LocalnetOptions options;
    private final PrintStream out;
    private final Deque<AutoCloseable> open = new ArrayDeque<>();
    private final AtomicBoolean closed = new AtomicBoolean();
    private final List<Daemon> relayers = new ArrayList<>();
    private final List<Daemon> miners = new ArrayList<>();
    private final List<URI> relayerUrls = new ArrayList<>();
    private final Ledger ledger = new Ledger();
    private final Map<String, String> names = new LinkedHashMap<>();
    private volatile long height;

    LocalnetRun(LocalnetOptions options, PrintStream out) {
        this.options = options;
        this.out = out;
        for (LocalnetAccounts.Entry entry : LocalnetAccounts.all()) {
            names.put(entry.address(), entry.name());
        }
    }

    /**
     * Runs it.
     *
     * @return whether every served relay was settled and nothing was left over
     */
    boolean run() throws IOException, InterruptedException {
        long began = System.nanoTime();
        Path folder = Files.createTempDirectory("relayminer-localnet-");
        boolean good = false;
        try {
            good = run(folder);
            out.printf(
                    Locale.ROOT,
                    "%s after %.0f s%n",
                    good ? "Every served relay was settled," : "NOT everything was settled,",
                    (System.nanoTime() - began) / 1e9);
            return good;
        } finally {
            close();
            if (good && !options.keepLogs()) {
                delete(folder);
            } else {
                out.println("Configurations and logs are in " + folder);
            }
        }
    }

    private boolean run(Path folder) throws IOException, InterruptedException {
        String redisUrl = redis();
        ChainSettings node = node();
        ChainClient client = opened(ChainClient.open(node));
        ChainQueries chain = client.queries();
        DemoBackend backend = opened(DemoBackend.start());
        client.blocks().start().toCompletableFuture().orTimeout(60, TimeUnit.SECONDS).join();
        client.blocks().subscribe(block -> height = block.height());

        List<LocalnetAccounts.Entry> suppliers = suppliers();
        DaemonConfigs configs =
                new DaemonConfigs(
                        folder,
                        redisUrl,
                        node.rpcUrls().getFirst().toString(),
                        node.grpcTargets().getFirst(),
                        node.chainId(),
                        SERVICE,
                        backend.url());
        daemons(configs, suppliers, folder);

        RedisKeys keys = RedisKeys.plain();
        RedisClient redis = opened(RedisClient.create(redisUrl));
        List<String> addresses = suppliers.stream().map(LocalnetAccounts.Entry::address).toList();
        RedisWatch watch = opened(new RedisWatch(connect(redis), keys, addresses));
        opened(new StreamTail(connect(redis), keys, addresses, ledger));
        SettlementWatch settlement = new SettlementWatch(chain, ledger, height);
        Traffic traffic =
                opened(
                        new Traffic(
                                chain,
                                SERVICE,
                                applications(chain),
                                PrivateKey.of(
                                        LocalnetAccounts.named("gateway1")
                                                .privateKey()
                                                .toByteArray()),
                                publicKeys(suppliers),
                                relayerUrls,
                                () -> height,
                                options.relayBytes(),
                                ledger));
        KillScript kills =
                options.kill()
                        ? new KillScript(relayers, miners, watch::leaderPid, out)
                        : KillScript.none(out);
        serve(chain, traffic, watch, settlement, kills);
        return settle(chain, watch, settlement, traffic, kills);
    }

    // ---- infrastructure ------------------------------------------------------------------------

    private String redis() {
        if (options.externalRedis().isPresent()) {
            out.println("Redis     " + options.externalRedis().get());
            return options.externalRedis().get();
        }
        EmbeddedRedis redis = opened(EmbeddedRedis.start("--appendonly", "yes"));
        out.println("Redis     " + redis.uri());
        return redis.uri();
    }

    private ChainSettings node() {
        if (options.externalRpc().isPresent()) {
            URI rpc = options.externalRpc().get();
            String grpc = options.externalGrpc().orElseThrow();
            out.println("chain     " + rpc + ", gRPC " + grpc);
            return settings(rpc, grpc, "pocket");
        }
        Genesis.Builder genesis =
                Genesis.localnet()
                        .time(Instant.now())
                        .blockTime(Duration.ofSeconds(BLOCK_SECONDS))
                        .session(p -> p.setNumSuppliersPerSession(options.suppliers()))
                        .noApplications();
        String gateway = LocalnetAccounts.named("gateway1").address();
        for (int i = 1; i <= options.applications(); i++) {
            genesis.application(
                    Application.newBuilder()
                            .setAddress(LocalnetAccounts.named("app" + i).address())
                            .setStake(
                                    io.relayminer.core.wire.cosmos.base.Coin.newBuilder()
                                            .setDenom("upokt")
                                            .setAmount(Long.toString(STAKE_UPOKT)))
                            .addServiceConfigs(
                                    ApplicationServiceConfig.newBuilder().setServiceId(SERVICE))
                            .addDelegateeGatewayAddresses(gateway)
                            .build());
        }
        genesis.suppliers(options.suppliers(), "http://127.0.0.1:8080");
        DevChain chain = opened(DevChain.builder(genesis.build()).timedBlocks().start());
        out.println("chain     " + chain.rpcAddress() + ", gRPC " + chain.grpcAddress());
        return settings(
                URI.create(chain.rpcAddress()), chain.grpcAddress(), chain.genesis().chainId());
    }

    private static ChainSettings settings(URI rpc, String grpc, String chainId) {
        return new ChainSettings(
                List.of(rpc),
                List.of(grpc),
                true,
                Duration.ofSeconds(5),
                Duration.ofSeconds(BLOCK_SECONDS),
                chainId);
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

    /** The well-known applications that are staked for the service. */
    private List<Application> applications(ChainQueries chain) {
        List<Application> staked = new ArrayList<>();
        for (int i = 1; i <= 5 && staked.size() < options.applications(); i++) {
            chain.application(LocalnetAccounts.named("app" + i).address())
                    .toCompletableFuture()
                    .orTimeout(30, TimeUnit.SECONDS)
                    .join()
                    .filter(
                            application ->
                                    application.getServiceConfigsList().stream()
                                            .anyMatch(c -> c.getServiceId().equals(SERVICE)))
                    .ifPresent(staked::add);
        }
        if (staked.isEmpty()) {
            throw new IllegalStateException(
                    "no localnet application is staked for " + SERVICE + " on this chain");
        }
        return staked;
    }

    private void daemons(DaemonConfigs configs, List<LocalnetAccounts.Entry> suppliers, Path folder)
            throws IOException, InterruptedException {
        Path keys =
                configs.keys(suppliers.stream().map(s -> s.privateKey().toByteArray()).toList());
        for (int i = 1; i <= 2; i++) {
            String name = "miner-" + i;
            int metrics = freePort();
            Path config = configs.miner(name, keys, metrics, BLOCK_SECONDS);
            miners.add(daemon(name, MINER_MAIN, config, metrics, "/ready", folder));
        }
        for (int i = 1; i <= 2; i++) {
            String name = "relayer-" + i;
            int port = freePort();
            int health = freePort();
            Path config = configs.relayer(name, keys, port, health, freePort());
            relayers.add(daemon(name, RELAYER_MAIN, config, health, "/ready", folder));
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

    private Daemon daemon(
            String name, String main, Path config, int readyPort, String path, Path folder) {
        Daemon daemon =
                opened(
                        new Daemon(
                                name,
                                main,
                                List.of("--config", config.toString()),
                                JVM_OPTIONS,
                                URI.create("http://127.0.0.1:" + readyPort + path),
                                folder.resolve(name + ".log")));
        daemon.start();
        return daemon;
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static StatefulRedisConnection<String, byte[]> connect(RedisClient client) {
        return client.connect(RedisCodec.of(StringCodec.UTF8, ByteArrayCodec.INSTANCE));
    }

    // ---- the run -------------------------------------------------------------------------------

    /** Sends relays until the wanted number of sessions is over. */
    private void serve(
            ChainQueries chain,
            Traffic traffic,
            RedisWatch watch,
            SettlementWatch settlement,
            KillScript kills)
            throws InterruptedException {
        io.relayminer.core.wire.shared.Params params =
                chain.sharedParams().toCompletableFuture().orTimeout(30, TimeUnit.SECONDS).join();
        long perSession = params.getNumBlocksPerSession();
        long first = (height - 1) / perSession;
        long lastEnd = (first + options.sessions()) * perSession;
        out.printf(
                Locale.ROOT,
                "%.0f relays/s until block %d (sessions of %d blocks)%n",
                options.rate(),
                lastEnd,
                perSession);
        LoadGenerator<Traffic.Relay> load = traffic.generator();
        Thread sender = Thread.ofPlatform().daemon().name("load").start(() -> send(load));
        try {
            long shown = 0;
            while (height <= lastEnd) {
                TimeUnit.MILLISECONDS.sleep(100);
                long now = height;
                long inSession = (now - 1) % perSession + 1;
                kills.step(
                        ledger.total(r -> r.served.get()) > 0 && inSession >= perSession / 2,
                        ledger.hasOpenClaim());
                if (now != shown) {
                    shown = now;
                    observe(now, watch, settlement);
                }
            }
        } finally {
            load.stop();
            sender.join(Duration.ofSeconds(30));
        }
    }

    private void send(LoadGenerator<Traffic.Relay> load) {
        try {
            LoadGenerator.Report report = load.run(options.rate(), Long.MAX_VALUE);
            out.printf(
                    Locale.ROOT,
                    "sent %d relays, %d of them late; latency p50 %.1f ms, p99 %.1f ms%n",
                    report.sent(),
                    report.late(),
                    report.percentileMillis(50),
                    report.percentileMillis(99));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void observe(long now, RedisWatch watch, SettlementWatch settlement) {
        watch.sampleLeaves(ledger);
        settlement.advance(now);
        out.printf(
                Locale.ROOT,
                "block %4d  served %6d  unanswered %4d  refused %4d  leaves %6d  claims %3d"
                        + "  proofs %3d  settled %3d%n",
                now,
                ledger.total(r -> r.served.get()),
                ledger.total(r -> r.unanswered.get()),
                ledger.total(r -> r.refused.get()),
                ledger.total(r -> r.leaves.get()),
                ledger.total(r -> r.claimed == null ? 0 : 1),
                ledger.total(r -> r.proved ? 1 : 0),
                ledger.total(r -> r.settled == null ? 0 : 1));
    }

    /** Waits for the chain to settle everything and for the miners to clean up, then judges. */
    private boolean settle(
            ChainQueries chain,
            RedisWatch watch,
            SettlementWatch settlement,
            Traffic traffic,
            KillScript kills)
            throws InterruptedException {
        io.relayminer.core.wire.shared.Params params =
                chain.sharedParams().toCompletableFuture().orTimeout(30, TimeUnit.SECONDS).join();
        long windows =
                params.getClaimWindowOpenOffsetBlocks()
                        + params.getClaimWindowCloseOffsetBlocks()
                        + params.getProofWindowOpenOffsetBlocks()
                        + params.getProofWindowCloseOffsetBlocks();
        long deadline = height + windows + params.getNumBlocksPerSession();
        FinalTable table = new FinalTable(ledger, a -> names.getOrDefault(a, a));
        long shown = 0;
        while (height <= deadline && !(table.isOver() && watch.leftovers(ledger).isEmpty())) {
            TimeUnit.MILLISECONDS.sleep(200);
            kills.step(false, ledger.hasOpenClaim());
            long now = height;
            if (now != shown) {
                shown = now;
                observe(now, watch, settlement);
            }
        }
        out.println();
        out.print(table.render());
        out.println();
        List<String> problems = new ArrayList<>(table.problems());
        for (String left : watch.leftovers(ledger)) {
            problems.add("left over: " + left);
        }
        traffic.complaints()
                .forEach((reason, count) -> out.println("refused " + count + " times: " + reason));
        if (ledger.total(r -> r.served.get()) == 0) {
            problems.add("nothing was served");
        }
        if (!kills.isDone()) {
            problems.add("the run was too short to kill everything; give it more sessions");
        }
        problems.forEach(problem -> out.println("PROBLEM: " + problem));
        return problems.isEmpty();
    }

    // ---- the end -------------------------------------------------------------------------------

    private <C extends AutoCloseable> C opened(C resource) {
        synchronized (open) {
            open.push(resource);
        }
        if (closed.get()) {
            throw new IllegalStateException("the localnet is being taken down");
        }
        return resource;
    }

    /** Takes everything down. Idempotent. */
    @Override
    public void close() {
        closed.set(true);
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

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path path : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
