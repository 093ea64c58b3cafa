package io.relayminer.core.miner;

import io.relayminer.core.chain.ChainException;
import io.relayminer.core.chain.TxInclusion;
import io.relayminer.core.chain.TxSubmitter;
import io.relayminer.core.miner.store.OutboxEntry;
import io.relayminer.core.miner.store.SupplierStore;
import io.relayminer.core.redis.SubmissionPhase;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

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

    private static final Logger LOG = LoggerFactory.getLogger(Predecessors.class);

    /** Blocks after its execution in which nodes may not show the effect of a transaction. */
    private static final long VISIBLE_AFTER = 2;

    private final SupplierStore store;
    private final TxSubmitter submitter;
    private final ChainCalls calls;

    Predecessors(SupplierStore store, SupplierWorker.Services services) {
        this.store = store;
        this.submitter = services.submitter();
        this.calls = services.calls();
    }

    /**
     * Whether a message that an earlier owner sent may still take effect, so that it is better not
     * to send another one at this block.
     *
     * @param recordedTx hash of its transaction by the record of the session, may be empty
     * @param patience blocks after the one it was sent at in which it may still be on its way
     * @throws io.relayminer.core.miner.store.MinerStoreException if the outbox cannot be read
     */
    boolean mayStillAct(
            SubmissionPhase phase,
            TrackedSession session,
            String recordedTx,
            long height,
            long patience) {
        OutboxEntry sent = store.messages(phase, session.end).get(session.id);
        String hash = sent == null ? recordedTx : sent.latestTxHash();
        if (hash.isEmpty()) {
            return false;
        }
        Optional<TxInclusion> found = Optional.empty();
        try {
            found = calls.await(submitter.find(hash));
        } catch (ChainException | MinerException.Unavailable e) {
            // A node without an index of transactions knows of none. What the modules of the chain
            // show decides, and until they can show it the message may be on its way.
            LOG.debug("transaction {} cannot be looked for", hash, e);
        }
        if (found.isPresent()) {
            return found.get().failure().isEmpty()
                    && height <= found.get().height() + VISIBLE_AFTER;
        }
        return sent != null && height <= sent.submitHeight() + patience;
    }
}
