package io.relayminer.transport.vertx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.relayminer.transport.BackendEvents;
import io.relayminer.transport.BackendOptions;
import io.relayminer.transport.BackendRequest;
import io.relayminer.transport.BackendResult.Failure;
import io.relayminer.transport.BackendResult.Kind;
import io.relayminer.transport.BackendResult.Response;
import io.relayminer.transport.Cancellation;
import io.relayminer.transport.ChannelResult;
import io.relayminer.transport.Closing;
import io.relayminer.transport.Frame;
import io.relayminer.transport.FrameReceiver;
import io.relayminer.transport.Headers;
import io.relayminer.transport.inprocess.FrameInbox;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.ServerWebSocket;
import io.vertx.core.http.WebSocketFrame;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Channels to backends over real WebSockets. */
@Timeout(60)
class WebSocketBackendTest {

    private static final Duration LONG = Duration.ofSeconds(30);
    private static final int LIMIT = 100_000;

    private final Vertx vertx = Vertx.vertx();
    private final BlockingQueue<ServerWebSocket> accepted = new LinkedBlockingQueue<>();
    private final ConcurrentLinkedQueue<MultiMap> handshakes = new ConcurrentLinkedQueue<>();
    private final HttpServer server =
            vertx.createHttpServer(new HttpServerOptions().setMaxWebSocketFrameSize(1 << 20))
                    .webSocketHandshakeHandler(
                            handshake -> {
                                handshakes.add(handshake.headers());
                                if (handshake.path().equals("/declined")) {
                                    handshake.reject(403);
                                } else {
                                    handshake.accept();
                                }
                            })
                    .webSocketHandler(
                            socket -> {
                                if (socket.path().equals("/echo")) {
                                    socket.textMessageHandler(socket::writeTextMessage);
                                    socket.binaryMessageHandler(socket::writeBinaryMessage);
                                }
                                accepted.add(socket);
                            })
                    .listen(0, "127.0.0.1")
                    .await();
    private HttpBackend backend = new HttpBackend(BackendOptions.DEFAULT, new BackendEvents() {});

    @AfterEach
    void close() {
        backend.close().toCompletableFuture().orTimeout(20, TimeUnit.SECONDS).join();
        vertx.close().await();
    }

    private BackendRequest request(String uri, Headers headers) {
        return new BackendRequest(
                new BackendRequest.Target(false, "127.0.0.1", server.actualPort()),
                "GET",
                uri,
                headers,
                ByteBuffer.allocate(0),
                LIMIT);
    }

    private ChannelResult open(String uri) {
        return backend.open(request(uri, Headers.empty()), LONG, new Cancellation())
                .toCompletableFuture()
                .join();
    }

    private static ChannelResult.Opened opened(ChannelResult result) {
        return assertInstanceOf(ChannelResult.Opened.class, result, result.toString());
    }

    private static void join(java.util.concurrent.CompletionStage<?> stage) {
        stage.toCompletableFuture().orTimeout(30, TimeUnit.SECONDS).join();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }

    private ServerWebSocket peer() throws InterruptedException {
        ServerWebSocket socket = accepted.poll(30, TimeUnit.SECONDS);
        assertTrue(socket != null, "no connection");
        return socket;
    }

    @Test
    void messagesGoBothWaysInOrderWithTheirKind() {
        FrameInbox inbox = new FrameInbox();
        FrameReceiver to = opened(open("/echo")).channel().begin(inbox);
        for (int i = 0; i < 50; i++) {
            to.receive(new Frame(bytes("message ü " + i), i % 2 == 0));
        }
        for (int i = 0; i < 50; i++) {
            Frame frame = inbox.take(LONG);
            assertEquals("message ü " + i, new String(frame.bytes(), UTF_8));
            assertEquals(i % 2 == 0, frame.text());
        }
    }

