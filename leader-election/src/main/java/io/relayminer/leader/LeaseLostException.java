package io.relayminer.leader;

/** Something was about to be done under a lease that is not valid any more. Do not do it. */
public final class LeaseLostException extends LeaderException {

    private static final long serialVersionUID = 1L;

    LeaseLostException(String message) {
        super(message);
    }
}
