package io.relayminer.embedding;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.relayminer.core.backend.Endpoint;
import io.relayminer.core.backend.ServiceBackends;
import io.relayminer.core.chain.ChainClient;
import io.relayminer.core.chain.ChainSettings;
import io.relayminer.core.key.SupplierKey;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.relay.Relayer;
import io.relayminer.core.relay.RelayerBuilder;
import io.relayminer.core.relay.ServiceProfile;
import io.relayminer.core.relay.SupplierKeys;
import io.relayminer.core.wire.service.RelayRequest;
import io.relayminer.ring.PrivateKey;
import io.relayminer.ring.PublicKey;
import io.relayminer.testkit.chain.DevChain;
import io.relayminer.testkit.chain.genesis.Genesis;
import io.relayminer.testkit.chain.genesis.LocalnetAccounts;
import io.relayminer.testkit.gateway.RelaySigner;
import io.relayminer.testkit.gateway.RelayVerdict;
import io.relayminer.testkit.gateway.ResponseCheck;
import io.relayminer.testkit.redis.EmbeddedRedis;
import io.relayminer.transport.BackendResult;
import io.relayminer.transport.Headers;
import io.relayminer.transport.RelayReply;
import io.relayminer.transport.inprocess.InProcessBackend;
import io.relayminer.transport.inprocess.InProcessTransport;

import org.junit.jupiter.api.Test;

import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A relayer in somebody else's program, made of what is public, without a socket. */
class EmbeddedRelayerTest {

    private static final LocalnetAccounts.Entry SUPPLIER = LocalnetAccounts.named("supplier1");
    private static final String SERVICE = "develop-http";

    @Test
    void aRelayIsServedSignedAndRecordedWithoutASocket() throws Exception {
        try (DevChain node = DevChain.start(Genesis.localnet().build());
                EmbeddedRedis server = EmbeddedRedis.start()) {
            // The whole of an embedder's relayer.
            InProcessTransport gateway = new InProcessTransport();
            InProcessBackend backend =
                    InProcessBackend.answering(
                            request ->
                                    new BackendResult.Response(
                                            200,
                                            Headers.of("Content-Type", "application/json"),
                                            Headers.empty(),
                                            "{\"result\":\"0x1\"}".getBytes(UTF_8)));
            try (RedisConnections redis = RedisConnections.open(server.uri());
                    ChainClient chain =
                            ChainClient.open(
                                    ChainSettings.plaintext(
                                            node.rpcAddress(), node.grpcAddress(), "pocket"));
                    Relayer relayer =
                            Relayer.builder()
                                    .redis(redis, RedisKeys.plain())
                                    .chain(chain.queries())
                                    .keys(SupplierKeys.of(List.of(key())))
                                    .transport(gateway)
                                    .service(
                                            ServiceProfile.of(SERVICE),
                                            ServiceBackends.of(
                                                    "jsonrpc",
                                                    Endpoint.parse("node", "http://node")))
                                    .backends((service, options, events) -> backend)
                                    .build()) {
                assertEquals("not started", relayer.notReady());
                relayer.start();
                await().until(() -> relayer.notReady() == null);

                RelayRequest request = relay(node);
                RelayReply reply =
                        gateway.request(request.toByteArray()).reply().get(10, TimeUnit.SECONDS);

                RelayReply.Signed signed = assertInstanceOf(RelayReply.Signed.class, reply);
                RelayVerdict verdict =
                        ResponseCheck.check(
                                request,
                                PublicKey.of(SUPPLIER.publicKey().toByteArray()),
                                200,
                                signed.body());
                assertInstanceOf(RelayVerdict.Accepted.class, verdict);
                byte[] stream = RedisKeys.plain().stream(SUPPLIER.address()).getBytes(UTF_8);
                assertEquals(1, redis.sync().xlen(stream));
                assertEquals(0, relayer.drain(Duration.ofSeconds(5)));
                assertEquals("shutting down", relayer.notReady());
            }
        }
    }

    @Test
    void whatIsMissingIsSaid() {
        RelayerBuilder builder = Relayer.builder();
        IllegalStateException e = assertThrows(IllegalStateException.class, builder::build);
        assertTrue(e.getMessage().contains("redis(…)"), e.getMessage());
    }

    private static SupplierKey key() {
        return SupplierKey.fromHex(HexFormat.of().formatHex(SUPPLIER.privateKey().toByteArray()));
    }

    private static RelayRequest relay(DevChain node) {
        LocalnetAccounts.Entry app = LocalnetAccounts.named("app1");
        LocalnetAccounts.Entry gateway = LocalnetAccounts.named("gateway1");
        try (RelaySigner signer =
                new RelaySigner(
                        PublicKey.of(app.publicKey().toByteArray()),
                        List.of(PublicKey.of(gateway.publicKey().toByteArray())),
                        PrivateKey.of(gateway.privateKey().toByteArray()),
                        new SecureRandom())) {
            return signer.sign(
                    node.session(app.address(), SERVICE, node.height()).orElseThrow().getHeader(),
                    SUPPLIER.address(),
                    RelaySigner.jsonRpc(
                            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_chainId\"}"));
        }
    }
}
