package io.relayminer.transport.vertx;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.ObjectMapper;

import io.relayminer.provider.ProviderSettings;
import io.relayminer.transport.Headers;
import io.relayminer.transport.InboundRelay;
import io.relayminer.transport.RelayHandler;
import io.relayminer.transport.RelayReply;
import io.relayminer.transport.Transport;
import io.relayminer.transport.TransportContext;
import io.relayminer.transport.TransportEvents.Refusal;
import io.relayminer.transport.TransportException;
import io.relayminer.transport.TransportOptions;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.zip.GZIPInputStream;

@Timeout(60)
class HttpTransportTest {

    private static final Duration LONG = Duration.ofSeconds(30);
    private static final byte[] RELAY = "relay bytes".getBytes(UTF_8);

    private final RecordingEvents events = new RecordingEvents();
    private final List<InboundRelay> received = new CopyOnWriteArrayList<>();
    private final List<HttpClient> clients = new CopyOnWriteArrayList<>();
    private Transport transport;
    private InetSocketAddress address;

    @AfterEach
    void close() {
        if (transport != null) {
            transport.close().toCompletableFuture().orTimeout(20, TimeUnit.SECONDS).join();
        }
    }

    private Transport create(TransportOptions options) {
        return new HttpTransportProvider()
                .create(
                        new TransportContext(
                                ProviderSettings.empty("transports[0]"), options, events));
    }

    private void start(
            TransportOptions options, Function<InboundRelay, CompletionStage<RelayReply>> answers) {
        transport = create(options);
        address =
                transport
                        .start(
                                new RelayHandler() {
                                    @Override
                                    public CompletionStage<RelayReply> handle(InboundRelay relay) {
                                        received.add(relay);
                                        return answers.apply(relay);
                                    }

                                    @Override
                                    public StatusPage status(String path) {
                                        return new StatusPage(
                                                path.equals("/ready/") ? 400 : 200,
                                                "application/json",
                                                "{\"path\":\"" + path + "\"}");
                                    }
                                })
                        .toCompletableFuture()
                        .join();
    }

    private void start(Function<InboundRelay, CompletionStage<RelayReply>> answers) {
        start(TransportOptions.listen("127.0.0.1", 0), answers);
    }

    private static CompletionStage<RelayReply> signed(String body) {
        return signed(body.getBytes(UTF_8));
    }

    private static CompletionStage<RelayReply> signed(byte[] body) {
        return CompletableFuture.completedStage(
                new RelayReply.Signed("application/json", Headers.empty(), body));
    }

    private static CompletionStage<RelayReply> refused(int status, String message) {
        return CompletableFuture.completedStage(new RelayReply.Refused(status, message));
    }

    @Test
    void relayReachesTheHandlerAndItsReplyTheClient() throws IOException {
        start(relay -> signed("signed reply"));
        try (RawHttp client = new RawHttp(address)) {
            RawHttp.Answer answer =
                    client.request("POST", "/any/path?x=1", "Rpc-Type: 3\r\n", RELAY).read();
            assertEquals(200, answer.status());
            assertEquals("application/json", answer.headers().get("content-type"));
            assertEquals("signed reply", answer.text());
            assertEquals("12", answer.headers().get("content-length"));
            assertTrue(
                    answer.headers()
                            .get("date")
                            .matches("\\w{3}, \\d{2} \\w{3} \\d{4} \\d{2}:\\d{2}:\\d{2} GMT"),
                    answer.head());
            assertEquals(3, answer.headers().size(), answer.head());
        }
        InboundRelay relay = received.getFirst();
        assertEquals("http", relay.transport());
        assertEquals("http1", relay.protocol());
        assertEquals("POST", relay.method());
        assertEquals("/any/path?x=1", relay.path());
        assertEquals("3", relay.headers().first("rpc-type"));
        assertArrayEquals(RELAY, relay.body());
        assertEquals(
                "127.0.0.1",
                assertInstanceOf(InetSocketAddress.class, relay.remoteAddress()).getHostString());
        assertFalse(relay.cancellation().isCancelled());
        assertEquals(List.of("http1"), events.protocols);
        await().atMost(LONG).until(() -> events.finished.get() == 1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"GET", "PUT", "DELETE", "OPTIONS", "PATCH", "QUERY"})
    void anyMethodCarriesARelay(String method) throws IOException {
        start(relay -> signed("ok"));
        try (RawHttp client = new RawHttp(address)) {
            assertEquals(200, client.request(method, "/", "", RELAY).read().status());
        }
        assertEquals(method, received.getFirst().method());
        assertArrayEquals(RELAY, received.getFirst().body());
    }