    @Test
    void handshakeCarriesTheHeadersOfTheRequestAndNoneOfItsOwn() throws Exception {
        Headers headers =
                Headers.of(
                        "Authorization", "Bearer t",
                        "Pocket-Supplier", "pokt1s",
                        "X-Many", "1",
                        "X-Many", "2",
                        "Sec-WebSocket-Protocol", "evil",
                        "Host", "node.example");
        opened(
                backend.open(request("/a%20b?x=1", headers), LONG, new Cancellation())
                        .toCompletableFuture()
                        .join());
        MultiMap seen = handshakes.remove();
        assertEquals("Bearer t", seen.get("authorization"));
        assertEquals("pokt1s", seen.get("pocket-supplier"));
        assertEquals(List.of("1", "2"), seen.getAll("x-many"));
        assertEquals(List.of("node.example"), seen.getAll("host"));
        assertNull(seen.get("origin"));
        assertNull(seen.get("sec-websocket-protocol"));
        assertNull(seen.get("sec-websocket-extensions"));
        assertEquals("/a%20b?x=1", peer().uri());
        open("");
        assertEquals("127.0.0.1:" + server.actualPort(), handshakes.remove().get("host"));
    }

    @Test
    void messagesInPiecesComeWhole() throws Exception {
        FrameInbox inbox = new FrameInbox();
        opened(open("/")).channel().begin(inbox);
        ServerWebSocket peer = peer();
        peer.writeFrame(WebSocketFrame.textFrame("one ", false));
        peer.writePing(Buffer.buffer("between"));
        peer.writeFrame(WebSocketFrame.continuationFrame(Buffer.buffer("two "), false));
        peer.writeFrame(WebSocketFrame.continuationFrame(Buffer.buffer("three"), true));
        peer.writeFrame(WebSocketFrame.binaryFrame(Buffer.buffer(), true));
        Frame whole = inbox.take(LONG);
        assertEquals("one two three", new String(whole.bytes(), UTF_8));
        assertTrue(whole.text());
        Frame empty = inbox.take(LONG);
        assertEquals(0, empty.bytes().length);
        assertFalse(empty.text());
    }

    @Test
    void theNextMessageComesWhenTheOneBeforeHasBeenTaken() throws Exception {
        FrameInbox inbox = new FrameInbox();
        opened(open("/")).channel().begin(inbox);
        ServerWebSocket peer = peer();
        Buffer block = Buffer.buffer(new byte[50_000]);
        for (int i = 0; i < 200; i++) {
            peer.writeBinaryMessage(block);
        }
        for (int taken = 1; taken <= 200; taken++) {
            assertEquals(50_000, inbox.take(LONG).bytes().length);
            int received = inbox.received();
            assertTrue(received <= taken + 1, received + " received, " + taken + " taken");
        }
    }

    @Test
    void whatWasSaidBeforeTheBeginIsKept() throws Exception {
        ChannelResult.Opened opened = opened(open("/"));
        ServerWebSocket peer = peer();
        peer.writeTextMessage("early");
        peer.writeTextMessage("bird");
        peer.close((short) 4321, "custom");
        FrameInbox inbox = new FrameInbox();
        opened.channel().begin(inbox);
        assertEquals("early", new String(inbox.take(LONG).bytes(), UTF_8));
        assertEquals("bird", new String(inbox.take(LONG).bytes(), UTF_8));
        assertEquals(
                new Closing(4321, "custom"), inbox.closed().get(30, TimeUnit.SECONDS), "21.99");
    }

    @Test
    void aCloseComesAfterWhatWasSaidBefore() throws Exception {
        FrameInbox inbox = new FrameInbox();
        opened(open("/")).channel().begin(inbox);
        ServerWebSocket peer = peer();
        for (int i = 0; i < 20; i++) {
            peer.writeTextMessage("" + i);
        }
        peer.close((short) 1000, "bye");
        for (int i = 0; i < 20; i++) {
            assertFalse(inbox.closed().isDone());
            assertEquals("" + i, new String(inbox.take(LONG).bytes(), UTF_8));
        }
        assertEquals(new Closing(1000, "bye"), inbox.closed().get(30, TimeUnit.SECONDS));
    }

