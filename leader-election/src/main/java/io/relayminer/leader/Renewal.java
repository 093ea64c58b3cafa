package io.relayminer.leader;

/** What a store says about a lease that was to be renewed. Each of these is a definite answer. */
public enum Renewal {
    /** It is held by the caller in this epoch, and lives for the full time again. */
    RENEWED,
    /** Somebody else holds it, or the caller in a later epoch. */
    TAKEN,
    /** Nobody holds it: it expired, was deleted, or the store lost it. */
    GONE
}
