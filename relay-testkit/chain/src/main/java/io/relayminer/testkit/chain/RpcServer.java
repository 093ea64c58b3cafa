package io.relayminer.testkit.chain;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.ServerWebSocket;
import io.vertx.core.http.ServerWebSocketHandshake;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * CometBFT's RPC over HTTP (POST with JSON-RPC, GET with a query string) and websocket.
 *
 * <p>Every connection is served on one event loop thread; methods answer from memory, or later, and
 * never block it. Events are handed to each connection's event loop in the order of blocks.
 */
final class RpcServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RpcServer.class);

    private static final String JSON = "application/json";
    private static final String CACHE_FOREVER = "public, max-age=86400";
    private static final int MAX_BODY = 100_000_000;
    private static final int MAX_FRAME = 10_000_000;
    private static final int MAX_CLIENTS = 100;
    private static final int MAX_SUBSCRIPTIONS = 5;
    private static final int MAX_QUERY = 512;
    private static final long PING_MILLIS = 27_000;
    private static final short NORMAL_CLOSE = 1000;
    private static final int SERVER_ERROR = -32000;
    private static final int START_SECONDS = 30;

    private final RpcMethods methods;
    private final Faults faults;
    private final Vertx vertx;
    private final HttpServer server;
    private final Set<Session> sessions = ConcurrentHashMap.newKeySet();

    /** Listens on {@code host}; port 0 picks a free one. */
    RpcServer(CometNode node, Faults faults, Vertx vertx, String host, int port) {
        this.methods = new RpcMethods(node);
        this.faults = faults;
        this.vertx = vertx;
        this.server =
                vertx.createHttpServer(
                                new HttpServerOptions()
                                        .setHost(host)
                                        .setPort(port)
                                        .setMaxWebSocketFrameSize(MAX_FRAME)
                                        .setMaxWebSocketMessageSize(MAX_FRAME)
                                        .setMaxFormAttributeSize(MAX_BODY))
                        .requestHandler(this::handle)
                        .webSocketHandshakeHandler(this::handshake)
                        .webSocketHandler(this::open);
        await(server.listen());
    }

    private static <T> T await(Future<T> future) {
        try {
            return future.toCompletionStage()
                    .toCompletableFuture()
                    .get(START_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while the RPC server starts or stops", e);
        } catch (java.util.concurrent.ExecutionException | TimeoutException e) {
            throw new IllegalStateException("the RPC server cannot start or stop", e);
        }
    }

    int port() {
        return server.actualPort();
    }

    @Override
    public void close() {
        for (Session session : sessions) {
            session.cancelAll("CometBFT exited");
        }
        await(server.close());
    }

    /** Ends every websocket with a normal close. */
    void closeWebSockets() {
        sessions.forEach(session -> session.socket.close(NORMAL_CLOSE));
    }

    /** Cuts every websocket without a close frame. */
    void cutWebSockets() {
        sessions.forEach(session -> session.socket.shutdown(0, TimeUnit.MILLISECONDS));
    }

    /** Sends the events of a block to whoever subscribed to them. */
    void publish(StoredBlock block, int copies) {
        for (int copy = 0; copy < copies; copy++) {
            for (Session session : sessions) {
                session.publish(block);
            }
        }
    }

    // ------------------------------------------------------------------------------------------------------------ HTTP

    private void handle(HttpServerRequest request) {
        if (faults.isUnreachable()) {
            request.connection().close();
            return;
        }
        if (faults.isHanging()) {
            return;
        }
        if (request.method().equals(HttpMethod.POST)) {
            if (!request.path().equals("/") && !request.path().isEmpty()) {
                notFound(request.response());
                return;
            }
            request.body().onSuccess(body -> later(() -> post(request.response(), body)));
        } else if (request.method().equals(HttpMethod.GET)) {
            later(() -> get(request));
        } else {
            notFound(request.response());
        }
    }

    private void later(Runnable answer) {
        Duration delay = faults.queryDelay();
        if (delay.isZero()) {
            answer.run();
        } else {
            vertx.setTimer(Math.max(1, delay.toMillis()), timer -> answer.run());
        }
    }

    private static void notFound(HttpServerResponse response) {
        response.setStatusCode(404)
                .putHeader("Content-Type", "text/plain; charset=utf-8")
                .end("404 page not found\n");
    }

    private void post(HttpServerResponse response, Buffer body) {
        String text = body.toString();
        JsonNode parsed;
        try {
            parsed = GoJson.parse(text, "unexpected end of JSON input");
        } catch (GoJson.SyntaxException e) {
            send(
                    response,
                    500,
                    null,
                    false,
                    RpcException.parseError("error unmarshaling request: " + e.text()));
            return;
        }
        List<Future<Reply>> replies = new ArrayList<>();
        for (JsonNode call : parsed.isArray() ? parsed : List.of(parsed)) {
            replies.add(answer(call, RpcException.INVALID_PARAMS));
        }
        Future.all(replies)
                .onSuccess(all -> send(response, replies.stream().map(Future::result).toList()));
    }

    private static void send(HttpServerResponse response, List<Reply> all) {
        ArrayNode replies = GoJson.MAPPER.createArrayNode();
        boolean cacheable = true;
        for (Reply reply : all) {
            if (reply.failsTransport()) {
                end(response, 500, false, reply.json());
                return;
            }
            if (reply.json() != null) {
                replies.add(reply.json());
                cacheable &= reply.cacheable();
            }
        }
        if (replies.isEmpty()) {
            response.setStatusCode(200).end();
            return;
        }
        end(response, 200, cacheable, replies.size() == 1 ? replies.get(0) : replies);
    }

    /** What to answer to one call; no JSON for notifications. */
    private record Reply(@Nullable ObjectNode json, boolean cacheable, boolean failsTransport) {}

    private Future<Reply> answer(JsonNode call, int codeForBadParams) {
        JsonNode id;
        try {
            id = idOf(call);
        } catch (RpcException e) {
            return Future.succeededFuture(new Reply(error(null, e), false, true));
        }
        if (id == null) {
            return Future.succeededFuture(new Reply(null, false, false));
        }
        String method = call.path("method").asText("");
        if (faults.failsRpc(method)) {
            return Future.succeededFuture(
                    new Reply(error(id, RpcException.internal("injected fault")), false, true));
        }
        RpcParams params;
        try {
            params = methods.params(method, call.get("params"));
        } catch (RpcException e) {
            RpcException shown =
                    e.code() == RpcException.INVALID_PARAMS
                                    && codeForBadParams == RpcException.INTERNAL_ERROR
                            ? RpcException.internal(e.data())
                            : e;
            return Future.succeededFuture(new Reply(error(id, shown), false, false));
        }
        boolean cacheable = methods.isCacheable(method, params);
        return result(method, params)
                .map(result -> new Reply(result(id, result), cacheable, false))
                .otherwise(
                        failure -> new Reply(error(id, rpcException(failure)), cacheable, false));
    }

    /**
     * The answer of a method, on the event loop that asks; at once if the method does not wait.
     *
     * <p>Fails with an {@link RpcException}.
     */
    private Future<JsonNode> result(String method, RpcParams params) {
        Context context = Objects.requireNonNull(Vertx.currentContext());
        Promise<JsonNode> promise = Promise.promise();
        try {
            methods.call(method, params)
                    .whenComplete(
                            (result, failure) -> {
                                if (Objects.equals(Vertx.currentContext(), context)) {
                                    complete(promise, result, failure);
                                } else {
                                    context.runOnContext(
                                            unused -> complete(promise, result, failure));
                                }
                            });
        } catch (RpcException e) {
            promise.fail(e);
        }
        return promise.future();
    }

    private static void complete(
            Promise<JsonNode> promise, @Nullable JsonNode result, @Nullable Throwable failure) {
        if (result == null) {
            promise.fail(Objects.requireNonNull(failure));
        } else {
            promise.complete(result);
        }
    }

    private static RpcException rpcException(Throwable failure) {
        return failure instanceof RpcException e
                ? e
                : failure.getCause() instanceof RpcException cause
                        ? cause
                        : RpcException.internal("the method failed");
    }

    /** The id of a call as it is echoed; {@code null} for a notification. */
    private static @Nullable JsonNode idOf(JsonNode call) throws RpcException {
        if (!call.isObject()) {
            throw RpcException.parseError(
                    "error unmarshaling request: json: cannot unmarshal "
                            + (call.isNumber() ? "number" : call.isTextual() ? "string" : "bool")
                            + " into Go value of type types.RPCRequest");
        }
        JsonNode id = call.get("id");
        if (id == null || id.isNull()) {
            return null;
        }
        if (id.isTextual()) {
            return id;
        }
        if (id.isNumber()) {
            return LongNode.valueOf((long) id.doubleValue());
        }
        String goType =
                id.isObject()
                        ? "map[string]interface {}"
                        : id.isArray() ? "[]interface {}" : "bool";
        String value = id.isObject() ? "map[]" : id.isArray() ? "[]" : id.toString();
        throw RpcException.parseError(
                "error unmarshaling request: json-rpc ID ("
                        + value
                        + ") is of unknown type ("
                        + goType
                        + ")");
    }

    private void get(HttpServerRequest request) {
        String path = request.path();
        if (path.equals("/") || path.isEmpty()) {
            request.response()
                    .putHeader("Content-Type", "text/html")
                    .end(index(request.getHeader("Host")));
            return;
        }
        String method = path.substring(1);
        if (!methods.has(method)) {
            notFound(request.response());
            return;
        }
        Map<String, String> query = new LinkedHashMap<>();
        request.params().forEach(entry -> query.put(entry.getKey(), entry.getValue()));
        JsonNode id = IntNode.valueOf(-1);
        try {
            if (faults.failsRpc(method)) {
                throw RpcException.internal("injected fault");
            }
            result(method, methods.params(method, query))
                    .onSuccess(result -> end(request.response(), 200, false, result(id, result)))
                    .onFailure(
                            failure ->
                                    send(
                                            request.response(),
                                            500,
                                            id,
                                            false,
                                            rpcException(failure)));
        } catch (RpcException e) {
            send(request.response(), 500, id, false, e);
        }
    }

    private String index(@Nullable String host) {
        StringBuilder withArguments = new StringBuilder();
        StringBuilder without = new StringBuilder();
        methods.index()
                .forEach(
                        (name, params) -> {
                            String link =
                                    "//"
                                            + (host == null ? "" : host)
                                            + "/"
                                            + name
                                            + "?"
                                            + String.join(
                                                    "&",
                                                    params.stream()
                                                            .map(param -> param + "=_")
                                                            .toList());
                            (params.isEmpty() ? without : withArguments)
                                    .append("<a href=\"")
                                    .append(link)
                                    .append("\">")
                                    .append(link)
                                    .append("</a></br>");
                        });
        return "<html><body><br>Available endpoints:<br>"
                + without
                + "<br>Endpoints that require arguments:<br>"
                + withArguments
                + "</body></html>";
    }

    private static void send(
            HttpServerResponse response,
            int status,
            @Nullable JsonNode id,
            boolean cacheable,
            RpcException cause) {
        end(response, status, cacheable, error(id, cause));
    }

    private static void end(
            HttpServerResponse response, int status, boolean cacheable, @Nullable JsonNode json) {
        response.setStatusCode(status).putHeader("Content-Type", JSON);
        if (cacheable) {
            response.putHeader("Cache-Control", CACHE_FOREVER);
        }
        response.end(json == null ? "" : json.toString());
    }

    private static ObjectNode envelope(@Nullable JsonNode id) {
        ObjectNode json = CometJson.object();
        json.put("jsonrpc", "2.0");
        if (id != null) {
            json.set("id", id);
        }
        return json;
    }

    private static ObjectNode result(JsonNode id, JsonNode result) {
        ObjectNode json = envelope(id);
        json.set("result", result);
        return json;
    }

    private static ObjectNode error(@Nullable JsonNode id, RpcException cause) {
        return error(id, cause.code(), cause.title(), cause.data());
    }

    private static ObjectNode error(@Nullable JsonNode id, int code, String title, String data) {
        ObjectNode json = envelope(id);
        ObjectNode error = json.putObject("error");
        error.put("code", code);
        error.put("message", title);
        if (!data.isEmpty()) {
            error.put("data", data);
        }
        return json;
    }

    // ------------------------------------------------------------------------------------------------------- websocket

    private void handshake(ServerWebSocketHandshake handshake) {
        if (handshake.path().equals("/websocket") && !faults.isUnreachable()) {
            handshake.accept();
        } else {
            handshake.reject(404);
        }
    }

    private void open(ServerWebSocket socket) {
        Session session = new Session(socket);
        sessions.add(session);
        long pings = vertx.setPeriodic(PING_MILLIS, timer -> socket.writePing(Buffer.buffer()));
        socket.closeHandler(
                closed -> {
                    vertx.cancelTimer(pings);
                    sessions.remove(session);
                });
        socket.exceptionHandler(e -> LOG.debug("a websocket failed", e));
        socket.textMessageHandler(
                text -> {
                    if (!faults.isHanging()) {
                        later(() -> session.handle(text));
                    }
                });
    }

    private record Subscription(String query, EventQuery condition, JsonNode id) {}

    /** One websocket. Its state is only touched on its event loop thread. */
    private final class Session {
        private final ServerWebSocket socket;
        private final Context context = Objects.requireNonNull(Vertx.currentContext());
        private final Map<String, Subscription> subscriptions = new LinkedHashMap<>();

        Session(ServerWebSocket socket) {
            this.socket = socket;
        }

        private void send(JsonNode frame) {
            socket.writeTextMessage(frame.toString())
                    .onFailure(e -> LOG.debug("a websocket closed before a frame was sent", e));
        }

        void handle(String text) {
            JsonNode call;
            try {
                call = GoJson.parse(text, "unexpected EOF");
            } catch (GoJson.SyntaxException e) {
                send(
                        error(
                                null,
                                RpcException.parseError(
                                        "error unmarshaling request: " + e.text())));
                return;
            }
            String method = call.path("method").asText("");
            if (method.equals("subscribe")
                    || method.equals("unsubscribe")
                    || method.equals("unsubscribe_all")) {
                manageSubscriptions(method, call);
                return;
            }
            answer(call, RpcException.INTERNAL_ERROR)
                    .onSuccess(
                            reply -> {
                                if (reply.json() != null) {
                                    send(reply.json());
                                }
                            });
        }

        private void manageSubscriptions(String method, JsonNode call) {
            JsonNode id;
            try {
                id = idOf(call);
            } catch (RpcException e) {
                send(error(null, e));
                return;
            }
            if (id == null) {
                return;
            }
            try {
                String query =
                        RpcParams.ofJson(
                                        RpcParams.declare("query", RpcParams.Type.TEXT),
                                        call.get("params"))
                                .text("query");
                switch (method) {
                    case "subscribe" -> subscribe(query, id);
                    case "unsubscribe" -> unsubscribe(query);
                    default -> unsubscribeAll();
                }
                send(result(id, CometJson.object()));
            } catch (RpcException e) {
                send(error(id, RpcException.internal(e.data())));
            }
        }

        private void subscribe(String query, JsonNode id) throws RpcException {
            long clients =
                    sessions.stream().filter(session -> !session.subscriptions.isEmpty()).count();
            if (subscriptions.isEmpty() && clients >= MAX_CLIENTS) {
                throw RpcException.internal("max_subscription_clients " + MAX_CLIENTS + " reached");
            }
            if (subscriptions.size() >= MAX_SUBSCRIPTIONS) {
                throw RpcException.internal(
                        "max_subscriptions_per_client " + MAX_SUBSCRIPTIONS + " reached");
            }
            if (query.length() > MAX_QUERY) {
                throw RpcException.internal("maximum query length exceeded");
            }
            EventQuery condition = parse(query);
            if (subscriptions.containsKey(condition.canonical())) {
                throw RpcException.internal("already subscribed");
            }
            subscriptions.put(condition.canonical(), new Subscription(query, condition, id));
        }

        private static EventQuery parse(String query) throws RpcException {
            try {
                return EventQuery.parse(query);
            } catch (EventQuery.SyntaxException e) {
                throw RpcException.internal("failed to parse query: " + e.text());
            }
        }

        private void unsubscribe(String query) throws RpcException {
            if (subscriptions.remove(parse(query).canonical()) == null) {
                throw RpcException.internal("subscription not found");
            }
        }

        private void unsubscribeAll() throws RpcException {
            if (subscriptions.isEmpty()) {
                throw RpcException.internal("subscription not found");
            }
            subscriptions.clear();
        }

        void cancelAll(String reason) {
            context.runOnContext(
                    unused -> {
                        for (Subscription subscription : subscriptions.values()) {
                            send(
                                    error(
                                            subscription.id(),
                                            SERVER_ERROR,
                                            "Server error",
                                            "subscription was canceled (reason: " + reason + ")"));
                        }
                        subscriptions.clear();
                    });
        }

        void publish(StoredBlock block) {
            context.runOnContext(
                    unused -> {
                        if (subscriptions.isEmpty()) {
                            return;
                        }
                        offer(
                                CometJson.newBlockData(block),
                                CometJson.eventMap("NewBlock", block.events()));
                        offer(
                                CometJson.newBlockHeaderData(block),
                                CometJson.eventMap("NewBlockHeader", List.of()));
                        offer(
                                CometJson.newBlockEventsData(block),
                                CometJson.eventMap("NewBlockEvents", block.events()));
                        for (int i = 0; i < block.results().size(); i++) {
                            offer(CometJson.txData(block, i), CometJson.txEventMap(block, i));
                        }
                    });
        }

        private void offer(ObjectNode data, Map<String, List<String>> events) {
            for (Subscription subscription : new LinkedHashSet<>(subscriptions.values())) {
                if (subscription.condition().matches(events)) {
                    ObjectNode result = CometJson.object();
                    result.put("query", subscription.query());
                    result.set("data", data);
                    ObjectNode eventNode = result.putObject("events");
                    events.forEach(
                            (key, values) -> {
                                ArrayNode list = eventNode.putArray(key);
                                values.forEach(list::add);
                            });
                    send(result(subscription.id(), result));
                }
            }
        }
    }
}
