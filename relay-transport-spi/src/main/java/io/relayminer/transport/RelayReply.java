package io.relayminer.transport;

import java.util.Map;

/**
 * What a relay is answered with. A transport renders each form in its own protocol; it never signs,
 * never wraps and never turns one form into the other.
 */
public sealed interface RelayReply {

    /**
     * A complete, signed {@code RelayResponse}.
     *
     * @param contentType value of the {@code Content-Type} header
     * @param headers further response headers, e.g. {@code Backend-Retries}; usually empty
     * @param body encoded {@code RelayResponse}; handed over, not modified by either side
     * @param compressible whether the transport may compress the body on the wire
     */
    @SuppressWarnings("ArrayRecordComponent") // handed over; never compared
    record Signed(String contentType, Headers headers, byte[] body, boolean compressible)
            implements RelayReply {

        /** A reply that may be compressed. */
        public Signed(String contentType, Headers headers, byte[] body) {
            this(contentType, headers, body, true);
        }
    }

    /**
     * A refusal, never signed. Over HTTP it becomes the given status with a JSON object {@code
     * {"error":"<message>", <details>…}} of type {@code application/json}.
     *
     * @param status HTTP status code, 400 to 999; backends may invent codes beyond 599
     * @param message text for the client; carries no secrets and no internal addresses
     * @param details further members of the JSON object in iteration order, e.g. {@code service}
     */
    record Refused(int status, String message, Map<String, String> details) implements RelayReply {

        /** Copies the details. */
        public Refused {
            if (status < 400 || status > 999) {
                throw new IllegalArgumentException(
                        "a refusal needs a status of 400 to 999, got " + status);
            }
            details =
                    details.isEmpty()
                            ? Map.of()
                            : java.util.Collections.unmodifiableMap(
                                    new java.util.LinkedHashMap<>(details));
        }

        /** A refusal with a message only. */
        public Refused(int status, String message) {
            this(status, message, Map.of());
        }
    }
}
