package io.relayminer.transport.vertx;

import io.netty.buffer.Unpooled;
import io.relayminer.transport.BackendRequest;
import io.relayminer.transport.BackendResult;
import io.relayminer.transport.Cancellation;
import io.relayminer.transport.Headers;
import io.relayminer.transport.StreamChoice;
import io.vertx.core.AsyncResult;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpClosedException;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.buffer.BufferInternal;
import io.vertx.core.net.HostAndPort;

import org.jspecify.annotations.Nullable;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * One request to a backend, on one event loop from begin to end.
 *
 * <p>Whatever happens first decides the result: the complete response, a failure, the time limit,
 * or cancellation. What comes later finds the result taken and only cleans up, by resetting the
 * request, which closes an HTTP/1.1 connection and frees its place in the pool.
 *
 * <p><b>Stale connections.</b> A server closes a keep-alive connection when it likes, also in the
 * moment in which the next request is written to it. So a connection that has carried a request
 * before and is lost before the head of a response is no failure of the server: the request is
 * written again, to another connection, within the same time limit. The same if what comes is no
 * response: it is the rest of an earlier one. That is done a few times at most, since after a
 * restart of the server every kept connection is stale. A connection that is lost on its first
 * request is a failure.
 */
final class HttpAttempt {

    /** After so many lost connections in a row it is not the connections. */
    private static final int MOST_STALE_CONNECTIONS = 3;

    /** How long a connection beyond the bound of idle ones stays, in case it is needed again. */
    private static final long SURPLUS_MILLIS = 1000;

    private final HttpBackend backend;
    private final ConnectionPool pool;
    private final ContextInternal context;
    private final BackendRequest request;
    private final StreamChoice choice;
    private final Duration timeout;
    private final Cancellation cancellation;
    private final long startNanos = System.nanoTime();
    private final CompletableFuture<BackendResult> result = new CompletableFuture<>();
    private @Nullable HttpClientRequest wire;
    private boolean reused;
    private int staleConnections;
    private @Nullable BodyCollector body;
    private @Nullable StreamedBody stream;
    private Runnable withdrawCancellation = () -> {};
    private long timer = -1;
    private boolean responding;
    private boolean over;

    /** An attempt that has {@linkplain ConnectionPool#entered entered} the pool already. */
    HttpAttempt(
            HttpBackend backend,
            ConnectionPool pool,
            ContextInternal context,
            BackendRequest request,
            StreamChoice choice,
            Duration timeout,
            Cancellation cancellation) {
        this.backend = backend;
        this.pool = pool;
        this.context = context;
        this.request = request;
        this.choice = choice;
        this.timeout = timeout;
        this.cancellation = cancellation;
    }

    CompletionStage<BackendResult> result() {
        return result;
    }

    void begin() {
        withdrawCancellation =
                cancellation.onCancel(
                        () -> {
                            if (context.nettyEventLoop().inEventLoop()) {
                                cancelled();
                            } else {
                                context.runOnContext(v -> cancelled());
                            }
                        });
        if (over) {
            return;
        }
        long millis = Math.max(1, timeout.toMillis());
        timer =
                backend.vertx()
                        .setTimer(
                                millis,
                                id -> fail(BackendResult.Kind.TIMEOUT, "no answer in time", null));
        connect();
    }

    private void connect() {
        BackendRequest.Target target = request.target();
        RequestOptions options;
        try {
            options =
                    new RequestOptions()
                            .setMethod(HttpMethod.valueOf(request.method()))
                            .setHost(target.host())
                            .setPort(target.port())
                            .setSsl(target.tls())
                            .setURI(requestTarget())
                            .setConnectTimeout(Math.max(1, timeout.toMillis()));
        } catch (IllegalArgumentException e) {
            fail(BackendResult.Kind.INVALID_REQUEST, String.valueOf(e.getMessage()), e);
            return;
        }
        HttpClient client = pool.client(target);
        if (client == null) {
            finish(HttpBackend.CLOSED);
            return;
        }
        client.request(options).onComplete(this::connected);
    }

    private String requestTarget() {
        String uri = request.uri();
        if (uri.isEmpty()) {
            return "/";
        }
        return uri.startsWith("?") ? "/" + uri : uri;
    }

    private void cancelled() {
        fail(BackendResult.Kind.CANCELLED, "cancelled by the caller", null);
    }

    private void connected(AsyncResult<HttpClientRequest> connection) {
        if (connection.failed()) {
            Throwable cause = connection.cause();
            if (cause instanceof HttpClosedException
                    && !request.target().tls()
                    && !over
                    && staleConnections < MOST_STALE_CONNECTIONS) {
                // The pool gave a kept connection that was closed at this moment; nothing was sent.
                staleConnections++;
                connect();
                return;
            }
            fail(
                    ConnectionFailures.connecting(cause, request.target().tls()),
                    ConnectionFailures.describe(cause),
                    cause);
            return;
        }
        HttpClientRequest req = connection.result();
        wire = req;
        HttpConnection taken = req.connection();
        reused = backend.idle().taken(request.target(), taken);
        req.exceptionHandler(e -> broke(req, e));
        if (over) {
            req.reset();
            release(taken);
            return;
        }
        long waited = System.nanoTime() - startNanos;
        if (!reused) {
            backend.events().connectionOpened(waited);
        }
        backend.events().connectionAcquired(waited, reused);
        try {
            applyHeaders(req);
        } catch (IllegalArgumentException e) {
            fail(BackendResult.Kind.INVALID_REQUEST, String.valueOf(e.getMessage()), e);
            return;
        }
        req.response().onComplete(head -> headReceived(req, head));
        send(req);
        limitResponseHead();
    }

