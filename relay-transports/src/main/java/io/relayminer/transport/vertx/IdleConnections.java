package io.relayminer.transport.vertx;

import io.relayminer.transport.BackendRequest;
import io.vertx.core.http.HttpConnection;

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
        private final Host host;
        private int requests;
        private long served;

        Use(Host host) {
            this.host = host;
        }
    }

    private final int most;
    private final Map<BackendRequest.Target, Host> hosts = new HashMap<>();
    private final Map<HttpConnection, Use> uses = new HashMap<>();

    IdleConnections(int most) {
        this.most = most;
    }

    /**
     * A request got a connection.
     *
     * @return whether the connection has carried a request before
     */
    synchronized boolean taken(BackendRequest.Target target, HttpConnection connection) {
        Use use = uses.get(connection);
        boolean again = use != null;
        if (use == null) {
            use = new Use(hosts.computeIfAbsent(target, t -> new Host()));
            uses.put(connection, use);
            use.host.open++;
        }
        if (use.requests++ == 0) {
            use.host.busy++;
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
        if (use == null) {
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
        return use != null && use.requests == 0 && use.served == mark && tooMany(use.host);
    }

    private boolean tooMany(Host host) {
        return host.open - host.busy > most;
    }

    /** A connection was closed by either side. */
    synchronized void closed(HttpConnection connection) {
        Use use = uses.remove(connection);
        if (use == null) {
            return;
        }
        use.host.open--;
        if (use.requests > 0) {
            use.host.busy--;
        }
        hosts.values().removeIf(host -> host.open == 0);
    }
}
