package io.relayminer.core.wire;

/**
 * A well-formed message that breaks a stateless rule: a field is missing or has an impossible
 * value.
 */
public final class InvalidMessageException extends WireException {

    private static final long serialVersionUID = 1L;

    public InvalidMessageException(String message) {
        super(message);
    }
}
