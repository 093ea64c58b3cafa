package io.relayminer.smst;

/** Proof bytes or proof fields are not well formed, so they cannot be verified against any root. */
public final class MalformedProofException extends SmstException {

    private static final long serialVersionUID = 1L;

    MalformedProofException(String message) {
        super(message);
    }
}