    @ParameterizedTest
    @CsvSource({"1000, bye", "1001, session ended", "4000, 'session expired'", "1013, ''"})
    void closingReachesThePeerAsItIs(int code, String reason) throws Exception {
        FrameReceiver to = opened(open("/")).channel().begin(new FrameInbox());
        ServerWebSocket peer = peer();
        CompletableFuture<Void> closed = new CompletableFuture<>();
        peer.closeHandler(v -> closed.complete(null));
        to.close(new Closing(code, reason));
        closed.get(30, TimeUnit.SECONDS);
        assertEquals((short) code, peer.closeStatusCode());
        assertEquals(reason, peer.closeReason() == null ? "" : peer.closeReason());
        assertThrows(CompletionException.class, () -> join(to.receive(Frame.binary(bytes("x")))));
    }

    @Test
    void aLongReasonIsCutBetweenCharacters() throws Exception {
        FrameReceiver to = opened(open("/")).channel().begin(new FrameInbox());
        ServerWebSocket peer = peer();
        CompletableFuture<Void> closed = new CompletableFuture<>();
        peer.closeHandler(v -> closed.complete(null));
        to.close(new Closing(1011, "ü".repeat(100)));
        closed.get(30, TimeUnit.SECONDS);
        assertEquals("ü".repeat(61), peer.closeReason());
    }

    @Test
    void aPeerThatVanishesIsDisconnected() throws Exception { // 21.100
        try (ScriptedServer fleeting =
                new ScriptedServer(
                        (r, c) -> {
                            c.write(WebSocketHandshake.answer(r.head()));
                            c.close();
                        })) {
            FrameInbox inbox = new FrameInbox();
            opened(open(fleeting, LONG)).channel().begin(inbox);
            assertEquals(Closing.DISCONNECTED, inbox.closed().get(30, TimeUnit.SECONDS));
        }
    }

    private ChannelResult open(ScriptedServer server, Duration timeout) {
        return backend.open(
                        new BackendRequest(
                                new BackendRequest.Target(false, "127.0.0.1", server.port()),
                                "GET",
                                "/",
                                Headers.empty(),
                                ByteBuffer.allocate(0),
                                LIMIT),
                        timeout,
                        new Cancellation())
                .toCompletableFuture()
                .join();
    }

    @ParameterizedTest
    @CsvSource({"true", "false"})
    void aMessageOverTheLimitClosesBothSides(boolean inPieces) throws Exception { // 21.98
        FrameInbox inbox = new FrameInbox();
        opened(open("/")).channel().begin(inbox);
        ServerWebSocket peer = peer();
        CompletableFuture<Void> closed = new CompletableFuture<>();
        peer.closeHandler(v -> closed.complete(null));
        peer.exceptionHandler(cut -> {});
        peer.writeFrame(WebSocketFrame.binaryFrame(Buffer.buffer(new byte[LIMIT]), true));
        assertEquals(LIMIT, inbox.take(LONG).bytes().length, "the limit itself passes");
        if (inPieces) {
            peer.writeFrame(WebSocketFrame.binaryFrame(Buffer.buffer(new byte[LIMIT]), false));
            peer.writeFrame(WebSocketFrame.continuationFrame(Buffer.buffer(new byte[1]), true));
        } else {
            peer.writeFrame(WebSocketFrame.binaryFrame(Buffer.buffer(new byte[LIMIT + 1]), true));
        }
        assertEquals(Closing.TOO_LARGE, inbox.closed().get(30, TimeUnit.SECONDS));
        closed.get(30, TimeUnit.SECONDS);
        assertEquals((short) 1009, peer.closeStatusCode());
    }

    @Test
    void aSilentPeerIsGivenUp() throws Exception {
        close();
        backend =
                new HttpBackend(
                        BackendOptions.DEFAULT,
                        new BackendEvents() {},
                        new WebSocketConversation.Patience(
                                Duration.ofMillis(100), Duration.ofMillis(400)),
                        Duration.ofMinutes(5));
        try (ScriptedServer deaf =
                new ScriptedServer(
                        (r, c) -> {
                            c.write(WebSocketHandshake.answer(r.head()));
                            c.closedByPeer.await();
                        })) {
            FrameInbox inbox = new FrameInbox();
            opened(open(deaf, LONG)).channel().begin(inbox);
            assertEquals(Closing.DISCONNECTED, inbox.closed().get(30, TimeUnit.SECONDS));
        }
    }

