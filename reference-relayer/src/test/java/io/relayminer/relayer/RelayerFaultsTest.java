package io.relayminer.relayer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.lettuce.core.Range;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.wire.service.RelayRequest;
import io.relayminer.core.wire.session.Session;
import io.relayminer.ring.PrivateKey;
import io.relayminer.ring.PublicKey;
import io.relayminer.testkit.backend.DemoBackend;
import io.relayminer.testkit.chain.DevChain;
import io.relayminer.testkit.chain.genesis.Genesis;
import io.relayminer.testkit.chain.genesis.LocalnetAccounts;
import io.relayminer.testkit.gateway.RelaySigner;
import io.relayminer.testkit.redis.EmbeddedRedis;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import picocli.CommandLine;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/** The whole daemon, in this process, while things around it change or fail. */
class RelayerFaultsTest {

    private static final String SERVICE = "develop-http";

    @TempDir private Path folder;
    private final EmbeddedRedis redis = EmbeddedRedis.start("--appendonly", "yes");
    private final DemoBackend backend = DemoBackend.start();
    private final AtomicInteger ids = new AtomicInteger();
    private DevChain chain;
    private RelayerDaemon process;

    @AfterEach
    void stop() throws IOException {
        if (process != null) {
            process.close();
        }
        if (chain != null) {
            chain.close();
        }
        backend.close();
        redis.close();
    }

    private void chain() {
        chain = DevChain.start(Genesis.localnet().build());
    }

    private static String hex(String name) {
        return HexFormat.of().formatHex(LocalnetAccounts.named(name).privateKey().toByteArray());
    }

    private static String address(String name) {
        return LocalnetAccounts.named(name).address();
    }

    private String yaml(String keys, String rpc, String grpc) {
        return """
        listen_addr: "127.0.0.1:0"
        redis: {url: "%s"}
        pocket_node:
          query_node_rpc_url: "%s"
          query_node_grpc_url: "%s"
          grpc_insecure: true
          query_timeout_seconds: 2
        keys: {%s}
        health_check: {addr: "127.0.0.1:0"}
        metrics: {addr: "127.0.0.1:0"}
        shutdown: {drain_delay: 0s, grace: 2s}
        services:
          develop-http:
            validation_mode: eager
            backends: {jsonrpc: {url: "%s"}}
        """
                .formatted(redis.uri(), rpc, grpc, keys, backend.url());
    }

    private void start(String keys) {
        start(keys, chain.rpcAddress(), chain.grpcAddress());
    }

    private void start(String keys, String rpc, String grpc) {
        process =
                RelayerDaemon.start(
                        RelayerConfig.reader()
                                .build()
                                .parse(yaml(keys, rpc, grpc), "test")
                                .config());
    }

    private int health(String path) throws IOException {
        return RawClient.get(process.healthAddress(), path).status();
    }

    private void awaitReady() {
        Await.until(() -> health("/ready") == 200);
    }

    private RelayRequest relay(String supplier) {
        String app = address("app1");
        Session session = chain.session(app, SERVICE, chain.height()).orElseThrow();
        try (RelaySigner signer =
                new RelaySigner(
                        key("app1"),
                        List.of(key("gateway1")),
                        PrivateKey.of(
                                LocalnetAccounts.named("gateway1").privateKey().toByteArray()),
                        new SecureRandom())) {
            return signer.sign(
                    session.getHeader(),
                    address(supplier),
                    RelaySigner.jsonRpc(
                            "{\"jsonrpc\":\"2.0\",\"id\":"
                                    + ids.incrementAndGet()
                                    + ",\"method\":\"eth_blockNumber\"}"));
        }
    }

    private static PublicKey key(String name) {
        return PublicKey.of(LocalnetAccounts.named(name).publicKey().toByteArray());
    }

    private RawClient.Answer send(RelayRequest relay) throws IOException {
        return RawClient.post(process.relayAddress(), relay.toByteArray());
    }

    // ---- keys
    // --------------------------------------------------------------------------------------