    @Test
    void headIsAnsweredWithoutABody() throws IOException {
        start(relay -> signed("ok"));
        try (RawHttp client = new RawHttp(address)) {
            assertEquals(200, client.request("HEAD", "/", "", RELAY).read(true).status());
            assertEquals("ok", client.request("POST", "/", "", RELAY).read().text());
        }
        assertArrayEquals(RELAY, received.getFirst().body());
    }

    @Test
    void pathIsServedAsItIs() throws IOException {
        start(relay -> signed("ok"));
        try (RawHttp client = new RawHttp(address)) {
            assertEquals(200, client.request("POST", "//a//b", "", RELAY).read().status());
        }
        assertEquals("//a//b", received.getFirst().path());
    }

    @Test
    void chunkedBodyIsAssembled() throws IOException {
        start(relay -> signed("ok"));
        try (RawHttp client = new RawHttp(address)) {
            client.write("POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n");
            client.write("5\r\nhello\r\n").write("6\r\n world\r\n0\r\n\r\n");
            assertEquals(200, client.read().status());
        }
        assertEquals("hello world", new String(received.getFirst().body(), UTF_8));
    }

    @Test
    void missingBodyReachesTheHandlerAsAnEmptyOne() throws IOException {
        start(relay -> refused(400, "invalid relay request"));
        try (RawHttp client = new RawHttp(address)) {
            client.write("GET /svc HTTP/1.1\r\nHost: t\r\n\r\n");
            RawHttp.Answer answer = client.read();
            assertEquals(400, answer.status());
            assertEquals("{\"error\":\"invalid relay request\"}", answer.text());
        }
        assertEquals(0, received.getFirst().body().length);
    }

    @Test
    void connectionServesOneRequestAfterTheOther() throws IOException {
        start(relay -> signed(relay.body()));
        try (RawHttp client = new RawHttp(address)) {
            for (int i = 0; i < 50; i++) {
                byte[] body = ("relay " + i).getBytes(UTF_8);
                assertArrayEquals(body, client.request("POST", "/", "", body).read().body());
            }
        }
    }

    @Test
    void pipelinedRequestsAreAnsweredInOrder() throws IOException {
        Map<String, CompletableFuture<RelayReply>> pending = new LinkedHashMap<>();
        start(
                relay ->
                        new String(relay.body(), UTF_8).equals("slow")
                                ? pending.computeIfAbsent("slow", k -> new CompletableFuture<>())
                                : signed("fast reply"));
        try (RawHttp client = new RawHttp(address)) {
            client.request("POST", "/", "", "slow".getBytes(UTF_8));
            client.request("POST", "/", "", "fast".getBytes(UTF_8));
            await().atMost(LONG).until(() -> !received.isEmpty());
            pending.get("slow")
                    .complete(
                            new RelayReply.Signed(
                                    "text/plain", Headers.empty(), "slow reply".getBytes(UTF_8)));
            assertEquals("slow reply", client.read().text());
            assertEquals("fast reply", client.read().text());
        }
    }

    @Test
    void replyMayComeFromAnyThread() throws IOException {
        start(relay -> CompletableFuture.supplyAsync(() -> reply("elsewhere")));
        try (RawHttp client = new RawHttp(address)) {
            assertEquals("elsewhere", client.request("POST", "/", "", RELAY).read().text());
        }
    }

    private static RelayReply reply(String body) {
        return new RelayReply.Signed("application/json", Headers.empty(), body.getBytes(UTF_8));
    }

