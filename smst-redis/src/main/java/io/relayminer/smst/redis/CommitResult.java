package io.relayminer.smst.redis;

/**
 * What Redis decided about a batch. Each of these is a definite answer; if there was none the
 * commit fails with an exception and the same batch is committed again.
 */
public sealed interface CommitResult {

    /**
     * The leaves are durable and the entries acknowledged and deleted, by this call or by one
     * before it whose reply was lost.
     *
     * @param newLeaves leaves that were not in the tree before this call
     * @param relayCount leaves of the session
     * @param computeUnits compute units of the session
     */
    record Committed(int newLeaves, long relayCount, long computeUnits) implements CommitResult {}

    /**
     * The lease is not ours, or not of this epoch. Nothing was changed; stop working on this
     * supplier.
     */
    record Fenced() implements CommitResult {}

    /**
     * The session takes no more leaves: it is being claimed, or over. Nothing was changed, the
     * entries are still pending: count them as late and {@linkplain RedisLeafStore#discard discard}
     * them.
     *
     * @param lateLeaves leaves of the batch that are not in the tree
     * @param state its state, empty if only a root is left of it
     */
    record Sealed(int lateLeaves, String state) implements CommitResult {}

    /**
     * The nodes hash holds something else than the leaves that the session record counts, because
     * another kind of miner wrote it. Nothing was changed: {@linkplain RedisLeafStore#adopt adopt}
     * the tree and commit again.
     *
     * @param storedNodes fields of the nodes hash
     * @param relayCount leaves that the session record counts
     */
    record NotAdopted(long storedNodes, long relayCount) implements CommitResult {}
}
