package io.relayminer.relayer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.github.benmanes.caffeine.cache.Ticker;
import com.google.protobuf.ByteString;

import io.lettuce.core.Range;
import io.lettuce.core.StreamMessage;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.relayminer.core.daemon.RedisSection;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.wire.HttpMessageCodec;
import io.relayminer.core.wire.RelayCodec;
import io.relayminer.core.wire.WireLimits;
import io.relayminer.core.wire.ha.MinedRelayMessage;
import io.relayminer.core.wire.sdk.POKTHTTPResponse;
import io.relayminer.core.wire.service.Relay;
import io.relayminer.core.wire.service.RelayResponse;
import io.relayminer.ring.PublicKey;
import io.relayminer.testkit.redis.EmbeddedRedis;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicReference;
import java.util.zip.GZIPInputStream;

/**
 * Replays recorded exchanges between gateways, a relayer and backends over real sockets: same
 * request bytes, same backend bytes; what the gateway sees, what is mined and what is counted must
 * come out the same, except where this relayer deliberately does better ({@link #BETTER}).
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TranscriptTest {

    private static final HexFormat HEX = HexFormat.of();

    /** Cases of transports and features outside JSON-RPC over HTTP, by prefix. */
    private static final List<String> OTHER_FEATURES =
            List.of(
                    "sse-",
                    "ndjson-",
                    "sim-",
                    "grpc-",
                    "client-disconnects",
                    "content-length-larger",
                    // A signed request whose bytes were too many to be recorded.
                    "body-over-service-limit");

    /** A deliberate difference: expected status and error text, and whether the relay is mined. */
    private record Better(int status, String error, boolean mined) {}

    private static final String FORGED =
            "relay validation failed: ring signature verification failed: ";

    private static final Map<String, Better> BETTER =
            Map.ofEntries(
                    // An empty body is an answer like any other: mined.
                    Map.entry("rest-head", new Better(200, "", true)),
                    Map.entry("backend-204-empty", new Better(200, "", true)),
                    Map.entry("backend-200-empty", new Better(200, "", true)),
                    Map.entry("backend-304", new Better(200, "", true)),
                    // Paths are irrelevant, so none is redirected.
                    Map.entry("double-slash-path", new Better(200, "", true)),
                    // Texts are escaped.
                    Map.entry(
                            "unknown-service-with-quote",
                            new Better(404, "unknown service: z\"\\z", false)),
                    // Optimistic means at the same time, not afterwards.
                    Map.entry(
                            "optimistic-tampered-payload",
                            new Better(
                                    403,
                                    FORGED
                                            + "invalid relay request signature or bytes: invalid"
                                            + " relay request signature",
                                    false)),
                    Map.entry(
                            "optimistic-no-signature",
                            new Better(
                                    403,
                                    "relay validation failed: basic validation failed: missing"
                                            + " application signature: invalid relay request",
                                    false)),
                    Map.entry(
                            "optimistic-session-id-changed",
                            new Better(
                                    403, "relay validation failed: session ID mismatch, ", false)),
                    Map.entry(
                            "optimistic-expired-session",
                            new Better(
                                    403,
                                    "relay validation failed: session timing validation failed: ",
                                    false)),
                    Map.entry(
                            "optimistic-over-stake-limit",
                            new Better(
                                    429,
                                    "session relay limit reached: claimable portion fully consumed",
                                    false)),
                    // The same session and supplier as before, whose limit was reached.
                    Map.entry(
                            "gzip-response-not-asked",
                            new Better(
                                    429,
                                    "session relay limit reached: claimable portion fully consumed",
                                    false)));

    /** Details of a parser or curve library are not part of a text. */
    private static final Map<String, String> SAME_UP_TO =
            Map.of(
                    "tampered-signature",
                    FORGED + "error deserializing ring signature: ",
                    "invalid-application-address",
                    "relay validation failed: basic validation failed: invalid session header:"
                            + " \"pokt1xyz\"; (decoding bech32 failed: ");

    private static final Set<String> COUNTED =
            Set.of(
                    "ha_relayer_relays_received_total",
                    "ha_relayer_relays_served_total",
                    "ha_relayer_relays_rejected_total",
                    "ha_relayer_relays_mined_total",
                    "ha_relayer_relays_published_total",
                    "ha_relayer_fast_fails_total",
                    "ha_relayer_backend_missing_total",
                    "ha_relayer_backend_requests_total",
                    "ha_relayer_validation_failures_total",
                    "ha_transport_redis_published_total");

    private int run;
    private int passed;

    /**
     * The recorded cases of other transports are not this relayer's; those that are get counted.
     */
    @AfterAll
    void count() throws IOException {
        Path folder = Files.createDirectories(Path.of("target", "conformance"));
        Files.writeString(
                folder.resolve("transcript-relayer.jsonrpc-http.properties"),
                "cases=" + run + "\npassed=" + passed + "\n");
    }

    @TestFactory
    List<DynamicTest> replay() throws IOException {
        JsonNode transcript;
        try (InputStream in = getClass().getResourceAsStream("/vectors/transcript-relayer.json")) {
            transcript = new ObjectMapper().readTree(in);
        }
        List<DynamicTest> tests = new ArrayList<>();
        for (String relayer : List.of("eager", "optimistic")) {
            List<JsonNode> cases = new ArrayList<>();
            for (JsonNode vector : transcript.path("vectors")) {
                if (vector.path("kind").asText().equals("http")
                        && vector.path("relayer").asText().equals(relayer)
                        && OTHER_FEATURES.stream()
                                .noneMatch(vector.path("id").asText()::startsWith)) {
                    cases.add(vector);
                }
            }
            assertTrue(cases.size() > 10, relayer);
            Replay[] replay = new Replay[1];
            tests.add(
                    DynamicTest.dynamicTest(
                            relayer + ": start",
                            () -> replay[0] = new Replay(transcript, relayer, cases)));
            for (JsonNode vector : cases) {
                tests.add(
                        DynamicTest.dynamicTest(
                                vector.path("id").asText(),
                                () -> {
                                    run++;
                                    replay[0].run(vector);
                                    passed++;
                                }));
            }
            tests.add(DynamicTest.dynamicTest(relayer + ": stop", () -> replay[0].close()));
        }
        tests.addAll(simulated(transcript));
        return tests;
    }

    /**
     * Simulated relays carry the time at which they were made, so the relayer's clock stands where
     * it stood when they were recorded.
     */
    private List<DynamicTest> simulated(JsonNode transcript) {
        List<JsonNode> cases = new ArrayList<>();
        for (JsonNode vector : transcript.path("vectors")) {
            String id = vector.path("id").asText();
            if (id.startsWith("sim-") && !id.equals("sim-header-feature-off")) {
                cases.add(vector);
            }
        }
        assertTrue(cases.size() > 15);
        AtomicReference<Instant> now = new AtomicReference<>(Instant.EPOCH);
        Replay[] replay = new Replay[1];
        List<DynamicTest> tests = new ArrayList<>();
        tests.add(
                DynamicTest.dynamicTest(
                        "simulation: start",
                        () -> replay[0] = new Replay(transcript, "optimistic", cases, now::get)));
        for (JsonNode vector : cases) {
            tests.add(
                    DynamicTest.dynamicTest(
                            vector.path("id").asText(),
                            () -> {
                                run++;
                                now.set(recordedAt(vector));
                                replay[0].simulated(vector);
                                passed++;
                            }));
        }
        tests.add(DynamicTest.dynamicTest("simulation: stop", () -> replay[0].close()));
        return tests;
    }

    private static Instant recordedAt(JsonNode vector) {
        String head = vector.at("/relayer_to_gateway/head").asText();
        for (String line : head.split("\r\n")) {
            if (line.startsWith("Date: ")) {
                return ZonedDateTime.parse(line.substring(6), DateTimeFormatter.RFC_1123_DATE_TIME)
                        .toInstant();
            }
        }
        throw new AssertionError(head);
    }

    /** One relayer with everything around it, for the cases of one recorded configuration. */
    private static final class Replay implements AutoCloseable {
        private final JsonNode transcript;
        private final TestChain chain = new TestChain();
        private final TestKeys keys = new TestKeys();
        private final EmbeddedRedis redis = EmbeddedRedis.start();
        private final RedisConnections client = RedisConnections.open(redis.uri());
        private final ScriptedBackend backend;
        private final ScriptedBackend comet;
        private final RelayerDaemon relayer;
        private final List<JsonNode> script = new ArrayList<>();

        Replay(JsonNode transcript, String name, List<JsonNode> cases) throws IOException {
            this(transcript, name, cases, InstantSource.system());
        }

        Replay(JsonNode transcript, String name, List<JsonNode> cases, InstantSource clock)
                throws IOException {
            this.transcript = transcript;
            backend = new ScriptedBackend(this::answer);
            comet = new ScriptedBackend(this::answer);
            seed(cases);
            RelayerConfig config = config(transcript, name);
            PrometheusMeterRegistry registry =
                    new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
            relayer =
                    RelayerDaemon.start(
                            config,
                            RedisSection.open(config.redis(), "relayer", registry),
                            chain,
                            keys,
                            registry,
                            clock,
                            Ticker.systemTicker());
        }

        /** Status, text, metric and the absence of any trace beside it. */
        void simulated(JsonNode vector) throws Exception {
            script.clear();
            vector.path("backend").forEach(script::add);
            Map<String, Long> streams = streamLengths();
            Map<String, Double> before = samples();
            RawClient.Answer answer =
                    RawClient.raw(
                            relayer.relayAddress(),
                            vector.at("/gateway_to_relayer/head").asText(),
                            requestBody(vector.path("gateway_to_relayer")));
            JsonNode recorded = vector.path("relayer_to_gateway");
            assertEquals(recorded.path("status").asInt(), answer.status(), answer::text);
            if (answer.status() != 200) {
                assertEquals(
                        recorded.path("body_text")
                                .asText()
                                .replaceFirst(" \\[cosmossdk\\.io[^]]*]", ""),
                        answer.text());
            }
            assertEquals(streams, streamLengths(), "nothing is mined");
            Map<String, Double> moved = new TreeMap<>();
            samples()
                    .forEach(
                            (series, value) -> {
                                double delta = value - before.getOrDefault(series, 0.0);
                                if (delta != 0
                                        && series.matches("ha_relayer_(relays|simul).*")
                                        && series.contains("_total")) {
                                    moved.put(series.replaceAll("supplier=\"[^\"]*\"", ""), delta);
                                }
                            });
            Map<String, Double> expected = new TreeMap<>();
            vector.path("metric_deltas")
                    .properties()
                    .forEach(
                            delta ->
                                    expected.put(
                                            delta.getKey().replaceAll("supplier=\"[^\"]*\"", ""),
                                            delta.getValue().asDouble()));
            expected.keySet().removeIf(series -> !series.matches("ha_relayer_(relays|simul).*"));
            if (answer.status() != 404) {
                assertEquals(expected, moved);
            }
        }

        private Map<String, Double> samples() {
            Map<String, Double> all = new TreeMap<>();
            relayer.scrape()
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .forEach(
                            line -> {
                                int space = line.lastIndexOf(' ');
                                all.put(
                                        line.substring(0, space),
                                        Double.parseDouble(line.substring(space + 1)));
                            });
            return all;
        }

        private RelayerConfig config(JsonNode recorded, String name) {
            String yaml =
                    recorded.path("relayer_configs")
                            .path(name)
                            .asText()
                            .replaceAll("127\\.0\\.0\\.1:2(8|9)(0|1)(8|9)0", "127.0.0.1:0")
                            .replaceAll("127\\.0\\.0\\.1:(28081|28181|29190|29290)", "127.0.0.1:0")
                            .replace("redis://127.0.0.1:6392", redis.uri())
                            .replace("127.0.0.1:28600", "127.0.0.1:" + backend.port())
                            .replace("127.0.0.1:28602", "127.0.0.1:" + comet.port())
                            .replace("127.0.0.1:28699", "127.0.0.1:1")
                            .replace("28180", "0");
            yaml += "\nshutdown: {drain_delay: 0s, grace: 2s}\n";
            yaml += "errors: {stake_exhausted_style: http429}\n";
            return RelayerConfig.reader().build().parse(yaml, name).config();
        }

        private void seed(List<JsonNode> cases) {
            JsonNode facts = transcript.path("chain");
            List<String> suppliers = new ArrayList<>();
            for (JsonNode supplier : transcript.path("keys").path("suppliers")) {
                suppliers.add(keys.load(supplier.path("private_key").asText()));
            }
            chain.suppliers(suppliers);
            chain.suppliersPerSession(facts.path("num_suppliers_per_session").asLong());
            JsonNode gateway = transcript.path("keys").path("gateway");
            String gatewayAddress = gateway.path("address").asText();
            chain.publicKey(gatewayAddress, HEX.parseHex(gateway.path("public_key").asText()));
            for (JsonNode app : transcript.path("keys").path("applications")) {
                String address = app.path("address").asText();
                chain.application(
                        address,
                        app.path("service").asText(),
                        facts.path("application_stake_upokt").asLong(),
                        gatewayAddress);
                chain.publicKey(address, HEX.parseHex(app.path("public_key").asText()));
            }
            facts.path("compute_units_per_relay")
                    .properties()
                    .forEach(
                            units -> {
                                chain.price(units.getKey(), units.getValue().asLong());
                                byte[] target = new byte[32];
                                java.util.Arrays.fill(target, (byte) 0xFF);
                                chain.target(units.getKey(), target);
                            });
            for (JsonNode vector : cases) {
                for (JsonNode mined : vector.path("mined")) {
                    JsonNode header = mined.at("/decoded/relay/req/meta/session_header");
                    chain.sessionId(
                            header.path("application_address").asText(),
                            header.path("service_id").asText(),
                            header.path("session_start_block_height").asLong(),
                            header.path("session_id").asText());
                }
            }
            // A session of which only refused relays were recorded: its id stands in the refusal.
            for (JsonNode vector : cases) {
                String text = body(vector.path("relayer_to_gateway"));
                int at = text.indexOf("session ID mismatch, expected: ");
                if (at >= 0) {
                    JsonNode header =
                            vector.at(
                                    "/gateway_to_relayer/decoded_relay_request/meta/session_header");
                    chain.sessionId(
                            header.path("application_address").asText(),
                            header.path("service_id").asText(),
                            header.path("session_start_block_height").asLong(),
                            text.substring(at + 31, at + 31 + 64));
                }
            }
        }

        void run(JsonNode vector) throws Exception {
            String id = vector.path("id").asText();
            if (vector.path("chain_height").isNumber()) {
                reach(vector.path("chain_height").asLong());
            }
            script.clear();
            vector.path("backend").forEach(script::add);
            backend.forget();
            comet.forget();
            if (!id.equals("breaker-open")) {
                Await.until(() -> allHealthy(vector));
            }
            if (id.startsWith("optimistic-limit-before")) {
                raiseCounter(vector);
            }
            Map<String, Double> before = counters();
            Map<String, Long> streams = streamLengths();
            JsonNode request = vector.path("gateway_to_relayer");
            RawClient.Answer answer =
                    RawClient.raw(
                            relayer.relayAddress(),
                            request.path("head").asText(),
                            requestBody(request));
            Better better = BETTER.get(id);
            JsonNode recorded = vector.path("relayer_to_gateway");
            int status = better == null ? recorded.path("status").asInt() : better.status();
            assertEquals(status, answer.status(), () -> id + ": " + answer.text());
            if (status == 200) {
                compareResponse(vector, answer, better);
            } else {
                compareRefusal(id, recorded, answer, better);
            }
            boolean mined = better == null ? vector.path("mined").size() > 0 : better.mined();
            compareMined(vector, streams, mined);
            compareCounters(vector, before, better);
            if (better == null && vector.path("backend").isArray()) {
                assertEquals(
                        Math.min(1, vector.path("backend").size()),
                        Math.min(1, backend.requests().size() + comet.requests().size()),
                        "whether the backend was called");
            }
        }

        /** Very long bodies were not recorded; only their length matters. */
        private static byte[] requestBody(JsonNode request) {
            return request.has("body")
                    ? HEX.parseHex(request.path("body").asText())
                    : new byte
                            [Integer.parseInt(
                                    header(request.path("head").asText(), "Content-Length"))];
        }

        private void reach(long height) {
            chain.height(height);
            client.sync()
                    .publish(
                            bytes(RedisKeys.plain().blockChannel()),
                            bytes(
                                    "{\"height\":"
                                            + height
                                            + ",\"timestamp\":\"2026-11-21T15:25:13Z\"}"));
            Await.until(() -> relayer.height() == height);
        }

        private boolean allHealthy(JsonNode vector) throws IOException {
            String service =
                    vector.at(
                                    "/gateway_to_relayer/decoded_relay_request/meta/session_header/service_id")
                            .asText();
            if (!transcript.path("chain").path("compute_units_per_relay").has(service)) {
                return true;
            }
            RawClient.Answer page = RawClient.get(relayer.relayAddress(), "/ready/" + service);
            JsonNode backends = new ObjectMapper().readTree(page.body()).path("backends");
            return backends.path("healthy").asInt() == backends.path("total").asInt()
                    && backends.path("total").asInt() > 0;
        }

        /** The recorder set the counter by hand so that exactly one relay still fits. */
        private void raiseCounter(JsonNode vector) {
            JsonNode meta = vector.at("/gateway_to_relayer/decoded_relay_request/meta");
            String session = meta.at("/session_header/session_id").asText();
            String supplier = meta.path("supplier_operator_address").asText();
            long limit = 10_000_000_000L / 15 / 3;
            client.sync()
                    .set(
                            bytes(RedisKeys.plain().meterConsumed(session, supplier)),
                            bytes(Long.toString(limit - 100_000)));
        }

        private ScriptedBackend.Step answer(ScriptedBackend.Request request) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            JsonNode connection = script.isEmpty() ? null : script.get(0);
            boolean aborted = false;
            boolean answered = false;
            if (connection != null) {
                for (JsonNode message : connection.path("messages")) {
                    switch (message.path("event").asText()) {
                        case "backend_to_relayer" -> {
                            answered = true;
                            if (message.has("head")) {
                                out.writeBytes(
                                        (message.path("head").asText() + "\r\n\r\n")
                                                .getBytes(StandardCharsets.ISO_8859_1));
                            }
                            if (message.has("raw_len")) {
                                out.writeBytes(
                                        ("\"" + "x".repeat(longBody(message) - 2) + "\"")
                                                .getBytes(StandardCharsets.ISO_8859_1));
                            }
                            out.writeBytes(HEX.parseHex(message.path("body").asText("")));
                            out.writeBytes(HEX.parseHex(message.path("bytes").asText("")));
                        }
                        case "s2c_abort" -> aborted = true;
                        default -> {
                            // what the relayer sent
                        }
                    }
                }
            }
            if (connection == null) {
                return ScriptedBackend.ok("{}");
            }
            if (aborted) {
                return new ScriptedBackend.Step.Hangup();
            }
            if (!answered || request.line().contains("slowbody")) {
                return new ScriptedBackend.Step.Silence(out.toByteArray());
            }
            boolean truncated = request.line().contains("/x/partial");
            return new ScriptedBackend.Step.Send(out.toByteArray(), truncated);
        }

        private static int longBody(JsonNode message) {
            return Integer.parseInt(
                    message.path("head")
                            .asText()
                            .replaceAll("(?s).*Content-Length: (\\d+).*", "$1"));
        }

        private void compareResponse(JsonNode vector, RawClient.Answer answer, Better better)
                throws Exception {
            JsonNode recorded = vector.path("relayer_to_gateway");
            byte[] body = answer.body();
            if ("gzip".equals(answer.headers().get("content-encoding"))) {
                assertTrue(recorded.path("head").asText().contains("Content-Encoding: gzip"));
                body = new GZIPInputStream(new ByteArrayInputStream(body)).readAllBytes();
            }
            RelayResponse response = RelayCodec.decodeResponse(body, WireLimits.RELAY);
            String supplier =
                    vector.at(
                                    "/gateway_to_relayer/decoded_relay_request/meta/supplier_operator_address")
                            .asText();
            verifySignature(supplier, response);
            assertEquals(
                    vector.at(
                                    "/gateway_to_relayer/decoded_relay_request/meta/session_header/session_id")
                            .asText(),
                    response.getMeta().getSessionHeader().getSessionId());
            if (better != null && vector.path("id").asText().equals("double-slash-path")) {
                return;
            }
            assertEquals(
                    header(recorded.path("head").asText(), "Content-Type"),
                    answer.headers().get("content-type"));
            POKTHTTPResponse inner =
                    HttpMessageCodec.decodeResponse(response.getPayload(), WireLimits.HTTP);
            JsonNode expected = recorded.at("/decoded_relay_response/payload_as_http_response");
            if (expected.isMissingNode()) {
                return;
            }
            assertEquals(expected.path("status_code").asInt(), inner.getStatusCode());
            String payload = recorded.at("/decoded_relay_response/payload").asText();
            POKTHTTPResponse reference =
                    HttpMessageCodec.decodeResponse(
                            ByteString.copyFrom(HEX.parseHex(payload)), WireLimits.HTTP);
            assertEquals(reference.getBodyBz(), inner.getBodyBz());
            Map<String, List<String>> recordedHeaders = expectedHeaders(expected.path("header"));
            Map<String, List<String>> own = withoutTheTransfer(recordedHeaders, inner);
            assertEquals(own, headers(inner));
            if (own.equals(recordedHeaders)) {
                assertEquals(payload, HEX.formatHex(response.getPayload().toByteArray()));
            }
        }

        private void verifySignature(String supplier, RelayResponse response) throws Exception {
            PublicKey key = PublicKey.of(keys.find(supplier).publicKey());
            assertArrayEquals(
                    MessageDigest.getInstance("SHA-256")
                            .digest(response.getPayload().toByteArray()),
                    response.getPayloadHash().toByteArray());
            assertTrue(
                    key.verify(
                            RelayCodec.signableHash(response),
                            response.getMeta().getSupplierOperatorSignature().toByteArray()),
                    "supplier signature");
        }

        private static void compareRefusal(
                String id, JsonNode recorded, RawClient.Answer answer, Better better)
                throws IOException {
            assertEquals("application/json", answer.headers().get("content-type"));
            String error = new ObjectMapper().readTree(answer.body()).path("error").asText();
            if (better != null) {
                assertTrue(error.startsWith(better.error()), error);
            } else if (SAME_UP_TO.containsKey(id)) {
                assertTrue(error.startsWith(SAME_UP_TO.get(id)), error);
            } else {
                String text = body(recorded);
                String expected =
                        text.contains("\"service\":")
                                ? text
                                : text.substring("{\"error\":\"".length(), text.length() - 2)
                                        .replaceAll(" \\[cosmossdk\\.io.*?]", "");
                assertEquals(expected, text.contains("\"service\":") ? answer.text() : error);
            }
        }

        private void compareMined(JsonNode vector, Map<String, Long> before, boolean expected)
                throws Exception {
            List<MinedRelayMessage> mined = new ArrayList<>();
            for (String supplier : keys.addresses()) {
                byte[] stream = bytes(RedisKeys.plain().stream(supplier));
                long old = before.getOrDefault(supplier, 0L);
                List<StreamMessage<byte[], byte[]>> entries =
                        client.sync().xrange(stream, Range.unbounded());
                for (StreamMessage<byte[], byte[]> entry :
                        entries.subList((int) old, entries.size())) {
                    assertEquals(1, entry.getBody().size(), "one field");
                    byte[] data = entry.getBody().values().iterator().next();
                    mined.add(MinedRelayMessage.parseFrom(data));
                }
            }
            assertEquals(expected ? 1 : 0, mined.size(), "mined relays");
            if (!expected) {
                return;
            }
            MinedRelayMessage message = mined.get(0);
            assertArrayEquals(
                    MessageDigest.getInstance("SHA-256")
                            .digest(message.getRelayBytes().toByteArray()),
                    message.getRelayHash().toByteArray());
            Relay relay =
                    RelayCodec.decodeRelay(message.getRelayBytes().toByteArray(), WireLimits.RELAY);
            assertTrue(relay.getRes().getPayload().isEmpty(), "the payload is left out");
            assertEquals(32, relay.getRes().getPayloadHash().size());
            JsonNode decoded = vector.at("/mined/0/decoded");
            if (decoded.isMissingNode()) {
                return;
            }
            assertEquals(
                    decoded.path("application_address").asText(), message.getApplicationAddress());
            assertEquals(
                    decoded.path("arrival_block_height").asLong(), message.getArrivalBlockHeight());
            assertEquals(
                    decoded.path("compute_units_per_relay").asLong(),
                    message.getComputeUnitsPerRelay());
            assertEquals(decoded.path("session_id").asText(), message.getSessionId());
            assertEquals(
                    decoded.path("session_end_height").asLong(), message.getSessionEndHeight());
            assertEquals(
                    decoded.path("session_start_height").asLong(), message.getSessionStartHeight());
            assertEquals(decoded.path("service_id").asText(), message.getServiceId());
            assertEquals(
                    decoded.path("supplier_operator_address").asText(),
                    message.getSupplierOperatorAddress());
            Relay reference =
                    RelayCodec.decodeRelay(
                            MinedRelayMessage.parseFrom(
                                            HEX.parseHex(vector.at("/mined/0/data").asText()))
                                    .getRelayBytes()
                                    .toByteArray(),
                            WireLimits.RELAY);
            assertEquals(reference.getReq(), relay.getReq(), "the request is mined as signed");
            verifyLeaf(message, relay);
        }

        private void verifyLeaf(MinedRelayMessage message, Relay relay) {
            PublicKey key =
                    PublicKey.of(keys.find(message.getSupplierOperatorAddress()).publicKey());
            assertTrue(
                    key.verify(
                            RelayCodec.signableHash(relay.getRes()),
                            relay.getRes().getMeta().getSupplierOperatorSignature().toByteArray()),
                    "the leaf carries the signature that was sent");
        }

        private void compareCounters(JsonNode vector, Map<String, Double> before, Better better) {
            if (better != null || vector.path("metric_deltas").isMissingNode()) {
                return;
            }
            Map<String, Double> expected = new TreeMap<>();
            vector.path("metric_deltas")
                    .properties()
                    .forEach(
                            delta -> {
                                String series = normalised(delta.getKey());
                                if (COUNTED.contains(nameOf(series))) {
                                    expected.merge(
                                            bounded(vector, series),
                                            delta.getValue().asDouble(),
                                            Double::sum);
                                }
                            });
            Map<String, Double> after = counters();
            Map<String, Double> actual = new TreeMap<>();
            after.forEach(
                    (series, value) -> {
                        double delta = value - before.getOrDefault(series, 0.0);
                        if (delta != 0 && COUNTED.contains(nameOf(series))) {
                            actual.put(series, delta);
                        }
                    });
            assertEquals(expected, actual);
        }

        /** Labels a stranger controls are bounded; causes are classified in every phase. */
        private static String bounded(JsonNode vector, String series) {
            String result =
                    series.replaceAll("rpc_type=\"(foo|99)\"", "rpc_type=\"unknown\"")
                            .replaceAll("service_id=\"z[^,}]*\"(?=[,}])", "service_id=\"unknown\"");
            return switch (vector.path("id").asText()) {
                case "backend-slow-body-beyond-timeout",
                        "backend-slow-beyond-response-header-timeout" ->
                        result.replace("backend_network_error", "backend_timeout");
                default -> result;
            };
        }

        private Map<String, Double> counters() {
            Map<String, Double> values = new HashMap<>();
            relayer.scrape()
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .forEach(
                            line -> {
                                int space = line.lastIndexOf(' ');
                                values.put(
                                        normalised(line.substring(0, space)),
                                        Double.parseDouble(line.substring(space + 1)));
                            });
            return values;
        }

        private Map<String, Long> streamLengths() {
            Map<String, Long> lengths = new LinkedHashMap<>();
            for (String supplier : keys.addresses()) {
                lengths.put(
                        supplier, client.sync().xlen(bytes(RedisKeys.plain().stream(supplier))));
            }
            return lengths;
        }

        @Override
        public void close() throws IOException {
            relayer.close();
            client.close();
            backend.close();
            comet.close();
            redis.close();
        }
    }

    private static String nameOf(String series) {
        int brace = series.indexOf('{');
        return brace < 0 ? series : series.substring(0, brace);
    }

    /** A series with its labels in alphabetical order. */
    private static String normalised(String series) {
        int brace = series.indexOf('{');
        if (brace < 0) {
            return series;
        }
        TreeSet<String> labels =
                new TreeSet<>(
                        List.of(
                                series.substring(brace + 1, series.length() - 1)
                                        .split(",(?=\\w+=)")));
        return series.substring(0, brace) + "{" + String.join(",", labels) + "}";
    }

    private static String body(JsonNode answer) {
        return new String(HEX.parseHex(answer.path("body").asText("")), StandardCharsets.UTF_8);
    }

    private static String header(String head, String name) {
        return head.lines()
                .filter(line -> line.startsWith(name + ":"))
                .map(line -> line.substring(name.length() + 1).strip())
                .findFirst()
                .orElse("");
    }

    private static Map<String, List<String>> expectedHeaders(JsonNode header) {
        Map<String, List<String>> headers = new TreeMap<>();
        header.properties()
                .forEach(
                        entry -> {
                            List<String> values = new ArrayList<>();
                            entry.getValue().forEach(value -> values.add(value.asText()));
                            headers.put(entry.getKey(), values);
                        });
        return headers;
    }

    /** A deliberate difference: headers tell of this answer, not of the way it came. */
    private static Map<String, List<String>> withoutTheTransfer(
            Map<String, List<String>> recorded, POKTHTTPResponse inner) {
        Map<String, List<String>> headers = new TreeMap<>(recorded);
        headers.remove("Connection");
        headers.replace("Content-Length", List.of(Integer.toString(inner.getBodyBz().size())));
        return headers;
    }

    private static Map<String, List<String>> headers(POKTHTTPResponse response) {
        Map<String, List<String>> headers = new TreeMap<>();
        response.getHeaderMap()
                .forEach((name, header) -> headers.put(name, List.copyOf(header.getValuesList())));
        return headers;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
