package io.relayminer.transport.vertx;

import io.netty.channel.ChannelPipeline;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.HttpClientCodec;
import io.relayminer.transport.Backend;
import io.relayminer.transport.BackendEvents;
import io.relayminer.transport.BackendOptions;
import io.relayminer.transport.BackendRequest;
import io.relayminer.transport.BackendResult;
import io.relayminer.transport.Cancellation;
import io.relayminer.transport.StreamChoice;
import io.vertx.core.Future;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.impl.HttpClientConnectionInternal;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Keep-alive connections to backend nodes, cleartext ones, which never leave HTTP/1.1, and TLS
 * ones, where ALPN may choose HTTP/2.
 *
 * <p>Each event loop has connections of its own, so a relay stays on its thread: a pool that loops
 * share gives away the connection used last, whichever loop it lives on, and each step of the
 * exchange then wakes another thread. The bound of connections per host is divided among the loops;
 * a request that finds no room with its own loop goes to the pool with the most.
 */
final class HttpBackend implements Backend {

    private static final Logger LOG = LoggerFactory.getLogger(HttpBackend.class);

    private static final int MAX_HEADERS = 64 * 1024;

    private static final String VERTX_CONNECTIONS = "io.vertx.core.http.impl";

    /** What a request to a closed backend gets. */
    static final BackendResult.Failure CLOSED =
            new BackendResult.Failure(
                    BackendResult.Kind.CLOSED, "the backend has been closed", null);

    private final BackendEvents events;
    private final BackendOptions options;
    private final VertxInternal vertx;
    private final IdleConnections idle;
    private final List<ConnectionPool> pools;
    private final ConcurrentMap<EventLoop, ConnectionPool> poolOfLoop = new ConcurrentHashMap<>();
    private final AtomicInteger loopsSeen = new AtomicInteger();
    private final AtomicBoolean closed = new AtomicBoolean();

    HttpBackend(BackendOptions options, BackendEvents events) {
        requireAccessToConnections();
        this.options = options;
        this.events = events;
        this.idle = new IdleConnections(options.maxIdleConnectionsPerHost());
        this.vertx = (VertxInternal) VertxRuntime.acquire(options.eventLoops());
        int most = options.maxConnectionsPerHost();
        int count = Math.min(VertxRuntime.eventLoops(vertx), most);
        List<ConnectionPool> shares = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            shares.add(new ConnectionPool(most / count + (i < most % count ? 1 : 0), this::open));
        }
        this.pools = List.copyOf(shares);
    }

    /** The connection's pipeline is in a package that Vert.x as a named module keeps to itself. */
    private static void requireAccessToConnections() {
        Module here = HttpBackend.class.getModule();
        if (!HttpClient.class.getModule().isExported(VERTX_CONNECTIONS, here)) {
            throw new IllegalStateException(
                    "backends of type http cannot reach their connections on the module path; start"
                            + " java with --add-exports io.vertx.core/"
                            + VERTX_CONNECTIONS
                            + "="
                            + here.getName());
        }
    }

    private ConnectionPool choose(EventLoop loop, BackendRequest.Target target) {
        ConnectionPool own = poolOfLoop.get(loop);
        if (own == null) {
            own =
                    poolOfLoop.computeIfAbsent(
                            loop, l -> pools.get(loopsSeen.getAndIncrement() % pools.size()));
        }
        int room = own.room(target);
        if (room > 0) {
            return own;
        }
        ConnectionPool chosen = own;
        for (ConnectionPool pool : pools) {
            int there = pool.room(target);
            if (there > room) {
                room = there;
                chosen = pool;
            }
        }
        return chosen;
    }

    private HttpClient open(boolean tls, int mostConnections) {
        HttpClientOptions client = common(options);
        if (tls) {
            client.setProtocolVersion(HttpVersion.HTTP_2)
                    .setUseAlpn(true)
                    .setAlpnVersions(List.of(HttpVersion.HTTP_2, HttpVersion.HTTP_1_1));
        } else {
            client.setProtocolVersion(HttpVersion.HTTP_1_1);
        }
        return vertx.httpClientBuilder()
                .with(client)
                .with(
                        new PoolOptions()
                                .setHttp1MaxSize(mostConnections)
                                .setHttp2MaxSize(mostConnections)
                                .setMaxWaitQueueSize(-1))
                .withConnectHandler(this::opened)
                .build();
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

    private void opened(HttpConnection connection) {
        ChannelPipeline pipeline =
                ((HttpClientConnectionInternal) connection).channelHandlerContext().pipeline();
        if (pipeline.get(HttpClientCodec.class) != null) {
            pipeline.replace(
                    HttpClientCodec.class,
                    "codec",
                    new ExchangeCodec(
                            HttpClientOptions.DEFAULT_MAX_INITIAL_LINE_LENGTH, MAX_HEADERS));
        }
        idle.opened(connection);
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
            BackendRequest request,
            StreamChoice choice,
            Duration timeout,
            Cancellation cancellation) {
        if (closed.get()) {
            return CompletableFuture.completedStage(CLOSED);
        }
        ContextInternal context = vertx.getOrCreateContext();
        ConnectionPool pool = choose(context.nettyEventLoop(), request.target());
        pool.entered(request.target());
        HttpAttempt attempt =
                new HttpAttempt(this, pool, context, request, choice, timeout, cancellation);
        if (context.nettyEventLoop().inEventLoop()) {
            attempt.begin();
        } else {
            context.runOnContext(v -> attempt.begin());
        }
        return attempt.result();
    }

    @Override
    public CompletionStage<Void> close() {
        if (!closed.compareAndSet(false, true)) {
            return CompletableFuture.completedStage(null);
        }
        return Future.join(pools.stream().map(ConnectionPool::close).toList())
                .transform(done -> VertxRuntime.release())
                .toCompletionStage();
    }
}
