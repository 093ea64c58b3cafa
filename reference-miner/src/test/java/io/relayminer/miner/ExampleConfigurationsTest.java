package io.relayminer.miner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.session.SessionWindows;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.ring.PrivateKey;
import io.relayminer.ring.PublicKey;
import io.relayminer.testkit.backend.DemoBackend;
import io.relayminer.testkit.chain.ClaimOutcome;
import io.relayminer.testkit.chain.DevChain;
import io.relayminer.testkit.chain.genesis.Genesis;
import io.relayminer.testkit.chain.genesis.LocalnetAccounts;
import io.relayminer.testkit.gateway.GatewayClient;
import io.relayminer.testkit.gateway.RelaySigner;
import io.relayminer.testkit.gateway.RelayVerdict;
import io.relayminer.testkit.redis.EmbeddedRedis;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/**
 * Both daemons in processes of their own, started with the configurations that the documentation
 * shows, between them one Redis: what the one serves the other turns into money.
 */
class ExampleConfigurationsTest {

    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final String SERVICE = "develop-http";
    private static final int RELAYS = 25;

    @TempDir private Path folder;
    private final EmbeddedRedis redis = EmbeddedRedis.start("--appendonly", "yes");
    private final DevChain chain =
            DevChain.start(Genesis.localnet().suppliers(1, "http://127.0.0.1:1").build());
    private final DemoBackend backend = DemoBackend.start();
    private final GatewayClient gateway = new GatewayClient(Duration.ofSeconds(30), Runnable::run);
    private final HttpClient http = HttpClient.newHttpClient();
    private final LocalnetAccounts.Entry supplier = LocalnetAccounts.named("supplier1");
    private final LocalnetAccounts.Entry application = LocalnetAccounts.named("app1");
    private final List<Process> processes = new ArrayList<>();
    private int relayPort;
    private int healthPort;
    private int minerPort;

    @AfterEach
    void stop() throws Exception {
        for (Process process : processes) {
            process.destroyForcibly().waitFor(30, TimeUnit.SECONDS);
        }
        gateway.close();
        http.close();
        backend.close();
        chain.close();
        redis.close();
    }

    @Test
    void theDaemonsOfTheExamplesServeClaimAndProve() throws Exception {
        startDaemons();
        chain.advance(1);
        until("the relayer is ready", () -> status(healthPort, "/ready") == 200);
        until("the miner is ready", () -> status(minerPort, "/ready") == 200);
        seen(chain.height());

        SessionHeader header =
                chain.session(application.address(), SERVICE, chain.height())
                        .orElseThrow()
                        .getHeader();
        serve(header);
        RedisKeys keys = RedisKeys.plain();
        try (RedisConnections client = RedisConnections.open(redis.uri())) {
            byte[] stream = keys.stream(supplier.address()).getBytes(StandardCharsets.UTF_8);
            until("every relay is a leaf", () -> client.sync().xlen(stream) == 0);
        }

        SessionWindows windows =
                SessionWindows.of(chain.sharedParams(), header.getSessionEndBlockHeight());
        advanceTo(windows.claimOpen() + 4);
        until("the claim is sent", () -> chain.mempoolSize() > 0 || claimed(header));
        advanceTo(windows.claimOpen() + 5);
        until("the claim is on chain", () -> claimed(header));
        advanceTo(windows.proofOpen());
        until("the proof is sent", () -> chain.mempoolSize() > 0 || !chain.proofChecks().isEmpty());
        advanceTo(windows.proofOpen() + 1);
        until("the proof is checked", () -> !chain.proofChecks().isEmpty());
        advanceTo(windows.proofClose());
        until("the claim is settled", () -> !chain.outcomes().isEmpty());
        ClaimOutcome outcome = chain.outcomes().get(0);
        assertEquals(ClaimOutcome.Kind.SETTLED, outcome.kind(), outcome.toString());
        assertEquals(RELAYS, outcome.relays());
    }