    private void applyHeaders(HttpClientRequest req) {
        MultiMap out = req.headers();
        request.headers()
                .forEach(
                        (name, value) -> {
                            if (name.equalsIgnoreCase("host")) {
                                req.authority(authority(value));
                            } else {
                                out.add(name, value);
                            }
                        });
    }

    private HostAndPort authority(String host) {
        HostAndPort parsed = HostAndPort.parseAuthority(host, -1);
        if (parsed == null) {
            throw new IllegalArgumentException("the Host header is not host[:port]");
        }
        return parsed;
    }

    private void send(HttpClientRequest req) {
        if (request.body().hasRemaining()) {
            req.end(BufferInternal.buffer(Unpooled.wrappedBuffer(request.body())))
                    .onFailure(e -> broke(req, e));
            return;
        }
        switch (request.method()) {
            case "POST", "PUT", "PATCH" -> req.putHeader("Content-Length", "0");
            default -> {}
        }
        req.end().onFailure(e -> broke(req, e));
    }

    /** The exchange broke off; on a stale connection it begins again on another one. */
    private void broke(HttpClientRequest req, Throwable cause) {
        if (over || !req.equals(wire)) {
            return;
        }
        BackendResult.Kind kind = ConnectionFailures.exchanging(cause);
        if (reused && !responding && staleConnections < MOST_STALE_CONNECTIONS) {
            staleConnections++;
            wire = null;
            release(req.connection());
            req.reset();
            connect();
            return;
        }
        fail(kind, ConnectionFailures.describe(cause), cause);
    }

    private void release(HttpConnection connection) {
        long mark = backend.idle().returned(connection);
        if (mark == IdleConnections.KEEP) {
            return;
        }
        backend.vertx()
                .setTimer(
                        SURPLUS_MILLIS,
                        id -> {
                            if (backend.idle().isSurplus(connection, mark)) {
                                connection.close();
                            }
                        });
    }

    /** The limit for the response head, unless the limit for everything comes first anyway. */
    private void limitResponseHead() {
        long head = backend.options().responseHeaderTimeout().toMillis();
        long left = timeout.toMillis() - (System.nanoTime() - startNanos) / 1_000_000;
        if (head > 0 && head < left && !over) {
            backend.vertx()
                    .setTimer(
                            head,
                            id -> {
                                if (!responding) {
                                    fail(
                                            BackendResult.Kind.TIMEOUT,
                                            "no response head in time",
                                            null);
                                }
                            });
        }
    }

    private void headReceived(HttpClientRequest req, AsyncResult<HttpClientResponse> head) {
        if (head.failed()) {
            broke(req, head.cause());
            return;
        }
        HttpClientResponse response = head.result();
        responding = true;
        response.exceptionHandler(
                e -> fail(ConnectionFailures.exchanging(e), ConnectionFailures.describe(e), e));
        if (over) {
            return;
        }
        if (response.statusCode() < 200) {
            fail(BackendResult.Kind.PROTOCOL, "an interim answer in the place of the answer", null);
            return;
        }
        Headers headers = new MultiMapHeaders(response.headers());
        if (choice.streams(response.statusCode(), headers)) {
            response.pause();
            StreamedBody streamed = new StreamedBody(this, response, context);
            stream = streamed;
            result.complete(new BackendResult.Streamed(response.statusCode(), headers, streamed));
            return;
        }
        long announced = BodyCollector.announced(response.getHeader("content-length"));
        boolean bodiless = request.method().equals("HEAD");
        if (announced > request.maxResponseBytes() && !bodiless) {
            tooLarge();
            return;
        }
        BodyCollector collector =
                new BodyCollector(request.maxResponseBytes(), bodiless ? -1 : announced);
        body = collector;
        response.handler(chunk -> received(collector, chunk));
        response.endHandler(v -> complete(response, headers, collector));
    }

    private void received(BodyCollector collector, Buffer chunk) {
        if (!over && collector.add(chunk) != BodyCollector.Outcome.ADDED) {
            tooLarge();
        }
    }

    private void tooLarge() {
        fail(
                BackendResult.Kind.TOO_LARGE,
                "response longer than " + request.maxResponseBytes() + " bytes",
                null);
    }

    private void complete(HttpClientResponse response, Headers headers, BodyCollector collector) {
        MultiMap trailers = response.trailers();
        finish(
                new BackendResult.Response(
                        response.statusCode(),
                        headers,
                        trailers.isEmpty() ? Headers.empty() : new MultiMapHeaders(trailers),
                        collector.finish()));
    }

    /** The receiver of a streamed body has failed: nobody wants the rest. */
    void abandonedByReceiver() {
        fail(BackendResult.Kind.CANCELLED, "the receiver of the body gave up", null);
    }

    /** A streamed body has been delivered to its end. */
    void streamed() {
        over();
    }

    private void fail(BackendResult.Kind kind, String detail, @Nullable Throwable cause) {
        if (over) {
            return;
        }
        HttpClientRequest req = wire;
        BackendResult.Failure failure = new BackendResult.Failure(kind, detail, cause);
        finish(failure);
        if (stream != null) {
            stream.failed(failure);
        }
        if (body != null) {
            body.discard();
        }
        if (req != null) {
            req.reset();
        }
    }

    private void finish(BackendResult outcome) {
        if (!over) {
            over();
            result.complete(outcome);
        }
    }

    private void over() {
        over = true;
        if (timer >= 0) {
            backend.vertx().cancelTimer(timer);
        }
        withdrawCancellation.run();
        pool.left(request.target());
        HttpClientRequest req = wire;
        if (req != null) {
            release(req.connection());
        }
    }
}
