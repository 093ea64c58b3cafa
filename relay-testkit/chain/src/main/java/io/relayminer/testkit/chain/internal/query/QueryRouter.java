package io.relayminer.testkit.chain.internal.query;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.ExtensionRegistryLite;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.MessageLite;

import io.grpc.Status;
import io.relayminer.testkit.chain.internal.state.StateReader;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Query methods by their full gRPC name, on request and response bytes.
 *
 * <p>Working on bytes lets one set of handlers serve gRPC and {@code abci_query}, and lets a
 * response carry text that is not UTF-8, as a node's sometimes does.
 */
public final class QueryRouter {

    /**
     * What a query sees.
     *
     * @param state state to answer from
     * @param height height of that state
     */
    public record QueryContext(StateReader state, long height) {}

    /** Answers one query. */
    @FunctionalInterface
    public interface Handler<Q> {
        MessageLite answer(QueryContext context, Q request) throws QueryException;
    }

    private record Route<Q extends Message>(Q prototype, Handler<Q> handler) {
        ByteString answer(QueryContext context, ByteString request) throws QueryException {
            Q parsed;
            try {
                @SuppressWarnings("unchecked")
                Q message =
                        (Q)
                                prototype
                                        .getParserForType()
                                        .parseFrom(
                                                request, ExtensionRegistryLite.getEmptyRegistry());
                parsed = message;
            } catch (InvalidProtocolBufferException e) {
                throw QueryException.undecodable();
            }
            return handler.answer(context, parsed).toByteString();
        }
    }

    private final Map<String, Route<?>> routes = new LinkedHashMap<>();
    private final TreeMap<String, FileDescriptor> services = new TreeMap<>();

    /**
     * Adds a method.
     *
     * @param fullMethod e.g. {@code pocket.proof.Query/Claim}
     * @param prototype its request, defined in the same file as its service
     */
    public <Q extends Message> void add(String fullMethod, Q prototype, Handler<Q> handler) {
        routes.put("/" + fullMethod, new Route<>(prototype, handler));
        services.put(
                fullMethod.substring(0, fullMethod.indexOf('/')),
                prototype.getDescriptorForType().getFile());
    }

    /** The schemas of the services, by the full names of the services, in their order. */
    public SortedMap<String, FileDescriptor> services() {
        return Collections.unmodifiableSortedMap(services);
    }

    public boolean has(String path) {
        return routes.containsKey(path);
    }

    /**
     * Answers {@code request} sent to {@code path} (with leading slash).
     *
     * @throws QueryException UNIMPLEMENTED for unknown methods; otherwise as the handler says
     */
    public ByteString answer(String path, QueryContext context, ByteString request)
            throws QueryException {
        Route<?> route = routes.get(path);
        if (route == null) {
            throw unknown(path);
        }
        return route.answer(context, request);
    }

    public QueryException unknown(String path) {
        int slash = path.lastIndexOf('/');
        String service = slash > 0 ? path.substring(1, slash) : path;
        String method = path.substring(slash + 1);
        return new QueryException(
                Status.Code.UNIMPLEMENTED,
                services.containsKey(service)
                        ? "unknown method " + method + " for service " + service
                        : "unknown service " + service);
    }
}