    @Test
    void replyHeadersAreSent() throws IOException {
        start(
                relay ->
                        CompletableFuture.completedStage(
                                new RelayReply.Signed(
                                        "application/x-protobuf",
                                        Headers.of("Backend-Retries", "1"),
                                        RELAY)));
        try (RawHttp client = new RawHttp(address)) {
            RawHttp.Answer answer = client.request("POST", "/", "", RELAY).read();
            assertEquals("1", answer.headers().get("backend-retries"));
            assertEquals("application/x-protobuf", answer.headers().get("content-type"));
        }
    }

    @Test
    void http2WithPriorKnowledge() {
        start(relay -> signed("over " + relay.protocol()));
        Vertx vertx = Vertx.vertx();
        try {
            HttpClient client = http2Client(vertx);
            Buffer body =
                    client.request(HttpMethod.POST, address.getPort(), "127.0.0.1", "/x")
                            .compose(request -> request.send(Buffer.buffer(RELAY)))
                            .compose(
                                    response -> {
                                        assertEquals(200, response.statusCode());
                                        assertEquals(HttpVersion.HTTP_2, response.version());
                                        return response.body();
                                    })
                            .toCompletionStage()
                            .toCompletableFuture()
                            .join();
            assertEquals("over h2c", body.toString());
            assertEquals(List.of("h2c"), events.protocols);
            long streams =
                    client.request(HttpMethod.POST, address.getPort(), "127.0.0.1", "/x")
                            .map(
                                    request ->
                                            request.connection()
                                                    .remoteSettings()
                                                    .getMaxConcurrentStreams())
                            .toCompletionStage()
                            .toCompletableFuture()
                            .join();
            assertEquals(250, streams);
        } finally {
            vertx.close().toCompletionStage().toCompletableFuture().join();
        }
    }

    /** A client that nobody refers to closes its connections, so they are held until the end. */
    private HttpClient http2Client(Vertx vertx) {
        HttpClient client = vertx.createHttpClient(priorKnowledge());
        clients.add(client);
        return client;
    }

    private static HttpClientOptions priorKnowledge() {
        return new HttpClientOptions()
                .setProtocolVersion(HttpVersion.HTTP_2)
                .setHttp2ClearTextUpgrade(false);
    }

    // ---- limits --------------------------------------------------------------------------------

    @Test
    void bodyOfExactlyTheLimitIsServed() throws IOException {
        start(TransportOptions.listen("127.0.0.1", 0).withMaxBodyBytes(100_000), r -> signed("ok"));
        byte[] body = new byte[100_000];
        Arrays.fill(body, (byte) 7);
        try (RawHttp client = new RawHttp(address)) {
            assertEquals(200, client.request("POST", "/", "", body).read().status());
        }
        assertArrayEquals(body, received.getFirst().body());
    }

    @Test
    void bodyOverTheLimitIsRefusedToAClientThatWritesEverythingFirst() throws IOException {
        start(
                TransportOptions.listen("127.0.0.1", 0).withMaxBodyBytes(3_000_000),
                r -> signed("ok"));
        try (RawHttp client = new RawHttp(address)) {
            RawHttp.Answer answer = client.request("POST", "/", "", new byte[3_000_001]).read();
            assertEquals(413, answer.status());
            assertEquals("application/json", answer.headers().get("content-type"));
            assertEquals("{\"error\":\"request body too large\"}", answer.text());
            assertEquals(
                    200,
                    client.request("POST", "/", "", RELAY).read().status(),
                    "the connection stays usable");
        }
        assertEquals(List.of(Refusal.BODY_TOO_LARGE), events.refusals);
        assertEquals(1, received.size());
        await().atMost(LONG).until(() -> events.finished.get() == 2);
    }

    @Test
    void chunkedBodyOverTheLimitIsRefused() throws IOException {
        start(TransportOptions.listen("127.0.0.1", 0).withMaxBodyBytes(8), r -> signed("ok"));
        try (RawHttp client = new RawHttp(address)) {
            client.write("POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n");
            client.write("9\r\n123456789\r\n0\r\n\r\n");
            assertEquals(413, client.read().status());
        }
        assertTrue(received.isEmpty());
        assertEquals(List.of(Refusal.BODY_TOO_LARGE), events.refusals);
    }

