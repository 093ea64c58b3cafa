package io.relayminer.testkit.localnet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;
import io.relayminer.core.chain.ChainClient;
import io.relayminer.core.chain.ChainSettings;
import io.relayminer.core.wire.application.Application;
import io.relayminer.testkit.chain.DevChain;
import io.relayminer.testkit.chain.genesis.Genesis;
import io.relayminer.testkit.chain.genesis.LocalnetAccounts;
import io.relayminer.testkit.redis.EmbeddedRedis;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.time.Duration;
import java.util.List;

class PreflightTest {

    private static final List<LocalnetAccounts.Entry> SUPPLIERS =
            List.of(LocalnetAccounts.named("supplier1"), LocalnetAccounts.named("supplier2"));

    private static int closedPort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static String refusal(Runnable check) {
        return String.valueOf(assertThrows(LocalnetException.class, check::run).getMessage());
    }

    private static List<Application> accounts(DevChain chain) {
        ChainSettings node = Preflight.node(URI.create(chain.rpcAddress()), chain.grpcAddress());
        try (ChainClient client = ChainClient.open(node)) {
            return Preflight.accounts(client.queries(), "develop-http", 2, SUPPLIERS);
        }
    }

    @Test
    void redisThatAnswersIsUsed() {
        try (EmbeddedRedis redis = EmbeddedRedis.start()) {
            Preflight.redis(redis.uri());
        }
    }

    @Test
    void redisThatIsNotThereIsNamedWithoutItsPassword() throws Exception {
        int port = closedPort();
        String text = refusal(() -> Preflight.redis("redis://:hunter2@127.0.0.1:" + port));
        assertTrue(text.startsWith("no usable Redis at 127.0.0.1:" + port), text);
        assertFalse(text.contains("hunter2"), text);
    }

    @Test
    void redisThatWantsAPasswordIsRefused() {
        try (EmbeddedRedis redis = EmbeddedRedis.start();
                RedisClient client = RedisClient.create(redis.uri());
                StatefulRedisConnection<String, String> connection = client.connect()) {
            connection.sync().configSet("requirepass", "secret");
            String text = refusal(() -> Preflight.redis(redis.uri()));
            assertTrue(text.contains("NOAUTH"), text);
        }
    }

    @Test
    void textThatIsNoUrlIsRefused() {
        assertTrue(
                refusal(() -> Preflight.redis("what is this")).startsWith("--redis takes a URL"));
    }

    @Test
    void chainIdAndBlockTimeAreTheNodes() {
        try (DevChain chain =
                DevChain.start(Genesis.localnet().blockTime(Duration.ofSeconds(7)).build())) {
            chain.advance(5);
            ChainSettings node =
                    Preflight.node(URI.create(chain.rpcAddress()), chain.grpcAddress());
            assertEquals("pocket", node.chainId());
            assertEquals(Duration.ofSeconds(7), node.blockInterval());
        }
    }

    @Test
    void nodeThatIsNotThereIsNamed() throws Exception {
        URI rpc = URI.create("http://127.0.0.1:" + closedPort());
        String grpc = "127.0.0.1:" + closedPort();
        String text = refusal(() -> Preflight.node(rpc, grpc));
        assertTrue(text.startsWith("no CometBFT RPC of a chain node answers at " + rpc), text);
        try (DevChain chain = DevChain.start(Genesis.localnet().build())) {
            String half = refusal(() -> Preflight.node(URI.create(chain.rpcAddress()), grpc));
            assertTrue(half.startsWith("no gRPC of a Pocket node answers at " + grpc), half);
        }
    }

    @Test
    void applicationsOfTheLocalnetAreFound() {
        try (DevChain chain = DevChain.start(Genesis.localnet().build())) {
            assertEquals(
                    List.of(LocalnetAccounts.named("app1").address()),
                    accounts(chain).stream().map(Application::getAddress).toList());
        }
    }

    @Test
    void everythingThatIsMissingIsNamed() {
        try (DevChain chain =
                DevChain.start(
                        Genesis.localnet()
                                .suppliers(1, "http://127.0.0.1:8080")
                                .noApplications()
                                .build())) {
            List<String> lines = refusal(() -> accounts(chain)).lines().toList();
            assertEquals(7, lines.size(), () -> String.join("\n", lines));
            assertEquals(
                    "  app1 (%s) is not staked for develop-http"
                            .formatted(LocalnetAccounts.named("app1").address()),
                    lines.get(1));
            assertEquals(
                    "  supplier2 (%s) is not staked for develop-http"
                            .formatted(LocalnetAccounts.named("supplier2").address()),
                    lines.get(6));
        }
    }

    @Test
    void accountsWithoutPublicKeyCannotTakePart() {
        try (DevChain chain = DevChain.start(Genesis.localnet().withoutPublicKeys().build())) {
            String text = refusal(() -> accounts(chain));
            assertTrue(text.contains("gateway1 "), text);
            assertTrue(text.contains("app1 "), text);
            assertTrue(text.contains("has no public key on the chain"), text);
        }
    }
}
