package io.relayminer.transport;

import java.net.SocketAddress;

/**
 * What a transport knows of a request before its first message: how it came, from whom, and what it
 * says about itself. Nothing of it has been authenticated.
 *
 * <p>Hints at the service and the kind of relay are headers ({@code Target-Service-Id}, {@code
 * Rpc-Type} and the like) or part of the path; what they mean is the handler's matter.
 */
public interface RequestHead {

    /** Name of the transport that received it, e.g. {@code "http"}. */
    String transport();

    /** Protocol on the wire, e.g. {@code "http1"}, {@code "h2c"}, {@code "websocket"}. */
    String protocol();

    /** Request method, e.g. {@code "POST"}; any method may carry a relay. */
    String method();

    /** Path with query as received, e.g. {@code "/v1?x=1"}. */
    String path();

    /** Outer headers (gRPC: metadata); valid until the request is over. */
    Headers headers();

    /** Peer of the connection. */
    SocketAddress remoteAddress();

    /** Fires when the client has gone and nobody will read what is sent. */
    Cancellation cancellation();

    /** {@link System#nanoTime()} when the head had been read. */
    long arrivalNanos();
}