    @Test
    void endlessRefusedBodyClosesTheConnection() throws IOException {
        start(TransportOptions.listen("127.0.0.1", 0).withMaxBodyBytes(8), r -> signed("ok"));
        try (RawHttp client = new RawHttp(address)) {
            client.write("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 1000000000000\r\n\r\n");
            assertEquals(413, client.read().status());
            byte[] megabyte = new byte[1 << 20];
            assertThrows(
                    IOException.class,
                    () -> {
                        for (int i = 0; i < 1000; i++) {
                            client.write(megabyte);
                        }
                    });
        }
        await().atMost(LONG).until(() -> events.finished.get() == 1);
    }

    @Test
    void bodyShorterThanAnnouncedIsWaitedForUntilTheReadTimeout() throws IOException {
        start(
                TransportOptions.listen("127.0.0.1", 0)
                        .withTimeouts(Duration.ofMillis(100), LONG, LONG),
                r -> signed("ok"));
        try (RawHttp client = new RawHttp(address)) {
            client.write("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 500\r\n\r\nabc");
            RawHttp.Answer answer = client.read();
            assertEquals(400, answer.status());
            assertEquals("{\"error\":\"failed to read request body\"}", answer.text());
            assertTrue(client.closedByPeer());
        }
        assertTrue(received.isEmpty());
        assertEquals(List.of(Refusal.BODY_READ_FAILED), events.refusals);
        await().atMost(LONG).until(() -> events.finished.get() == 1);
    }

    @Test
    void clientThatLeavesWithinItsBodyNeverReachesTheHandler() throws IOException {
        start(r -> signed("ok"));
        try (RawHttp client = new RawHttp(address)) {
            client.write("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 500\r\n\r\nabc");
        }
        await().atMost(LONG).until(() -> events.finished.get() == 1);
        assertTrue(received.isEmpty());
        assertEquals(List.of(Refusal.BODY_READ_FAILED), events.refusals);
    }

    @Test
    void oversizedHeadersAreRefused() throws IOException {
        start(r -> signed("ok"));
        try (RawHttp client = new RawHttp(address)) {
            client.write("POST / HTTP/1.1\r\nHost: t\r\nX-Big: " + "x".repeat(70_000) + "\r\n");
            client.write("Content-Length: 0\r\n\r\n");
            assertEquals(431, client.read().status());
        } catch (IOException reset) {
            assertTrue(received.isEmpty());
        }
        assertTrue(received.isEmpty());
    }

    @Test
    void idleConnectionIsClosedButNotOneWithARelayInFlight() throws IOException {
        CompletableFuture<RelayReply> slow = new CompletableFuture<>();
        start(
                TransportOptions.listen("127.0.0.1", 0)
                        .withTimeouts(LONG, LONG, Duration.ofMillis(80)),
                r -> r.path().equals("/slow") ? slow : signed("ok"));
        try (RawHttp idle = new RawHttp(address);
                RawHttp busy = new RawHttp(address);
                RawHttp second = new RawHttp(address)) {
            busy.request("POST", "/slow", "", RELAY);
            assertEquals(200, idle.request("POST", "/", "", RELAY).read().status());
            assertTrue(idle.closedByPeer());
            assertEquals(200, second.request("POST", "/", "", RELAY).read().status());
            assertTrue(second.closedByPeer(), "a second idle period has passed");
            await().atMost(LONG).until(() -> received.size() == 3);
            assertTrue(received.stream().noneMatch(r -> r.cancellation().isCancelled()));
            slow.complete(reply("still here"));
            assertEquals("still here", busy.read().text());
            assertTrue(busy.closedByPeer());
        }
    }

    @Test
    void silentConnectionIsClosed() throws IOException {
        start(
                TransportOptions.listen("127.0.0.1", 0)
                        .withTimeouts(LONG, Duration.ofMillis(80), Duration.ofMillis(80)),
                r -> signed("ok"));
        try (RawHttp silent = new RawHttp(address);
                RawHttp trickling = new RawHttp(address)) {
            trickling.write("PO");
            assertTrue(silent.closedByPeer());
            assertTrue(trickling.closedByPeer());
        }
    }

