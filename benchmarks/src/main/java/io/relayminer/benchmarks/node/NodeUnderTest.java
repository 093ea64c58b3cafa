package io.relayminer.benchmarks.node;

import io.relayminer.core.chain.ChainClient;
import io.relayminer.core.chain.ChainSettings;
import io.relayminer.testkit.backend.DemoBackend;
import io.relayminer.testkit.chain.genesis.LocalnetAccounts;
import io.relayminer.testkit.localnet.Daemon;
import io.relayminer.testkit.localnet.DaemonConfigs;
import io.relayminer.testkit.redis.EmbeddedRedis;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The processes of one node and what it needs: chain, Redis, miner, relayer, each a process, and a
 * backend in this one. Redis writes its append-only file, as it must where relays are worth money.
 *
 * <p>Miner and relayer are started one after the other, with nothing else going on, so that each
 * one's time from start to ready is its own. {@link #close} ends everything and deletes the files.
 */
final class NodeUnderTest implements AutoCloseable {

    static final String SERVICE = "develop-http";

    private static final Duration READY_LIMIT = Duration.ofSeconds(90);
    private static final String CHAIN_MAIN = "io.relayminer.testkit.localnet.DevChainMain";
    private static final String RELAYER_MAIN = "io.relayminer.relayer.Main";
    private static final String MINER_MAIN = "io.relayminer.miner.Main";
    private static final String STAKE_UPOKT = "100000000000000";
    private static final String CHAIN_ID = "pocket";

    /** A miner waits some blocks for late relays by default; what is left is its work. */
    private static final String NO_SETTLING = "claims: {policy: always, settle_seconds: 0}";

    private final Deque<AutoCloseable> open = new ArrayDeque<>();
    private final ConcurrentMap<Long, Long> blockNanos = new ConcurrentHashMap<>();
    private final Path folder;
    private final EmbeddedRedis redis;
    private final String backendUrl;
    private final ChainClient chain;
    private final URI rpc;
    private final Daemon relayer;
    private final Daemon miner;
    private final URI relayerUrl;
    private volatile long height;

    /** Starts everything with one application and one supplier. */
    NodeUnderTest(int sessionBlocks) throws IOException, InterruptedException {
        boolean started = false;
        try {
            folder = Files.createTempDirectory("relayminer-node-");
            opened(() -> delete(folder));
            redis = opened(EmbeddedRedis.start("--appendonly", "yes"));
            backendUrl = opened(DemoBackend.start()).url();
            int rpcPort = freePort();
            int grpcPort = freePort();
            rpc = URI.create("http://127.0.0.1:" + rpcPort);
            String grpc = "127.0.0.1:" + grpcPort;
            startChain(rpcPort, grpcPort, sessionBlocks);
            chain =
                    opened(
                            ChainClient.open(
                                    new ChainSettings(
                                            List.of(rpc),
                                            List.of(grpc),
                                            true,
                                            Duration.ofSeconds(5),
                                            Duration.ofSeconds(1),
                                            CHAIN_ID)));
            chain.blocks().start().toCompletableFuture().orTimeout(60, TimeUnit.SECONDS).join();
            opened(
                    chain.blocks()
                            .subscribe(
                                    block -> {
                                        blockNanos.put(block.height(), System.nanoTime());
                                        height = block.height();
                                    }));
            DaemonConfigs minerConfigs = configs("miner", grpc);
            Path keys =
                    minerConfigs.keys(
                            List.of(
                                    LocalnetAccounts.named("supplier1")
                                            .privateKey()
                                            .toByteArray()));
            int minerPort = freePort();
            Path minerConfig = minerConfigs.miner("miner", keys, minerPort, 1);
            Files.writeString(
                    minerConfig,
                    Files.readString(minerConfig)
                            .replaceFirst("(?m)^claims:\\n(  .*\\n)+", NO_SETTLING + "\n"));
            miner = daemon("miner", MINER_MAIN, minerConfig, minerPort);
            int relayPort = freePort();
            int healthPort = freePort();
            relayerUrl = URI.create("http://127.0.0.1:" + relayPort);
            relayer =
                    daemon(
                            "relayer",
                            RELAYER_MAIN,
                            configs("relayer", grpc)
                                    .relayer("relayer", keys, relayPort, healthPort, freePort()),
                            healthPort);
            started = true;
        } finally {
            if (!started) {
                close();
            }
        }
    }

    private void startChain(int rpcPort, int grpcPort, int sessionBlocks)
            throws InterruptedException {
        Daemon process =
                opened(
                        new Daemon(
                                "chain",
                                CHAIN_MAIN,
                                List.of(
                                        "--rpc-port=" + rpcPort,
                                        "--grpc-port=" + grpcPort,
                                        "--admin-port=-1",
                                        "--suppliers=1",
                                        "--application-stake=" + STAKE_UPOKT,
                                        "--blocks-per-session=" + sessionBlocks),
                                Daemon.jvmOptions(),
                                rpc.resolve("/health"),
                                folder.resolve("chain.log")));
        process.start();
        process.awaitReady(READY_LIMIT);
    }

    /** The client name tells the processes apart in what Redis reports. */
    private DaemonConfigs configs(String clientName, String grpc) {
        return new DaemonConfigs(
                folder,
                redis.uri() + "?client_name=" + clientName,
                rpc.toString(),
                grpc,
                CHAIN_ID,
                SERVICE,
                backendUrl);
    }

    private Daemon daemon(String name, String main, Path config, int readyPort)
            throws InterruptedException {
        Daemon daemon =
                opened(
                        new Daemon(
                                name,
                                main,
                                List.of("--config", config.toString()),
                                Daemon.jvmOptions(),
                                URI.create("http://127.0.0.1:" + readyPort + "/ready"),
                                folder.resolve(name + ".log")));
        daemon.start();
        daemon.awaitReady(READY_LIMIT);
        return daemon;
    }

    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private <C extends AutoCloseable> C opened(C resource) {
        open.push(resource);
        return resource;
    }

    EmbeddedRedis redis() {
        return redis;
    }

    ChainClient chain() {
        return chain;
    }

    /** CometBFT RPC of the chain. */
    URI rpc() {
        return rpc;
    }

    Daemon relayer() {
        return relayer;
    }

    Daemon miner() {
        return miner;
    }

    URI relayerUrl() {
        return relayerUrl;
    }

    /** Height of the newest block seen, 0 before the first. */
    long height() {
        return height;
    }

    /** Waits for a block; returns when it was seen, in terms of {@link System#nanoTime()}. */
    long awaitBlock(long wanted) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(5);
        while (height < wanted) {
            if (System.nanoTime() > deadline) {
                throw new IllegalStateException("the chain stands still at block " + height);
            }
            TimeUnit.MILLISECONDS.sleep(1);
        }
        Long seen = blockNanos.get(wanted);
        return seen == null ? System.nanoTime() : seen;
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path path : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    @Override
    public void close() {
        for (AutoCloseable next = open.poll(); next != null; next = open.poll()) {
            try {
                next.close();
            } catch (Exception e) {
                System.err.println("closing failed: " + e);
            }
        }
    }
}
