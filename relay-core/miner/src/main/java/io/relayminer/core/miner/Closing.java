package io.relayminer.core.miner;

import io.relayminer.core.miner.store.Outbox;
import io.relayminer.core.miner.store.SessionRecord;
import io.relayminer.core.miner.store.SessionState;
import io.relayminer.core.miner.store.SessionStore;
import io.relayminer.core.miner.store.SubmissionRecord;
import io.relayminer.core.redis.SubmissionPhase;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.math.BigInteger;
import java.util.EnumSet;

/**
 * Ends sessions: for good in Redis, and with nothing left over.
 *
 * <p>What a crash must not leave behind goes first, then the record, which ends the session, then
 * the tree. A crash in between leaves a tree with a limited life.
 *
 * <p>Confined to the worker's thread.
 */
final class Closing {

    private static final Logger LOG = LoggerFactory.getLogger(Closing.class);

    private final OwnedSupplier supplier;
    private final SessionTrees trees;
    private final Outbox outbox;
    private final SessionConstantsSource constants;
    private final MinerMetrics metrics;
    private final SessionBook book;
    private final SubmissionNotes notes;

    Closing(
            OwnedSupplier supplier,
            SupplierWorker.Services services,
            SessionBook book,
            SubmissionNotes notes) {
        this.supplier = supplier;
        this.trees = services.trees();
        this.outbox = services.outbox();
        this.constants = services.constants();
        this.metrics = services.metrics();
        this.book = book;
        this.notes = notes;
    }

    /** Ends a session in a terminal state. */
    void over(TrackedSession session, SessionState state) {
        over(session, state, null);
    }

    /**
     * Ends a session in a terminal state.
     *
     * @param settlement what the chain said at settlement, or null
     * @throws MinerException.Fenced if the supplier is not ours any more
     */
    void over(
            TrackedSession session,
            SessionState state,
            SessionRecord.@Nullable Settlement settlement) {
        SessionState before = session.state;
        BigInteger worth = constants.worth(session);
        // First what a crash must not leave behind, then the record, which ends it for good.
        for (SubmissionPhase phase : SubmissionPhase.values()) {
            outbox.remove(phase, supplier.address(), session.end, session.id);
        }
        trees.expire(supplier.address(), session.id);
        book.move(
                session,
                EnumSet.of(
                        SessionState.ACTIVE,
                        SessionState.CLAIMING,
                        SessionState.CLAIMED,
                        SessionState.PROVING,
                        state),
                new SessionStore.Change(state, null, null, null, settlement));
        if (!trees.delete(supplier.address(), session.id, supplier.fence())) {
            throw new MinerException.Fenced(supplier.address());
        }
        metrics.over(
                supplier.address(),
                session.service,
                state,
                session.relays,
                session.computeUnits,
                worth);
        if (state.failure()) {
            LOG.error(
                    "session {} of supplier {} is lost in state {} (was {}): {} relays, {} upokt",
                    session.id,
                    supplier.address(),
                    state.wire(),
                    before.wire(),
                    session.relays,
                    worth);
            if (state == SessionState.PROOF_WINDOW_CLOSED) {
                notes.proofOutcome(session, SubmissionRecord.MISSING, 0);
            }
        } else {
            LOG.info(
                    "session {} of supplier {} is over: {} ({} relays, {} upokt)",
                    session.id,
                    supplier.address(),
                    state.wire(),
                    session.relays,
                    worth);
        }
        forget(session);
    }

    /** Ends a session that is deliberately not claimed. */
    void skip(TrackedSession session, String reason) {
        LOG.info(
                "session {} of supplier {} is not claimed: {}",
                session.id,
                supplier.address(),
                reason);
        metrics.claimSkipped(supplier.address(), session.service, reason);
        over(session, SessionState.CLAIM_SKIPPED);
    }

    /** Drops a session that is over already. */
    void forget(TrackedSession session) {
        book.forget(session);
        notes.forget(session);
    }
}
