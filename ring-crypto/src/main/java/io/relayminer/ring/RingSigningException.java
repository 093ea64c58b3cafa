package io.relayminer.ring;

/** A ring signature cannot be made from the given ring and key. */
public final class RingSigningException extends RingException {
    private static final long serialVersionUID = 1L;

    /** Why signing is impossible. */
    public enum Reason {
        /** The signer's public key is not a member of the ring. */
        SIGNER_NOT_IN_RING,
        /** The ring has fewer than two members. */
        RING_TOO_SMALL,
        /** The signer was closed. */
        CLOSED
    }

    private final Reason reason;

    RingSigningException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    /** Returns why signing is impossible. */
    public Reason reason() {
        return reason;
    }
}
