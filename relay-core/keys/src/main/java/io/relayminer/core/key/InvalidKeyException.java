package io.relayminer.core.key;

/** A single key is malformed, out of range, or does not belong to the address it was given with. */
public final class InvalidKeyException extends KeyException {

    private static final long serialVersionUID = 1L;

    public InvalidKeyException(String message) {
        super(message, null);
    }
}
