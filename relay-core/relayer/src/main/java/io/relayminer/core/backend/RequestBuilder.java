package io.relayminer.core.backend;

import io.relayminer.transport.BackendRequest;
import io.relayminer.transport.Headers;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Turns a relay into the request that one endpoint of a pool gets.
 *
 * <p>Headers are applied in this order, later ones replacing earlier ones: those of the inner
 * request; from the outer request {@code Content-Type}, {@code Accept}, {@code User-Agent} and the
 * trace context where the inner one has none, and the session context that gateways send; the
 * operator's; credentials; {@code Accept-Encoding: identity}; and who is served by whom, from the
 * signed request. Hop-by-hop headers never pass in either direction, since they describe another
 * connection.
 */
final class RequestBuilder {

    /**
     * Outer {@code Pocket-…} headers that tell a backend about the session. Others, above all the
     * signature and the simulation key, are between gateway and relayer.
     */
    private static final Set<String> FORWARDED_CONTEXT =
            Set.of(
                    "pocket-service-id",
                    "pocket-session-id",
                    "pocket-session-start-height",
                    "pocket-session-end-height",
                    "pocket-supplier-address");

    private static final String[] OUTER_DEFAULTS = {
        "Content-Type", "Accept", "User-Agent", "Traceparent", "Tracestate"
    };

    /** RFC 9110 §7.6.1, with the fields that a client derives from target and body. */
    private static final Set<String> NOT_FORWARDED =
            Set.of(
                    "connection",
                    "keep-alive",
                    "proxy-connection",
                    "proxy-authenticate",
                    "proxy-authorization",
                    "te",
                    "trailer",
                    "transfer-encoding",
                    "upgrade",
                    "http2-settings",
                    "host",
                    "content-length",
                    "expect");

    private final PoolSpec spec;
    private final boolean grpc;
    private final long maxResponseBytes;

    RequestBuilder(String type, PoolSpec spec, long maxResponseBytes) {
        this.spec = spec;
        this.grpc = type.equals("grpc");
        this.maxResponseBytes = maxResponseBytes;
    }

    /** What of a call is the same for every endpoint, checked once. */
    record Prepared(String method, RequestTargets.ClientUrl url, Headers headers, ByteBuffer body) {

        /** Whether the method is safe, RFC 9110 §9.2.1: once more changes nothing. */
        boolean safe() {
            return switch (method) {
                case "GET", "HEAD", "OPTIONS", "TRACE" -> true;
                default -> false;
            };
        }
    }

    /** Checks method, URL and headers of the inner request and applies the header rules. */
    Prepared prepare(BackendCall call) throws InvalidRequestException {
        String method = call.method().isEmpty() ? "GET" : call.method();
        if (!isToken(method) || method.equals("CONNECT")) {
            throw new InvalidRequestException("invalid request method");
        }
        RequestTargets.ClientUrl url = RequestTargets.ClientUrl.parse(call.url());
        HeaderRules rules = new HeaderRules(call);
        if (rules.refusal != null) {
            throw new InvalidRequestException(rules.refusal);
        }
        return new Prepared(method, url, rules.out.build(), call.body());
    }

    /** The request for one endpoint. */
    BackendRequest build(Prepared prepared, Endpoint endpoint) {
        return new BackendRequest(
                endpoint.target(),
                prepared.method(),
                RequestTargets.join(
                        endpoint.path(), endpoint.query(), spec.basePath(), prepared.url()),
                withCredentials(prepared.headers(), endpoint),
                prepared.body(),
                maxResponseBytes);
    }

