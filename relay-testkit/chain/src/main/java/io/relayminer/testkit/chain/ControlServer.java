package io.relayminer.testkit.chain;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import io.grpc.Status;
import io.relayminer.testkit.chain.faults.Faults;
import io.relayminer.testkit.chain.internal.encoding.GoJson;
import io.relayminer.testkit.chain.internal.node.NodeJson;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;

import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * Blocks and faults of a {@link DevChain} over HTTP, for people and for processes that do not share
 * its memory.
 *
 * <p>{@code GET /} lists the commands, {@code GET /status} and {@code GET /outcomes} answer JSON,
 * every command is a POST with query parameters, e.g. {@code POST
 * /fail-query?method=/pocket.proof.Query/Claim&code=NOT_FOUND}.
 */
final class ControlServer implements AutoCloseable {
    private static final int START_SECONDS = 30;

    private final DevChain chain;
    private final Vertx vertx;
    private final HttpServer server;
    private final Map<String, Consumer<Arguments>> commands = new TreeMap<>();

    ControlServer(DevChain chain, Vertx vertx, String host, int port) {
        this.chain = chain;
        this.vertx = vertx;
        defineCommands(chain.faults());
        try {
            server =
                    vertx.createHttpServer()
                            .requestHandler(this::handle)
                            .listen(port, host)
                            .toCompletionStage()
                            .toCompletableFuture()
                            .get(START_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while the admin server starts", e);
        } catch (ExecutionException | TimeoutException e) {
            throw new IllegalStateException("the admin server cannot listen on port " + port, e);
        }
    }

    private void defineCommands(Faults faults) {
        commands.put("advance", args -> chain.advance(args.number("blocks", 1)));
        commands.put("halt", args -> chain.haltBlocks());
        commands.put("resume", args -> chain.resumeBlocks());
        commands.put("evict-mempool", args -> chain.evictMempool());
        commands.put("restart", args -> chain.restartNode());
        commands.put("close-websockets", args -> chain.closeWebSockets());
        commands.put("cut-websockets", args -> chain.cutWebSockets());
        commands.put("clear", args -> faults.clear());
        commands.put("drop-accepted", args -> faults.dropNextAccepted(args.number("count", 1)));
        commands.put(
                "refuse",
                args ->
                        faults.refuseNext(
                                args.number("count", 1),
                                args.text("codespace", "sdk"),
                                args.number("code", 1),
                                args.text("log", "")));
        commands.put("delay-inclusion", args -> faults.delayInclusion(args.number("blocks", 1)));
        commands.put("slow-queries", args -> faults.slowQueries(args.millis()));
        commands.put("slow-broadcast-replies", args -> faults.slowBroadcastReplies(args.millis()));
        commands.put("lag-queries", args -> faults.lagQueries(args.number("blocks", 1)));
        commands.put(
                "fail-query",
                args ->
                        faults.failQuery(
                                args.text("method", ""),
                                Status.Code.valueOf(
                                        args.text("code", "UNAVAILABLE").toUpperCase(Locale.ROOT)),
                                args.text("message", "injected fault")));
        commands.put("restore-query", args -> faults.restoreQuery(args.text("method", "")));
        commands.put("fail-rpc", args -> faults.failRpc(args.text("method", "")));
        commands.put("restore-rpc", args -> faults.restoreRpc(args.text("method", "")));
        commands.put("unreachable", args -> faults.unreachable(args.on()));
        commands.put("hang", args -> faults.hang(args.on()));
        commands.put("silence-events", args -> faults.silenceEvents(args.on()));
        commands.put("skip-events", args -> faults.skipEvents(args.number("count", 1)));
        commands.put("duplicate-events", args -> faults.duplicateEvents(args.number("count", 1)));
        commands.put("lag-block-time", args -> faults.lagBlockTime(args.millis()));
    }

    /** Query parameters of one command. */
    private record Arguments(HttpServerRequest request) {
        String text(String name, String absent) {
            String value = request.getParam(name);
            return value == null ? absent : value;
        }

        int number(String name, int absent) {
            return Integer.parseInt(text(name, Integer.toString(absent)));
        }

        Duration millis() {
            return Duration.ofMillis(number("millis", 0));
        }

        boolean on() {
            return !text("on", "true").equals("false");
        }
    }

    private void handle(HttpServerRequest request) {
        String name = request.path().substring(1);
        if (request.method().equals(HttpMethod.GET)) {
            get(request, name);
            return;
        }
        Consumer<Arguments> command = commands.get(name);
        if (!request.method().equals(HttpMethod.POST) || command == null) {
            request.response().setStatusCode(404).end("unknown command; GET / lists them\n");
            return;
        }
        vertx.executeBlocking(
                        () -> {
                            command.accept(new Arguments(request));
                            return status().toString();
                        })
                .onSuccess(body -> json(request, 200, body))
                .onFailure(e -> request.response().setStatusCode(400).end(e.getMessage() + "\n"));
    }

    private void get(HttpServerRequest request, String name) {
        switch (name) {
            case "" ->
                    request.response()
                            .end(
                                    "POST /"
                                            + String.join("\nPOST /", commands.keySet())
                                            + "\nGET /status\nGET /outcomes\n");
            case "status" -> json(request, 200, status().toString());
            case "outcomes" -> json(request, 200, outcomes().toString());
            default ->
                    request.response().setStatusCode(404).end("unknown; GET / lists everything\n");
        }
    }

    private static void json(HttpServerRequest request, int status, String body) {
        request.response()
                .setStatusCode(status)
                .putHeader("Content-Type", "application/json")
                .end(body);
    }

    private ObjectNode status() {
        return NodeJson.object()
                .put("height", chain.height())
                .put("time", chain.time().toString())
                .put("mempool", chain.mempoolSize())
                .put("grpc", chain.grpcAddress())
                .put("rpc", chain.rpcAddress());
    }

    private ArrayNode outcomes() {
        ArrayNode list = GoJson.MAPPER.createArrayNode();
        for (ClaimOutcome outcome : chain.outcomes()) {
            list.addObject()
                    .put("height", outcome.height())
                    .put("kind", outcome.kind().name())
                    .put("supplier", outcome.supplier())
                    .put("application", outcome.application())
                    .put("service", outcome.serviceId())
                    .put("session", outcome.sessionId())
                    .put("session_end", outcome.sessionEnd())
                    .put("relays", outcome.relays())
                    .put("claimed_upokt", outcome.claimedUpokt().toString())
                    .put("settled_upokt", outcome.settledUpokt().toString())
                    .put("minted_upokt", outcome.mintedUpokt().toString())
                    .put("reason", outcome.reason());
        }
        return list;
    }

    int port() {
        return server.actualPort();
    }

    @Override
    public void close() {
        server.close().toCompletionStage().toCompletableFuture().join();
    }
}
