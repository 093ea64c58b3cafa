package io.relayminer.leader;

/** A store gave no definite answer: nothing is known to have changed. Ask again. */
public final class LeaseStoreException extends LeaderException {

    private static final long serialVersionUID = 1L;

    /** Why there is no answer. */
    public enum Reason {
        /** Connection lost, timeout, server starting or read-only. */
        UNAVAILABLE,
        /** The store is full. Renewals still work, acquisitions do not. */
        OUT_OF_MEMORY
    }

    private final Reason reason;

    /**
     * Creates the exception.
     *
     * @param reason why there is no answer
     * @param message what was asked and what to do
     * @param cause the error of the client
     */
    public LeaseStoreException(Reason reason, String message, Throwable cause) {
        super(message, cause);
        this.reason = reason;
    }

    /**
     * Why there is no answer.
     *
     * @return the reason, never null
     */
    public Reason reason() {
        return reason;
    }
}
