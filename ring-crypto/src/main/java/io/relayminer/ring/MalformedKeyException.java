package io.relayminer.ring;

/** A private or public key could not be decoded. */
public final class MalformedKeyException extends RingException {
    private static final long serialVersionUID = 1L;

    /** What is wrong with a key. */
    public enum Reason {
        /** A private key is not 32 bytes, or a public key is not 33 bytes. */
        LENGTH,
        /** The first byte of a public key is neither 02 nor 03. */
        PREFIX,
        /** The x coordinate of a public key is not below the field prime. */
        X_OUT_OF_RANGE,
        /** The x coordinate of a public key belongs to no point of the curve. */
        NOT_ON_CURVE,
        /** A private key is zero or not below the group order. */
        SCALAR_OUT_OF_RANGE
    }

    private final Reason reason;

    MalformedKeyException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    /** Returns what is wrong with the key. */
    public Reason reason() {
        return reason;
    }
}
