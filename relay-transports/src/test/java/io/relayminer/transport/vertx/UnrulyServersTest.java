package io.relayminer.transport.vertx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.relayminer.provider.ProviderSettings;
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
import io.vertx.core.internal.ContextInternal;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Servers that do not keep to HTTP: each request gets its own answer or a failure. */
@Timeout(120)
class UnrulyServersTest {

    private static final Duration LONG = Duration.ofSeconds(30);

    private final BackendOptions oneConnection =
            new BackendOptions(1, 1, LONG, LONG, LONG, LONG, 2);
    private HttpBackend backend = create(oneConnection);

    private static HttpBackend create(BackendOptions options) {
        return (HttpBackend)
                new HttpBackendProvider()
                        .create(
                                new BackendContext(
                                        ProviderSettings.empty("backend"),
                                        options,
                                        new BackendEvents() {}));
    }

    @AfterEach
    void close() {
        backend.close().toCompletableFuture().orTimeout(20, TimeUnit.SECONDS).join();
    }

    private static BackendRequest request(ScriptedServer server, String method, String uri) {
        return new BackendRequest(
                new BackendRequest.Target(false, "127.0.0.1", server.port()),
                method,
                uri,
                Headers.empty(),
                ByteBuffer.wrap(method.equals("POST") ? "{}".getBytes(UTF_8) : new byte[0]),
                1_000_000);
    }

    private BackendResult send(ScriptedServer server, String method, String uri) {
        return backend.send(request(server, method, uri), LONG, new Cancellation())
                .toCompletableFuture()
                .join();
    }

    private static Response response(BackendResult result) {
        return assertInstanceOf(Response.class, result, result.toString());
    }

    private static String text(BackendResult result) {
        return new String(response(result).body(), UTF_8);
    }

    private static void assertFails(Kind kind, BackendResult result) {
        Failure failure = assertInstanceOf(Failure.class, result, result.toString());
        assertEquals(kind, failure.kind(), failure.toString());
    }

    private static String ok(String body) {
        return "HTTP/1.1 200 OK\r\nContent-Length: " + body.length() + "\r\n\r\n" + body;
    }

    // Interim answers

    @ParameterizedTest
    @ValueSource(
            strings = {
                "HTTP/1.1 100 Continue\r\n\r\n",
                "HTTP/1.1 102 Processing\r\n\r\n",
                "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
                "HTTP/1.1 199 Odd\r\nContent-Length: 3\r\n\r\n",
                "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"
                        + "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n"
            })
    void interimAnswersAreSkipped(String interim) throws IOException {
        try (ScriptedServer server =
                new ScriptedServer((r, c) -> c.write(interim + ok(r.line())))) {
            assertEquals("POST /1 HTTP/1.1", text(send(server, "POST", "/1")));
            assertEquals("POST /2 HTTP/1.1", text(send(server, "POST", "/2")));
            assertEquals(1, server.accepted.get());
        }
    }

    @Test
    void interimAnswerWellBeforeTheAnswer() throws Exception {
        CompletableFuture<ScriptedServer.Connection> processing = new CompletableFuture<>();
        try (ScriptedServer server =
                new ScriptedServer(
                        (r, c) -> {
                            c.write("HTTP/1.1 102 Processing\r\n\r\n");
                            processing.complete(c);
                        })) {
            CompletableFuture<BackendResult> answer =
                    backend.send(request(server, "POST", "/"), LONG, new Cancellation())
                            .toCompletableFuture();
            ScriptedServer.Connection connection = processing.join();
            settle();
            assertFalse(answer.isDone());
            connection.respond("mine");
            assertEquals("mine", text(answer.join()));
        }
    }

    /** Lets both event loops take what has been sent to them. */
    private void settle() throws Exception {
        for (int i = 0; i < 4; i++) {
            for (ContextInternal loop : loops()) {
                CountDownLatch turn = new CountDownLatch(1);
                loop.runOnContext(v -> turn.countDown());
                assertTrue(turn.await(30, TimeUnit.SECONDS));
            }
        }
    }

    private List<ContextInternal> loops() {
        ContextInternal first = backend.vertx().createEventLoopContext();
        ContextInternal second = backend.vertx().createEventLoopContext();
        assertNotEquals(first.nettyEventLoop(), second.nettyEventLoop());
        return List.of(first, second);
    }

