package io.relayminer.testkit.chain.internal.rpc;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import io.relayminer.testkit.chain.internal.block.StoredBlock;
import io.relayminer.testkit.chain.internal.encoding.GoJson;
import io.relayminer.testkit.chain.internal.node.NodeJson;
import io.relayminer.testkit.chain.internal.search.EventIndex;
import io.relayminer.testkit.chain.internal.search.EventQuery;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.ServerWebSocket;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** One websocket and its subscriptions. Its state is only touched on its event loop thread. */
final class RpcSocket {
    private static final Logger LOG = LoggerFactory.getLogger(RpcSocket.class);

    private static final int MAX_CLIENTS = 100;
    private static final int MAX_SUBSCRIPTIONS = 5;
    private static final int MAX_QUERY = 512;
    private static final short NORMAL_CLOSE = 1000;
    private static final int SERVER_ERROR = -32000;

    private record Subscription(String query, EventQuery condition, JsonNode id) {}

    private final ServerWebSocket socket;
    private final RpcCalls calls;
    private final LongSupplier subscribers;
    private final Context context = Objects.requireNonNull(Vertx.currentContext());
    private final Map<String, Subscription> subscriptions = new LinkedHashMap<>();

    /**
     * @param subscribers number of websockets of this server that are subscribed to something
     */
    RpcSocket(ServerWebSocket socket, RpcCalls calls, LongSupplier subscribers) {
        this.socket = socket;
        this.calls = calls;
        this.subscribers = subscribers;
    }

    boolean isSubscribed() {
        return !subscriptions.isEmpty();
    }

    /** Ends it with a normal close. */
    void close() {
        socket.close(NORMAL_CLOSE);
    }

    /** Cuts it without a close frame. */
    void cut() {
        socket.shutdown(0, TimeUnit.MILLISECONDS);
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
                    RpcCalls.error(
                            null,
                            RpcException.parseError("error unmarshaling request: " + e.text())));
            return;
        }
        String method = call.path("method").asText("");
        if (method.equals("subscribe")
                || method.equals("unsubscribe")
                || method.equals("unsubscribe_all")) {
            manageSubscriptions(method, call);
            return;
        }
        calls.answer(call, RpcException.INTERNAL_ERROR)
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
            id = RpcCalls.idOf(call);
        } catch (RpcException e) {
            send(RpcCalls.error(null, e));
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
            send(RpcCalls.result(id, NodeJson.object()));
        } catch (RpcException e) {
            send(RpcCalls.error(id, RpcException.internal(e.data())));
        }
    }

    private void subscribe(String query, JsonNode id) throws RpcException {
        if (subscriptions.isEmpty() && subscribers.getAsLong() >= MAX_CLIENTS) {
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
                                RpcCalls.error(
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
                    offer(NodeJson.newBlockData(block), EventIndex.of("NewBlock", block.events()));
                    offer(
                            NodeJson.newBlockHeaderData(block),
                            EventIndex.of("NewBlockHeader", List.of()));
                    offer(
                            NodeJson.newBlockEventsData(block),
                            EventIndex.of("NewBlockEvents", block.events()));
                    for (int i = 0; i < block.results().size(); i++) {
                        offer(NodeJson.txData(block, i), EventIndex.ofTx(block, i));
                    }
                });
    }

    private void offer(ObjectNode data, Map<String, List<String>> events) {
        for (Subscription subscription : new LinkedHashSet<>(subscriptions.values())) {
            if (subscription.condition().matches(events)) {
                ObjectNode result = NodeJson.object();
                result.put("query", subscription.query());
                result.set("data", data);
                ObjectNode eventNode = result.putObject("events");
                events.forEach(
                        (key, values) -> {
                            ArrayNode list = eventNode.putArray(key);
                            values.forEach(list::add);
                        });
                send(RpcCalls.result(subscription.id(), result));
            }
        }
    }
}
