package io.relayminer.transport.vertx;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.relayminer.provider.ProviderSettings;
import io.relayminer.transport.Backend;
import io.relayminer.transport.BackendContext;
import io.relayminer.transport.BackendEvents;
import io.relayminer.transport.BackendOptions;
import io.relayminer.transport.BackendRequest;
import io.relayminer.transport.BackendResult;
import io.relayminer.transport.BackendResult.Failure;
import io.relayminer.transport.BackendResult.Kind;
import io.relayminer.transport.BackendResult.Response;
import io.relayminer.transport.Cancellation;
import io.relayminer.transport.Headers;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.FileInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import javax.net.ServerSocketFactory;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

@Timeout(60)
class HttpBackendTest {

    private static final Duration LONG = Duration.ofSeconds(30);
    private static final Duration SHORT = Duration.ofMillis(80);

    private final List<Boolean> reused = new CopyOnWriteArrayList<>();
    private final List<Long> opened = new CopyOnWriteArrayList<>();
    private Backend backend = create(BackendOptions.DEFAULT);

    private Backend create(BackendOptions options) {
        return new HttpBackendProvider()
                .create(
                        new BackendContext(
                                ProviderSettings.empty("backend"),
                                options,
                                new BackendEvents() {
                                    @Override
                                    public void connectionAcquired(long waitNanos, boolean again) {
                                        reused.add(again);
                                    }

                                    @Override
                                    public void connectionOpened(long nanos) {
                                        opened.add(nanos);
                                    }
                                }));
    }

    private void use(BackendOptions options) {
        close();
        backend = create(options);
    }

    @AfterEach
    void close() {
        backend.close().toCompletableFuture().orTimeout(20, TimeUnit.SECONDS).join();
    }

    private static BackendRequest request(int port, String method, String uri, String body) {
        return new BackendRequest(
                new BackendRequest.Target(false, "127.0.0.1", port),
                method,
                uri,
                Headers.empty(),
                ByteBuffer.wrap(body.getBytes(UTF_8)),
                1_000_000);
    }

    private static BackendRequest with(BackendRequest r, Headers headers, long maxResponse) {
        return new BackendRequest(r.target(), r.method(), r.uri(), headers, r.body(), maxResponse);
    }

    private BackendResult send(BackendRequest request) {
        return send(request, LONG);
    }

    private BackendResult send(BackendRequest request, Duration timeout) {
        return backend.send(request, timeout, new Cancellation()).toCompletableFuture().join();
    }

    private static Response response(BackendResult result) {
        return assertInstanceOf(Response.class, result, result.toString());
    }

    private static void assertFails(Kind kind, BackendResult result) {
        Failure failure = assertInstanceOf(Failure.class, result, result.toString());
        assertEquals(kind, failure.kind(), failure.toString());
        assertFalse(failure.detail().isEmpty());
    }

    @Test
    void requestArrivesAsBuiltAndTheAnswerComesBackWhole() throws IOException {
        try (ScriptedServer server =
                new ScriptedServer(
                        (request, connection) ->
                                connection.write(
                                        "HTTP/1.1 404 Not Found\r\nX-A: 1\r\nx-a: 2\r\n"
                                                + "Content-Length: 5\r\n\r\nhello"))) {
            Headers headers = Headers.of("X-One", "1", "X-Two", "a", "X-Two", "b");
            BackendRequest request =
                    with(request(server.port(), "POST", "/p%20q?x=1&y=%2F", "{}"), headers, 100);
            Response answer = response(send(request));
            assertEquals(404, answer.status());
            assertEquals("hello", new String(answer.body(), UTF_8));
            assertEquals(List.of("1", "2"), answer.headers().all("X-A"));
            ScriptedServer.Request seen = server.requests.getFirst();
            assertEquals("POST /p%20q?x=1&y=%2F HTTP/1.1", seen.line());
            assertEquals("{}", new String(seen.body(), UTF_8));
            assertTrue(seen.has("host: 127.0.0.1:" + server.port()), seen.head());
            assertTrue(seen.has("x-two: a") && seen.has("x-two: b"), seen.head());
            assertTrue(seen.has("content-length: 2"), seen.head());
            assertFalse(seen.mentions("user-agent"), seen.head());
            assertFalse(seen.mentions("accept-encoding"), seen.head());
            assertEquals(0, request.body().position());
        }
    }

