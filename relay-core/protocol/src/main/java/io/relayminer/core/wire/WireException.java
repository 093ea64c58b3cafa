package io.relayminer.core.wire;

/**
 * Bytes that are not what they should be. The message tells what is wrong and never quotes content.
 */
public abstract sealed class WireException extends RuntimeException
        permits MalformedMessageException, MessageLimitException, InvalidMessageException {

    private static final long serialVersionUID = 1L;

    WireException(String message) {
        super(message);
    }
}
