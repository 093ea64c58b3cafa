package io.relayminer.core.miner;

import io.relayminer.core.tx.SignedTx;

import java.util.List;

/**
 * A transaction that was handed to the nodes and is not known to be in a block. Shared by the
 * sessions whose messages it carries, so what is found out about it at a block holds for all of
 * them. Confined to the worker's thread.
 */
final class Broadcast {

    final SignedTx tx;
    final long sentAt;

    /** Its messages, in order. */
    final List<Submission> messages;

    /** Height of the last look at what became of it, and what that showed. */
    long lookedAt;

    TxBatches.Fate fate = new TxBatches.Fate.Waiting();

    /** Height at which the nodes first said that they have executed it, 0 before. */
    long executedBy;

    Broadcast(SignedTx tx, long sentAt, List<Submission> messages) {
        this.tx = tx;
        this.sentAt = sentAt;
        this.messages = messages;
        this.lookedAt = sentAt;
    }
}
