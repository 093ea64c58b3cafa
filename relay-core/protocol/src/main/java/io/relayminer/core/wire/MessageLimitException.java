package io.relayminer.core.wire;

/** The bytes exceed a bound on size, nesting or number of fields. */
public final class MessageLimitException extends WireException {

    private static final long serialVersionUID = 1L;

    public MessageLimitException(String message) {
        super(message);
    }
}
