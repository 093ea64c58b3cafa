package io.relayminer.smst;

/**
 * A byte string is not a leaf node of this trie: wrong type byte, too short, or a count other than
 * one.
 */
public final class MalformedNodeException extends SmstException {

    private static final long serialVersionUID = 1L;

    MalformedNodeException(String message) {
        super(message);
    }
}