    /** The request of an active health check. */
    BackendRequest probe(PoolSpec.HealthCheck check, Endpoint endpoint)
            throws InvalidRequestException {
        Headers.Builder out = Headers.builder();
        String contentType = check.contentType();
        if (contentType.isEmpty()
                && (check.requestBody().startsWith("{") || check.requestBody().startsWith("["))) {
            contentType = "application/json";
        }
        if (!contentType.isEmpty()) {
            out.set("Content-Type", contentType);
        }
        spec.headers().forEach(out::set);
        check.headers().forEach(out::set);
        String authorization = spec.authentication().authorization();
        if (authorization != null) {
            out.set("Authorization", authorization);
        }
        return new BackendRequest(
                endpoint.target(),
                check.method().isEmpty() ? "GET" : check.method(),
                RequestTargets.join(
                        endpoint.path(),
                        endpoint.query(),
                        spec.basePath(),
                        RequestTargets.ClientUrl.parse(check.endpoint())),
                withCredentials(out.build(), endpoint),
                ByteBuffer.wrap(check.requestBody().getBytes(StandardCharsets.UTF_8)),
                maxResponseBytes);
    }

    private Headers withCredentials(Headers headers, Endpoint endpoint) {
        String authorization = endpoint.credentials().authorization();
        if (authorization == null || spec.authentication().authorization() != null) {
            return headers;
        }
        Headers.Builder out = Headers.builder();
        headers.forEach(out::add);
        return out.set("Authorization", authorization).build();
    }

    /** One application of the header rules to one call. */
    private final class HeaderRules {
        private final Headers.Builder out = Headers.builder();
        private final Set<String> named = new HashSet<>();
        private @Nullable String refusal;

        HeaderRules(BackendCall call) {
            for (String value : call.headers().all("Connection")) {
                for (String option : value.split(",", -1)) {
                    named.add(option.trim().toLowerCase(Locale.ROOT));
                }
            }
            call.headers().forEach(this::inner);
            for (String name : OUTER_DEFAULTS) {
                String value = call.outerHeaders().first(name);
                if (value != null && isValue(value) && !out.contains(name)) {
                    out.add(name, value);
                }
            }
            call.outerHeaders().forEach(this::outer);
            for (Map.Entry<String, String> header : spec.headers().entrySet()) {
                out.set(header.getKey(), header.getValue());
            }
            String authorization = spec.authentication().authorization();
            if (authorization != null) {
                out.set("Authorization", authorization);
            }
            if (!grpc) {
                out.set("Accept-Encoding", "identity");
            }
            out.set("Pocket-Supplier", call.supplier());
            out.set("Pocket-Service", call.serviceId());
            out.remove("Pocket-Application");
            if (!call.application().isEmpty()) {
                out.set("Pocket-Application", call.application());
            }
        }

        private void inner(String name, String value) {
            if (!isToken(name)) {
                refusal = "invalid request header name";
                return;
            }
            if (!isValue(value)) {
                refusal = "invalid request header value";
                return;
            }
            String lower = name.toLowerCase(Locale.ROOT);
            boolean trailersForGrpc = grpc && lower.equals("te") && value.equals("trailers");
            if (trailersForGrpc || !(NOT_FORWARDED.contains(lower) || named.contains(lower))) {
                out.add(name, value);
            }
        }

        private void outer(String name, String value) {
            if (FORWARDED_CONTEXT.contains(name.toLowerCase(Locale.ROOT)) && isValue(value)) {
                out.set(name, value);
            }
        }
    }

    /** RFC 9110 §5.6.2. */
    private static boolean isToken(String text) {
        if (text.isEmpty()) {
            return false;
        }
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean ok =
                    (c >= 'a' && c <= 'z')
                            || (c >= 'A' && c <= 'Z')
                            || (c >= '0' && c <= '9')
                            || "!#$%&'*+-.^_`|~".indexOf(c) >= 0;
            if (!ok) {
                return false;
            }
        }
        return true;
    }

    /** A field value without control characters other than tab, and within ISO 8859-1. */
    private static boolean isValue(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if ((c < 0x20 && c != '\t') || c == 0x7f || c > 0xff) {
                return false;
            }
        }
        return true;
    }
}
