package io.relayminer.core.wire;

/** The bytes are not an encoding of the expected message type. */
public final class MalformedMessageException extends WireException {

    private static final long serialVersionUID = 1L;

    public MalformedMessageException(String message) {
        super(message);
    }
}
