package io.relayminer.relayer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.relayminer.core.wire.service.RelayRequest;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.testkit.chain.genesis.LocalnetAccounts;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;

/** Simulated relays through a whole relayer; the recorded ones are replayed elsewhere. */
class SimulatedRelayTest {

    static final String SIMULATION =
            """
            simulation:
              enabled: true
              max_concurrent: 2
              freshness_window_seconds: 600
              identities:
                - key_id: "self-test"
                  enabled: true
                  max_rps: 100
                  app_pubkey_hex: "%s"
                  gateway_pubkeys_hex: ["%s"]
            """
                    .formatted(hex("app1"), hex("gateway1"));

    private static final String HEADER = "Pocket-Simulation-Key-Id";

    private final AtomicInteger nonces = new AtomicInteger();
    private Fixture fixture;

    @BeforeEach
    void create() throws IOException {
        fixture = new Fixture();
    }

    @AfterEach
    void stop() throws IOException {
        fixture.close();
    }

    private static String hex(String name) {
        return HexFormat.of().formatHex(LocalnetAccounts.named(name).publicKey().toByteArray());
    }

    private void start(UnaryOperator<String> change) {
        fixture.start(yaml -> change.apply(yaml + SIMULATION));
    }

    private RelayRequest simulated() {
        SessionHeader header =
                SessionHeader.newBuilder()
                        .setApplicationAddress(fixture.application())
                        .setServiceId(Fixture.SERVICE)
                        .setSessionId(
                                "simv1:"
                                        + Instant.now().getEpochSecond()
                                        + ":"
                                        + nonces.incrementAndGet())
                        .setSessionStartBlockHeight(1)
                        .setSessionEndBlockHeight(2)
                        .build();
        return fixture.relay(header, fixture.supplier);
    }

    private RawClient.Answer send(RelayRequest relay) throws IOException {
        return fixture.send(relay, HEADER, "self-test");
    }

    @Test
    void aSimulatedRelayLeavesNoTrace() throws IOException {
        start(yaml -> yaml);
        RelayRequest relay = simulated();
        RawClient.Answer answer = send(relay);
        assertEquals(200, answer.status(), answer::text);
        assertEquals(Fixture.ANSWER, fixture.inner(answer).getBodyBz().toStringUtf8());
        assertEquals(0, fixture.minedCount());
        assertEquals(-1, fixture.consumed(fixture.supplier), "no budget is touched");
        assertEquals(
                0,
                fixture.metric(
                        "ha_relayer_relays_received_total{rpc_type=\"jsonrpc\",service_id=\"eth\"}"));
        RawClient.Answer again = send(relay);
        assertEquals(409, again.status());
        assertEquals(
                "{\"error\":\"simulation rejected: simulation: request already seen (replay)\"}",
                again.text());
    }

    @Test
    void theAnswerIsNeverCompressed() throws IOException {
        start(yaml -> yaml + "response_compression: {enabled: true, min_size_bytes: 1}\n");
        RawClient.Answer answer =
                fixture.send(simulated(), HEADER, "self-test", "Accept-Encoding", "gzip");
        assertEquals(200, answer.status(), answer::text);
        assertFalse(answer.headers().containsKey("content-encoding"));
        assertEquals(Fixture.ANSWER, fixture.inner(answer).getBodyBz().toStringUtf8());
        assertEquals(
                "gzip",
                fixture.send(fixture.relay(), "Accept-Encoding", "gzip")
                        .headers()
                        .get("content-encoding"),
                "that of an ordinary relay is");
    }

    @Test
    void noMoreThanAllowedAtATime() throws Exception {
        start(yaml -> yaml);
        CountDownLatch inBackend = new CountDownLatch(2);
        CountDownLatch release = new CountDownLatch(1);
        ScriptedBackend.Step answer = ScriptedBackend.ok(Fixture.ANSWER);
        fixture.backend.script(
                request -> {
                    inBackend.countDown();
                    try {
                        release.await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                    return answer;
                });
        CompletableFuture<Integer> first = later(simulated());
        CompletableFuture<Integer> second = later(simulated());
        inBackend.await();
        RawClient.Answer third = send(simulated());
        assertEquals(429, third.status());
        assertEquals("{\"error\":\"simulation concurrency limit reached\"}", third.text());
        release.countDown();
        assertEquals(200, first.get());
        assertEquals(200, second.get());
        assertEquals(200, send(simulated()).status(), "places are given back");
    }

    private CompletableFuture<Integer> later(RelayRequest relay) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return send(relay).status();
                    } catch (IOException e) {
                        throw new AssertionError(e);
                    }
                },
                task -> Thread.ofVirtual().start(task));
    }

    @Test
    void aFailingBackendIsToldAndDoesNotCountAgainstIt() throws IOException {
        start(yaml -> yaml);
        fixture.backend.script(
                request -> ScriptedBackend.response(503, "text/plain", new byte[] {'x'}));
        for (int i = 0; i < 8; i++) {
            RawClient.Answer answer = send(simulated());
            assertEquals(503, answer.status());
            assertEquals("{\"error\":\"backend service error\"}", answer.text());
        }
        fixture.backend.script(request -> ScriptedBackend.ok(Fixture.ANSWER));
        assertEquals(200, fixture.send(fixture.relay()).status(), "still in service");
    }

    @Test
    void withoutRedisNothingIsSimulated() throws IOException {
        start(yaml -> yaml);
        assertEquals(200, send(simulated()).status());
        fixture.redis.kill();
        RawClient.Answer answer = send(simulated());
        assertEquals(503, answer.status());
        assertTrue(
                answer.text()
                        .startsWith(
                                "{\"error\":\"simulation rejected: simulation: replay dedup store"
                                        + " unavailable"));
        fixture.redis.restart();
    }

    @Test
    void whileItIsOffTheHeaderMeansNothing() throws IOException {
        fixture.start();
        assertEquals(200, send(fixture.relay()).status());
        assertEquals(1, fixture.minedCount());
        assertEquals(403, send(simulated()).status());
    }
}
