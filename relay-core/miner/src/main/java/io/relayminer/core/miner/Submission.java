package io.relayminer.core.miner;

import io.relayminer.core.chain.TxFailure;
import io.relayminer.core.redis.SubmissionPhase;

import org.jspecify.annotations.Nullable;

/**
 * What is under way to bring a session's claim, or its proof, onto the chain. All of it can be
 * rebuilt from the record, the outbox and the chain. Confined to the worker's thread.
 */
final class Submission {

    final SubmissionPhase phase;

    /** Upper-case hex hash of the latest transaction with the message, empty before. */
    String tx;

    /** The transaction that is not known to be in a block, or null. */
    @Nullable Broadcast broadcast;

    /** Transactions signed for the message by this process. */
    int signed;

    /** Whether the chain shows the effect: the claim, or a proof that it found valid. */
    boolean seen;

    /** Messages that may share a transaction with this one; fewer after each that failed. */
    int companions = Integer.MAX_VALUE;

    /** Factor on the gas of the next transaction; more after each that ran out of it. */
    double gasFactor = 1;

    /** Why the latest attempt was refused; no reason to stop while the window is open. */
    @Nullable TxFailure refusal;

    Submission(SubmissionPhase phase, String tx) {
        this.phase = phase;
        this.tx = tx;
    }

    /** Whether this process has sent the message, or its record says that somebody has. */
    boolean wasSent() {
        return signed > 0 || !tx.isEmpty();
    }
}