    @Test
    void aKeyAddedToTheFileIsUsedAndARemovedOneIsNot() throws Exception {
        chain();
        Path file = folder.resolve("keys.yaml");
        Files.writeString(file, "keys:\n  - \"" + hex("supplier1") + "\"\n");
        start("keys_file: \"" + file + "\"");
        awaitReady();
        assertEquals(200, send(relay("supplier1")).status());
        assertEquals(503, send(relay("supplier2")).status());
        Files.writeString(file, "keys:\n  - \"" + hex("supplier2") + "\"\n");
        Await.until(() -> send(relay("supplier2")).status() == 200);
        RawClient.Answer refused = send(relay("supplier1"));
        assertEquals(503, refused.status(), refused::text);
    }

    private static Path keyFile(Path keys, String name) throws IOException {
        return Files.writeString(
                keys.resolve(name + ".yaml"),
                "operator_address: "
                        + address(name)
                        + "\nprivate_key_hex: \""
                        + hex(name)
                        + "\"\n");
    }

    @Test
    void keysInAFolderComeAndGo() throws Exception {
        chain();
        Path keys = Files.createDirectory(folder.resolve("keys"));
        keyFile(keys, "supplier1");
        start("keys_dir: \"" + keys + "\"");
        awaitReady();
        assertEquals(200, send(relay("supplier1")).status());
        Path second = keyFile(keys, "supplier2");
        Await.until(() -> send(relay("supplier2")).status() == 200);
        Files.delete(second);
        Await.until(() -> send(relay("supplier2")).status() == 503);
        assertEquals(200, send(relay("supplier1")).status());
    }

    @Test
    void aKeysFileThatTurnsToRubbishDoesNotTakeTheKeysAway() throws Exception {
        chain();
        Path file = folder.resolve("keys.yaml");
        Files.writeString(file, "keys:\n  - \"" + hex("supplier1") + "\"\n");
        start("keys_file: \"" + file + "\"");
        awaitReady();
        Files.writeString(file, "keys: [\"not a key\"]\n");
        Await.until(
                () ->
                        process.scrape()
                                .lines()
                                .anyMatch(line -> line.startsWith("ha_keys_load_errors_total")));
        assertEquals(200, send(relay("supplier1")).status());
    }

    // ---- the chain
    // ---------------------------------------------------------------------------------

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    @Test
    void aRelayerThatStartsBeforeItsNodeIsLiveAndBecomesReadyWithIt() throws Exception {
        int rpc = freePort();
        int grpc = freePort();
        start(
                "inline: [\"" + hex("supplier1") + "\"]",
                "http://127.0.0.1:" + rpc,
                "127.0.0.1:" + grpc);
        assertEquals(200, health("/health"));
        RawClient.Answer notReady = RawClient.get(process.healthAddress(), "/ready");
        assertEquals(503, notReady.status());
        assertEquals("block height unknown", notReady.text());
        chain = DevChain.builder(Genesis.localnet().build()).rpcPort(rpc).grpcPort(grpc).start();
        awaitReady();
        Await.until(() -> send(relay("supplier1")).status() == 200);
    }

    @Test
    void aNodeOfAnotherChainIsNoticedAtTheStart() {
        chain();
        String yaml =
                yaml(
                                "inline: [\"" + hex("supplier1") + "\"]",
                                chain.rpcAddress(),
                                chain.grpcAddress())
                        .replace("pocket_node:\n", "pocket_node:\n  chain_id: pocket-beta\n");
        RelayerConfig config = RelayerConfig.reader().build().parse(yaml, "test").config();
        RuntimeException refused =
                assertThrows(RuntimeException.class, () -> RelayerDaemon.start(config));
        assertTrue(refused.getMessage().contains("\"pocket\""), refused::getMessage);
        assertTrue(refused.getMessage().contains("\"pocket-beta\""), refused::getMessage);
    }

    @Test
    void aRelayerThatHearsOfBlocksButCannotAskTheChainIsNotReady() throws Exception {
        chain();
        start(
                "inline: [\"" + hex("supplier1") + "\"]",
                chain.rpcAddress(),
                "127.0.0.1:" + freePort());
        try (RedisConnections client = RedisConnections.open(redis.uri())) {
            Await.until(
                    () -> {
                        client.sync()
                                .publish(
                                        RedisKeys.plain().blockChannel().getBytes(UTF_8),
                                        "{\"height\":5,\"timestamp\":\"2026-01-01T00:00:00Z\"}"
                                                .getBytes(UTF_8));
                        return process.height() >= 5;
                    });
        }
        RawClient.Answer notReady = RawClient.get(process.healthAddress(), "/ready");
        assertEquals(503, notReady.status());
        assertEquals("the chain does not answer queries", notReady.text());
    }

