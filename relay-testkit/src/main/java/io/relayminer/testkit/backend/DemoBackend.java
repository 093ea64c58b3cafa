package io.relayminer.testkit.backend;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;

/**
 * A JSON-RPC node over HTTP.
 *
 * <p>{@code POST} on any path takes one call or a batch and answers {@code eth_blockNumber}, {@code
 * eth_chainId}, {@code net_version}, {@code web3_clientVersion}, and {@code demo_echo}, whose
 * result are its parameters; other methods get error −32601. A content type other than {@code
 * application/json} gets 415. {@code GET /health} answers 200. It listens on loopback only.
 *
 * <p>Thread-safe. {@link #close()} frees the port.
 */
public final class DemoBackend implements AutoCloseable {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String HOST = "127.0.0.1";

    private final BackendFaults faults = new BackendFaults();
    private final AtomicLong requests = new AtomicLong();
    private final RandomGenerator random;
    private final Vertx vertx;
    private final HttpServer server;

    private DemoBackend(int port, RandomGenerator random) {
        this.random = random;
        this.vertx = Vertx.vertx();
        try {
            this.server =
                    vertx.createHttpServer(new HttpServerOptions().setHost(HOST).setPort(port))
                            .requestHandler(this::requested)
                            .listen()
                            .toCompletionStage()
                            .toCompletableFuture()
                            .join();
        } catch (RuntimeException e) {
            vertx.close();
            throw e;
        }
    }

    /** A backend on a free port. */
    public static DemoBackend start() {
        return start(0);
    }

    /** A backend on the given port; 0 picks a free one. */
    public static DemoBackend start(int port) {
        return new DemoBackend(port, new Random(42));
    }

    /** A backend whose {@link BackendFaults#errorRate} is decided by the given generator. */
    public static DemoBackend start(int port, RandomGenerator random) {
        return new DemoBackend(port, random);
    }

    /** Base URL, without a slash at the end. */
    public String url() {
        return "http://" + HOST + ":" + port();
    }

    /** Port of the listener. */
    public int port() {
        return server.actualPort();
    }

    /** Switches for misbehaviour. */
    public BackendFaults faults() {
        return faults;
    }

    /** Number of JSON-RPC requests received so far; a batch counts once. */
    public long requests() {
        return requests.get();
    }

    private void requested(HttpServerRequest request) {
        if (request.path().equals("/health")) {
            respond(request.response(), 200, Buffer.buffer("{\"status\":\"ok\"}"));
            return;
        }
        request.body()
                .onSuccess(
                        body -> {
                            requests.incrementAndGet();
                            long millis = faults.delay().toMillis();
                            if (millis > 0) {
                                vertx.setTimer(millis, id -> answer(request, body));
                            } else {
                                answer(request, body);
                            }
                        });
    }

    private void answer(HttpServerRequest request, Buffer body) {
        HttpServerResponse response = request.response();
        if (faults.hangUp()) {
            request.connection().close();
            return;
        }
        if (faults.errorRate() > 0 && random.nextDouble() < faults.errorRate()) {
            respond(response, 500, Buffer.buffer("{\"error\":\"injected fault\"}"));
            return;
        }
        String type = request.getHeader("content-type");
        if (type != null && !type.startsWith("application/json")) {
            respond(response, 415, Buffer.buffer("{\"error\":\"send application/json\"}"));
            return;
        }
        respond(response, 200, result(body));
    }

    private void respond(HttpServerResponse response, int status, Buffer body) {
        response.setStatusCode(status).putHeader("Content-Type", "application/json");
        if (faults.brokenCompression()) {
            response.putHeader("Content-Encoding", "gzip");
        }
        response.end(body);
    }

    private Buffer result(Buffer body) {
        JsonNode answer;
        try {
            JsonNode call = JSON.readTree(body.getBytes());
            if (call instanceof ArrayNode batch) {
                ArrayNode answers = JSON.createArrayNode();
                batch.forEach(one -> answers.add(call(one)));
                answer = answers;
            } else {
                answer = call(call);
            }
        } catch (IOException e) {
            answer = failure(null, -32_700, "Parse error");
        }
        if (faults.fatPayloadBytes() > 0 && answer instanceof ObjectNode object) {
            object.put("padding", "x".repeat(faults.fatPayloadBytes()));
        }
        try {
            return Buffer.buffer(JSON.writeValueAsString(answer));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a JSON tree that cannot be written", e);
        }
    }

    private static ObjectNode call(JsonNode call) {
        JsonNode id = call.get("id");
        ObjectNode answer = envelope(id);
        switch (call.path("method").asText()) {
            case "eth_blockNumber" -> answer.put("result", "0x1");
            case "eth_chainId" -> answer.put("result", "0x539");
            case "net_version" -> answer.put("result", "1337");
            case "web3_clientVersion" -> answer.put("result", "demo/1");
            case "demo_echo" -> answer.set("result", call.path("params"));
            case "" -> {
                return failure(id, -32_600, "Invalid Request");
            }
            default -> {
                return failure(id, -32_601, "Method not found");
            }
        }
        return answer;
    }

    private static ObjectNode failure(@Nullable JsonNode id, int code, String message) {
        ObjectNode answer = envelope(id);
        answer.putObject("error").put("code", code).put("message", message);
        return answer;
    }

    private static ObjectNode envelope(@Nullable JsonNode id) {
        ObjectNode answer = JSON.createObjectNode().put("jsonrpc", "2.0");
        answer.set("id", id == null ? JSON.nullNode() : id);
        return answer;
    }

    @Override
    public void close() {
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }
}
