package io.relayminer.testkit.chain.internal.rpc;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import io.relayminer.testkit.chain.internal.faults.FaultState;
import io.relayminer.testkit.chain.internal.node.NodeJson;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;

import org.jspecify.annotations.Nullable;

import java.util.Objects;

/**
 * JSON-RPC: calls to {@link RpcMethods} in their envelopes, whatever transport brings them.
 *
 * <p>Calls are made on an event loop and answered on it.
 */
final class RpcCalls {
    private final RpcMethods methods;
    private final FaultState faults;

    RpcCalls(RpcMethods methods, FaultState faults) {
        this.methods = methods;
        this.faults = faults;
    }

    /** What to answer to one call; no JSON for notifications. */
    record Reply(@Nullable ObjectNode json, boolean cacheable, boolean failsTransport) {}

    Future<Reply> answer(JsonNode call, int codeForBadParams) {
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
        return call(method, params)
                .map(result -> new Reply(result(id, result), cacheable, false))
                .otherwise(
                        failure -> new Reply(error(id, rpcException(failure)), cacheable, false));
    }

    /**
     * The answer of a method, on the event loop that asks; at once if the method does not wait.
     *
     * <p>Fails with an {@link RpcException}.
     */
    Future<JsonNode> call(String method, RpcParams params) {
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

    static RpcException rpcException(Throwable failure) {
        return failure instanceof RpcException e
                ? e
                : failure.getCause() instanceof RpcException cause
                        ? cause
                        : RpcException.internal("the method failed");
    }

    /** The id of a call as it is echoed; {@code null} for a notification. */
    static @Nullable JsonNode idOf(JsonNode call) throws RpcException {
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

    private static ObjectNode envelope(@Nullable JsonNode id) {
        ObjectNode json = NodeJson.object();
        json.put("jsonrpc", "2.0");
        if (id != null) {
            json.set("id", id);
        }
        return json;
    }

    static ObjectNode result(JsonNode id, JsonNode result) {
        ObjectNode json = envelope(id);
        json.set("result", result);
        return json;
    }

    static ObjectNode error(@Nullable JsonNode id, RpcException cause) {
        return error(id, cause.code(), cause.title(), cause.data());
    }

    static ObjectNode error(@Nullable JsonNode id, int code, String title, String data) {
        ObjectNode json = envelope(id);
        ObjectNode error = json.putObject("error");
        error.put("code", code);
        error.put("message", title);
        if (!data.isEmpty()) {
            error.put("data", data);
        }
        return json;
    }
}
