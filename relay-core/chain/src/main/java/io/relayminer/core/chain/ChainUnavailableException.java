package io.relayminer.core.chain;

import org.jspecify.annotations.Nullable;

/** No node answered in time. Asking again later may help. */
public final class ChainUnavailableException extends ChainException {

    private static final long serialVersionUID = 1L;

    public ChainUnavailableException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
