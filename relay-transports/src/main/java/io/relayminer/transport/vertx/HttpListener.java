package io.relayminer.transport.vertx;

import io.relayminer.transport.RelayHandler;
import io.relayminer.transport.TransportEvents;
import io.relayminer.transport.TransportOptions;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.http.Http2Settings;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.internal.ContextInternal;

import org.jspecify.annotations.Nullable;

import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * One event loop's share of the relay port: its connections and the exchanges on them.
 *
 * <p>Time limits are kept by one periodic sweep over what is open instead of timers per request: a
 * relay takes a millisecond and its limits are tens of seconds, so nearly every such timer would be
 * set only to be cancelled. A limit is therefore enforced up to a sweep interval late.
 */
final class HttpListener extends VerticleBase {

    private static final int MAX_REQUEST_LINE = 16 * 1024;
    private static final int MAX_HEADERS = 64 * 1024;
    private static final long MAX_SWEEP_MILLIS = 1000;
    private static final DateTimeFormatter HTTP_DATE =
            DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.US);

    /** What a connection is doing. */
    private static final class Activity {
        private int exchanges;
        private long idleSince;

        Activity(long now) {
            idleSince = now;
        }
    }

    private final String transport;
    private final TransportOptions options;
    private final TransportEvents events;
    private final RelayHandler handler;
    private final BodySpace bodySpace;
    private final int requestedPort;

    private final Map<HttpConnection, Activity> connections = new HashMap<>();
    private final Set<HttpExchange> exchanges = new LinkedHashSet<>();
    private @Nullable HttpServer server;
    private @Nullable Promise<Integer> draining;
    private int port;
    private String date = "";

    HttpListener(
            String transport,
            TransportOptions options,
            TransportEvents events,
            RelayHandler handler,
            BodySpace bodySpace,
            int requestedPort) {
        this.transport = transport;
        this.options = options;
        this.events = events;
        this.handler = handler;
        this.bodySpace = bodySpace;
        this.requestedPort = requestedPort;
    }

    @Override
    public Future<?> start() {
        HttpServer s =
                vertx.createHttpServer(
                        new HttpServerOptions()
                                .setHost(options.host())
                                .setPort(requestedPort)
                                .setHttp2ClearTextEnabled(true)
                                .setInitialSettings(
                                        new Http2Settings()
                                                .setMaxConcurrentStreams(
                                                        options.maxConcurrentStreams()))
                                .setHandle100ContinueAutomatically(true)
                                .setCompressionSupported(false)
                                .setDecompressionSupported(false)
                                .setMaxInitialLineLength(MAX_REQUEST_LINE)
                                .setMaxHeaderSize(MAX_HEADERS)
                                .setTcpNoDelay(true)
                                .setTcpKeepAlive(true)
                                .setIdleTimeoutUnit(TimeUnit.MILLISECONDS)
                                .setIdleTimeout(silence()));
        server = s;
        s.connectionHandler(this::connected);
        s.requestHandler(this::requested);
        tick();
        long shortest =
                Math.min(
                        options.readTimeout().toMillis(),
                        Math.min(
                                options.writeTimeout().toMillis(),
                                options.idleTimeout().toMillis()));
        vertx.setPeriodic(Math.clamp(shortest / 4, 5, MAX_SWEEP_MILLIS), id -> sweep());
        return s.listen().onSuccess(bound -> port = bound.actualPort());
    }

    /**
     * When the server itself closes a connection on which no byte moves. It only catches what the
     * sweep does not know, connections that never sent a byte, since their protocol is not decided;
     * so it is longer than any relay may take.
     */
    private int silence() {
        long millis = options.idleTimeout().plus(options.writeTimeout()).toMillis();
        return Math.clamp(millis, 1, Integer.MAX_VALUE);
    }

    /** The bound port. */
    int port() {
        return port;
    }

    String transport() {
        return transport;
    }

    TransportOptions options() {
        return options;
    }

    TransportEvents events() {
        return events;
    }

    RelayHandler handler() {
        return handler;
    }

    /** Whether what runs is to come to its end. */
    boolean isDraining() {
        return draining != null;
    }

    /** Room for bodies, shared with the other event loops. */
    BodySpace bodySpace() {
        return bodySpace;
    }

    ContextInternal eventLoop() {
        return (ContextInternal) context;
    }

    /** Value for the {@code Date} header, at most a sweep interval old. */
    String date() {
        return date;
    }

    private void connected(HttpConnection connection) {
        connections.put(connection, new Activity(System.nanoTime()));
        connection.closeHandler(closed -> connections.remove(connection));
    }

    private void requested(HttpServerRequest request) {
        HttpExchange exchange = new HttpExchange(this, request);
        exchanges.add(exchange);
        Activity activity = connections.get(request.connection());
        if (activity != null) {
            activity.exchanges++;
        }
        exchange.begin();
    }

    /** Called by an exchange, once, when nothing of it is left to do. */
    void finished(HttpExchange exchange, HttpConnection connection) {
        if (!exchanges.remove(exchange)) {
            return;
        }
        Activity activity = connections.get(connection);
        if (activity != null) {
            activity.exchanges--;
            activity.idleSince = System.nanoTime();
        }
        Promise<Integer> waiting = draining;
        if (waiting != null && exchanges.isEmpty()) {
            waiting.tryComplete(0);
        }
    }

    private void tick() {
        date = HTTP_DATE.format(ZonedDateTime.now(ZoneOffset.UTC));
    }

    private void sweep() {
        tick();
        long now = System.nanoTime();
        List<HttpExchange> late = new ArrayList<>();
        for (HttpExchange exchange : exchanges) {
            if (exchange.isLate(now)) {
                late.add(exchange);
            }
        }
        late.forEach(HttpExchange::expire);
        long idle = options.idleTimeout().toNanos();
        List<HttpConnection> unused = new ArrayList<>();
        connections.forEach(
                (connection, activity) -> {
                    if (activity.exchanges == 0 && now - activity.idleSince > idle) {
                        unused.add(connection);
                    }
                });
        unused.forEach(HttpConnection::close);
    }

    /** Stops accepting and waits for the exchanges; answers how many are left. */
    Future<Integer> drain(Duration grace) {
        Promise<Integer> drained = Promise.promise();
        context.runOnContext(
                v -> {
                    draining = drained;
                    HttpServer s = server;
                    if (s != null) {
                        s.shutdown(Math.max(1, grace.toMillis()), TimeUnit.MILLISECONDS);
                    }
                    List.copyOf(exchanges).forEach(HttpExchange::drain);
                    if (exchanges.isEmpty()) {
                        drained.tryComplete(0);
                    } else {
                        vertx.setTimer(
                                Math.max(1, grace.toMillis()),
                                id -> drained.tryComplete(exchanges.size()));
                    }
                });
        return drained.future();
    }

    /** Closes the server and all connections. */
    Future<Void> stopListening() {
        return vertx.undeploy(context.deploymentID());
    }

    @Override
    public Future<?> stop() {
        HttpServer s = server;
        return s == null ? Future.succeededFuture() : s.close();
    }
}
