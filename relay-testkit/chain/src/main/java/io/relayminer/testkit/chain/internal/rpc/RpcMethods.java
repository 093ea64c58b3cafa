package io.relayminer.testkit.chain.internal.rpc;

import com.fasterxml.jackson.databind.JsonNode;

import io.relayminer.testkit.chain.internal.node.CometNode;
import io.relayminer.testkit.chain.internal.rpc.RpcParams.Declared;

import org.jspecify.annotations.Nullable;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** The methods of CometBFT's RPC, whatever transport they are called over. */
final class RpcMethods {

    /** Answers a call at once. */
    @FunctionalInterface
    interface Handler {
        JsonNode answer(RpcParams params) throws RpcException;
    }

    /** Answers a call that may have to wait. */
    @FunctionalInterface
    interface WaitingHandler {
        CompletionStage<JsonNode> answer(RpcParams params) throws RpcException;
    }

    /** When clients may cache an answer. */
    enum Cacheable {
        NEVER,
        ALWAYS,
        WITH_HEIGHT
    }

    private record Method(List<Declared> params, Cacheable cacheable, WaitingHandler handler) {}

    private final Map<String, Method> methods = new LinkedHashMap<>();

    RpcMethods(CometNode node) {
        new NodeMethods(node).addTo(this);
        new BlockMethods(node).addTo(this);
        new SearchMethods(node).addTo(this);
        new MempoolMethods(node).addTo(this);
    }

    void add(String name, List<Declared> params, Cacheable cacheable, Handler handler) {
        methods.put(
                name,
                new Method(
                        params,
                        cacheable,
                        call -> CompletableFuture.completedStage(handler.answer(call))));
    }

    /** Adds a method whose answers are not for caching and may come later. */
    void addWaiting(String name, List<Declared> params, WaitingHandler handler) {
        methods.put(name, new Method(params, Cacheable.NEVER, handler));
    }

    boolean has(String method) {
        return methods.containsKey(method);
    }

    /** Methods with their parameter names, for the index page. */
    Map<String, List<String>> index() {
        Map<String, List<String>> index = new LinkedHashMap<>();
        methods.forEach(
                (name, method) ->
                        index.put(name, method.params().stream().map(Declared::name).toList()));
        return index;
    }

    /** Parses the parameters of a call. */
    RpcParams params(String method, @Nullable JsonNode params) throws RpcException {
        return RpcParams.ofJson(declared(method), params);
    }

    RpcParams params(String method, Map<String, String> query) throws RpcException {
        return RpcParams.ofQuery(declared(method), query);
    }

    private List<Declared> declared(String method) throws RpcException {
        Method found = methods.get(method);
        if (found == null) {
            throw RpcException.methodNotFound();
        }
        return found.params();
    }

    /** Whether the answer to a call with these parameters never changes; errors included. */
    boolean isCacheable(String method, RpcParams params) {
        Method found = methods.get(method);
        if (found == null) {
            return false;
        }
        return switch (found.cacheable()) {
            case NEVER -> false;
            case ALWAYS -> true;
            case WITH_HEIGHT -> params.has("height");
        };
    }

    /**
     * Calls a method. The answer is there already unless the method waits for a block; it then
     * fails with an {@link RpcException}, and may come on any thread.
     */
    CompletionStage<JsonNode> call(String method, RpcParams params) throws RpcException {
        Method found = methods.get(method);
        if (found == null) {
            throw RpcException.methodNotFound();
        }
        return found.handler().answer(params);
    }
}
