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
 * becomes idle while its host has as many idle ones as allowed is to be closed. A connection that
 * carries several requests at once is never closed here.
 *
 * <p>Thread-safe; connections of one pool live on several event loops.
 */
final class IdleConnections {

    private static final class Host {
        private int open;
        private int busy;
    }

    private static final class Use {
        private final Host host;
        private int requests;

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
     * @return whether the connection is one idle connection too many
     */
    synchronized boolean returned(HttpConnection connection) {
        Use use = uses.get(connection);
        if (use == null || --use.requests > 0) {
            return false;
        }
        use.host.busy--;
        return use.host.open - use.host.busy > most;
    }

    /** Whether no request uses the connection. */
    synchronized boolean isIdle(HttpConnection connection) {
        Use use = uses.get(connection);
        return use == null || use.requests == 0;
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
