package io.relayminer.core.miner;

import org.jspecify.annotations.Nullable;

/** Why work on a supplier cannot go on. */
public sealed class MinerException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private MinerException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }

    /**
     * The supplier belongs to another instance. Whoever catches this stops the worker at once;
     * nothing was written under the lost lease.
     */
    public static final class Fenced extends MinerException {
        private static final long serialVersionUID = 1L;

        Fenced(String supplier) {
            super("the lease of supplier " + supplier + " is held by another instance", null);
        }
    }

    /** Redis or the chain gave no definite answer; the same step is tried again. */
    public static final class Unavailable extends MinerException {
        private static final long serialVersionUID = 1L;

        Unavailable(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }
}
