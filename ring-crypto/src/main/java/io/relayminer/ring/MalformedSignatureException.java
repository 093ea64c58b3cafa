package io.relayminer.ring;

/** The bytes of a ring signature do not have its wire form. */
public final class MalformedSignatureException extends RingException {
    private static final long serialVersionUID = 1L;

    private final RingRejection reason;

    MalformedSignatureException(RingRejection reason, String message) {
        super(message);
        this.reason = reason;
    }

    /** Returns the reason a verifier would give for refusing the same bytes. */
    public RingRejection reason() {
        return reason;
    }
}
