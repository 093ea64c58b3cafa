package io.relayminer.testkit.chain.internal.rpc;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.IntNode;

import io.relayminer.testkit.chain.internal.encoding.GoJson;
import io.relayminer.testkit.chain.internal.faults.FaultState;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** JSON-RPC in the body of a POST and in the query string of a GET. */
final class RpcHttp {
    private static final String JSON = "application/json";
    private static final String CACHE_FOREVER = "public, max-age=86400";

    private final RpcMethods methods;
    private final RpcCalls calls;
    private final FaultState faults;

    RpcHttp(RpcMethods methods, RpcCalls calls, FaultState faults) {
        this.methods = methods;
        this.calls = calls;
        this.faults = faults;
    }

    static void notFound(HttpServerResponse response) {
        response.setStatusCode(404)
                .putHeader("Content-Type", "text/plain; charset=utf-8")
                .end("404 page not found\n");
    }

    void post(HttpServerResponse response, Buffer body) {
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
        List<Future<RpcCalls.Reply>> replies = new ArrayList<>();
        for (JsonNode call : parsed.isArray() ? parsed : List.of(parsed)) {
            replies.add(calls.answer(call, RpcException.INVALID_PARAMS));
        }
        Future.all(replies)
                .onSuccess(all -> send(response, replies.stream().map(Future::result).toList()));
    }

    private static void send(HttpServerResponse response, List<RpcCalls.Reply> all) {
        ArrayNode replies = GoJson.MAPPER.createArrayNode();
        boolean cacheable = true;
        for (RpcCalls.Reply reply : all) {
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

    void get(HttpServerRequest request) {
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
            calls.call(method, methods.params(method, query))
                    .onSuccess(
                            result ->
                                    end(
                                            request.response(),
                                            200,
                                            false,
                                            RpcCalls.result(id, result)))
                    .onFailure(
                            failure ->
                                    send(
                                            request.response(),
                                            500,
                                            id,
                                            false,
                                            RpcCalls.rpcException(failure)));
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
        end(response, status, cacheable, RpcCalls.error(id, cause));
    }

    private static void end(
            HttpServerResponse response, int status, boolean cacheable, @Nullable JsonNode json) {
        response.setStatusCode(status).putHeader("Content-Type", JSON);
        if (cacheable) {
            response.putHeader("Cache-Control", CACHE_FOREVER);
        }
        response.end(json == null ? "" : json.toString());
    }
}
