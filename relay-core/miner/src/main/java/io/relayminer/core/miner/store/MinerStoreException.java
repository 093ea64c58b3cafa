package io.relayminer.core.miner.store;

import org.jspecify.annotations.Nullable;

/**
 * A store did not do what it was asked. It never means that something is absent. The message says
 * what was asked, of which supplier or session, and what to do.
 */
public final class MinerStoreException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** Why, and with that what to do. */
    public enum Reason {
        /** No definite answer. Ask again. */
        UNAVAILABLE,
        /** There is no room. Nothing was changed; ask again when there is. */
        OUT_OF_MEMORY,
        /**
         * The store refuses the call and would refuse it again: a right or a command is missing.
         */
        REFUSED,
        /** The compute units of the session would exceed 2^63 − 1. Nothing was changed. */
        OVERFLOW,
        /** The leaves that are stored do not give the root that was sealed. */
        ROOT_MISMATCH,
        /** What is stored cannot be used: another type, a leaf that is gone. */
        DAMAGED
    }

    private final Reason reason;

    /**
     * A failure.
     *
     * @param reason what to do about it
     * @param message what was asked and what happened
     * @param cause what the storage said, or null
     */
    public MinerStoreException(Reason reason, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.reason = reason;
    }

    /** Why. */
    public Reason reason() {
        return reason;
    }
}
