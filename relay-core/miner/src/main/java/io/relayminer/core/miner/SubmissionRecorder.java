package io.relayminer.core.miner;

import io.relayminer.core.chain.TxFailure;
import io.relayminer.core.miner.store.MinerStoreException;
import io.relayminer.core.miner.store.OutboxEntry;
import io.relayminer.core.miner.store.SessionChange;
import io.relayminer.core.miner.store.SessionState;
import io.relayminer.core.redis.SubmissionPhase;
import io.relayminer.core.session.SessionWindows;
import io.relayminer.core.tx.SignedTx;
import io.relayminer.core.wire.proof.MsgCreateClaim;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.List;
import java.util.Locale;

/**
 * Writes down what happens to the messages that are sent at one block: in the outbox before they
 * leave, in the record and the operators' report afterwards.
 *
 * <p>Confined to the worker's thread.
 */
final class SubmissionRecorder implements TxBatches.Recorder {

    private static final Logger LOG = LoggerFactory.getLogger(SubmissionRecorder.class);

    private final OwnedSupplier supplier;
    private final SessionConstantsSource constants;
    private final MinerMetrics metrics;
    private final OpenSessions sessions;
    private final Reporting reporting;
    private final SubmissionPhase phase;
    private final long height;

    /** The account of one phase at one block. */
    SubmissionRecorder(
            OwnedSupplier supplier,
            SupplierWorker.Services services,
            OpenSessions sessions,
            Reporting reporting,
            SubmissionPhase phase,
            long height) {
        this.supplier = supplier;
        this.constants = services.constants();
        this.metrics = services.metrics();
        this.sessions = sessions;
        this.reporting = reporting;
        this.phase = phase;
        this.height = height;
    }

    @Override
    public void aboutToSend(List<Candidate> batch, SignedTx tx) {
        for (Candidate candidate : batch) {
            TrackedSession session = candidate.session();
            sessions.change(
                    session, sessions.to(session.state).keeping(phase, message(candidate, tx, "")));
        }
    }

    private OutboxEntry message(Candidate candidate, SignedTx tx, String accepted) {
        return new OutboxEntry(
                candidate.message().toByteArray(),
                height,
                tx.hash(),
                accepted,
                candidate.session().service,
                Math.max(0, candidate.submission().signed - 1));
    }

    @Override
    public void sent(List<Candidate> batch, SignedTx tx, boolean certain) {
        Broadcast broadcast =
                new Broadcast(tx, height, batch.stream().map(Candidate::submission).toList());
        for (Candidate candidate : batch) {
            sent(candidate, broadcast, certain);
        }
        LOG.info(
                "{} {} of supplier {} sent in {} at height {}",
                batch.size(),
                phase == SubmissionPhase.CLAIM ? "claims" : "proofs",
                supplier.address(),
                tx.hash(),
                height);
    }

    private void sent(Candidate candidate, Broadcast broadcast, boolean certain) {
        TrackedSession session = candidate.session();
        Submission submission = candidate.submission();
        boolean again = submission.signed > 0;
        submission.broadcast = broadcast;
        submission.tx = broadcast.tx.hash();
        submission.signed++;
        submission.refusal = null;
        SessionChange change = sessions.to(session.state);
        if (certain) {
            change = change.keeping(phase, message(candidate, broadcast.tx, submission.tx));
        }
        if (candidate.message() instanceof MsgCreateClaim claim) {
            if (certain && session.state == SessionState.CLAIMING) {
                change = change.inState(SessionState.CLAIMED);
            }
            change = change.withClaimedRoot(claim.getRootHash().toByteArray());
        }
        try {
            sessions.change(session, change.withTransaction(phase, submission.tx));
        } catch (MinerStoreException e) {
            // The chain and the outbox know it; the next block writes it down.
            LOG.warn("the record of session {} is behind", session.id, e);
        }
        if (again) {
            metrics.rebroadcast(phase, supplier.address(), session.service, certain);
        } else if (certain) {
            SessionWindows w = session.windows();
            metrics.submitted(
                    phase,
                    supplier.address(),
                    session.service,
                    height - (phase == SubmissionPhase.CLAIM ? w.claimOpen() : w.proofOpen()),
                    session.relays,
                    session.computeUnits,
                    constants.worth(session));
        }
        report(new Reporting.Attempt(candidate, height, submission.tx, certain, ""));
    }

    @Override
    public void refused(Candidate candidate, TxFailure failure) {
        TrackedSession session = candidate.session();
        String kind = failure.kind().name().toLowerCase(Locale.ROOT);
        metrics.submissionFailed(phase, supplier.address(), kind);
        report(new Reporting.Attempt(candidate, height, "", false, failure.toString()));
        candidate.submission().refusal = failure;
        LOG.error(
                "the chain refuses the {} of session {} of supplier {} at height {}; it is offered"
                        + " again at the next block: {}",
                phase.wire(),
                session.id,
                supplier.address(),
                height,
                failure);
    }

    @Override
    public void postponed(List<Candidate> batch, String reason) {
        for (Candidate candidate : batch) {
            metrics.submissionFailed(phase, supplier.address(), "postponed");
            LOG.warn(
                    "the {} of session {} of supplier {} is tried again at the next block: {}",
                    phase.wire(),
                    candidate.session().id,
                    supplier.address(),
                    reason);
        }
    }

    private void report(Reporting.Attempt attempt) {
        if (phase == SubmissionPhase.CLAIM) {
            reporting.claimed(attempt);
        } else {
            reporting.proved(attempt);
        }
    }
}
