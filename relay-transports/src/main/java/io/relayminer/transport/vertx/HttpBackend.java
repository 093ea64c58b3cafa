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
import io.relayminer.transport.ChannelResult;
import io.relayminer.transport.StreamChoice;
import io.vertx.core.Future;
import io.vertx.core.http.Http2Settings;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.WebSocketClient;
import io.vertx.core.http.WebSocketClientOptions;
import io.vertx.core.http.impl.HttpClientConnectionInternal;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.VertxInternal;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Keep-alive connections to backend nodes: in clear text HTTP/1.1, or HTTP/2 from the first byte
 * where the target says so; over TLS what ALPN chooses. Channels are WebSockets.
 *
 * <p>Each event loop has connections of its own, so a relay stays on its thread: a pool that loops
 * share gives away the connection used last, whichever loop it lives on, and each step of the
 * exchange then wakes another thread. The bound of connections per host is divided among the loops;
 * a request that finds no room with its own loop goes to the pool with the most.
 */
final class HttpBackend implements Backend {

    private static final Logger LOG = LoggerFactory.getLogger(HttpBackend.class);

    private static final int MAX_HEADERS = 64 * 1024;

    /** A name is looked up again at the latest after this time, also for a busy host. */
    private static final Duration LIFETIME = Duration.ofMinutes(5);

    /** How long a peer has to answer a close frame before the connection is cut. */
    private static final int CLOSING_SECONDS = 5;

    /** Connections of an event loop to one host over HTTP/2; each carries many requests at once. */
    private static final int HTTP2_CONNECTIONS = 4;

    private static final int HTTP2_WINDOW = 256 * 1024;

    private static final int HTTP2_CONNECTION_WINDOW = 4 * 1024 * 1024;

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
    private final WebSocketConversation.Patience patience;
    private final Duration lifetime;
    private final ConcurrentMap<Integer, WebSocketClient> webSockets = new ConcurrentHashMap<>();
    private final Set<WebSocketOpening> channels = ConcurrentHashMap.newKeySet();

    HttpBackend(BackendOptions options, BackendEvents events) {
        this(options, events, WebSocketConversation.Patience.DEFAULT, LIFETIME);
    }

    HttpBackend(
            BackendOptions options,
            BackendEvents events,
            WebSocketConversation.Patience patience,
            Duration lifetime) {
        this.patience = patience;
        this.lifetime = lifetime;
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

    private HttpClient open(ConnectionPool.Wire wire, int mostConnections) {
        HttpClientOptions client = common(options);
        switch (wire) {
            case CLEAR_TEXT -> client.setProtocolVersion(HttpVersion.HTTP_1_1);
            case CLEAR_TEXT_HTTP2 ->
                    client.setProtocolVersion(HttpVersion.HTTP_2).setHttp2ClearTextUpgrade(false);
            case TLS ->
                    client.setProtocolVersion(HttpVersion.HTTP_2)
                            .setUseAlpn(true)
                            .setAlpnVersions(List.of(HttpVersion.HTTP_2, HttpVersion.HTTP_1_1));
        }
        return vertx.httpClientBuilder()
                .with(client)
                .with(
                        new PoolOptions()
                                .setHttp1MaxSize(mostConnections)
                                .setHttp2MaxSize(Math.min(mostConnections, HTTP2_CONNECTIONS))
                                .setMaxLifetime((int) lifetime.toMillis())
                                .setMaxLifetimeUnit(TimeUnit.MILLISECONDS)
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
                .setInitialSettings(
                        new Http2Settings()
                                .setPushEnabled(false)
                                .setInitialWindowSize(HTTP2_WINDOW)
                                .setMaxHeaderListSize(MAX_HEADERS))
                .setHttp2ConnectionWindowSize(HTTP2_CONNECTION_WINDOW)
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
    public CompletionStage<ChannelResult> open(
            BackendRequest request, Duration timeout, Cancellation cancellation) {
        if (closed.get()) {
            return CompletableFuture.completedStage(CLOSED);
        }
        ContextInternal context = vertx.getOrCreateContext();
        WebSocketOpening opening =
                new WebSocketOpening(
                        this,
                        webSockets.computeIfAbsent(messageLimit(request), this::webSocketClient),
                        context,
                        request,
                        timeout,
                        cancellation);
        if (context.nettyEventLoop().inEventLoop()) {
            opening.begin();
        } else {
            context.runOnContext(v -> opening.begin());
        }
        return opening.result();
    }

    private WebSocketClient webSocketClient(int longestMessage) {
        return vertx.createWebSocketClient(
                new WebSocketClientOptions()
                        .setMaxConnections(Integer.MAX_VALUE)
                        .setMaxFrameSize(longestMessage)
                        .setMaxMessageSize(longestMessage)
                        .setClosingTimeout(CLOSING_SECONDS)
                        .setConnectTimeout((int) options.connectTimeout().toMillis())
                        .setSslHandshakeTimeout(options.tlsHandshakeTimeout().toMillis())
                        .setSslHandshakeTimeoutUnit(TimeUnit.MILLISECONDS)
                        .setVerifyHost(true)
                        .setTcpNoDelay(true)
                        .setTcpKeepAlive(true));
    }

    /** The longest message of the channel that a request opens, in bytes. */
    int messageLimit(BackendRequest request) {
        return Math.clamp(request.maxResponseBytes(), 1, Integer.MAX_VALUE - 8);
    }

    WebSocketConversation.Patience patience() {
        return patience;
    }

    /** Remembers an open channel, unless the backend has been closed. */
    boolean keep(WebSocketOpening channel) {
        channels.add(channel);
        return !closed.get();
    }

    void forget(WebSocketOpening channel) {
        channels.remove(channel);
    }

    @Override
    public CompletionStage<Void> close() {
        if (!closed.compareAndSet(false, true)) {
            return CompletableFuture.completedStage(null);
        }
        channels.forEach(WebSocketOpening::goAway);
        List<Future<?>> closing = new ArrayList<>();
        webSockets.values().forEach(client -> closing.add(client.shutdown(1, TimeUnit.SECONDS)));
        pools.forEach(pool -> closing.add(pool.close()));
        return Future.join(closing).transform(done -> VertxRuntime.release()).toCompletionStage();
    }
}
