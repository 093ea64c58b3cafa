package io.relayminer.transport;

import java.net.SocketAddress;

/**
 * One relay as a transport received it: the still encoded {@code RelayRequest} and what surrounded
 * it. Nothing in here has been authenticated.
 *
 * @param transport name of the transport that received it, e.g. {@code "http"}
 * @param protocol protocol on the wire: {@code "http1"} or {@code "h2c"} for HTTP
 * @param method request method, e.g. {@code "POST"}; any method may carry a relay
 * @param path path with query as received, e.g. {@code "/v1?x=1"}; informative only
 * @param headers outer headers (gRPC: metadata); a view that stays valid until the reply is
 *     complete
 * @param body the bytes of the {@code RelayRequest}, not longer than the transport's body limit.
 *     The array is handed over: the transport neither keeps nor changes it, and the receiver may
 *     alias it but must not modify it
 * @param remoteAddress peer of the connection
 * @param cancellation fires when the client has gone and nobody will read the reply
 * @param arrivalNanos {@link System#nanoTime()} when the request head had been read
 */
@SuppressWarnings("ArrayRecordComponent") // handed over, see body; never compared
public record InboundRelay(
        String transport,
        String protocol,
        String method,
        String path,
        Headers headers,
        byte[] body,
        SocketAddress remoteAddress,
        Cancellation cancellation,
        long arrivalNanos)
        implements RequestHead {}
