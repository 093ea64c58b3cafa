package io.relayminer.smst;

/**
 * Everything that can be wrong with trie data. Messages say what was found, where, and what was
 * expected; they never contain relay contents. Unchecked, because a caller that decodes its own
 * bytes has nothing to recover from; a caller that decodes foreign bytes catches the one subtype it
 * expects.
 */
public abstract sealed class SmstException extends RuntimeException
        permits MalformedNodeException,
                MalformedProofException,
                MalformedRootException,
                SmstStoreException {

    private static final long serialVersionUID = 1L;

    private final String what;

    SmstException(String message) {
        super(message);
        what = message;
    }

    SmstException(String message, Throwable cause) {
        super(message, cause);
        what = message;
    }

    /** What was found, where, and what was expected; never null. */
    @Override
    public String getMessage() {
        return what;
    }
}
