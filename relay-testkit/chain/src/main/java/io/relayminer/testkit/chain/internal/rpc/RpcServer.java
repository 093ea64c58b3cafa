package io.relayminer.testkit.chain.internal.rpc;

import io.relayminer.testkit.chain.internal.block.StoredBlock;
import io.relayminer.testkit.chain.internal.faults.FaultState;
import io.relayminer.testkit.chain.internal.node.CometNode;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.ServerWebSocket;
import io.vertx.core.http.ServerWebSocketHandshake;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * CometBFT's RPC over HTTP (POST with JSON-RPC, GET with a query string) and websocket.
 *
 * <p>Every connection is served on one event loop thread; methods answer from memory, or later, and
 * never block it. Events are handed to each connection's event loop in the order of blocks.
 */
public final class RpcServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RpcServer.class);

    private static final int MAX_BODY = 100_000_000;
    private static final int MAX_FRAME = 10_000_000;
    private static final long PING_MILLIS = 27_000;
    private static final int START_SECONDS = 30;

    private final RpcCalls calls;
    private final RpcHttp http;
    private final FaultState faults;
    private final Vertx vertx;
    private final HttpServer server;
    private final Set<RpcSocket> sockets = ConcurrentHashMap.newKeySet();

    /** Listens on {@code host}; port 0 picks a free one. */
    public RpcServer(CometNode node, FaultState faults, Vertx vertx, String host, int port) {
        RpcMethods methods = new RpcMethods(node);
        this.calls = new RpcCalls(methods, faults);
        this.http = new RpcHttp(methods, calls, faults);
        this.faults = faults;
        this.vertx = vertx;
        this.server =
                vertx.createHttpServer(
                                new HttpServerOptions()
                                        .setHost(host)
                                        .setPort(port)
                                        .setMaxWebSocketFrameSize(MAX_FRAME)
                                        .setMaxWebSocketMessageSize(MAX_FRAME)
                                        .setMaxFormAttributeSize(MAX_BODY))
                        .requestHandler(this::handle)
                        .webSocketHandshakeHandler(this::handshake)
                        .webSocketHandler(this::open);
        await(server.listen());
    }

    private static <T> T await(Future<T> future) {
        try {
            return future.toCompletionStage()
                    .toCompletableFuture()
                    .get(START_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while the RPC server starts or stops", e);
        } catch (ExecutionException | TimeoutException e) {
            throw new IllegalStateException("the RPC server cannot start or stop", e);
        }
    }

    public int port() {
        return server.actualPort();
    }

    @Override
    public void close() {
        for (RpcSocket socket : sockets) {
            socket.cancelAll("CometBFT exited");
        }
        await(server.close());
    }

    /** Ends every websocket with a normal close. */
    public void closeWebSockets() {
        sockets.forEach(RpcSocket::close);
    }

    /** Cuts every websocket without a close frame. */
    public void cutWebSockets() {
        sockets.forEach(RpcSocket::cut);
    }

    /** Sends the events of a block to whoever subscribed to them. */
    public void publish(StoredBlock block, int copies) {
        for (int copy = 0; copy < copies; copy++) {
            for (RpcSocket socket : sockets) {
                socket.publish(block);
            }
        }
    }

    private void handle(HttpServerRequest request) {
        if (faults.isUnreachable()) {
            request.connection().close();
            return;
        }
        if (faults.isHanging()) {
            return;
        }
        if (request.method().equals(HttpMethod.POST)) {
            if (!request.path().equals("/") && !request.path().isEmpty()) {
                RpcHttp.notFound(request.response());
                return;
            }
            request.body().onSuccess(body -> later(() -> http.post(request.response(), body)));
        } else if (request.method().equals(HttpMethod.GET)) {
            later(() -> http.get(request));
        } else {
            RpcHttp.notFound(request.response());
        }
    }

    private void later(Runnable answer) {
        Duration delay = faults.queryDelay();
        if (delay.isZero()) {
            answer.run();
        } else {
            vertx.setTimer(Math.max(1, delay.toMillis()), timer -> answer.run());
        }
    }

    private void handshake(ServerWebSocketHandshake handshake) {
        if (handshake.path().equals("/websocket") && !faults.isUnreachable()) {
            handshake.accept();
        } else {
            handshake.reject(404);
        }
    }

    private void open(ServerWebSocket socket) {
        RpcSocket session =
                new RpcSocket(
                        socket,
                        calls,
                        () -> sockets.stream().filter(RpcSocket::isSubscribed).count());
        sockets.add(session);
        long pings = vertx.setPeriodic(PING_MILLIS, timer -> socket.writePing(Buffer.buffer()));
        socket.closeHandler(
                closed -> {
                    vertx.cancelTimer(pings);
                    sockets.remove(session);
                });
        socket.exceptionHandler(e -> LOG.debug("a websocket failed", e));
        socket.textMessageHandler(
                text -> {
                    if (!faults.isHanging()) {
                        later(() -> session.handle(text));
                    }
                });
    }
}