    @Test
    void unaskedSwitchOfProtocolsIsAFailureAtOnce() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        try (ScriptedServer server =
                new ScriptedServer(
                        (r, c) -> {
                            if (asked.incrementAndGet() == 1) {
                                c.write(
                                        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n"
                                                + "Connection: Upgrade\r\n\r\n"
                                                + ok("nobody's"));
                                c.closedByPeer.await();
                            } else {
                                c.respond("mine");
                            }
                        })) {
            assertFails(Kind.PROTOCOL, send(server, "GET", "/"));
            assertEquals("mine", text(send(server, "GET", "/")));
            assertEquals(2, server.accepted.get());
        }
    }

    // Bytes without a request

    @ParameterizedTest
    @CsvSource({
        "GET, 200, Content-Length: 2",
        "GET, 200, Transfer-Encoding: chunked",
        "GET, 204, X: y",
        "GET, 304, Content-Length: 9",
        "HEAD, 200, Content-Length: 9"
    })
    void whatFollowsAnAnswerReachesNobody(String method, int status, String framing)
            throws IOException {
        String own =
                switch (method + framing.charAt(0)) {
                    case "GETC" -> status == 304 ? "" : "ok";
                    case "GETT" -> "2\r\nok\r\n0\r\n\r\n";
                    default -> "";
                };
        try (ScriptedServer server =
                new ScriptedServer(
                        (r, c) -> {
                            if (r.line().contains("/next")) {
                                c.respond("next");
                            } else {
                                c.write(
                                        "HTTP/1.1 "
                                                + status
                                                + " S\r\n"
                                                + framing
                                                + "\r\n\r\n"
                                                + own
                                                + ok("stray"));
                            }
                        })) {
            CompletableFuture<BackendResult> first =
                    backend.send(request(server, method, "/"), LONG, new Cancellation())
                            .toCompletableFuture();
            // waits for the only connection, and is given it the moment it is free
            CompletableFuture<BackendResult> next =
                    backend.send(request(server, "GET", "/next"), LONG, new Cancellation())
                            .toCompletableFuture();
            assertEquals(status, response(first.join()).status());
            assertEquals("next", text(next.join()));
            assertEquals(2, server.accepted.get());
        }
    }

    @Test
    void bytesOnAnIdleConnectionCloseIt() throws Exception {
        try (ScriptedServer server = new ScriptedServer((r, c) -> c.respond(r.line()))) {
            assertEquals("GET /1 HTTP/1.1", text(send(server, "GET", "/1")));
            ScriptedServer.Connection idle = server.connections.getFirst();
            idle.write(ok("unsolicited"));
            assertTrue(idle.closedByPeer.await(30, TimeUnit.SECONDS));
            assertEquals("GET /2 HTTP/1.1", text(send(server, "GET", "/2")));
            assertEquals(2, server.accepted.get());
        }
    }

    /** The rest of an answer that was longer than it said arrives on the next request. */
    @Test
    void restOfAnEarlierAnswerIsNoFailureOfTheNext() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        try (ScriptedServer server =
                new ScriptedServer(
                        (r, c) -> {
                            if (asked.incrementAndGet() == 2) {
                                c.write("rest of the body\r\n\r\n");
                                c.closedByPeer.await();
                            } else {
                                c.respond(r.line());
                            }
                        })) {
            assertEquals("GET /1 HTTP/1.1", text(send(server, "GET", "/1")));
            assertEquals("GET /2 HTTP/1.1", text(send(server, "GET", "/2")));
            assertEquals(2, server.accepted.get());
        }
    }

    /** A connection is closed after the pool has given it away and before it is used. */
    @Test
    void connectionClosedAtTheMomentOfReuse() throws Exception {
        CompletableFuture<ScriptedServer.Connection> asked = new CompletableFuture<>();
        try (ScriptedServer server =
                new ScriptedServer(
                        (r, c) -> {
                            if (!asked.complete(c)) {
                                c.respond("second");
                            }
                        })) {
            List<ContextInternal> loops = loops();
            CompletableFuture<BackendResult> first = sendOn(loops.get(0), server);
            ScriptedServer.Connection connection = asked.join();
            CompletableFuture<BackendResult> second = sendOn(loops.get(1), server);
            settle(); // the second waits for the only connection
            CountDownLatch held = new CountDownLatch(1);
            loops.get(1).runOnContext(v -> uninterruptibly(held));
            connection.respond("first");
            assertEquals("first", text(first.join()));
            connection.endOutput();
            assertTrue(connection.closedByPeer.await(30, TimeUnit.SECONDS));
            for (int i = 0; i < 2; i++) {
                CountDownLatch turn = new CountDownLatch(1);
                loops.get(0).runOnContext(v -> turn.countDown());
                assertTrue(turn.await(30, TimeUnit.SECONDS));
            }
            held.countDown();
            assertEquals("second", text(second.join()));
            assertEquals(2, server.accepted.get());
        }
    }

    private CompletableFuture<BackendResult> sendOn(ContextInternal loop, ScriptedServer server) {
        CompletableFuture<BackendResult> result = new CompletableFuture<>();
        loop.runOnContext(
                v ->
                        backend.send(request(server, "POST", "/"), LONG, new Cancellation())
                                .thenAccept(result::complete));
        return result;
    }

    private static void uninterruptibly(CountDownLatch latch) {
        try {
            assertTrue(latch.await(30, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    // Framing that is not by the book

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Content-Length: 2\r\nContent-Length: 2\r\n\r\nok",
                "Content-Length: 2, 2\r\n\r\nok",
                "Content-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
                "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n2\r\nok\r\n0\r\n\r\n",
                "Content-Length: 2\n\nok",
                "X-A: 1\nContent-Length: 2\r\n\nok",
                "X-A: 1\r\nX-A: 2\r\nContent-Type: a/b\r\nContent-Type: c/d\r\n"
                        + "Content-Length: 2\r\n\r\nok",
                "X-Folded: one\r\n two\r\nContent-Length: 2\r\n\r\nok"
            })
    void certainMeaningIsAnAnswer(String rest) throws IOException {
        AtomicInteger asked = new AtomicInteger();
        try (ScriptedServer server =
                new ScriptedServer(
                        (r, c) -> {
                            if (asked.incrementAndGet() == 1) {
                                c.write("HTTP/1.1 200 OK\r\n" + rest);
                            } else {
                                c.respond("next");
                            }
                        })) {
            assertEquals("ok", text(send(server, "GET", "/")));
            assertEquals("next", text(send(server, "GET", "/")));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
                "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok",
                "HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nok",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n0\r\n\r\n",
                "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
                "HTTP/3.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
                "ICY 200 OK\r\n\r\n",
                "SSH-2.0-OpenSSH_9.9\r\n\r\n"
            })
    void uncertainMeaningIsAFailureAtOnce(String answer) throws IOException {
        AtomicInteger asked = new AtomicInteger();
        try (ScriptedServer server =
                new ScriptedServer(
                        (r, c) -> {
                            if (asked.incrementAndGet() == 1) {
                                c.write(answer);
                                c.closedByPeer.await();
                            } else {
                                c.respond("next");
                            }
                        })) {
            assertFails(Kind.PROTOCOL, send(server, "GET", "/"));
            assertEquals("next", text(send(server, "GET", "/")));
        }
    }

    @Test
    void http10ClosedByLengthIsAnAnswerOnAConnectionOfItsOwn() throws IOException {
        try (ScriptedServer server =
                new ScriptedServer(
                        (r, c) -> {
                            c.write("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok");
                            c.closedByPeer.await();
                        })) {
            assertEquals("ok", text(send(server, "GET", "/")));
            assertEquals("ok", text(send(server, "GET", "/")));
            assertEquals(2, server.accepted.get());
        }
    }

    @Test
    void http10ThatEndsWithTheConnection() throws IOException {
        try (ScriptedServer server =
                new ScriptedServer(
                        (r, c) -> {
                            c.write("HTTP/1.0 200 OK\r\n\r\nuntil the end");
                            c.close();
                        })) {
            assertEquals("until the end", text(send(server, "GET", "/")));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Content-Length: 10\r\n\r\nhalf",
                "Transfer-Encoding: chunked\r\n\r\n5\r\nhel",
                "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
                "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nTrailer: cut",
                "Content-Len"
            })
    void answerThatIsCutShort(String rest) throws IOException {
        AtomicInteger asked = new AtomicInteger();
        try (ScriptedServer server =
                new ScriptedServer(
                        (r, c) -> {
                            if (asked.incrementAndGet() == 1) {
                                c.write("HTTP/1.1 200 OK\r\n" + rest);
                                c.close();
                            } else {
                                c.respond("next");
                            }
                        })) {
            Failure failure = assertInstanceOf(Failure.class, send(server, "GET", "/"));
            assertTrue(
                    failure.kind() == Kind.CONNECTION_LOST || failure.kind() == Kind.PROTOCOL,
                    failure.toString());
            assertEquals("next", text(send(server, "GET", "/")));
        }
    }

    // All of it at once

    /**
     * Servers that answer early, late, twice, with a body where there is none, too long, too short:
     * an answer that names a request was sent to that request.
     */
    @Test
    void noTwoRequestsEverExchangeBytes() throws Exception {
        close();
        backend = create(new BackendOptions(8, 4, LONG, LONG, LONG, LONG, 2));
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        ConcurrentHashMap<String, Integer> manners = new ConcurrentHashMap<>();
        ConcurrentHashMap<String, CountDownLatch> over = new ConcurrentHashMap<>();
        try (ScriptedServer server =
                new ScriptedServer(
                        (r, c) -> {
                            String id = r.line().split("[ ?]")[1];
                            String own = "answer to " + id;
                            switch (manners.getOrDefault(id, 0)) {
                                case 1 -> c.write("HTTP/1.1 102 P\r\n\r\n" + ok(own));
                                case 2 -> c.write(ok(own) + ok(own)); // twice
                                case 3 -> c.write(ok(own) + "and more of " + id);
                                case 4 -> // a body where none is announced
                                        c.write("HTTP/1.1 204 No Content\r\n\r\n" + ok(own));
                                case 5 -> {
                                    c.write("HTTP/1.1 304 N\r\n\r\n");
                                    c.write(ok(own));
                                }
                                case 6 -> { // too short
                                    c.write("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n" + own);
                                    c.close();
                                }
                                case 7 -> { // late: after the caller has given up
                                    over.get(id).await();
                                    c.write(ok(own));
                                }
                                case 8 -> {
                                    c.write(ok(own));
                                    c.close();
                                }
                                case 9 ->
                                        c.write(
                                                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
                                                        + "Content-Length: 3\r\n\r\n"
                                                        + Integer.toHexString(own.length())
                                                        + "\r\n"
                                                        + own
                                                        + "\r\n0\r\n\r\n"
                                                        + ok(own));
                                case 10 -> { // the body of a HEAD, a moment later
                                    c.write(
                                            "HTTP/1.1 200 OK\r\nContent-Length: "
                                                    + own.length()
                                                    + "\r\n\r\n");
                                    c.write(ok(own));
                                }
                                default -> c.write(ok(own));
                            }
                        })) {
            Semaphore inFlight = new Semaphore(16);
            List<String> wrong = new ArrayList<>();
            AtomicInteger answered = new AtomicInteger();
            int requests = 4000;
            for (int i = 0; i < requests; i++) {
                inFlight.acquire();
                String id = "/" + i;
                int manner = random.nextInt(20);
                CountDownLatch ended = new CountDownLatch(1);
                over.put(id, ended);
                manners.put(id, manner);
                backend.send(
                                request(server, manner == 10 ? "HEAD" : "POST", id),
                                manner == 7 ? Duration.ofMillis(20) : LONG,
                                new Cancellation())
                        .thenAccept(
                                result -> {
                                    if (result instanceof Response r) {
                                        String body = new String(r.body(), UTF_8);
                                        if (body.isEmpty()
                                                ? manner != 4 && manner != 5 && manner != 10
                                                : !body.equals("answer to " + id)) {
                                            synchronized (wrong) {
                                                wrong.add(id + " got \"" + body + "\"");
                                            }
                                        }
                                        answered.incrementAndGet();
                                    } else if (manner != 6
                                            && manner != 7
                                            && ((Failure) result).kind() != Kind.CONNECTION_LOST) {
                                        // all connections may have been spoiled by others
                                        synchronized (wrong) {
                                            wrong.add(id + " (" + manner + ") got " + result);
                                        }
                                    }
                                    ended.countDown();
                                    inFlight.release();
                                });
            }
            inFlight.acquire(16);
            assertEquals(List.of(), wrong, "seed " + seed);
            assertTrue(answered.get() > requests / 2);
        }
    }
}
