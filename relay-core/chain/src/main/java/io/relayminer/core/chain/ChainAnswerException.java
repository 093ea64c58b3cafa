package io.relayminer.core.chain;

import org.jspecify.annotations.Nullable;

/**
 * A node answered with something that makes no sense: a missing part, a wrong length, endless
 * pages.
 */
public final class ChainAnswerException extends ChainException {

    private static final long serialVersionUID = 1L;

    public ChainAnswerException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
