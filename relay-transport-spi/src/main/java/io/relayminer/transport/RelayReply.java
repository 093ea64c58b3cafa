package io.relayminer.transport;

import java.util.Collections;
import java.util.LinkedHashMap;
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
     * A sequence of signed {@code RelayResponse}s, sent as they are made. Over HTTP each is
     * followed by the delimiter {@code ||POKT_STREAM||}; {@link FrameReceiver#end} completes the
     * response, {@link FrameReceiver#close} breaks it off so that the client can tell.
     *
     * <p>The transport gives the conversation no message. It calls {@code end} to have the stream
     * brought to its end soon, when it drains, and {@code close} when the gateway has gone.
     *
     * @param status HTTP status code of the response
     * @param headers headers of the response, {@code Content-Type} among them
     * @param conversation the handler's side
     */
    record Streamed(int status, Headers headers, Conversation conversation) implements RelayReply {}

    /**
     * A refusal, never signed. Over HTTP it becomes the given status with a JSON object {@code
     * {"error":"<message>", <details>…}} of type {@code application/json}; other protocols have
     * codes of their own, for which the reason stands.
     *
     * @param status HTTP status code, 400 to 999; backends may invent codes beyond 599
     * @param reason what kind of refusal it is
     * @param message text for the client; carries no secrets and no internal addresses
     * @param details further members of the JSON object in iteration order, e.g. {@code service}
     */
    record Refused(int status, Reason reason, String message, Map<String, String> details)
            implements RelayReply, OpeningReply {

        /** Copies the details. */
        public Refused {
            if (status < 400 || status > 999) {
                throw new IllegalArgumentException(
                        "a refusal needs a status of 400 to 999, got " + status);
            }
            details =
                    details.isEmpty()
                            ? Map.of()
                            : Collections.unmodifiableMap(new LinkedHashMap<>(details));
        }

        /** A refusal whose status says which kind it is. */
        public Refused(int status, String message, Map<String, String> details) {
            this(status, Reason.of(status), message, details);
        }

        /** A refusal with a message only. */
        public Refused(int status, String message) {
            this(status, message, Map.of());
        }
    }

    /** Kinds of refusals; protocols without HTTP's codes map them to their own. */
    enum Reason {
        /** The request makes no sense, whoever sends it. */
        INVALID,
        /** It is not authentic, or its session does not allow it. */
        DENIED,
        /** There is no such service here. */
        NOT_FOUND,
        /** A limit of the session, or of the sender, is reached. */
        EXHAUSTED,
        /** It cannot be served now; the same request may be later. */
        UNAVAILABLE,
        /** What was asked for is not offered here. */
        NOT_OFFERED,
        /** Something is wrong on this side. */
        INTERNAL;

        /** The kind that an HTTP status stands for. */
        public static Reason of(int status) {
            return switch (status) {
                case 401, 403 -> DENIED;
                case 404 -> NOT_FOUND;
                case 409, 429 -> EXHAUSTED;
                case 500 -> INTERNAL;
                case 501, 505 -> NOT_OFFERED;
                default -> status < 500 ? INVALID : UNAVAILABLE;
            };
        }
    }
}
