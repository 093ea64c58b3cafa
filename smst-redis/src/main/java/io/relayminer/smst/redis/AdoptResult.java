package io.relayminer.smst.redis;

/** What became of a tree that another kind of miner may have written. */
public sealed interface AdoptResult {

    /**
     * The hash holds the leaves of the session and nothing else, and the record counts them.
     *
     * @param relayCount leaves of the session
     * @param computeUnits their compute units
     * @param countedBefore leaves that the record counted before
     * @param removedNodes inner nodes, and leaves that were refused or damaged, that were removed
     */
    record Adopted(long relayCount, long computeUnits, long countedBefore, int removedNodes)
            implements AdoptResult {}

    /** The lease is not ours, or not of this epoch. Nothing was changed. */
    record Fenced() implements AdoptResult {}

    /**
     * The session is sealed: its tree is used as it is, see {@link RedisLeafStore#loadSealed}.
     * Nothing was changed.
     */
    record Sealed() implements AdoptResult {}
}
