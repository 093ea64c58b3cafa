package io.relayminer.transport;

import org.jspecify.annotations.Nullable;

/** A transport or backend cannot be created, started or found. */
public final class TransportException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** With what failed, where, and what to do. */
    public TransportException(String message) {
        super(message);
    }

    /** With what failed, where, and what to do; and the reason. */
    public TransportException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
