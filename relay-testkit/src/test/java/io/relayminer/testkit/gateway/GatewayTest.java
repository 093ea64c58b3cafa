package io.relayminer.testkit.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.ByteString;

import io.relayminer.core.wire.HttpMessageCodec;
import io.relayminer.core.wire.RelayCodec;
import io.relayminer.core.wire.service.RelayRequest;
import io.relayminer.core.wire.service.RelayResponse;
import io.relayminer.core.wire.service.RelayResponseMetadata;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.ring.PrivateKey;
import io.relayminer.ring.Ring;
import io.relayminer.ring.RingVerdict;
import io.relayminer.ring.RingVerifier;
import io.relayminer.testkit.backend.DemoBackend;
import io.relayminer.testkit.backend.FaultProxy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.net.URI;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

@Timeout(60)
class GatewayTest {

    private static final PrivateKey APPLICATION = key(1);
    private static final PrivateKey GATEWAY = key(2);
    private static final PrivateKey SUPPLIER = key(3);
    private static final SessionHeader SESSION =
            SessionHeader.newBuilder()
                    .setApplicationAddress(APPLICATION.publicKey().address().toString())
                    .setServiceId("develop-http")
                    .setSessionId("ab".repeat(32))
                    .setSessionStartBlockHeight(1)
                    .setSessionEndBlockHeight(10)
                    .build();

    private static PrivateKey key(int last) {
        byte[] bytes = new byte[32];
        bytes[31] = (byte) last;
        return PrivateKey.of(bytes);
    }

    private static RelayRequest request() {
        try (RelaySigner signer =
                new RelaySigner(
                        APPLICATION.publicKey(),
                        List.of(GATEWAY.publicKey()),
                        GATEWAY,
                        new SecureRandom())) {
            return signer.sign(
                    SESSION,
                    SUPPLIER.publicKey().address().toString(),
                    RelaySigner.jsonRpc("{\"id\":1}"));
        }
    }

    @Test
    void requestVerifiesAgainstTheRingOfTheApplication() {
        RelayRequest request = request();
        try (RingVerifier verifier = RingVerifier.builder().build()) {
            RingVerdict verdict =
                    verifier.verify(
                            RelayCodec.signableHash(request),
                            request.getMeta().getSignature().toByteArray(),
                            Ring.expected(APPLICATION.publicKey(), List.of(GATEWAY.publicKey())));
            assertEquals(RingVerdict.ACCEPTED, verdict);
        }
    }

    private static byte[] response(
            Consumer<RelayResponse.Builder> change, Consumer<RelayResponse.Builder> after) {
        ByteString payload =
                HttpMessageCodec.encode(
                        HttpMessageCodec.response(
                                200,
                                Map.of("Content-Type", List.of("application/json")),
                                ByteString.copyFromUtf8("{\"result\":1}")));
        RelayResponse.Builder response =
                RelayResponse.newBuilder()
                        .setMeta(RelayResponseMetadata.newBuilder().setSessionHeader(SESSION))
                        .setPayload(payload)
                        .setPayloadHash(RelayCodec.wrap(RelayCodec.payloadHash(payload)));
        change.accept(response);
        byte[] signature = SUPPLIER.sign(RelayCodec.signableHash(response.build()));
        response.setMeta(
                response.getMeta().toBuilder()
                        .setSupplierOperatorSignature(RelayCodec.wrap(signature)));
        after.accept(response);
        return response.build().toByteArray();
    }

    private static RelayVerdict check(byte[] body) {
        return ResponseCheck.check(request(), SUPPLIER.publicKey(), 200, body);
    }

    @Test
    void goodAnswerIsAccepted() {
        RelayVerdict.Accepted accepted =
                assertInstanceOf(RelayVerdict.Accepted.class, check(response(r -> {}, r -> {})));
        assertEquals("{\"result\":1}", accepted.response().getBodyBz().toStringUtf8());
    }

