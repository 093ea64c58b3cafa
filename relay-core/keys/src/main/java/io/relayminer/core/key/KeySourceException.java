package io.relayminer.core.key;

import org.jspecify.annotations.Nullable;

/** A source as a whole cannot be used: it is missing, unreadable, malformed or set up wrongly. */
public final class KeySourceException extends KeyException {

    private static final long serialVersionUID = 1L;

    public KeySourceException(String message) {
        this(message, null);
    }

    public KeySourceException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
