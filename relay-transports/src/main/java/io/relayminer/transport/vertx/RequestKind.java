package io.relayminer.transport.vertx;

import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.Locale;

/** What a request on the relay port is, decided from its head alone, first match wins. */
enum RequestKind {
    /** A health path. */
    STATUS,
    /** A WebSocket handshake. */
    WEBSOCKET,
    /** A gRPC-Web call. */
    GRPC_WEB,
    /** A gRPC call. */
    GRPC,
    /** A gRPC call over HTTP/1.1, which cannot carry it. */
    GRPC_OVER_HTTP1,
    /** Everything else. */
    RELAY;

    static RequestKind of(HttpVersion version, HttpMethod method, String path, MultiMap headers) {
        if (path.equals("/health")
                || path.equals("/healthz")
                || path.equals("/ready")
                || path.startsWith("/ready/")) {
            return STATUS;
        }
        if (hasToken(headers, "connection", "upgrade")
                && hasToken(headers, "upgrade", "websocket")) {
            return WEBSOCKET;
        }
        String type = headers.get("content-type");
        if (type == null || !type.startsWith("application/grpc")) {
            return RELAY;
        }
        if (type.startsWith("application/grpc-web")) {
            return method.equals(HttpMethod.POST) ? GRPC_WEB : RELAY;
        }
        return version == HttpVersion.HTTP_2 ? GRPC : GRPC_OVER_HTTP1;
    }

    private static boolean hasToken(MultiMap headers, String name, String token) {
        @Nullable String single = headers.get(name);
        if (single == null) {
            return false;
        }
        List<String> values = headers.getAll(name);
        for (String value : values) {
            for (String part : value.split(",", -1)) {
                if (part.trim().toLowerCase(Locale.ROOT).equals(token)) {
                    return true;
                }
            }
        }
        return false;
    }
}
