package io.relayminer.core.miner;

import io.relayminer.core.chain.TxFailure;

import java.util.Optional;

/**
 * Decides at each block whether a session's claim, or its proof, is to be signed and sent, or sent
 * once more: the same rules for both.
 *
 * <p>A transaction that was sent is followed until a block shows it. The same bytes cannot be
 * executed twice, so they are sent again freely; another transaction is signed only when the first
 * is certain not to act, or when so little of the window is left that two fees are the lesser evil.
 *
 * <p>Confined to the worker's thread.
 */
final class Pursuit {

    private final TxBatches batches;
    private final Predecessors predecessors;
    private final int maxResends;

    Pursuit(TxBatches batches, Predecessors predecessors, int maxResends) {
        this.batches = batches;
        this.predecessors = predecessors;
        this.maxResends = maxResends;
    }

    /**
     * Whether the message is to be signed and sent now.
     *
     * @param close last height of the window
     * @param patience blocks for which a predecessor's message is waited for
     * @param chainKnown whether the chain has been asked and does not show the effect; if it did
     *     not answer, nothing is known, which is not absence
     */
    boolean wants(
            TrackedSession session,
            Submission submission,
            long height,
            long close,
            long patience,
            boolean chainKnown) {
        Broadcast broadcast = submission.broadcast;
        if (broadcast != null) {
            switch (batches.follow(broadcast, height)) {
                case TxBatches.Fate.Waiting w -> {
                    return false;
                }
                case TxBatches.Fate.Included(var inclusion) -> {
                    Optional<TxFailure> failure = inclusion.failure();
                    if (failure.isEmpty()
                            && (!chainKnown
                                    || height <= inclusion.height() + TxBatches.VISIBLE_AFTER)) {
                        // Executed; the node that was asked has not seen that block yet.
                        return false;
                    }
                    submission.refusal = failure.orElse(submission.refusal);
                    submission.broadcast = null;
                }
                case TxBatches.Fate.Gone gone -> submission.broadcast = null;
            }
        } else if (submission.signed == 0
                && height < close - 1
                && predecessors.mayStillAct(
                        submission.phase, session, submission.tx, height, patience)) {
            return false;
        }
        if (!chainKnown && submission.wasSent() && height < close - 1) {
            return false;
        }
        return submission.signed <= maxResends;
    }
}
