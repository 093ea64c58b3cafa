package io.relayminer.core.backend;

/** The inner request of a relay cannot be put on the wire; the message is fit for the client. */
final class InvalidRequestException extends Exception {

    private static final long serialVersionUID = 1L;

    /** Without stack trace: it is the client's mistake and may come at any rate. */
    InvalidRequestException(String message) {
        super(message, null, false, false);
    }
}
