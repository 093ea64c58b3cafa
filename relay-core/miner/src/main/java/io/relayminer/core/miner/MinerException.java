package io.relayminer.core.miner;

import org.jspecify.annotations.Nullable;

/** Why work on a supplier cannot go on. */
public sealed class MinerException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private MinerException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }

    /** Redis or the chain gave no definite answer; the same step is tried again. */
    public static final class Unavailable extends MinerException {
        private static final long serialVersionUID = 1L;

        Unavailable(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }
}
