package io.relayminer.transport;

import java.net.SocketAddress;

/**
 * A gateway wants to open a conversation of many messages, for example a WebSocket. Its components
 * are described in {@link RequestHead}; the cancellation matters until the conversation begins,
 * from then on {@link FrameReceiver#close} tells that the gateway has gone.
 */
public record Opening(
        String transport,
        String protocol,
        String method,
        String path,
        Headers headers,
        SocketAddress remoteAddress,
        Cancellation cancellation,
        long arrivalNanos)
        implements RequestHead {}
