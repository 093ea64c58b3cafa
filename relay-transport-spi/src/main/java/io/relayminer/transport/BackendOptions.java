package io.relayminer.transport;

import java.time.Duration;

/**
 * How a backend keeps its connections.
 *
 * @param maxConnectionsPerHost connections to one host; further requests wait for a free one until
 *     their timeout
 * @param maxIdleConnectionsPerHost idle connections kept per host; one that becomes idle beyond
 *     them is closed
 * @param idleTimeout an unused connection is closed after this time
 * @param connectTimeout time for the TCP connection
 * @param tlsHandshakeTimeout time for the TLS handshake
 * @param responseHeaderTimeout time from the request written to the head of the response; zero
 *     means no limit but the request's own
 * @param eventLoops number of event loops; 0 lets the backend choose. Backends and transports that
 *     share their loops have as many as the first of them asked for
 */
public record BackendOptions(
        int maxConnectionsPerHost,
        int maxIdleConnectionsPerHost,
        Duration idleTimeout,
        Duration connectTimeout,
        Duration tlsHandshakeTimeout,
        Duration responseHeaderTimeout,
        int eventLoops) {

    /** 500 connections, 100 idle, 90 s idle, 5 s dial, 10 s TLS, 30 s for the response head. */
    public static final BackendOptions DEFAULT =
            new BackendOptions(
                    500,
                    100,
                    Duration.ofSeconds(90),
                    Duration.ofSeconds(5),
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(30),
                    0);

    /** Checks the ranges. */
    public BackendOptions {
        if (maxConnectionsPerHost < 1) {
            throw new IllegalArgumentException(
                    "maxConnectionsPerHost must be positive, got " + maxConnectionsPerHost);
        }
        if (maxIdleConnectionsPerHost < 0) {
            throw new IllegalArgumentException(
                    "maxIdleConnectionsPerHost must not be negative, got "
                            + maxIdleConnectionsPerHost);
        }
        requirePositive("idleTimeout", idleTimeout);
        requirePositive("connectTimeout", connectTimeout);
        requirePositive("tlsHandshakeTimeout", tlsHandshakeTimeout);
        if (responseHeaderTimeout.isNegative()) {
            throw new IllegalArgumentException(
                    "responseHeaderTimeout must not be negative, got " + responseHeaderTimeout);
        }
        if (eventLoops < 0) {
            throw new IllegalArgumentException(
                    "eventLoops must not be negative, got " + eventLoops);
        }
    }

    private static void requirePositive(String name, Duration value) {
        if (value.isNegative() || value.isZero()) {
            throw new IllegalArgumentException(name + " must be positive, got " + value);
        }
    }
}