    @Test
    void readOnlySliceOfABodyIsSent() throws IOException {
        try (ScriptedServer server = new ScriptedServer((r, c) -> c.respond("ok"))) {
            ByteBuffer slice =
                    ByteBuffer.wrap("..payload..".getBytes(UTF_8)).slice(2, 7).asReadOnlyBuffer();
            BackendRequest base = request(server.port(), "POST", "/", "");
            response(
                    send(
                            new BackendRequest(
                                    base.target(), "POST", "/", Headers.empty(), slice, 100)));
            assertEquals("payload", new String(server.requests.getFirst().body(), UTF_8));
        }
    }

    @Test
    void emptyBodies() throws IOException {
        try (ScriptedServer server = new ScriptedServer((r, c) -> c.respond("ok"))) {
            response(send(request(server.port(), "GET", "", "")));
            response(send(request(server.port(), "POST", "?q=1", "")));
            response(send(request(server.port(), "DELETE", "/d", "x")));
            assertEquals("GET / HTTP/1.1", server.requests.get(0).line());
            assertFalse(server.requests.get(0).mentions("content-length"));
            assertEquals("POST /?q=1 HTTP/1.1", server.requests.get(1).line());
            assertTrue(server.requests.get(1).has("content-length: 0"));
            assertEquals("x", new String(server.requests.get(2).body(), UTF_8));
        }
    }

    @Test
    void hostCanBeSet() throws IOException {
        try (ScriptedServer server = new ScriptedServer((r, c) -> c.respond("ok"))) {
            for (String host : List.of("node.example", "node.example:8080")) {
                response(
                        send(
                                with(
                                        request(server.port(), "GET", "/", ""),
                                        Headers.of("Host", host),
                                        100)));
                ScriptedServer.Request seen = server.requests.getLast();
                assertTrue(seen.has("host: " + host), seen.head());
            }
        }
    }

    @Test
    void connectionIsReused() throws IOException {
        try (ScriptedServer server = new ScriptedServer((r, c) -> c.respond("ok"))) {
            for (int i = 0; i < 5; i++) {
                response(send(request(server.port(), "POST", "/", "x")));
            }
            assertEquals(1, server.accepted.get());
            assertEquals(List.of(false, true, true, true, true), reused);
            assertEquals(1, opened.size());
        }
    }

    /** So that a name is looked up again even if the host is never idle. */
    @Test
    void noConnectionIsUsedForEver() throws IOException {
        close();
        backend =
                new HttpBackend(
                        BackendOptions.DEFAULT,
                        new BackendEvents() {},
                        WebSocketConversation.Patience.DEFAULT,
                        Duration.ofMillis(50));
        try (ScriptedServer server = new ScriptedServer((r, c) -> c.respond("ok"))) {
            await().atMost(LONG)
                    .until(
                            () -> {
                                response(send(request(server.port(), "POST", "/", "x")));
                                return server.accepted.get() > 1;
                            });
        }
    }

    @Test
    void redirectIsAnAnswer() throws IOException {
        try (ScriptedServer server =
                new ScriptedServer(
                        (r, c) ->
                                c.write(
                                        "HTTP/1.1 301 Moved\r\nLocation: /elsewhere\r\n"
                                                + "Content-Length: 0\r\n\r\n"))) {
            Response answer = response(send(request(server.port(), "GET", "/", "")));
            assertEquals(301, answer.status());
            assertEquals("/elsewhere", answer.headers().first("location"));
            assertEquals(1, server.requests.size());
        }
    }

    @Test
    void bodilessAnswers() throws IOException {
        try (ScriptedServer server =
                new ScriptedServer(
                        (r, c) -> {
                            switch (r.line()) {
                                case "HEAD / HTTP/1.1" ->
                                        c.write(
                                                "HTTP/1.1 200 OK\r\n"
                                                        + "Content-Length: 9999999\r\n\r\n");
                                case "GET /204 HTTP/1.1" ->
                                        c.write("HTTP/1.1 204 No Content\r\n\r\n");
                                default -> c.write("HTTP/1.1 304 Not Modified\r\n\r\n");
                            }
                        })) {
            assertEquals(0, response(send(request(server.port(), "HEAD", "/", ""))).body().length);
            assertEquals(204, response(send(request(server.port(), "GET", "/204", ""))).status());
            assertEquals(304, response(send(request(server.port(), "GET", "/304", ""))).status());
            assertEquals(3, server.accepted.get(), "what they end with is not certain");
        }
    }