    @Test
    void aDeclinedHandshakeIsAnAnswer() {
        Response declined = assertInstanceOf(Response.class, open("/declined"));
        assertEquals(403, declined.status());
    }

    private static void assertFails(Kind kind, ChannelResult result) {
        Failure failure = assertInstanceOf(Failure.class, result, result.toString());
        assertEquals(kind, failure.kind(), failure.toString());
    }

    @Test
    void aBackendThatIsNotThere() {
        int port = server.actualPort();
        server.close().await();
        assertFails(
                Kind.CONNECT,
                backend.open(
                                new BackendRequest(
                                        new BackendRequest.Target(false, "127.0.0.1", port),
                                        "GET",
                                        "/",
                                        Headers.empty(),
                                        ByteBuffer.allocate(0),
                                        LIMIT),
                                LONG,
                                new Cancellation())
                        .toCompletableFuture()
                        .join());
    }

    @Test
    void aHandshakeThatIsNotAnsweredInTime() throws Exception {
        try (ScriptedServer silent = new ScriptedServer((r, c) -> c.closedByPeer.await())) {
            assertFails(Kind.TIMEOUT, open(silent, Duration.ofMillis(50)));
        }
    }

    @Test
    void cancellingClosesAnOpenChannelForBothSides() throws Exception {
        Cancellation cancellation = new Cancellation();
        FrameInbox inbox = new FrameInbox();
        opened(
                        backend.open(request("/", Headers.empty()), LONG, cancellation)
                                .toCompletableFuture()
                                .join())
                .channel()
                .begin(inbox);
        ServerWebSocket peer = peer();
        CompletableFuture<Void> closed = new CompletableFuture<>();
        peer.closeHandler(v -> closed.complete(null));
        cancellation.cancel();
        assertEquals(Closing.GOING_AWAY, inbox.closed().get(30, TimeUnit.SECONDS));
        closed.get(30, TimeUnit.SECONDS);
        assertEquals((short) 1001, peer.closeStatusCode());
    }

    @Test
    void cancelledBeforehand() {
        Cancellation cancellation = new Cancellation();
        cancellation.cancel();
        assertFails(
                Kind.CANCELLED,
                backend.open(request("/", Headers.empty()), LONG, cancellation)
                        .toCompletableFuture()
                        .join());
    }

    @Test
    void closingTheBackendClosesItsChannels() throws Exception {
        FrameInbox inbox = new FrameInbox();
        opened(open("/")).channel().begin(inbox);
        ServerWebSocket peer = peer();
        CompletableFuture<Void> closed = new CompletableFuture<>();
        peer.closeHandler(v -> closed.complete(null));
        backend.close().toCompletableFuture().get(30, TimeUnit.SECONDS);
        assertEquals(Closing.GOING_AWAY, inbox.closed().get(30, TimeUnit.SECONDS));
        closed.get(30, TimeUnit.SECONDS);
        assertEquals((short) 1001, peer.closeStatusCode());
        assertFails(Kind.CLOSED, open("/"));
    }

    @Test
    void aFailingReceiverEndsTheConversation() throws Exception {
        FrameInbox closings = new FrameInbox();
        opened(open("/"))
                .channel()
                .begin(
                        new FrameReceiver() {
                            @Override
                            public java.util.concurrent.CompletionStage<Void> receive(Frame frame) {
                                return CompletableFuture.failedStage(
                                        new IllegalStateException("gone"));
                            }

                            @Override
                            public void end() {}

                            @Override
                            public void close(Closing closing) {
                                closings.close(closing);
                            }
                        });
        ServerWebSocket peer = peer();
        peer.writeTextMessage("x");
        assertEquals(Closing.FAILED, closings.closed().get(30, TimeUnit.SECONDS));
    }

    @Test
    void bytesOfAMessageAreNotChanged() {
        byte[] message = bytes("as it was");
        FrameInbox inbox = new FrameInbox();
        FrameReceiver to = opened(open("/echo")).channel().begin(inbox);
        join(to.receive(Frame.binary(message)));
        assertArrayEquals(bytes("as it was"), message);
        assertArrayEquals(bytes("as it was"), inbox.take(LONG).bytes());
    }
}
