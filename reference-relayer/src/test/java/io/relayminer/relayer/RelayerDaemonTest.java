package io.relayminer.relayer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lettuce.core.Range;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.wire.RelayCodec;
import io.relayminer.core.wire.WireLimits;
import io.relayminer.core.wire.ha.MinedRelayMessage;
import io.relayminer.core.wire.service.RelayRequest;
import io.relayminer.core.wire.session.Session;
import io.relayminer.ring.PrivateKey;
import io.relayminer.ring.PublicKey;
import io.relayminer.testkit.backend.DemoBackend;
import io.relayminer.testkit.chain.DevChain;
import io.relayminer.testkit.chain.genesis.Genesis;
import io.relayminer.testkit.chain.genesis.LocalnetAccounts;
import io.relayminer.testkit.gateway.GatewayClient;
import io.relayminer.testkit.gateway.RelaySigner;
import io.relayminer.testkit.gateway.RelayVerdict;
import io.relayminer.testkit.redis.EmbeddedRedis;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The real main, started from the example configuration, between a chain, Redis and a backend. */
class RelayerDaemonTest {

    private static final String SERVICE = "develop-http";
    private static final Pattern LISTENS =
            Pattern.compile(
                    "relayer listens on /127\\.0\\.0\\.1:(\\d+), health on /127\\.0\\.0\\.1:(\\d+),"
                            + " metrics on /127\\.0\\.0\\.1:(\\d+)");

    @TempDir private Path folder;
    private final EmbeddedRedis redis = EmbeddedRedis.start("--appendonly", "yes");
    private final DevChain chain = DevChain.start(Genesis.localnet().build());
    private final DemoBackend backend = DemoBackend.start();
    private final GatewayClient gateway = new GatewayClient(Duration.ofSeconds(30), Runnable::run);
    private final RedisConnections client = RedisConnections.open(redis.uri());
    private final LocalnetAccounts.Entry supplier = LocalnetAccounts.named("supplier1");
    private Process process;
    private Path log;
    private InetSocketAddress relays;
    private InetSocketAddress health;
    private InetSocketAddress metrics;

