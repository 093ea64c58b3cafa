package io.relayminer.transport.vertx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.relayminer.transport.BackendEvents;
import io.relayminer.transport.BackendOptions;
import io.relayminer.transport.BackendRequest;
import io.relayminer.transport.BackendResult;
import io.relayminer.transport.BackendResult.Failure;
import io.relayminer.transport.BackendResult.Response;
import io.relayminer.transport.Cancellation;
import io.relayminer.transport.Headers;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** Backends that speak HTTP/2 without negotiation, as gRPC servers do. */
@Timeout(60)
class Http2BackendTest {

    private static final Duration LONG = Duration.ofSeconds(30);
    private static final byte[] MESSAGE = {0, 0, 0, 0, 2, 8, 1};

    private final Vertx vertx = Vertx.vertx();
    private final Set<Object> connections = ConcurrentHashMap.newKeySet();
    private final HttpServer server =
            vertx.createHttpServer()
                    .connectionHandler(connections::add)
                    .requestHandler(Http2BackendTest::serve)
                    .listen(0, "127.0.0.1")
                    .await();
    private final HttpBackend backend =
            new HttpBackend(BackendOptions.DEFAULT, new BackendEvents() {});

    private static void serve(HttpServerRequest request) {
        if (request.version() != HttpVersion.HTTP_2) {
            request.response().setStatusCode(505).end();
            return;
        }
        switch (request.path()) {
            case "/demo.Demo/Echo" ->
                    request.body()
                            .onSuccess(
                                    body -> {
                                        request.response()
                                                .putHeader("content-type", "application/grpc")
                                                .putHeader("x-te", request.getHeader("te"))
                                                .putHeader("x-host", request.authority().toString())
                                                .putTrailer("grpc-status", "0")
                                                .putTrailer("grpc-message", "")
                                                .end(body);
                                    });
            case "/demo.Demo/Refuse" ->
                    request.response()
                            .putHeader("content-type", "application/grpc")
                            .putHeader("grpc-status", "12")
                            .putHeader("grpc-message", "unknown method")
                            .end();
            case "/big" -> request.response().end(Buffer.buffer(new byte[3_000_000]));
            default -> request.response().setStatusCode(404).end();
        }
    }

    @AfterEach
    void close() {
        backend.close().toCompletableFuture().orTimeout(20, TimeUnit.SECONDS).join();
        vertx.close().await();
    }

    private CompletableFuture<BackendResult> send(String uri, byte[] body) {
        return backend.send(
                        new BackendRequest(
                                new BackendRequest.Target(
                                        false, "127.0.0.1", server.actualPort(), true),
                                "POST",
                                uri,
                                Headers.of("Content-Type", "application/grpc", "TE", "trailers"),
                                ByteBuffer.wrap(body),
                                4_000_000),
                        LONG,
                        new Cancellation())
                .toCompletableFuture();
    }

    private static Response response(BackendResult result) {
        return assertInstanceOf(Response.class, result, result.toString());
    }

    @Test
    void aCallAndItsTrailers() {
        Response answer = response(send("/demo.Demo/Echo", MESSAGE).join());
        assertEquals(200, answer.status());
        assertArrayEquals(MESSAGE, answer.body());
        assertEquals("0", answer.trailers().first("grpc-status"));
        assertEquals("", answer.trailers().first("grpc-message"));
        assertEquals("trailers", answer.headers().first("x-te"));
        assertEquals("127.0.0.1:" + server.actualPort(), answer.headers().first("x-host"));
    }

    @Test
    void anAnswerOfTrailersOnly() {
        Response answer = response(send("/demo.Demo/Refuse", MESSAGE).join());
        assertEquals("12", answer.headers().first("grpc-status"));
        assertEquals(0, answer.body().length);
    }

    @Test
    void callsShareAConnection() {
        response(send("/demo.Demo/Echo", MESSAGE).join());
        List<CompletableFuture<BackendResult>> calls = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            calls.add(send("/demo.Demo/Echo", ("call " + i).getBytes(UTF_8)));
        }
        for (int i = 0; i < 200; i++) {
            assertEquals("call " + i, new String(response(calls.get(i).join()).body(), UTF_8));
        }
        int most = 4 * VertxRuntime.eventLoops(backend.vertx());
        assertTrue(connections.size() <= most, () -> connections.size() + " connections");
    }

    @Test
    void anAnswerLargerThanTheWindows() {
        assertEquals(3_000_000, response(send("/big", MESSAGE).join()).body().length);
    }

    @Test
    void aServerThatSpeaksHttp1OnlyIsAFailure() throws IOException {
        try (ScriptedServer old =
                new ScriptedServer(
                        (r, c) -> {
                            c.write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
                            c.close();
                        })) {
            BackendResult result =
                    backend.send(
                                    new BackendRequest(
                                            new BackendRequest.Target(
                                                    false, "127.0.0.1", old.port(), true),
                                            "POST",
                                            "/",
                                            Headers.empty(),
                                            ByteBuffer.wrap(MESSAGE),
                                            100),
                                    LONG,
                                    new Cancellation())
                            .toCompletableFuture()
                            .join();
            assertInstanceOf(Failure.class, result, result.toString());
        }
    }
}
