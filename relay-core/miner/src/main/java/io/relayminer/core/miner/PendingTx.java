package io.relayminer.core.miner;

import io.relayminer.core.tx.SignedTx;

/**
 * A transaction that was handed to the nodes and is not known to be in a block. Confined to a
 * worker's thread; shared by the sessions whose messages it carries.
 */
final class PendingTx {

    final SignedTx tx;
    final long sentAt;

    /** Height of the last look at what became of it. */
    long checkedAt;

    PendingTx(SignedTx tx, long sentAt) {
        this.tx = tx;
        this.sentAt = sentAt;
        this.checkedAt = sentAt;
    }
}