    @Test
    void http2RelayInFlightKeepsItsConnection() {
        CompletableFuture<RelayReply> slow = new CompletableFuture<>();
        start(
                TransportOptions.listen("127.0.0.1", 0)
                        .withTimeouts(LONG, LONG, Duration.ofMillis(80)),
                r -> r.path().equals("/slow") ? slow : signed("ok"));
        Vertx vertx = Vertx.vertx();
        try {
            CompletableFuture<Buffer> answer =
                    http2Client(vertx)
                            .request(HttpMethod.POST, address.getPort(), "127.0.0.1", "/slow")
                            .compose(request -> request.send(Buffer.buffer(RELAY)))
                            .compose(response -> response.body())
                            .toCompletionStage()
                            .toCompletableFuture();
            await().atMost(LONG).until(() -> received.size() == 1);
            try (RawHttp other = new RawHttp(address)) {
                assertEquals(200, other.request("POST", "/", "", RELAY).read().status());
                assertTrue(other.closedByPeer(), "an idle period has passed");
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
            assertFalse(received.getFirst().cancellation().isCancelled());
            slow.complete(reply("late"));
            assertEquals("late", answer.join().toString());
        } finally {
            vertx.close().toCompletionStage().toCompletableFuture().join();
        }
    }

    @Test
    void abandonedHttp2StreamCancelsOnlyItsRelay() {
        start(r -> r.path().equals("/slow") ? new CompletableFuture<>() : signed("ok"));
        Vertx vertx = Vertx.vertx();
        try {
            HttpClient client = http2Client(vertx);
            client.request(HttpMethod.POST, address.getPort(), "127.0.0.1", "/slow")
                    .onSuccess(
                            request -> {
                                request.end(Buffer.buffer(RELAY));
                                vertx.setPeriodic(
                                        5,
                                        id -> {
                                            if (!received.isEmpty()) {
                                                vertx.cancelTimer(id);
                                                request.reset();
                                            }
                                        });
                            });
            await().atMost(LONG)
                    .until(
                            () ->
                                    !received.isEmpty()
                                            && received.getFirst().cancellation().isCancelled());
            assertEquals(
                    200,
                    client.request(HttpMethod.POST, address.getPort(), "127.0.0.1", "/")
                            .compose(request -> request.send(Buffer.buffer(RELAY)))
                            .toCompletionStage()
                            .toCompletableFuture()
                            .join()
                            .statusCode());
        } finally {
            vertx.close().toCompletionStage().toCompletableFuture().join();
        }
    }

    @Test
    void clientThatDoesNotReadIsDisconnectedAfterTheWriteTimeout() throws IOException {
        start(
                TransportOptions.listen("127.0.0.1", 0)
                        .withTimeouts(LONG, Duration.ofMillis(100), LONG),
                r -> signed(new byte[64 << 20]));
        try (RawHttp client = new RawHttp(address)) {
            client.request("POST", "/", "", RELAY);
            await().atMost(LONG).until(() -> events.finished.get() == 1);
            assertTrue(received.getFirst().cancellation().isCancelled());
        }
    }

    // ---- handler failures ----------------------------------------------------------------------

    @Test
    void throwingHandlerIsAnsweredAndTheProcessLives() throws IOException {
        start(
                r -> {
                    switch (new String(r.body(), UTF_8)) {
                        case "throw" -> throw new IllegalStateException("defect");
                        case "error" -> throw new AssertionError("defect");
                        case "fail" -> {
                            return CompletableFuture.failedStage(new RuntimeException("defect"));
                        }
                        case "null" -> {
                            return null;
                        }
                        case "nothing" -> {
                            return CompletableFuture.completedStage(null);
                        }
                        default -> {
                            return signed("ok");
                        }
                    }
                });
        try (RawHttp client = new RawHttp(address)) {
            for (String body : List.of("throw", "error", "fail", "null", "nothing")) {
                RawHttp.Answer answer =
                        client.request("POST", "/", "", body.getBytes(UTF_8)).read();
                assertEquals(500, answer.status(), body);
                assertEquals("Internal Server Error\n", answer.text());
                assertEquals("text/plain; charset=utf-8", answer.headers().get("content-type"));
            }
            assertEquals(200, client.request("POST", "/", "", RELAY).read().status());
        }
        assertEquals(5, events.failures.size());
    }

    @Test
    void refusalIsValidJsonWhateverTheMessage() throws IOException {
        String nasty = "unknown service: z\"\\z\n\u0001\ud800 \u00e9\ud83d\ude00";
        Map<String, String> details = new LinkedHashMap<>();
        details.put("service", "a\"b");
        details.put("more", "c");
        start(r -> CompletableFuture.completedStage(new RelayReply.Refused(404, nasty, details)));
        try (RawHttp client = new RawHttp(address)) {
            RawHttp.Answer answer = client.request("POST", "/", "", RELAY).read();
            assertEquals(404, answer.status());
            var json = new ObjectMapper().readTree(answer.body());
            assertEquals(nasty, json.get("error").asText());
            assertEquals("a\"b", json.get("service").asText());
            assertTrue(answer.text().endsWith(",\"service\":\"a\\\"b\",\"more\":\"c\"}"));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {400, 429, 503, 599, 600})
    void refusalKeepsItsStatus(int status) throws IOException {
        start(r -> refused(status, "no"));
        try (RawHttp client = new RawHttp(address)) {
            assertEquals(status, client.request("POST", "/", "", RELAY).read().status());
        }
    }

    // ---- dispatch ------------------------------------------------------------------------------

    @Test
    void healthPathsAreNotRelays() throws IOException {
        start(r -> signed("relay"));
        try (RawHttp client = new RawHttp(address)) {
            for (String path : List.of("/health", "/healthz", "/ready", "/ready/eth")) {
                RawHttp.Answer answer = client.request("GET", path + "?v=1", "", RELAY).read();
                assertEquals(200, answer.status());
                assertEquals("{\"path\":\"" + path + "\"}", answer.text());
            }
            assertEquals(
                    "{\"path\":\"/ready/a b+c\"}",
                    client.request("GET", "/ready/a%20b+c", "", new byte[0]).read().text());
            assertEquals(400, client.request("GET", "/ready/", "", new byte[0]).read().status());
            assertEquals(400, client.request("GET", "/ready/%zz", "", new byte[0]).read().status());
            assertTrue(events.protocols.isEmpty());
            assertEquals("relay", client.request("POST", "/healthy", "", RELAY).read().text());
            assertEquals("relay", client.request("POST", "/health/", "", RELAY).read().text());
        }
        assertEquals(2, events.protocols.size());
    }

    @Test
    void webSocketHandshakeIsNotARelay() throws IOException {
        start(r -> signed("relay"));
        try (RawHttp client = new RawHttp(address)) {
            RawHttp.Answer answer =
                    client.write(
                                    "GET /eth HTTP/1.1\r\nHost: t\r\n"
                                            + "Connection: keep-alive, Upgrade\r\n"
                                            + "Upgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\n"
                                            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
                            .read();
            assertEquals(501, answer.status());
            assertEquals("{\"error\":\"websocket relays are not offered here\"}", answer.text());
        }
        assertTrue(received.isEmpty());
        assertEquals(List.of(Refusal.PROTOCOL_NOT_OFFERED), events.refusals);
    }

    @Test
    void grpcOverHttp1IsRefusedAsRecorded() throws IOException {
        start(r -> signed("relay"));
        try (RawHttp client = new RawHttp(address)) {
            RawHttp.Answer answer =
                    client.request(
                                    "POST",
                                    "/pocket.service.RelayService/SendRelay",
                                    "Content-Type: application/grpc\r\n",
                                    new byte[5])
                            .read();
            assertEquals(505, answer.status());
            assertEquals("gRPC requires HTTP/2\n", answer.text());
            assertEquals("text/plain; charset=utf-8", answer.headers().get("content-type"));
            assertEquals("nosniff", answer.headers().get("x-content-type-options"));
        }
        assertTrue(received.isEmpty());
    }

    @Test
    void grpcWebIsUnimplementedInItsOwnProtocol() throws IOException {
        start(r -> signed("relay"));
        try (RawHttp client = new RawHttp(address)) {
            RawHttp.Answer answer =
                    client.request(
                                    "POST",
                                    "/x",
                                    "Content-Type: application/grpc-web-text\r\n",
                                    new byte[5])
                            .read();
            assertEquals(200, answer.status());
            assertEquals("12", answer.headers().get("grpc-status"));
            assertEquals(0, answer.body().length);
            assertEquals(
                    "relay",
                    client.request("PUT", "/x", "Content-Type: application/grpc-web\r\n", RELAY)
                            .read()
                            .text(),
                    "gRPC-Web is POST only");
        }
    }

    @Test
    void grpcOverHttp2IsUnimplementedInItsOwnProtocol() {
        start(r -> signed("relay"));
        Vertx vertx = Vertx.vertx();
        try {
            String status =
                    http2Client(vertx)
                            .request(
                                    HttpMethod.POST,
                                    address.getPort(),
                                    "127.0.0.1",
                                    "/pocket.service.RelayService/SendRelay")
                            .compose(
                                    request ->
                                            request.putHeader("content-type", "application/grpc")
                                                    .send(Buffer.buffer(new byte[5])))
                            .map(response -> response.getHeader("grpc-status"))
                            .toCompletionStage()
                            .toCompletableFuture()
                            .join();
            assertEquals("12", status);
        } finally {
            vertx.close().toCompletionStage().toCompletableFuture().join();
        }
    }

    // ---- compression ---------------------------------------------------------------------------

    @Test
    void replyIsCompressedOnlyIfLargeEnoughAndAskedFor() throws IOException {
        byte[] large = new byte[1024];
        start(
                TransportOptions.listen("127.0.0.1", 0).withCompressionFrom(1024),
                r -> signed(r.body().length == 0 ? new byte[1023] : large));
        try (RawHttp client = new RawHttp(address)) {
            RawHttp.Answer answer =
                    client.request("POST", "/", "Accept-Encoding: br, GZIP;q=1\r\n", RELAY).read();
            assertEquals("gzip", answer.headers().get("content-encoding"));
            assertArrayEquals(
                    large,
                    new GZIPInputStream(new ByteArrayInputStream(answer.body())).readAllBytes());
            assertNull(
                    client.request("POST", "/", "Accept-Encoding: gzip\r\n", new byte[0])
                            .read()
                            .headers()
                            .get("content-encoding"));
            assertNull(
                    client.request("POST", "/", "Accept-Encoding: br\r\n", RELAY)
                            .read()
                            .headers()
                            .get("content-encoding"));
            assertNull(
                    client.request("POST", "/", "", RELAY)
                            .read()
                            .headers()
                            .get("content-encoding"));
        }
    }

    @Test
    void replyThatMustNotBeCompressedIsNot() throws IOException {
        start(
                TransportOptions.listen("127.0.0.1", 0).withCompressionFrom(1024),
                r ->
                        CompletableFuture.completedStage(
                                new RelayReply.Signed(
                                        "application/json",
                                        Headers.empty(),
                                        new byte[5000],
                                        r.path().equals("/compressible"))));
        try (RawHttp client = new RawHttp(address)) {
            String gzip = "Accept-Encoding: gzip\r\n";
            RawHttp.Answer plain = client.request("POST", "/", gzip, RELAY).read();
            assertNull(plain.headers().get("content-encoding"));
            assertArrayEquals(new byte[5000], plain.body());
            assertEquals(
                    "gzip",
                    client.request("POST", "/compressible", gzip, RELAY)
                            .read()
                            .headers()
                            .get("content-encoding"));
        }
    }

    @Test
    void compressionIsOffByDefault() throws IOException {
        start(r -> signed(new byte[5000]));
        try (RawHttp client = new RawHttp(address)) {
            RawHttp.Answer answer =
                    client.request("POST", "/", "Accept-Encoding: gzip\r\n", RELAY).read();
            assertNull(answer.headers().get("content-encoding"));
            assertEquals(5000, answer.body().length);
        }
    }

    // ---- lifecycle -----------------------------------------------------------------------------

    @Test
    void disconnectedClientCancelsTheRelayButTheExchangeWaitsForTheHandler() throws IOException {
        CompletableFuture<RelayReply> slow = new CompletableFuture<>();
        start(r -> slow);
        try (RawHttp client = new RawHttp(address)) {
            client.request("POST", "/", "", RELAY);
            await().atMost(LONG).until(() -> !received.isEmpty());
        }
        await().atMost(LONG).until(() -> received.getFirst().cancellation().isCancelled());
        assertEquals(0, events.finished.get());
        slow.complete(reply("too late"));
        await().atMost(LONG).until(() -> events.finished.get() == 1);
        assertTrue(events.failures.isEmpty());
    }

    @Test
    void drainAnswersWhatIsInFlightAndAcceptsNothingNew() throws Exception {
        CompletableFuture<RelayReply> slow = new CompletableFuture<>();
        start(r -> slow);
        try (RawHttp client = new RawHttp(address)) {
            client.request("POST", "/", "", RELAY);
            await().atMost(LONG).until(() -> !received.isEmpty());
            CompletableFuture<Integer> drained = transport.drain(LONG).toCompletableFuture();
            await().atMost(LONG)
                    .until(
                            () -> {
                                try (RawHttp late = new RawHttp(address)) {
                                    return late.closedByPeer();
                                } catch (ConnectException e) {
                                    return true;
                                }
                            });
            assertFalse(drained.isDone());
            slow.complete(reply("finished"));
            assertEquals("finished", client.read().text());
            assertEquals(0, drained.get(30, TimeUnit.SECONDS));
        }
        assertEquals(1, received.size());
    }

    @Test
    void drainGivesUpAfterTheGraceAndSaysHowManyAreLeft() throws Exception {
        start(r -> new CompletableFuture<>());
        try (RawHttp client = new RawHttp(address)) {
            client.request("POST", "/", "", RELAY);
            await().atMost(LONG).until(() -> !received.isEmpty());
            assertEquals(
                    1,
                    transport
                            .drain(Duration.ofMillis(50))
                            .toCompletableFuture()
                            .get(30, TimeUnit.SECONDS));
        }
    }

    @Test
    void drainWithoutTrafficIsImmediate() throws Exception {
        start(r -> signed("ok"));
        assertEquals(0, transport.drain(LONG).toCompletableFuture().get(30, TimeUnit.SECONDS));
    }

    @Test
    void closeCancelsWhatIsInFlight() throws IOException {
        start(r -> new CompletableFuture<>());
        try (RawHttp client = new RawHttp(address)) {
            client.request("POST", "/", "", RELAY);
            await().atMost(LONG).until(() -> !received.isEmpty());
            transport.close().toCompletableFuture().join();
            assertTrue(received.getFirst().cancellation().isCancelled());
            assertTrue(client.closedByPeer());
        }
        transport.close().toCompletableFuture().join();
    }

    @Test
    void takenPortIsATypedError() throws IOException {
        try (ServerSocket taken =
                new ServerSocket(0, 1, java.net.InetAddress.getLoopbackAddress())) {
            transport = create(TransportOptions.listen("127.0.0.1", taken.getLocalPort()));
            CompletionException e =
                    assertThrows(
                            CompletionException.class,
                            () ->
                                    transport
                                            .start(
                                                    new RelayHandler() {
                                                        @Override
                                                        public CompletionStage<RelayReply> handle(
                                                                InboundRelay relay) {
                                                            return signed("");
                                                        }

                                                        @Override
                                                        public StatusPage status(String path) {
                                                            return new StatusPage(200, "a", "");
                                                        }
                                                    })
                                            .toCompletableFuture()
                                            .join());
            TransportException cause = assertInstanceOf(TransportException.class, e.getCause());
            assertTrue(
                    assertNotNullMessage(cause).startsWith("cannot listen on 127.0.0.1:"),
                    cause.getMessage());
        }
    }

    private static String assertNotNullMessage(Throwable t) {
        assertNotNull(t.getMessage());
        return t.getMessage();
    }

    @Test
    void startsOnlyOnce() {
        start(r -> signed("ok"));
        assertThrows(
                IllegalStateException.class,
                () ->
                        transport.start(
                                new RelayHandler() {
                                    @Override
                                    public CompletionStage<RelayReply> handle(InboundRelay relay) {
                                        return signed("");
                                    }

                                    @Override
                                    public StatusPage status(String path) {
                                        return new StatusPage(200, "a", "");
                                    }
                                }));
    }
}