    private void startDaemons() throws IOException {
        relayPort = freePort();
        healthPort = freePort();
        minerPort = freePort();
        Path keys = folder.resolve("supplier-keys.yaml");
        Files.writeString(
                keys,
                "keys:\n  - \""
                        + HexFormat.of().formatHex(supplier.privateKey().toByteArray())
                        + "\"\n");
        Map<String, String> environment =
                Map.of(
                        "REDIS_URL", redis.uri(),
                        "POCKET_RPC_URL", chain.rpcAddress(),
                        "POCKET_GRPC_URL", chain.grpcAddress(),
                        "SUPPLIER_KEYS_FILE", keys.toString(),
                        "BACKEND_URL", backend.url(),
                        "RELAYER_LISTEN", "127.0.0.1:" + relayPort,
                        "RELAYER_HEALTH", "127.0.0.1:" + healthPort,
                        "RELAYER_METRICS", "127.0.0.1:" + freePort(),
                        "MINER_METRICS", "127.0.0.1:" + minerPort);
        start("miner", "io.relayminer.miner.Main", environment);
        start("relayer", "io.relayminer.relayer.Main", environment);
    }

    private void start(String name, String main, Map<String, String> environment)
            throws IOException {
        ProcessBuilder builder =
                new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx256m",
                        "-XX:TieredStopAtLevel=1",
                        main,
                        "--config",
                        ofTheExample(name).toString());
        builder.environment().putAll(environment);
        builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
        builder.redirectErrorStream(true).redirectOutput(folder.resolve(name + ".log").toFile());
        processes.add(builder.start());
    }

    /** The example, with one change: the fees of this chain exceed what a few relays earn. */
    private Path ofTheExample(String name) throws IOException {
        return Files.writeString(
                folder.resolve(name + "-example.yaml"),
                Files.readString(example(name))
                        .replace("policy: expected_value", "policy: always"));
    }

    private static Path example(String name) {
        Path here = Path.of("").toAbsolutePath();
        return (here.endsWith("reference-miner") ? here.getParent() : here)
                .resolve("docs/examples/" + name + ".yaml");
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private void serve(SessionHeader header) throws Exception {
        PublicKey key = PublicKey.of(supplier.publicKey().toByteArray());
        LocalnetAccounts.Entry signing = LocalnetAccounts.named("gateway1");
        try (RelaySigner signer =
                new RelaySigner(
                        PublicKey.of(application.publicKey().toByteArray()),
                        List.of(PublicKey.of(signing.publicKey().toByteArray())),
                        PrivateKey.of(signing.privateKey().toByteArray()),
                        new SecureRandom())) {
            for (int i = 0; i < RELAYS; i++) {
                RelayVerdict verdict =
                        gateway.send(
                                        URI.create("http://127.0.0.1:" + relayPort + "/"),
                                        signer.sign(
                                                header,
                                                supplier.address(),
                                                RelaySigner.jsonRpc(
                                                        "{\"jsonrpc\":\"2.0\",\"id\":"
                                                                + i
                                                                + ",\"method\":\"eth_chainId\"}")),
                                        key)
                                .toCompletableFuture()
                                .get(30, TimeUnit.SECONDS);
                assertInstanceOf(RelayVerdict.Accepted.class, verdict, () -> logs());
            }
        }
    }

    private boolean claimed(SessionHeader header) {
        return chain.claim(header.getSessionId(), supplier.address()).isPresent();
    }

    private void advanceTo(long height) {
        while (chain.height() < height) {
            seen(chain.advance(1));
        }
    }

    /** Waits until both daemons know of a block. */
    private void seen(long height) {
        until(
                "the miner sees block " + height,
                () -> gauge(get(minerPort, "/metrics"), "ha_miner_current_block_height") >= height);
        until(
                "the relayer sees block " + height,
                () -> get(relayPort, "/health").contains("\"block_height\":" + height));
    }

    private static double gauge(String scrape, String name) {
        return scrape.lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
                .sum();
    }

    private int status(int port, String path) throws Exception {
        return request(port, path).statusCode();
    }

    private String get(int port, String path) throws Exception {
        return request(port, path).body();
    }

    private HttpResponse<String> request(int port, String path) throws Exception {
        for (Process process : processes) {
            assertTrue(process.isAlive(), this::logs);
        }
        return http.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private void until(String what, Callable<Boolean> condition) {
        Awaitility.await(what)
                .atMost(PATIENCE)
                .ignoreExceptionsInstanceOf(IOException.class)
                .pollInterval(Duration.ofMillis(20))
                .until(condition);
    }

    private String logs() {
        StringBuilder all = new StringBuilder();
        for (String name : List.of("miner", "relayer")) {
            try {
                all.append(Files.readString(folder.resolve(name + ".log")));
            } catch (IOException e) {
                all.append(e);
            }
        }
        return all.toString();
    }
}
