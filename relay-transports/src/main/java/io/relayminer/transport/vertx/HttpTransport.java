package io.relayminer.transport.vertx;

import io.relayminer.transport.RelayHandler;
import io.relayminer.transport.Transport;
import io.relayminer.transport.TransportEvents;
import io.relayminer.transport.TransportException;
import io.relayminer.transport.TransportOptions;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.internal.VertxInternal;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The HTTP transport: one {@link HttpListener} per event loop, all bound to the same port.
 *
 * <p>A listener and everything that belongs to its connections is touched by its event loop only;
 * this class starts and stops them from outside.
 */
final class HttpTransport implements Transport {

    /**
     * Vert.x lets all servers that ask for the same negative port share one free port, so each
     * transport that wants a free port asks for a number of its own.
     */
    private static final AtomicInteger FREE_PORTS = new AtomicInteger();

    private final TransportOptions options;
    private final TransportEvents events;
    private final BodySpace bodySpace;
    private final List<HttpListener> listeners = new CopyOnWriteArrayList<>();
    private final AtomicBoolean started = new AtomicBoolean();
    private final AtomicBoolean closed = new AtomicBoolean();

    HttpTransport(TransportOptions options, TransportEvents events) {
        this.options = options;
        this.events = events;
        this.bodySpace = new BodySpace(options.maxHeldBodyBytes());
    }

    @Override
    public String name() {
        return "http";
    }

    /** Room for request bodies. */
    BodySpace bodySpace() {
        return bodySpace;
    }

    @Override
    public CompletionStage<InetSocketAddress> start(RelayHandler handler) {
        if (!started.compareAndSet(false, true)) {
            throw new IllegalStateException("the http transport has been started before");
        }
        Vertx v = VertxRuntime.acquire(options.eventLoops());
        int loops = VertxRuntime.eventLoops((VertxInternal) v);
        int port = options.port() > 0 ? options.port() : -FREE_PORTS.incrementAndGet();
        List<Future<HttpListener>> starting = new ArrayList<>();
        for (int i = 0; i < loops; i++) {
            starting.add(deploy(v, handler, port));
        }
        return Future.all(starting)
                .map(all -> new InetSocketAddress(options.host(), listeners.getFirst().port()))
                .recover(
                        cause ->
                                Future.failedFuture(
                                        new TransportException(
                                                "cannot listen on "
                                                        + options.host()
                                                        + ":"
                                                        + options.port()
                                                        + ": "
                                                        + cause.getMessage()
                                                        + "; is the port taken, or the address not"
                                                        + " of this machine?",
                                                cause)))
                .toCompletionStage();
    }

    private Future<HttpListener> deploy(Vertx v, RelayHandler handler, int port) {
        HttpListener listener = new HttpListener(name(), options, events, handler, bodySpace, port);
        return v.deployVerticle(listener, new DeploymentOptions())
                .map(
                        id -> {
                            listeners.add(listener);
                            return listener;
                        });
    }

    @Override
    public CompletionStage<Integer> drain(Duration grace) {
        List<Future<Integer>> draining = new ArrayList<>();
        for (HttpListener listener : listeners) {
            draining.add(listener.drain(grace));
        }
        return Future.all(draining)
                .map(all -> draining.stream().mapToInt(Future::result).sum())
                .toCompletionStage();
    }

    @Override
    public CompletionStage<Void> close() {
        if (!started.get() || !closed.compareAndSet(false, true)) {
            return CompletableFuture.completedStage(null);
        }
        List<Future<Void>> closing = new ArrayList<>();
        for (HttpListener listener : listeners) {
            closing.add(listener.stopListening());
        }
        return Future.join(closing).transform(done -> VertxRuntime.release()).toCompletionStage();
    }
}
