package io.relayminer.core.key;

import org.jspecify.annotations.Nullable;

/** Keys could not be loaded. Messages say which source and which entry, never any part of a key. */
public abstract sealed class KeyException extends RuntimeException
        permits InvalidKeyException, KeySourceException {

    private static final long serialVersionUID = 1L;

    KeyException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
