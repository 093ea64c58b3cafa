package io.relayminer.core.miner;

import io.relayminer.core.miner.store.FencedException;
import io.relayminer.core.miner.store.SessionChange;
import io.relayminer.core.miner.store.SessionRecord;
import io.relayminer.core.miner.store.SessionState;
import io.relayminer.core.miner.store.SubmissionReport;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.math.BigInteger;

/**
 * Ends sessions, for good: the store takes the record out of the open ones and drops messages and
 * tree in the same act.
 *
 * <p>Confined to the worker's thread.
 */
final class Closing {

    private static final Logger LOG = LoggerFactory.getLogger(Closing.class);

    private final OwnedSupplier supplier;
    private final SessionConstantsSource constants;
    private final MinerMetrics metrics;
    private final OpenSessions sessions;
    private final Reporting reporting;

    Closing(
            OwnedSupplier supplier,
            SupplierWorker.Services services,
            OpenSessions sessions,
            Reporting reporting) {
        this.supplier = supplier;
        this.constants = services.constants();
        this.metrics = services.metrics();
        this.sessions = sessions;
        this.reporting = reporting;
    }

    /** Ends a session in a terminal state. */
    void over(TrackedSession session, SessionState state) {
        over(session, state, null);
    }

    /**
     * Ends a session in a terminal state.
     *
     * @param settlement what the chain said at settlement, or null
     * @throws FencedException if the supplier is not ours any more
     */
    void over(
            TrackedSession session,
            SessionState state,
            SessionRecord.@Nullable Settlement settlement) {
        SessionState before = session.state;
        BigInteger worth = constants.worth(session);
        SessionChange end = sessions.to(state);
        sessions.change(session, settlement == null ? end : end.settledAs(settlement));
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
                reporting.proofOutcome(session, SubmissionReport.MISSING, 0);
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
        sessions.forget(session);
        reporting.forget(session);
    }
}
