package io.relayminer.smst.redis;

/** What Redis decided about sealing a session. */
public sealed interface SealResult {

    /**
     * The session takes no more leaves, from now on or already before.
     *
     * @param relayCount leaves it has
     * @param computeUnits their compute units
     * @param state its state, {@code claiming} if this call sealed it
     */
    record Sealed(long relayCount, long computeUnits, String state) implements SealResult {}

    /** The lease is not ours, or not of this epoch. Nothing was changed. */
    record Fenced() implements SealResult {}

    /**
     * The nodes hash has to be adopted first. Nothing was changed.
     *
     * @param storedNodes fields of the nodes hash
     * @param relayCount leaves that the session record counts
     */
    record NotAdopted(long storedNodes, long relayCount) implements SealResult {}

    /** There is no such session, and no leaf of it. */
    record Absent() implements SealResult {}
}