    @Test
    void chunkedAnswerWithTrailers() throws IOException {
        try (ScriptedServer server =
                new ScriptedServer(
                        (r, c) ->
                                c.write(
                                        "HTTP/1.1 200 OK\r\n"
                                                + "Transfer-Encoding: chunked\r\n\r\n"
                                                + "5\r\n"
                                                + "hello\r\n"
                                                + "6\r\n"
                                                + " world\r\n"
                                                + "0\r\n"
                                                + "Grpc-Status: 0\r\n"
                                                + "\r\n"))) {
            Response answer = response(send(request(server.port(), "POST", "/", "x")));
            assertEquals("hello world", new String(answer.body(), UTF_8));
            assertEquals("0", answer.trailers().first("grpc-status"));
        }
    }

    @Test
    void answerEndingWithTheConnectionIsComplete() throws IOException {
        try (ScriptedServer server =
                new ScriptedServer(
                        (r, c) -> {
                            c.write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end");
                            c.close();
                        })) {
            Response answer = response(send(request(server.port(), "GET", "/", "")));
            assertEquals("until the end", new String(answer.body(), UTF_8));
        }
    }

    @Test
    void unusualStatusCodes() throws IOException {
        try (ScriptedServer server =
                new ScriptedServer(
                        (r, c) -> c.write("HTTP/1.1 777 Odd\r\nContent-Length: 0\r\n\r\n"))) {
            assertEquals(777, response(send(request(server.port(), "GET", "/", ""))).status());
        }
    }

    // ---- failures ------------------------------------------------------------------------------

    @Test
    void refusedConnection() throws IOException {
        int port;
        try (ServerSocket closed = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = closed.getLocalPort();
        }
        assertFails(Kind.CONNECT, send(request(port, "GET", "/", "")));
        assertTrue(Kind.CONNECT.nothingSent());
    }

    @ParameterizedTest
    @ValueSource(strings = {"node.invalid", "eth_node.invalid"})
    void unknownHost(String host) {
        BackendRequest request =
                new BackendRequest(
                        new BackendRequest.Target(false, host, 80),
                        "GET",
                        "/",
                        Headers.empty(),
                        ByteBuffer.allocate(0),
                        100);
        assertFails(Kind.DNS, send(request));
    }

    @Test
    void tlsToACleartextServer() throws IOException {
        try (ScriptedServer server = new ScriptedServer((r, c) -> c.respond("ok"))) {
            ServerSocket plain = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
            Thread.ofVirtual()
                    .start(
                            () -> {
                                try (plain;
                                        var socket = plain.accept()) {
                                    socket.getOutputStream()
                                            .write("HTTP/1.1 400 Bad\r\n\r\n".getBytes(UTF_8));
                                    socket.getInputStream().readAllBytes();
                                } catch (IOException done) {
                                    // the client gave up
                                }
                            });
            assertFails(Kind.TLS, send(overTls(plain.getLocalPort())));
            assertEquals(0, server.requests.size());
        }
    }

    private static BackendRequest overTls(int port) {
        return new BackendRequest(
                new BackendRequest.Target(true, "localhost", port),
                "GET",
                "/",
                Headers.empty(),
                ByteBuffer.allocate(0),
                100);
    }

