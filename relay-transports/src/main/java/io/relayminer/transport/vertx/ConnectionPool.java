package io.relayminer.transport.vertx;

import io.relayminer.transport.BackendRequest;
import io.vertx.core.Future;
import io.vertx.core.http.HttpClient;

import org.jspecify.annotations.Nullable;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The connections of one event loop and the requests that use them. Its two clients are opened when
 * they are needed, since most services have only cleartext or only TLS backends.
 *
 * <p>Thread-safe: requests of another loop come here when their own has no room.
 */
final class ConnectionPool {

    /** Opens a client. */
    interface Opener {
        HttpClient open(boolean tls, int mostConnections);
    }

    private final int mostConnections;
    private final Opener opener;
    private final Map<BackendRequest.Target, AtomicInteger> inFlight = new ConcurrentHashMap<>();
    private volatile @Nullable HttpClient plain;
    private volatile @Nullable HttpClient tls;
    private boolean closed; // guarded by this, as are writes of the clients

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
    @Nullable HttpClient client(boolean secure) {
        HttpClient known = secure ? tls : plain;
        if (known != null) {
            return known;
        }
        synchronized (this) {
            known = secure ? tls : plain;
            if (known != null || closed) {
                return known;
            }
            HttpClient opened = opener.open(secure, mostConnections);
            if (secure) {
                tls = opened;
            } else {
                plain = opened;
            }
            return opened;
        }
    }

    /** Closes the clients. */
    Future<Void> close() {
        HttpClient first;
        HttpClient second;
        synchronized (this) {
            closed = true;
            first = plain;
            second = tls;
        }
        return Future.join(
                        first == null ? Future.succeededFuture() : first.close(),
                        second == null ? Future.succeededFuture() : second.close())
                .mapEmpty();
    }
}
