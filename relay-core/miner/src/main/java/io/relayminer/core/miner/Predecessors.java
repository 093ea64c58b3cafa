package io.relayminer.core.miner;

import io.relayminer.core.chain.TxInclusion;
import io.relayminer.core.chain.TxSubmitter;
import io.relayminer.core.miner.store.Outbox;
import io.relayminer.core.miner.store.OutboxEntry;
import io.relayminer.core.redis.SubmissionPhase;

import java.util.Optional;

/**
 * What an earlier owner sent before it was lost.
 *
 * <p>Its transaction may wait in a mempool although nothing but the outbox speaks of it. The same
 * message in a second transaction would cost a second fee, so the first is looked for; but one that
 * no block has when it should is not waited for, since a message that is missing costs more than
 * one sent twice.
 *
 * <p>Confined to the worker's thread.
 */
final class Predecessors {

    /** Blocks after its execution in which nodes may not show the effect of a transaction. */
    private static final long VISIBLE_AFTER = 2;

    private final String supplier;
    private final Outbox outbox;
    private final TxSubmitter submitter;
    private final ChainCalls calls;

    Predecessors(String supplier, SupplierWorker.Services services) {
        this.supplier = supplier;
        this.outbox = services.outbox();
        this.submitter = services.submitter();
        this.calls = services.calls();
    }

    /**
     * Whether a message that an earlier owner sent may still take effect, so that it is better not
     * to send another one at this block.
     *
     * @param recordedTx hash of its transaction by the record of the session, may be empty
     * @param patience blocks after the one it was sent at in which it may still be on its way
     * @throws io.relayminer.core.redis.RedisStateException if the outbox cannot be read
     * @throws io.relayminer.core.chain.ChainException if the chain cannot be asked
     */
    boolean mayStillAct(
            SubmissionPhase phase,
            TrackedSession session,
            String recordedTx,
            long height,
            long patience) {
        OutboxEntry sent = outbox.entries(phase, supplier, session.end).get(session.id);
        String hash = sent == null ? recordedTx : sent.latestTxHash();
        if (hash.isEmpty()) {
            return false;
        }
        Optional<TxInclusion> found = calls.await(submitter.find(hash));
        if (found.isPresent()) {
            return found.get().failure().isEmpty()
                    && height <= found.get().height() + VISIBLE_AFTER;
        }
        return sent != null && height <= sent.submitHeight() + patience;
    }
}
