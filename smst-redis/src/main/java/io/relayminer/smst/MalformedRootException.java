package io.relayminer.smst;

/** A byte string is not a 48-byte root. */
public final class MalformedRootException extends SmstException {

    private static final long serialVersionUID = 1L;

    MalformedRootException(String message) {
        super(message);
    }
}
