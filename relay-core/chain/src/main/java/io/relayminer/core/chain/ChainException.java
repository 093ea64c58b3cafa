package io.relayminer.core.chain;

import org.jspecify.annotations.Nullable;

/**
 * A chain node could not be asked, or refused. Messages name the question and the reason, never the
 * address of a node.
 */
public abstract sealed class ChainException extends RuntimeException
        permits ChainUnavailableException, ChainRefusedException, ChainAnswerException {

    private static final long serialVersionUID = 1L;

    ChainException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
