package io.relayminer.transport.vertx;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.relayminer.transport.BackendRequest;
import io.relayminer.transport.BackendResult;
import io.relayminer.transport.Cancellation;
import io.relayminer.transport.ChannelResult;
import io.relayminer.transport.Closing;
import io.relayminer.transport.Headers;
import io.vertx.core.AsyncResult;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.ClientWebSocket;
import io.vertx.core.http.UpgradeRejectedException;
import io.vertx.core.http.WebSocket;
import io.vertx.core.http.WebSocketClient;
import io.vertx.core.http.WebSocketConnectOptions;
import io.vertx.core.internal.ContextInternal;

import org.jspecify.annotations.Nullable;

import java.time.Duration;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * One attempt to open a WebSocket to a backend, on one event loop. What happens first decides the
 * result; a socket that opens afterwards is closed.
 */
final class WebSocketOpening {

    private final HttpBackend backend;
    private final WebSocketClient client;
    private final ContextInternal loop;
    private final BackendRequest request;
    private final Duration timeout;
    private final Cancellation cancellation;
    private final long startNanos = System.nanoTime();
    private final CompletableFuture<ChannelResult> result = new CompletableFuture<>();
    private @Nullable WebSocketConversation conversation;

    WebSocketOpening(
            HttpBackend backend,
            WebSocketClient client,
            ContextInternal loop,
            BackendRequest request,
            Duration timeout,
            Cancellation cancellation) {
        this.backend = backend;
        this.client = client;
        this.loop = loop;
        this.request = request;
        this.timeout = timeout;
        this.cancellation = cancellation;
    }

    CompletionStage<ChannelResult> result() {
        return result;
    }

    void begin() {
        long timer =
                backend.vertx()
                        .setTimer(
                                Math.max(1, timeout.toMillis()),
                                id -> fail(BackendResult.Kind.TIMEOUT, "no handshake in time"));
        Runnable withdraw = cancellation.onCancel(this::cancelled);
        var unused =
                result.whenComplete(
                        (answer, defect) -> {
                            backend.vertx().cancelTimer(timer);
                            if (!(answer instanceof ChannelResult.Opened)) {
                                withdraw.run();
                            }
                        });
        if (result.isDone()) {
            return;
        }
        ClientWebSocket socket = client.webSocket();
        WebSocketConversation peer =
                new WebSocketConversation(
                        socket,
                        loop,
                        backend.messageLimit(request),
                        backend.patience(),
                        () -> {
                            backend.forget(this);
                            withdraw.run();
                        });
        conversation = peer;
        WebSocketConnectOptions options;
        try {
            options = options();
        } catch (IllegalArgumentException e) {
            fail(BackendResult.Kind.INVALID_REQUEST, String.valueOf(e.getMessage()));
            return;
        }
        socket.connect(options).onComplete(opened -> connected(peer, opened));
    }

    private WebSocketConnectOptions options() {
        BackendRequest.Target target = request.target();
        WebSocketConnectOptions options =
                new WebSocketConnectOptions()
                        .setHost(target.host())
                        .setPort(target.port())
                        .setSsl(target.tls())
                        .setURI(request.uri().isEmpty() ? "/" : request.uri())
                        .setAllowOriginHeader(false);
        options.putHeader(HttpHeaderNames.HOST.toString(), hostOf(target));
        request.headers()
                .forEach(
                        (name, value) -> {
                            String lower = name.toLowerCase(Locale.ROOT);
                            if (lower.equals("host")) {
                                options.putHeader(HttpHeaderNames.HOST.toString(), value);
                            } else if (!lower.startsWith("sec-websocket-")) {
                                options.addHeader(name, value);
                            }
                        });
        return options;
    }

    private static String hostOf(BackendRequest.Target target) {
        String host = target.host().indexOf(':') >= 0 ? "[" + target.host() + "]" : target.host();
        return target.port() == (target.tls() ? 443 : 80) ? host : host + ":" + target.port();
    }

    private void connected(WebSocketConversation peer, AsyncResult<WebSocket> opened) {
        if (opened.failed()) {
            result.complete(declined(opened.cause()));
            return;
        }
        long nanos = System.nanoTime() - startNanos;
        backend.events().connectionOpened(nanos);
        backend.events().connectionAcquired(nanos, false);
        peer.opened();
        Headers headers =
                new MultiMapHeaders(Objects.requireNonNull(opened.result().headers(), "headers"));
        if (!backend.keep(this) || !result.complete(new ChannelResult.Opened(headers, peer))) {
            result.complete(HttpBackend.CLOSED);
            peer.close(Closing.GOING_AWAY);
        }
    }

    private ChannelResult declined(Throwable why) {
        if (why instanceof UpgradeRejectedException rejected) {
            Buffer body = rejected.getBody();
            return new BackendResult.Response(
                    rejected.getStatus(),
                    new MultiMapHeaders(rejected.getHeaders()),
                    Headers.empty(),
                    body == null ? new byte[0] : body.getBytes());
        }
        return new BackendResult.Failure(
                ConnectionFailures.connecting(why, request.target().tls()),
                ConnectionFailures.describe(why),
                why);
    }

    private void cancelled() {
        fail(BackendResult.Kind.CANCELLED, "cancelled by the caller");
        goAway();
    }

    /** Closes the socket, if there is one, for both sides. */
    void goAway() {
        WebSocketConversation peer = conversation;
        if (peer != null) {
            peer.close(Closing.GOING_AWAY);
        }
    }

    private void fail(BackendResult.Kind kind, String detail) {
        result.complete(new BackendResult.Failure(kind, detail, null));
    }
}