    @Test
    void certificateOfAnUnknownAuthority(@TempDir Path dir) throws Exception {
        Path store = dir.resolve("store.p12");
        Process keytool =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "keytool")
                                        .toString(),
                                "-genkeypair",
                                "-alias",
                                "a",
                                "-keyalg",
                                "EC",
                                "-dname",
                                "CN=localhost",
                                "-storetype",
                                "PKCS12",
                                "-keystore",
                                store.toString(),
                                "-storepass",
                                "changeit")
                        .inheritIO()
                        .start();
        assertEquals(0, keytool.waitFor());
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (FileInputStream in = new FileInputStream(store.toFile())) {
            keys.load(in, "changeit".toCharArray());
        }
        KeyManagerFactory managers =
                KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(keys, "changeit".toCharArray());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(managers.getKeyManagers(), null, null);
        ServerSocketFactory factory = context.getServerSocketFactory();
        try (ScriptedServer server = new ScriptedServer(factory, (r, c) -> c.respond("ok"))) {
            assertFails(Kind.TLS, send(overTls(server.port())));
            assertEquals(0, server.requests.size());
        }
    }

    @Test
    void noAnswerInTime() throws Exception {
        try (ScriptedServer server = new ScriptedServer((r, c) -> c.closedByPeer.await())) {
            assertFails(Kind.TIMEOUT, send(request(server.port(), "GET", "/", ""), SHORT));
        }
    }

    @Test
    void bodyThatStallsBeyondTheTimeLimit() throws IOException {
        try (ScriptedServer server =
                new ScriptedServer(
                        (r, c) -> {
                            c.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
                            c.closedByPeer.await();
                        })) {
            assertFails(Kind.TIMEOUT, send(request(server.port(), "GET", "/", ""), SHORT));
        }
    }

    @Test
    void responseHeadLimit() throws IOException {
        use(new BackendOptions(10, 10, LONG, LONG, LONG, SHORT, 0));
        try (ScriptedServer server =
                new ScriptedServer(
                        (r, c) -> {
                            if (r.line().startsWith("GET /slow-body")) {
                                c.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nha");
                                await().pollDelay(SHORT.multipliedBy(3)).until(() -> true);
                                c.write("lf");
                            } else {
                                c.closedByPeer.await();
                            }
                        })) {
            assertFails(Kind.TIMEOUT, send(request(server.port(), "GET", "/", "")));
            assertEquals(
                    "half",
                    new String(
                            response(send(request(server.port(), "GET", "/slow-body", ""))).body(),
                            UTF_8),
                    "the limit is for the head only");
        }
    }

    @Test
    void connectionLostBeforeTheAnswer() throws IOException {
        try (ScriptedServer server = new ScriptedServer((r, c) -> c.close())) {
            assertFails(Kind.CONNECTION_LOST, send(request(server.port(), "POST", "/", "x")));
            assertFalse(Kind.CONNECTION_LOST.nothingSent());
        }
    }

    /** The server answers once per connection and resets it when the next request arrives. */
    private static ScriptedServer forgetful() throws IOException {
        Set<ScriptedServer.Connection> used = ConcurrentHashMap.newKeySet();
        return new ScriptedServer(
                (request, connection) -> {
                    if (used.add(connection)) {
                        connection.respond("ok");
                    } else {
                        connection.close();
                    }
                });
    }

    @Test
    void aConnectionThatTheServerClosedMeanwhileIsNoFailure() throws IOException {
        try (ScriptedServer server = forgetful()) {
            for (int i = 0; i < 5; i++) {
                Response answer = response(send(request(server.port(), "POST", "/", "{}")));
                assertEquals("ok", new String(answer.body(), UTF_8));
            }
            assertEquals(5, server.accepted.get(), "each answer came over a connection of its own");
        }
    }

    @Test
    void aServerThatClosesEveryConnectionIsAFailureAndNotAskedForEver() throws IOException {
        AtomicInteger served = new AtomicInteger();
        try (ScriptedServer server =
                new ScriptedServer(
                        (request, connection) -> {
                            if (served.incrementAndGet() == 1) {
                                connection.respond("ok");
                            } else {
                                connection.close();
                            }
                        })) {
            response(send(request(server.port(), "POST", "/", "{}")));
            assertFails(Kind.CONNECTION_LOST, send(request(server.port(), "POST", "/", "{}")));
            assertTrue(server.requests.size() <= 3, () -> server.requests.size() + " requests");
        }
    }

    @Test
    void aConnectionThatIsLostWithinTheResponseIsAFailure() throws IOException {
        AtomicInteger served = new AtomicInteger();
        try (ScriptedServer server =
                new ScriptedServer(
                        (request, connection) -> {
                            if (served.incrementAndGet() == 1) {
                                connection.respond("ok");
                            } else {
                                connection.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab");
                                connection.close();
                            }
                        })) {
            response(send(request(server.port(), "POST", "/", "{}")));
            assertFails(Kind.CONNECTION_LOST, send(request(server.port(), "POST", "/", "{}")));
            assertEquals(2, server.requests.size(), "never sent twice");
        }
    }

    /** The pool may have given a connection to the next request when it becomes one too many. */
    @Test
    void boundOfIdleConnectionsBreaksNoRequest() throws Exception {
        use(new BackendOptions(64, 1, LONG, LONG, LONG, LONG, 2));
        try (ScriptedServer server =
                new ScriptedServer(
                        (request, connection) ->
                                connection.write(
                                        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))) {
            Semaphore inFlight = new Semaphore(32);
            Set<BackendResult> failures = ConcurrentHashMap.newKeySet();
            for (int i = 0; i < 4000; i++) {
                inFlight.acquire();
                backend.send(request(server.port(), "POST", "/", "{}"), LONG, new Cancellation())
                        .thenAccept(
                                result -> {
                                    if (!(result instanceof Response)) {
                                        failures.add(result);
                                    }
                                    inFlight.release();
                                });
            }
            inFlight.acquire(32);
            assertEquals(Set.of(), failures);
        }
    }

    @Test
    void idleConnectionsBeyondTheBoundAreClosed() throws Exception {
        use(new BackendOptions(10, 2, LONG, LONG, LONG, LONG, 0));
        CountDownLatch all = new CountDownLatch(6);
        CountDownLatch answer = new CountDownLatch(1);
        try (ScriptedServer server =
                new ScriptedServer(
                        (request, connection) -> {
                            all.countDown();
                            answer.await();
                            connection.respond("ok");
                        })) {
            List<CompletableFuture<BackendResult>> results = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                results.add(
                        backend.send(
                                        request(server.port(), "POST", "/", "{}"),
                                        LONG,
                                        new Cancellation())
                                .toCompletableFuture());
            }
            all.await();
            answer.countDown();
            results.forEach(result -> response(result.join()));
            await().atMost(LONG)
                    .until(
                            () ->
                                    server.connections.stream()
                                                    .filter(c -> c.closedByPeer.getCount() == 0)
                                                    .count()
                                            == 4);
            response(send(request(server.port(), "POST", "/", "{}")));
            assertEquals(6, server.accepted.get(), "the two kept ones are used again");
        }
    }

    @Test
    void truncatedBody() throws IOException {
        try (ScriptedServer server =
                new ScriptedServer(
                        (r, c) -> {
                            c.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
                            c.close();
                        })) {
            assertFails(Kind.CONNECTION_LOST, send(request(server.port(), "GET", "/", "")));
        }
    }

    @Test
    void truncatedChunkedBody() throws IOException {
        try (ScriptedServer server =
                new ScriptedServer(
                        (r, c) -> {
                            c.write(
                                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                            + "5\r\nhello\r\n");
                            c.close();
                        })) {
            assertFails(Kind.CONNECTION_LOST, send(request(server.port(), "GET", "/", "")));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Content-Length: 101\r\n\r\n",
                "Transfer-Encoding: chunked\r\n\r\n" + "33\r\n",
                "Connection: close\r\n\r\n"
            })
    void answerLongerThanTheLimit(String framing) throws Exception {
        String block = "x".repeat(51);
        try (ScriptedServer server =
                new ScriptedServer(
                        (r, c) -> {
                            c.write("HTTP/1.1 200 OK\r\n" + framing + block);
                            c.write(
                                    framing.contains("chunked")
                                            ? "\r\n33\r\n" + block + "\r\n"
                                            : block);
                            c.closedByPeer.await();
                        })) {
            assertFails(
                    Kind.TOO_LARGE,
                    send(with(request(server.port(), "GET", "/", ""), Headers.empty(), 100)));
        }
    }

    @Test
    void answerOfExactlyTheLimit() throws IOException {
        try (ScriptedServer server = new ScriptedServer((r, c) -> c.respond("x".repeat(100)))) {
            assertArrayEquals(
                    "x".repeat(100).getBytes(UTF_8),
                    response(
                                    send(
                                            with(
                                                    request(server.port(), "GET", "/", ""),
                                                    Headers.empty(),
                                                    100)))
                            .body());
        }
    }

    @Test
    void cancellationClosesTheConnection() throws Exception {
        try (ScriptedServer server = new ScriptedServer((r, c) -> {})) {
            Cancellation cancellation = new Cancellation();
            CompletableFuture<BackendResult> result =
                    backend.send(request(server.port(), "GET", "/", ""), LONG, cancellation)
                            .toCompletableFuture();
            await().atMost(LONG).until(() -> server.requests.size() == 1);
            assertFalse(result.isDone());
            cancellation.cancel();
            assertFails(Kind.CANCELLED, result.get(30, TimeUnit.SECONDS));
            assertTrue(
                    server.connections.getFirst().closedByPeer.await(30, TimeUnit.SECONDS),
                    "the server notices");
        }
    }

    @Test
    void cancelledBeforehand() throws IOException {
        try (ScriptedServer server = new ScriptedServer((r, c) -> c.respond("ok"))) {
            Cancellation cancellation = new Cancellation();
            cancellation.cancel();
            assertFails(
                    Kind.CANCELLED,
                    backend.send(request(server.port(), "GET", "/", ""), LONG, cancellation)
                            .toCompletableFuture()
                            .join());
            assertEquals(0, server.requests.size());
        }
    }

    @Test
    void answerThatIsNotHttp() throws IOException {
        try (ScriptedServer server =
                new ScriptedServer(
                        (r, c) -> {
                            c.write("SSH-2.0-OpenSSH_9.9\r\n\r\n");
                            c.close();
                        })) {
            Failure failure =
                    assertInstanceOf(Failure.class, send(request(server.port(), "GET", "/", "")));
            assertTrue(
                    failure.kind() == Kind.PROTOCOL || failure.kind() == Kind.CONNECTION_LOST,
                    failure.toString());
        }
    }

    @Test
    void headerThatCannotBeSent() throws IOException {
        try (ScriptedServer server = new ScriptedServer((r, c) -> c.respond("ok"))) {
            for (Headers headers :
                    List.of(
                            Headers.of("X-A", "1\r\nX-B: 2"),
                            Headers.of("X A", "1"),
                            Headers.of("Host", "a b/c"))) {
                assertFails(
                        Kind.INVALID_REQUEST,
                        send(with(request(server.port(), "GET", "/", ""), headers, 100)));
            }
            assertEquals(0, server.requests.size());
            response(send(request(server.port(), "GET", "/", "")));
        }
    }

    @Test
    void requestsWaitForAFreeConnection() throws Exception {
        use(new BackendOptions(1, 1, LONG, LONG, LONG, LONG, 0));
        CompletableFuture<Void> release = new CompletableFuture<>();
        try (ScriptedServer server =
                new ScriptedServer(
                        (r, c) -> {
                            release.join();
                            c.respond("ok");
                        })) {
            CompletableFuture<BackendResult> first =
                    backend.send(request(server.port(), "GET", "/1", ""), LONG, new Cancellation())
                            .toCompletableFuture();
            await().atMost(LONG).until(() -> server.requests.size() == 1);
            CompletableFuture<BackendResult> second =
                    backend.send(request(server.port(), "GET", "/2", ""), LONG, new Cancellation())
                            .toCompletableFuture();
            assertFails(Kind.TIMEOUT, send(request(server.port(), "GET", "/3", ""), SHORT));
            release.complete(null);
            response(first.get(30, TimeUnit.SECONDS));
            response(second.get(30, TimeUnit.SECONDS));
            assertEquals(1, server.accepted.get());
            assertEquals(2, server.requests.size(), "the third gave up while waiting");
        }
    }

    @Test
    void closedBackend() throws IOException {
        try (ScriptedServer server = new ScriptedServer((r, c) -> c.respond("ok"))) {
            close();
            assertFails(Kind.CLOSED, send(request(server.port(), "GET", "/", "")));
            assertEquals(0, server.requests.size());
        }
    }

    @Test
    void closingEndsWhatIsInFlight() throws Exception {
        try (ScriptedServer server = new ScriptedServer((r, c) -> c.closedByPeer.await())) {
            CompletableFuture<BackendResult> result =
                    backend.send(request(server.port(), "GET", "/", ""), LONG, new Cancellation())
                            .toCompletableFuture();
            await().atMost(LONG).until(() -> server.requests.size() == 1);
            close();
            assertFails(Kind.CONNECTION_LOST, result.get(30, TimeUnit.SECONDS));
        }
    }
}
