package io.relayminer.leader;

/** Everything this module throws. Unchecked; messages say what happened and what to do. */
public abstract sealed class LeaderException extends RuntimeException
        permits LeaseLostException, LeaseStoreException {

    private static final long serialVersionUID = 1L;

    LeaderException(String message) {
        super(message);
    }

    LeaderException(String message, Throwable cause) {
        super(message, cause);
    }
}
