package io.relayminer.transport;

/**
 * Why a conversation is over, as both sides are told. A transport renders it in its own protocol: a
 * WebSocket as the close frame itself, HTTP by breaking the response off unless the code is {@link
 * #NORMAL}, gRPC as a status.
 *
 * @param code as in RFC 6455 §7.4: 1000 to 1015, or 3000 to 4999 for an application's own. 1005,
 *     1006 and 1015 never stand on a wire and are refused
 * @param reason for the peer; carries no secrets and no internal addresses. Empty if there is
 *     nothing to say; a transport may cut it
 */
public record Closing(int code, String reason) {

    /** Everything has been said. */
    public static final Closing NORMAL = new Closing(1000, "");

    /** The relayer shuts down. */
    public static final Closing GOING_AWAY = new Closing(1001, "relayer is shutting down");

    /** The peer has vanished without a word. */
    public static final Closing DISCONNECTED = new Closing(1001, "peer disconnected");

    /** A message was longer than messages may be. */
    public static final Closing TOO_LARGE = new Closing(1009, "message too big");

    /** Something failed on this side. */
    public static final Closing FAILED = new Closing(1011, "internal error");

    /** Checks the code. */
    public Closing {
        boolean registered = code >= 1000 && code <= 1014 && code != 1005 && code != 1006;
        if (!registered && (code < 3000 || code > 4999)) {
            throw new IllegalArgumentException("a conversation cannot be closed with code " + code);
        }
    }
}
