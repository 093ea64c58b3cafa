package io.relayminer.ring;

/** A string is not a bech32 address of the expected kind. */
public final class MalformedAddressException extends RingException {
    private static final long serialVersionUID = 1L;

    /** What is wrong with an address. */
    public enum Reason {
        /** Shorter than 8 or longer than 1023 characters. */
        LENGTH,
        /**
         * A character outside the printable ASCII range, or outside the bech32 alphabet in the data
         * part.
         */
        CHARACTER,
        /** Upper and lower case are mixed. */
        MIXED_CASE,
        /** The separator is missing, comes first, or leaves no room for a checksum. */
        SEPARATOR,
        /** The checksum does not match. */
        CHECKSUM,
        /**
         * The data does not regroup to whole bytes: more than four bits are left over, or they are
         * not zero.
         */
        PADDING,
        /** The human-readable part is not the expected one. */
        PREFIX,
        /** The payload does not have the required number of bytes. */
        PAYLOAD_LENGTH
    }

    private final Reason reason;

    MalformedAddressException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    /** Returns what is wrong with the address. */
    public Reason reason() {
        return reason;
    }
}
