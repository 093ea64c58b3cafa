package io.relayminer.relayer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.ByteString;

import io.relayminer.core.redis.SupplierState;
import io.relayminer.core.wire.service.RelayRequest;
import io.relayminer.core.wire.service.RelayRequestMetadata;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.testkit.gateway.RelaySigner;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

import java.io.IOException;
import java.util.List;
import java.util.Map;

/** Which relays a relayer lets in, and what it says to the others. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RelayAdmissionTest {

    private Fixture fixture;

    @BeforeAll
    void start() throws IOException {
        fixture = new Fixture().start();
    }

    @AfterAll
    void stop() throws IOException {
        fixture.close();
    }

    @BeforeEach
    void restore() {
        fixture.state(fixture.supplier, "active", true, Fixture.SERVICE);
        fixture.backend.script(request -> ScriptedBackend.ok(Fixture.ANSWER));
        fixture.backend.forget();
    }

    private void assertRefused(RelayRequest relay, int status, String error) throws IOException {
        int mined = fixture.minedCount();
        RawClient.Answer answer = fixture.send(relay);
        assertEquals(status, answer.status(), answer::text);
        assertEquals("application/json", answer.headers().get("content-type"));
        assertEquals(error, new ObjectMapper().readTree(answer.body()).path("error").asText());
        assertEquals(0, fixture.backend.requests().size(), "the backend is not called");
        assertEquals(mined, fixture.minedCount(), "nothing is mined");
    }

    private void assertServed(RelayRequest relay) throws IOException {
        int mined = fixture.minedCount();
        RawClient.Answer answer = fixture.send(relay);
        assertEquals(200, answer.status(), answer::text);
        assertEquals(mined + 1, fixture.minedCount());
    }

    /** The state is read again after the invalidation has arrived, so ask until it shows. */
    private void eventually(int status, RelayRequest relay) {
        Await.until(() -> fixture.send(relay).status() == status);
        fixture.backend.forget();
    }

    @Test
    void anyPathAndMethodServes() throws IOException {
        for (String method : List.of("POST", "GET", "DELETE", "PUT")) {
            RawClient.Answer answer =
                    RawClient.send(
                            fixture.relayer().relayAddress(),
                            method,
                            "//any//path?x=1",
                            fixture.relay().toByteArray());
            assertEquals(200, answer.status(), method);
        }
    }

    @Test
    void aServiceIdWithAQuoteIsQuotedInTheAnswer() throws IOException {
        SessionHeader header = fixture.session().toBuilder().setServiceId("z\"z").build();
        assertRefused(fixture.relay(header, fixture.supplier), 404, "unknown service: z\"z");
    }

    @Test
    void aRelayWithoutSupplierIsCountedOnce() throws IOException {
        String series = "ha_relayer_relays_received_total{rpc_type=\"jsonrpc\",service_id=\"eth\"}";
        double before = fixture.metric(series);
        assertRefused(
                fixture.relay(fixture.session(), ""),
                400,
                "missing supplier operator address in relay request");
        assertEquals(before + 1, fixture.metric(series));
    }

    @Test
    void aSupplierWithoutStateIsServedIfItsKeyIsLoaded() throws IOException {
        String series =
                "ha_relayer_relays_served_optimistically_total{rpc_type=\"jsonrpc\",service_id=\"eth\"}";
        fixture.forget(fixture.supplier);
        Await.until(
                () -> {
                    assertServed(fixture.relay());
                    return fixture.metric(series) > 0;
                });
    }

    @Test
    void aSupplierNobodyKnowsIsRefused() throws IOException {
        String stranger = "pokt1eeeksh2tvkh7wzmfrljnhw4wrhs55lcuvmekkw";
        assertRefused(
                fixture.relay(fixture.session(), stranger),
                503,
                "supplier " + stranger + " not registered with any miner");
    }

    @Test
    void aSupplierThatIsNotStakedIsRefusedAndAnUnstakingOneServed() throws IOException {
        fixture.state(fixture.supplier, "not_staked", false);
        eventually(503, fixture.relay());
        assertRefused(fixture.relay(), 503, "supplier " + fixture.supplier + " is not_staked");
        fixture.state(fixture.supplier, "unstaking", true, Fixture.SERVICE);
        eventually(200, fixture.relay());
        assertServed(fixture.relay());
        fixture.state(fixture.supplier, "unstaking", true);
        eventually(503, fixture.relay());
        assertRefused(
                fixture.relay(),
                503,
                "supplier " + fixture.supplier + " has no services registered");
    }

    @Test
    void aSupplierOfAnotherServiceIsRefused() throws IOException {
        fixture.state(fixture.supplier, "active", true, "base");
        eventually(503, fixture.relay());
        assertRefused(
                fixture.relay(),
                503,
                "supplier " + fixture.supplier + " not staked for service eth");
    }

    @Test
    void aTransportThatIsNotStakedIsServedAndCounted() throws IOException {
        String series =
                "ha_relayer_undeclared_transport_served_total{rpc_type=\"jsonrpc\",service_id=\"eth\"}";
        fixture.write(
                new SupplierState(
                        "active",
                        true,
                        List.of("eth"),
                        List.of(new SupplierState.StakedEndpoint("eth", "websocket")),
                        0,
                        fixture.supplier,
                        "",
                        1,
                        0,
                        ""));
        Await.until(
                () -> {
                    assertServed(fixture.relay());
                    return fixture.metric(series) > 0;
                });
        double before = fixture.metric(series);
        assertServed(fixture.relay());
        assertEquals(before + 1, fixture.metric(series));
    }

    @Test
    void heightsFarFromThePresentAreRefusedBeforeAnythingElse() throws IOException {
        assertRefused(heights(0, 9), 400, "implausible session heights");
        assertRefused(heights(21, 21), 400, "implausible session heights");
        assertRefused(heights(1, 10_002), 400, "implausible session heights");
        assertRefused(heights(20_021, 20_030), 400, "implausible session heights");
        RawClient.Answer longest = fixture.send(heights(1, 10_001));
        assertEquals(403, longest.status());
        assertTrue(longest.text().contains("end height mismatch"), longest::text);
    }

    private RelayRequest heights(long start, long end) {
        return fixture.relay(
                fixture.session().toBuilder()
                        .setSessionStartBlockHeight(start)
                        .setSessionEndBlockHeight(end)
                        .build(),
                fixture.supplier);
    }

    @Test
    void aForgedSignatureIsRefusedAndChargesNobody() throws IOException {
        assertServed(fixture.relay());
        long consumed = fixture.consumed(fixture.supplier);
        RelayRequest genuine = fixture.relay();
        byte[] flipped = genuine.getMeta().getSignature().toByteArray();
        flipped[20] ^= 1;
        fixture.backend.forget();
        assertRefused(
                withSignature(genuine, flipped),
                403,
                "relay validation failed: ring signature verification failed: invalid relay request"
                        + " signature or bytes: invalid relay request signature");
        assertEquals(consumed, fixture.consumed(fixture.supplier), "the meter was not asked");
    }

    @Test
    void anOversizedOrMalformedSignatureCostsNothing() throws IOException {
        RelayRequest genuine = fixture.relay();
        byte[] huge = new byte[69 + 65 * 5_000];
        huge[2] = 0x13;
        huge[3] = (byte) 0x88;
        for (byte[] signature : List.of(huge, new byte[1], new byte[69], "junk".getBytes())) {
            RawClient.Answer answer = fixture.send(withSignature(genuine, signature));
            assertEquals(403, answer.status());
            assertTrue(
                    answer.text()
                            .contains("ring signature verification failed: error deserializing"),
                    answer::text);
        }
        assertEquals(0, fixture.backend.requests().size());
    }

    private static RelayRequest withSignature(RelayRequest relay, byte[] signature) {
        return relay.toBuilder()
                .setMeta(relay.getMeta().toBuilder().setSignature(ByteString.copyFrom(signature)))
                .build();
    }

    @Test
    void aHeaderThatIsNotTheSessionsIsRefused() throws IOException {
        assertRefused(
                heights(22, 30),
                403,
                "relay validation failed: session header session start height mismatch, expecting:"
                        + " 21, got: 22");
        assertRefused(
                fixture.relay(
                        fixture.session().toBuilder().setSessionId("other").build(),
                        fixture.supplier),
                403,
                "relay validation failed: session ID mismatch, expected: "
                        + fixture.session().getSessionId()
                        + ", got: other");
    }

    @Test
    void aSupplierOutsideTheSessionIsRefused() throws IOException {
        String outside =
                fixture.keys.load(
                        "3f132ad18b97a7adcbbc45d1741997406c5a2625829f9bdac51736f748857710");
        fixture.state(outside, "active", true, Fixture.SERVICE);
        assertRefused(
                fixture.relay(fixture.session(), outside),
                403,
                "relay validation failed: supplier " + outside + " not found in session");
    }

    @Test
    void aSupplierWhoseKeyIsNotLoadedIsRefused() throws IOException {
        String elsewhere = "pokt1j6dun0x8eyq5mmsmq83zs3c2utt85q8478c89u";
        fixture.keys.unload(elsewhere);
        fixture.state(elsewhere, "active", true, Fixture.SERVICE);
        Await.until(
                () ->
                        fixture.send(fixture.relay(fixture.session(), elsewhere))
                                .text()
                                .contains("not allowed by this relayer"));
    }

    @Test
    void theDefaultTypeAndTheHeaderChooseTheBackend() throws IOException {
        RawClient.Answer none = fixture.send(fixture.relay(), "Rpc-Type", "4");
        assertEquals(503, none.status());
        assertEquals(
                "{\"error\":\"service temporarily unavailable\",\"service\":\"eth\"}", none.text());
        assertTrue(
                fixture.metric(
                                "ha_relayer_backend_missing_total{rpc_type=\"rest\",service_id=\"eth\"}")
                        > 0);
        assertEquals(
                0,
                fixture.metric(
                        "ha_relayer_relays_rejected_total{reason=\"backend_unhealthy\",rpc_type=\"rest\",service_id=\"eth\"}"),
                "a fast failure is not a rejection");
        assertEquals(200, fixture.send(fixture.relay(), "Rpc-Type", "jsonrpc").status());
        assertEquals(200, fixture.send(fixture.relay(), "Rpc-Type", "").status());
    }

    @Test
    void aRequestNoBackendCouldBeSentIsRefusedAndBlamesNoEndpoint() throws IOException {
        for (int i = 0; i < 6; i++) {
            assertRefused(
                    fixture.relay(
                            fixture.session(),
                            fixture.supplier,
                            Fixture.http(
                                    i % 2 == 0 ? "POST" : "BAD METHOD",
                                    i % 2 == 0 ? "http://%zz" : "http://x/",
                                    Map.of())),
                    400,
                    "invalid relay request: payload has an invalid URL or method");
        }
        assertServed(fixture.relay());
    }

    @Test
    void whatIsNoRelayRequestIsRefused() throws IOException {
        String error = "invalid relay request: body must be a valid RelayRequest protobuf";
        for (byte[] body :
                List.of(
                        new byte[0],
                        Fixture.bytes("{\"jsonrpc\":\"2.0\"}"),
                        RelayRequest.newBuilder()
                                .setMeta(RelayRequestMetadata.newBuilder())
                                .build()
                                .toByteArray(),
                        fixture.relay(
                                        fixture.session().toBuilder().setServiceId("").build(),
                                        fixture.supplier)
                                .toByteArray(),
                        fixture.relay(
                                        fixture.session(),
                                        fixture.supplier,
                                        ByteString.copyFromUtf8("not an HTTP request"))
                                .toByteArray())) {
            RawClient.Answer answer = RawClient.post(fixture.relayer().relayAddress(), body);
            assertEquals(400, answer.status());
            assertEquals("{\"error\":\"" + error + "\"}", answer.text());
        }
    }

    @Test
    void theSessionIsAskedForOnceAndOnlyForSigners() throws IOException {
        assertServed(fixture.relay());
        int asked = fixture.chain.asked("session");
        for (int i = 0; i < 5; i++) {
            assertServed(fixture.relay());
        }
        SessionHeader invented = fixture.session().toBuilder().setSessionId("x").build();
        fixture.send(
                withSignature(
                        fixture.relay(
                                invented.toBuilder().setSessionStartBlockHeight(23).build(),
                                fixture.supplier),
                        new byte[199]));
        assertEquals(asked, fixture.chain.asked("session"));
    }

    @Test
    void statusPagesCountNothing() throws IOException {
        double before = received();
        RawClient.Answer page = RawClient.get(fixture.relayer().relayAddress(), "/health");
        assertEquals("{\"status\":\"healthy\",\"block_height\":25}", page.text());
        assertEquals(200, RawClient.get(fixture.relayer().relayAddress(), "/healthz").status());
        assertEquals(200, RawClient.get(fixture.relayer().relayAddress(), "/ready").status());
        RawClient.Answer service = RawClient.get(fixture.relayer().relayAddress(), "/ready/eth");
        assertEquals(200, service.status());
        assertTrue(
                service.text()
                        .startsWith(
                                "{\"service_id\":\"eth\",\"ready\":true,\"block_height\":25,\"pool\":{\"max_conns_per_host\":500,\"max_idle_conns_per_host\":100,\"idle_conn_timeout_seconds\":90,\"in_flight\":0,\"saturation_pct\":0},\"backends\":{\"total\":1,\"healthy\":1,\"endpoints\":[{"),
                service::text);
        assertEquals(
                "{\"service_id\":\"\",\"ready\":false,\"block_height\":0,\"pool\":{\"max_conns_per_host\":0,\"max_idle_conns_per_host\":0,\"idle_conn_timeout_seconds\":0,\"in_flight\":0,\"saturation_pct\":0},\"backends\":{\"total\":0,\"healthy\":0,\"endpoints\":null},\"error\":\"service_id"
                    + " path parameter is required\"}\n",
                RawClient.get(fixture.relayer().relayAddress(), "/ready/").text());
        RawClient.Answer unknown = RawClient.get(fixture.relayer().healthAddress(), "/ready/zzz");
        assertEquals(404, unknown.status());
        assertTrue(unknown.text().contains("\"error\":\"unknown service\""));
        assertEquals("OK", RawClient.get(fixture.relayer().healthAddress(), "/health").text());
        assertEquals("READY", RawClient.get(fixture.relayer().healthAddress(), "/ready").text());
        assertEquals(404, RawClient.get(fixture.relayer().healthAddress(), "/healthz").status());
        assertEquals(before, received());
    }

    private double received() {
        return fixture.relayer()
                .scrape()
                .lines()
                .filter(line -> line.startsWith("ha_relayer_relays_received_total{"))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    @Test
    void theAnswersTypeIsTheOneAskedFor() throws IOException {
        assertEquals(
                "application/json", fixture.send(fixture.relay()).headers().get("content-type"));
        assertEquals(
                "application/json",
                fixture.send(fixture.relay(), "Accept", "*/*").headers().get("content-type"));
        RawClient.Answer asked =
                fixture.send(
                        fixture.relay(),
                        "Accept",
                        "application/x-protobuf",
                        "Accept-Encoding",
                        "gzip");
        assertEquals("application/x-protobuf", asked.headers().get("content-type"));
        assertFalse(asked.headers().containsKey("content-encoding"), "compression is off");
    }

    @Test
    void anEmptyPayloadIsARelay() throws IOException {
        assertServed(fixture.relay(fixture.session(), fixture.supplier, ByteString.EMPTY));
        assertEquals("GET / HTTP/1.1", fixture.backend.requests().get(0).line());
    }

    @Test
    void theBackendSeesWhatTheSignedRequestSays() throws IOException {
        assertServed(
                fixture.relay(
                        fixture.session(), fixture.supplier, RelaySigner.jsonRpc("{\"id\":77}")));
        ScriptedBackend.Request request = fixture.backend.requests().get(0);
        assertEquals(fixture.supplier, request.header("Pocket-Supplier"));
        assertEquals("eth", request.header("Pocket-Service"));
        assertEquals(fixture.application(), request.header("Pocket-Application"));
        assertEquals("{\"id\":77}", new String(request.body()));
    }
}
