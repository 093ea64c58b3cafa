package io.relayminer.transport.vertx;

import io.relayminer.transport.BackendRequest;
import io.vertx.core.Future;
import io.vertx.core.http.HttpClient;

import org.jspecify.annotations.Nullable;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The connections of one event loop and the requests that use them. A client for each way to speak
 * is opened when it is needed, since most services have backends of one kind only.
 *
 * <p>Thread-safe: requests of another loop come here when their own has no room.
 */
final class ConnectionPool {

    /** Opens a client. */
    interface Opener {
        HttpClient open(Wire wire, int mostConnections);
    }

    /** How a client speaks. */
    enum Wire {
        CLEAR_TEXT,
        CLEAR_TEXT_HTTP2,
        TLS;

        static Wire to(BackendRequest.Target target) {
            if (target.tls()) {
                return TLS;
            }
            return target.http2() ? CLEAR_TEXT_HTTP2 : CLEAR_TEXT;
        }
    }

    private final int mostConnections;
    private final Opener opener;
    private final Map<BackendRequest.Target, AtomicInteger> inFlight = new ConcurrentHashMap<>();
    private final Map<Wire, HttpClient> clients = new ConcurrentHashMap<>();
    private boolean closed; // guarded by this, as are new clients

    /**
     * A pool.
     *
     * @param mostConnections per host
     */
    ConnectionPool(int mostConnections, Opener opener) {
        this.mostConnections = mostConnections;
        this.opener = opener;
    }

    /** How many more requests to the host find a connection at once; negative if requests wait. */
    int room(BackendRequest.Target target) {
        return mostConnections - requests(target).get();
    }

    /** A request goes to the host through this pool. */
    void entered(BackendRequest.Target target) {
        requests(target).incrementAndGet();
    }

    /** The request is over. */
    void left(BackendRequest.Target target) {
        requests(target).decrementAndGet();
    }

    private AtomicInteger requests(BackendRequest.Target target) {
        AtomicInteger known = inFlight.get(target);
        return known != null ? known : inFlight.computeIfAbsent(target, t -> new AtomicInteger());
    }

    /** The client, or null if the pool has been closed. */
    @Nullable HttpClient client(BackendRequest.Target target) {
        Wire wire = Wire.to(target);
        HttpClient known = clients.get(wire);
        if (known != null) {
            return known;
        }
        synchronized (this) {
            return closed
                    ? clients.get(wire)
                    : clients.computeIfAbsent(wire, w -> opener.open(w, mostConnections));
        }
    }

    /** Closes the clients. */
    Future<Void> close() {
        synchronized (this) {
            closed = true;
        }
        return Future.join(clients.values().stream().map(HttpClient::close).toList()).mapEmpty();
    }
}
