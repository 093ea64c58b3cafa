package io.relayminer.transport.vertx;

import io.relayminer.transport.Backend;
import io.relayminer.transport.BackendEvents;
import io.relayminer.transport.BackendOptions;
import io.relayminer.transport.BackendRequest;
import io.relayminer.transport.BackendResult;
import io.relayminer.transport.Cancellation;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Keep-alive connections to backend nodes: one pool for cleartext, which never leaves HTTP/1.1, and
 * one for TLS, where ALPN may choose HTTP/2.
 *
 * <p>A pool prefers a connection that lives on the event loop of the caller, so a relay normally
 * stays on its thread.
 */
final class HttpBackend implements Backend {

    private static final Logger LOG = LoggerFactory.getLogger(HttpBackend.class);

    private static final int MAX_HEADERS = 64 * 1024;

    private final BackendEvents events;
    private final BackendOptions options;
    private final VertxInternal vertx;
    private final HttpClient plain;
    private final HttpClient tls;
    private final AtomicBoolean closed = new AtomicBoolean();

    private final IdleConnections idle;

    HttpBackend(BackendOptions options, BackendEvents events) {
        this.options = options;
        this.events = events;
        this.idle = new IdleConnections(options.maxIdleConnectionsPerHost());
        this.vertx = (VertxInternal) VertxRuntime.acquire(options.eventLoops());
        this.plain = client(vertx, common(options).setProtocolVersion(HttpVersion.HTTP_1_1));
        this.tls =
                client(
                        vertx,
                        common(options)
                                .setProtocolVersion(HttpVersion.HTTP_2)
                                .setUseAlpn(true)
                                .setAlpnVersions(
                                        List.of(HttpVersion.HTTP_2, HttpVersion.HTTP_1_1)));
    }

    private static HttpClientOptions common(BackendOptions options) {
        return new HttpClientOptions()
                .setKeepAlive(true)
                .setKeepAliveTimeout(seconds(options.idleTimeout()))
                .setHttp2KeepAliveTimeout(seconds(options.idleTimeout()))
                .setConnectTimeout((int) options.connectTimeout().toMillis())
                .setSslHandshakeTimeout(options.tlsHandshakeTimeout().toMillis())
                .setSslHandshakeTimeoutUnit(TimeUnit.MILLISECONDS)
                .setVerifyHost(true)
                .setTcpNoDelay(true)
                .setTcpKeepAlive(true)
                .setDecompressionSupported(false)
                .setMaxHeaderSize(MAX_HEADERS);
    }

    private static int seconds(Duration time) {
        return Math.clamp(time.toSeconds(), 1, Integer.MAX_VALUE);
    }

    private HttpClient client(Vertx v, HttpClientOptions clientOptions) {
        return v.httpClientBuilder()
                .with(clientOptions)
                .with(
                        new PoolOptions()
                                .setHttp1MaxSize(options.maxConnectionsPerHost())
                                .setHttp2MaxSize(options.maxConnectionsPerHost())
                                .setMaxWaitQueueSize(-1))
                .withConnectHandler(this::opened)
                .build();
    }

    private void opened(HttpConnection connection) {
        connection.closeHandler(v -> idle.closed(connection));
        connection.exceptionHandler(e -> LOG.debug("backend connection failed", e));
    }

    /** Who uses which connection. */
    IdleConnections idle() {
        return idle;
    }

    BackendEvents events() {
        return events;
    }

    BackendOptions options() {
        return options;
    }

    VertxInternal vertx() {
        return vertx;
    }

    @Override
    public CompletionStage<BackendResult> send(
            BackendRequest request, Duration timeout, Cancellation cancellation) {
        if (closed.get()) {
            return CompletableFuture.completedStage(
                    new BackendResult.Failure(
                            BackendResult.Kind.CLOSED, "the backend has been closed", null));
        }
        ContextInternal context = vertx.getOrCreateContext();
        HttpAttempt attempt = new HttpAttempt(this, context, request, timeout, cancellation);
        HttpClient client = request.target().tls() ? tls : plain;
        if (context.nettyEventLoop().inEventLoop()) {
            attempt.begin(client);
        } else {
            context.runOnContext(v -> attempt.begin(client));
        }
        return attempt.result();
    }

    @Override
    public CompletionStage<Void> close() {
        if (!closed.compareAndSet(false, true)) {
            return CompletableFuture.completedStage(null);
        }
        return Future.join(plain.close(), tls.close())
                .transform(done -> VertxRuntime.release())
                .toCompletionStage();
    }
}
