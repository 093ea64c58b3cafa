package io.relayminer.transport;

import java.nio.ByteBuffer;

/**
 * A request to a backend, ready to be put on the wire.
 *
 * @param target host to connect to
 * @param method request method, a valid HTTP token
 * @param uri request target in origin form: path with optional query, {@code ""} meaning {@code
 *     "/"}
 * @param headers headers to send as they are. {@code Content-Length} and {@code Transfer-Encoding}
 *     are derived from the body and must not be in here; {@code Host} defaults to the target
 * @param body request body; not modified, its position is not moved. May be empty
 * @param maxResponseBytes longest accepted response body; a longer one ends as {@link
 *     BackendResult.Kind#TOO_LARGE} without being held in memory
 */
public record BackendRequest(
        Target target,
        String method,
        String uri,
        Headers headers,
        ByteBuffer body,
        long maxResponseBytes) {

    /**
     * Where to connect to.
     *
     * @param tls whether to speak TLS, verified against the system's trust roots
     * @param host host name or address literal without brackets
     * @param port 1 to 65535
     * @param http2 whether it speaks HTTP/2 from the first byte in clear text. Over TLS the version
     *     is negotiated
     */
    public record Target(boolean tls, String host, int port, boolean http2) {

        /** A target that speaks HTTP/1.1 in clear text. */
        public Target(boolean tls, String host, int port) {
            this(tls, host, port, false);
        }
    }
}
