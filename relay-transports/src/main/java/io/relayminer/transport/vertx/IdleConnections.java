package io.relayminer.transport.vertx;

import io.relayminer.transport.BackendRequest;
import io.vertx.core.http.HttpConnection;

import org.jspecify.annotations.Nullable;

import java.util.HashMap;
import java.util.Map;

/**
 * Keeps the number of idle HTTP/1.1 connections per host within a bound, which the client's pool
 * does not know: it keeps every connection it once needed until its idle time is over.
 *
 * <p>A connection is busy from the moment a request gets it until the request is over. One that
 * becomes idle while its host has as many idle ones as allowed is a candidate to be closed: it is
 * closed if it stays idle for a while and there are still too many. Closing it at once would hit
 * the next request, to which the pool may have given it already. A connection that carries several
 * requests at once is never closed here.
 *
 * <p>Thread-safe; connections of one pool live on several event loops.
 */
final class IdleConnections {

    /** The connection may stay. */
    static final long KEEP = -1;

    private static final class Host {
        private int open;
        private int busy;
    }

    private static final class Use {
        /** Known from the first request on. */
        private @Nullable Host host;

        private int requests;
        private long served;
    }

    private final int most;
    private final Map<BackendRequest.Target, Host> hosts = new HashMap<>();
    private final Map<HttpConnection, Use> uses = new HashMap<>();

    IdleConnections(int most) {
        this.most = most;
    }

    /** A connection has been made; comes before everything else about it. */
    synchronized void opened(HttpConnection connection) {
        uses.put(connection, new Use());
    }

    /**
     * A request got a connection.
     *
     * @return whether the connection has carried a request before, or has been closed since the
     *     pool gave it away: if it is lost, that says nothing about the server
     */
    synchronized boolean taken(BackendRequest.Target target, HttpConnection connection) {
        Use use = uses.get(connection);
        if (use == null) {
            return true;
        }
        Host host = use.host;
        boolean again = host != null;
        if (host == null) {
            host = hosts.computeIfAbsent(target, t -> new Host());
            use.host = host;
            host.open++;
        }
        if (use.requests++ == 0) {
            host.busy++;
        }
        return again;
    }

    /**
     * A request is over.
     *
     * @return if the connection is one idle connection too many, the mark by which {@link
     *     #isSurplus} knows whether it was used since; otherwise {@link #KEEP}
     */
    synchronized long returned(HttpConnection connection) {
        Use use = uses.get(connection);
        if (use == null || use.host == null) {
            return KEEP;
        }
        use.served++;
        if (--use.requests > 0) {
            return KEEP;
        }
        use.host.busy--;
        return tooMany(use.host) ? use.served : KEEP;
    }

    /** Whether the connection was not used since the mark was given, and is still one too many. */
    synchronized boolean isSurplus(HttpConnection connection, long mark) {
        Use use = uses.get(connection);
        return use != null
                && use.host != null
                && use.requests == 0
                && use.served == mark
                && tooMany(use.host);
    }

    private boolean tooMany(Host host) {
        return host.open - host.busy > most;
    }

    /** A connection was closed by either side. */
    synchronized void closed(HttpConnection connection) {
        Use use = uses.remove(connection);
        if (use == null || use.host == null) {
            return;
        }
        use.host.open--;
        if (use.requests > 0) {
            use.host.busy--;
        }
        hosts.values().removeIf(host -> host.open == 0);
    }
}
