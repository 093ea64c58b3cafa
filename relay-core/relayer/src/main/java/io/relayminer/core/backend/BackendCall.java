package io.relayminer.core.backend;

import io.relayminer.transport.Cancellation;
import io.relayminer.transport.Headers;

import java.nio.ByteBuffer;

/**
 * One relay to be forwarded: the inner HTTP request of a verified {@code RelayRequest} and what is
 * needed of its surroundings.
 *
 * @param serviceId service of the session header
 * @param type backend type: {@code jsonrpc}, {@code rest}, {@code cometbft}, {@code websocket} or
 *     {@code grpc}; any other text simply has no pool
 * @param method method of the inner request; empty means {@code GET}
 * @param url URL of the inner request, absolute or relative; only its path and query are used
 * @param headers headers of the inner request, all values in order
 * @param body body of the inner request; not modified, its position is not moved
 * @param outerHeaders headers of the request that carried the relay
 * @param supplier operator address of the supplier, from the signed request
 * @param application application address, from the signed request; may be empty
 * @param cancellation fires when the client has gone
 */
public record BackendCall(
        String serviceId,
        String type,
        String method,
        String url,
        Headers headers,
        ByteBuffer body,
        Headers outerHeaders,
        String supplier,
        String application,
        Cancellation cancellation) {}