    @Test
    void aNodeThatGoesAwayIsMissedOnlyByUnknownSessions() throws Exception {
        chain();
        start("inline: [\"" + hex("supplier1") + "\"]");
        awaitReady();
        assertEquals(200, send(relay("supplier1")).status());
        RelayRequest known = relay("supplier1");
        chain.advance(20);
        RelayRequest unknown = relay("supplier1");
        chain.close();
        assertEquals(200, send(known).status(), "what is in memory serves");
        RawClient.Answer refused = send(unknown);
        assertEquals(503, refused.status());
        assertEquals("{\"error\":\"session data temporarily unavailable\"}", refused.text());
        chain = null;
    }

    // ---- Redis
    // -------------------------------------------------------------------------------------

    @Test
    void aPortInUseIsSaidBeforeAnythingElseIsTried() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String yaml =
                    yaml("inline: [\"" + hex("supplier1") + "\"]", "http://unused", "unused:1")
                            .replace(
                                    "health_check: {addr: \"127.0.0.1:0\"}",
                                    "health_check: {addr: \"127.0.0.1:"
                                            + taken.getLocalPort()
                                            + "\"}");
            RelayerConfig config = RelayerConfig.reader().build().parse(yaml, "test").config();
            IllegalStateException refused =
                    assertThrows(IllegalStateException.class, config::requirePortsFree);
            assertTrue(
                    refused.getMessage()
                            .startsWith(
                                    "health_check.addr: cannot listen on 127.0.0.1:"
                                            + taken.getLocalPort()),
                    refused::getMessage);
            Path file = Files.writeString(folder.resolve("relayer.yaml"), yaml);
            assertEquals(1, new CommandLine(new Main()).execute("--config", file.toString()));
        }
    }

    @Test
    void withoutRedisARelayerDoesNotStartAndSaysWhy() throws Exception {
        chain();
        Path config = folder.resolve("relayer.yaml");
        Files.writeString(
                config,
                yaml(
                                "inline: [\"" + hex("supplier1") + "\"]",
                                chain.rpcAddress(),
                                chain.grpcAddress())
                        .replace(redis.uri(), "redis://127.0.0.1:" + freePort()));
        StringWriter err = new StringWriter();
        assertEquals(
                1,
                new CommandLine(new Main())
                        .setErr(new PrintWriter(err, true))
                        .execute("--config", config.toString()));
    }

    @Test
    void readinessFollowsRedis() throws Exception {
        chain();
        start("inline: [\"" + hex("supplier1") + "\"]");
        awaitReady();
        redis.kill();
        Await.until(() -> health("/ready") == 503);
        assertEquals(200, health("/health"), "live all the same");
        RawClient.Answer refused = send(relay("supplier1"));
        assertEquals(503, refused.status());
        assertEquals("{\"error\":\"relay log unavailable\"}", refused.text());
        redis.restart();
        awaitReady();
        Await.until(() -> send(relay("supplier1")).status() == 200);
    }

    /**
     * Nothing about the session is known and Redis accepts connections but answers nothing, which
     * costs a time limit per question. The client's patience of half a minute is enough for all.
     */
    @Test
    void aRedisThatStandsStillDoesNotHoldAColdRelayForLong() throws Exception {
        chain();
        start("inline: [\"" + hex("supplier1") + "\"]");
        awaitReady();
        RelayRequest cold = relay("supplier1");
        signal("STOP");
        try {
            RawClient.Answer refused = send(cold);
            assertEquals(503, refused.status());
            assertEquals("{\"error\":\"relay log unavailable\"}", refused.text());
        } finally {
            signal("CONT");
        }
        Await.until(() -> send(relay("supplier1")).status() == 200);
    }

    /** Answered relays are in the stream, whatever happened to Redis in between. */
    @Test
    void anOutageOfRedisUnderLoadLosesNoAnsweredRelay() throws Exception {
        chain();
        start("inline: [\"" + hex("supplier1") + "\"]");
        awaitReady();
        assertEquals(200, send(relay("supplier1")).status());
        AtomicInteger answered = new AtomicInteger(1);
        AtomicInteger refused = new AtomicInteger();
        Thread[] load = new Thread[4];
        AtomicBoolean over = new AtomicBoolean();
        for (int i = 0; i < load.length; i++) {
            load[i] =
                    Thread.ofVirtual()
                            .start(
                                    () -> {
                                        while (!over.get()) {
                                            try {
                                                int status = send(relay("supplier1")).status();
                                                (status == 200 ? answered : refused)
                                                        .incrementAndGet();
                                            } catch (IOException e) {
                                                refused.incrementAndGet();
                                            }
                                        }
                                    });
        }
        int before = answered.get();
        Await.until(() -> answered.get() > before + 50);
        signal("STOP");
        try {
            Await.until(() -> refused.get() > 4);
        } finally {
            signal("CONT");
        }
        int during = answered.get();
        Await.until(() -> answered.get() > during + 50);
        over.set(true);
        for (Thread thread : load) {
            thread.join();
        }
        long recorded;
        try (RedisConnections client = RedisConnections.open(redis.uri())) {
            byte[] stream =
                    RedisKeys.plain().stream(address("supplier1")).getBytes(StandardCharsets.UTF_8);
            recorded = client.sync().xrange(stream, Range.unbounded()).size();
        }
        assertTrue(
                recorded >= answered.get(),
                answered + " answered, " + recorded + " recorded, " + refused + " refused");
    }

    private void signal(String name) throws Exception {
        new ProcessBuilder("kill", "-" + name, Long.toString(redis.pid())).start().waitFor();
    }

    // ---- the backend
    // -------------------------------------------------------------------------------

    @Test
    void aBackendThatComesBackIsUsedAgain() throws Exception {
        chain();
        start("inline: [\"" + hex("supplier1") + "\"]");
        awaitReady();
        assertEquals(200, send(relay("supplier1")).status());
        backend.close();
        RawClient.Answer failed = send(relay("supplier1"));
        assertEquals(502, failed.status());
        assertEquals("{\"error\":\"backend error\"}", failed.text());
    }

    // ---- configuration
    // -----------------------------------------------------------------------------

    private String refusal(int code, String yaml) throws IOException {
        Path config = folder.resolve("relayer.yaml");
        Files.writeString(config, yaml);
        StringWriter err = new StringWriter();
        int actual =
                new CommandLine(new Main())
                        .setErr(new PrintWriter(err, true))
                        .execute("--config", config.toString());
        assertEquals(code, actual, err::toString);
        return err.toString();
    }

    @Test
    void anUnknownKeyIsRefusedWithTheNearestName() throws Exception {
        String text = refusal(2, yaml("inline: [\"00\"]", "http://n", "n:1") + "relay_metre: {}\n");
        assertTrue(text.contains("relay_metre") && text.contains("relay_meter"), text);
    }

    @Test
    void anAddressThatIsNotTheKeysIsRefusedWithoutShowingTheKey() throws Exception {
        String secret = hex("supplier1");
        String text =
                refusal(
                        2,
                        """
                        relayer:
                          redis: {address: "localhost:6379"}
                          chain: {rpc_url: "http://n", grpc_address: "n:1"}
                          backends: {eth: {url: "http://n:1"}}
                          supplier_keys:
                            - address: "%s"
                              private_key_hex: "%s"
                        """
                                .formatted(address("supplier2"), secret));
        assertTrue(
                text.contains(
                        "supplier_keys[0].address: the key is that of "
                                + address("supplier1")
                                + ", not of "
                                + address("supplier2")),
                text);
        assertTrue(!text.contains(secret), "the key is not shown");
    }

    @Test
    void aFileWithoutAUsableKeyIsRefused() throws Exception {
        Path file = folder.resolve("keys.yaml");
        Files.writeString(file, "keys: [\"" + "0".repeat(64) + "\"]\n");
        assertEquals(
                1,
                new CommandLine(new Main())
                        .setErr(new PrintWriter(new StringWriter(), true))
                        .execute(
                                "--config",
                                Files.writeString(
                                                folder.resolve("relayer.yaml"),
                                                yaml(
                                                        "keys_file: \"" + file + "\"",
                                                        "http://127.0.0.1:1",
                                                        "127.0.0.1:1"))
                                        .toString()));
    }
}
