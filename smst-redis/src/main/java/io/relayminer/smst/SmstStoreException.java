package io.relayminer.smst;

/**
 * A stored tree cannot be used as it is: Redis refused, or what it holds is not one consistent set
 * of leaves.
 *
 * <p>{@link #reason()} decides what to do. Only {@link Reason#UNAVAILABLE} and {@link
 * Reason#OUT_OF_MEMORY} are worth retrying as they are; the others name data that has to be looked
 * at.
 */
public final class SmstStoreException extends SmstException {

    private static final long serialVersionUID = 1L;

    /** Why the store could not do what was asked. */
    public enum Reason {
        /**
         * No definite answer from Redis: connection lost, timeout, loading, read-only replica.
         * Repeat the call.
         */
        UNAVAILABLE,
        /**
         * Redis is full and refused the write before it changed anything. Retry after memory was
         * freed.
         */
        OUT_OF_MEMORY,
        /**
         * Redis refused the call for good: a script failed, took offence at its arguments, or the
         * user lacks a right. The same call gives the same answer; the message quotes Redis.
         */
        REFUSED,
        /** A key of the session holds another Redis type than it should. */
        WRONG_TYPE,
        /** The compute units of the session would exceed 2^63 − 1. */
        OVERFLOW,
        /** The leaves found do not give the root that was sealed. */
        ROOT_MISMATCH,
        /** A leaf that the trie knows is no longer in the store. */
        LEAF_MISSING
    }

    private final Reason reason;

    /**
     * Creates the exception.
     *
     * @param reason what went wrong
     * @param message what, where, and what to do; no relay contents
     */
    public SmstStoreException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    /**
     * Creates the exception with the error of the Redis client behind it.
     *
     * @param reason what went wrong
     * @param message what, where, and what to do; no relay contents
     * @param cause the client's error
     */
    public SmstStoreException(Reason reason, String message, Throwable cause) {
        super(message, cause);
        this.reason = reason;
    }

    /**
     * Why it failed.
     *
     * @return the reason, never null
     */
    public Reason reason() {
        return reason;
    }
}