    @Test
    void badAnswersAreNot() {
        List<byte[]> bad =
                List.of(
                        new byte[0],
                        "{}".getBytes(UTF_8),
                        response(r -> r.getMetaBuilder().clearSessionHeader(), r -> {}),
                        response(
                                r ->
                                        r.getMetaBuilder()
                                                .getSessionHeaderBuilder()
                                                .setSessionId("cd".repeat(32)),
                                r -> {}),
                        response(r -> {}, r -> r.getMetaBuilder().clearSupplierOperatorSignature()),
                        response(
                                r -> {},
                                r ->
                                        r.getMetaBuilder()
                                                .setSupplierOperatorSignature(
                                                        ByteString.copyFrom(new byte[64]))),
                        response(r -> {}, r -> r.setPayload(ByteString.copyFromUtf8("other"))),
                        response(r -> {}, r -> r.clearPayload()),
                        response(
                                r -> {
                                    ByteString junk = ByteString.copyFromUtf8("not http");
                                    r.setPayload(junk)
                                            .setPayloadHash(
                                                    RelayCodec.wrap(RelayCodec.payloadHash(junk)));
                                },
                                r -> {}));
        for (int i = 0; i < bad.size(); i++) {
            assertInstanceOf(RelayVerdict.Invalid.class, check(bad.get(i)), "case " + i);
        }
        assertEquals(
                new RelayVerdict.Refused(429, "slow down"),
                ResponseCheck.check(
                        request(), SUPPLIER.publicKey(), 429, "slow down".getBytes(UTF_8)));
    }

    @Test
    void clientSpeaksHttpAndReportsWhatItGot() {
        RelayRequest request = request();
        try (GatewayClient client = new GatewayClient(Duration.ofSeconds(30), Runnable::run);
                DemoBackend server = DemoBackend.start();
                FaultProxy dead = FaultProxy.to("127.0.0.1", server.port())) {
            GatewayClient.Answer answer =
                    client.send(URI.create(server.url()), "{\"id\":1}".getBytes(UTF_8))
                            .toCompletableFuture()
                            .join();
            assertEquals(200, answer.status());
            assertInstanceOf(
                    RelayVerdict.Invalid.class,
                    client.send(URI.create(server.url()), request, SUPPLIER.publicKey())
                            .toCompletableFuture()
                            .join(),
                    "not a relay response");
            dead.refuse(true);
            assertInstanceOf(
                    RelayVerdict.Unanswered.class,
                    client.send(
                                    URI.create("http://127.0.0.1:" + dead.port()),
                                    request,
                                    SUPPLIER.publicKey())
                            .toCompletableFuture()
                            .join());
        }
    }

    @Test
    void waitingBehindAStallIsCountedForEveryRequestThatWasDue() throws InterruptedException {
        CompletableFuture<Void> stall = new CompletableFuture<>();
        AtomicInteger sent = new AtomicInteger();
        LoadGenerator<Integer> load =
                new LoadGenerator<>(
                        () -> 1,
                        request -> {
                            if (sent.incrementAndGet() == 100) {
                                stall.complete(null);
                            }
                            return stall;
                        },
                        1,
                        8);
        LoadGenerator.Report report = load.run(2000, 100);
        assertEquals(100, report.sent());
        assertEquals(100, report.latencies().getTotalCount());
        assertTrue(
                report.percentileMillis(100) >= 49,
                "the first request waited for all others: " + report.percentileMillis(100));
        assertTrue(
                report.percentileMillis(50) >= 20,
                "and those in the middle for half of them: " + report.percentileMillis(50));
        assertTrue(report.elapsed().toMillis() >= 49);
    }

    @Test
    void loadCanBeStoppedEarly() throws InterruptedException {
        AtomicInteger sent = new AtomicInteger();
        LoadGenerator<?>[] self = new LoadGenerator<?>[1];
        LoadGenerator<Integer> load =
                new LoadGenerator<>(
                        () -> 1,
                        request -> {
                            if (sent.incrementAndGet() == 5) {
                                self[0].stop();
                            }
                            return CompletableFuture.completedStage(null);
                        },
                        2,
                        4);
        self[0] = load;
        assertEquals(5, load.run(1000, 1_000_000).sent());
    }
}
