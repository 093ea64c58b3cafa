package io.relayminer.core.backend;

import io.relayminer.transport.Cancellation;
import io.relayminer.transport.Headers;
import io.relayminer.transport.StreamChoice;

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
 * @param choice asked at the head of an answer whether its body is to come as a stream; not to be
 *     wished for with a status of 500 or more, which another endpoint may better
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
        Cancellation cancellation,
        StreamChoice choice) {

    /** A call whose answer is wanted whole. */
    public BackendCall(
            String serviceId,
            String type,
            String method,
            String url,
            Headers headers,
            ByteBuffer body,
            Headers outerHeaders,
            String supplier,
            String application,
            Cancellation cancellation) {
        this(
                serviceId,
                type,
                method,
                url,
                headers,
                body,
                outerHeaders,
                supplier,
                application,
                cancellation,
                StreamChoice.WHOLE);
    }
}