    @BeforeEach
    void startDaemon() throws IOException {
        Path keys = folder.resolve("supplier-keys.yaml");
        Files.writeString(
                keys,
                "keys:\n  - "
                        + HexFormat.of().formatHex(supplier.privateKey().toByteArray())
                        + "\n");
        log = folder.resolve("relayer.log");
        ProcessBuilder builder =
                new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx256m",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Main.class.getName(),
                        "--config",
                        example().toString());
        builder.environment().put("RELAYER_LISTEN", "127.0.0.1:0");
        builder.environment().put("RELAYER_HEALTH", "127.0.0.1:0");
        builder.environment().put("RELAYER_METRICS", "127.0.0.1:0");
        builder.environment().put("REDIS_URL", redis.uri());
        builder.environment().put("POCKET_RPC_URL", chain.rpcAddress());
        builder.environment().put("POCKET_GRPC_URL", chain.grpcAddress());
        builder.environment().put("SUPPLIER_KEYS_FILE", keys.toString());
        builder.environment().put("BACKEND_URL", backend.url());
        builder.redirectErrorStream(true).redirectOutput(log.toFile());
        process = builder.start();
        Await.until(() -> listens().find() || !process.isAlive());
        Matcher ports = listens();
        assertTrue(ports.find(), () -> "the daemon did not start: " + log());
        relays = new InetSocketAddress("127.0.0.1", Integer.parseInt(ports.group(1)));
        health = new InetSocketAddress("127.0.0.1", Integer.parseInt(ports.group(2)));
        metrics = new InetSocketAddress("127.0.0.1", Integer.parseInt(ports.group(3)));
        Await.until(() -> RawClient.get(health, "/ready").status() == 200);
    }

    @AfterEach
    void stopEverything() throws Exception {
        process.destroyForcibly().waitFor(30, TimeUnit.SECONDS);
        gateway.close();
        backend.close();
        chain.close();
        client.close();
        redis.close();
    }

    @Test
    void aSignedRelayIsAnsweredAndRecordedAndAForgedOneIsNot() throws Exception {
        RelayRequest request = relay(1);
        RelayVerdict verdict =
                gateway.send(uri(), request, PublicKey.of(supplier.publicKey().toByteArray()))
                        .toCompletableFuture()
                        .get(30, TimeUnit.SECONDS);
        RelayVerdict.Accepted accepted =
                assertInstanceOf(RelayVerdict.Accepted.class, verdict, verdict::toString);
        assertEquals(200, accepted.response().getStatusCode());
        MinedRelayMessage mined = onlyEntry();
        assertEquals(request.getMeta().getSessionHeader().getSessionId(), mined.getSessionId());
        assertEquals(
                request,
                RelayCodec.decodeRelay(mined.getRelayBytes().toByteArray(), WireLimits.RELAY)
                        .getReq());
        assertEquals(1_000, mined.getComputeUnitsPerRelay());

        long called = backend.requests();
        RelayRequest forged =
                request.toBuilder().setPayload(RelaySigner.jsonRpc("{\"forged\":true}")).build();
        RelayVerdict refused =
                gateway.send(uri(), forged, PublicKey.of(supplier.publicKey().toByteArray()))
                        .toCompletableFuture()
                        .get(30, TimeUnit.SECONDS);
        assertEquals(403, assertInstanceOf(RelayVerdict.Refused.class, refused).status());
        assertEquals(called, backend.requests(), "nothing forged reaches the backend");
        onlyEntry();

        String scrape = RawClient.get(metrics, "/metrics").text();
        assertTrue(
                scrape.contains("ha_relayer_relays_mined_total{service_id=\"develop-http\"} 1.0"),
                scrape);
    }

    @Test
    void sigtermTurnsReadinessNegativeFirstAndLosesNoAnsweredRelay() throws Exception {
        PublicKey key = PublicKey.of(supplier.publicKey().toByteArray());
        int answered = 0;
        for (int i = 0; i < 20; i++) {
            RelayVerdict verdict =
                    gateway.send(uri(), relay(i), key)
                            .toCompletableFuture()
                            .get(30, TimeUnit.SECONDS);
            answered += verdict instanceof RelayVerdict.Accepted ? 1 : 0;
        }
        assertEquals(20, answered, this::log);
        process.destroy();
        Await.until(() -> RawClient.get(health, "/ready").status() == 503);
        assertEquals(200, RawClient.get(health, "/health").status(), "live while it drains");
        assertTrue(process.waitFor(60, TimeUnit.SECONDS), this::log);
        assertEquals(answered, entries().size());
        assertTrue(log().contains("stopped"), this::log);
    }

    private RelayRequest relay(int id) {
        LocalnetAccounts.Entry app = LocalnetAccounts.named("app1");
        Session session = chain.session(app.address(), SERVICE, chain.height()).orElseThrow();
        List<PublicKey> gateways = List.of(publicKey("gateway1"));
        try (RelaySigner signer =
                new RelaySigner(
                        publicKey("app1"),
                        gateways,
                        PrivateKey.of(
                                LocalnetAccounts.named("gateway1").privateKey().toByteArray()),
                        new SecureRandom())) {
            return signer.sign(
                    session.getHeader(),
                    supplier.address(),
                    RelaySigner.jsonRpc(
                            "{\"jsonrpc\":\"2.0\",\"id\":"
                                    + id
                                    + ",\"method\":\"eth_blockNumber\"}"));
        }
    }

    private static PublicKey publicKey(String name) {
        return PublicKey.of(LocalnetAccounts.named(name).publicKey().toByteArray());
    }

    private MinedRelayMessage onlyEntry() throws IOException {
        List<byte[]> entries = entries();
        assertEquals(1, entries.size());
        return MinedRelayMessage.parseFrom(entries.get(0));
    }

    private List<byte[]> entries() {
        byte[] stream =
                RedisKeys.plain().stream(supplier.address()).getBytes(StandardCharsets.UTF_8);
        return client.sync().xrange(stream, Range.unbounded()).stream()
                .map(entry -> entry.getBody().values().iterator().next())
                .toList();
    }

    private URI uri() {
        return URI.create("http://127.0.0.1:" + relays.getPort() + "/");
    }

    private Matcher listens() {
        return LISTENS.matcher(log());
    }

    private String log() {
        try {
            return Files.exists(log) ? Files.readString(log) : "";
        } catch (IOException e) {
            return e.toString();
        }
    }

    private static Path example() {
        Path here = Path.of("").toAbsolutePath();
        return (here.endsWith("reference-relayer") ? here.getParent() : here)
                .resolve("docs/examples/relayer.yaml");
    }
}
