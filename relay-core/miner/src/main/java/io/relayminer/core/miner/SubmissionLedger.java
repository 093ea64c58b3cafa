package io.relayminer.core.miner;

import io.relayminer.core.chain.TxFailure;
import io.relayminer.core.miner.store.Outbox;
import io.relayminer.core.miner.store.OutboxEntry;
import io.relayminer.core.miner.store.SessionState;
import io.relayminer.core.miner.store.SessionStore;
import io.relayminer.core.redis.RedisStateException;
import io.relayminer.core.redis.SubmissionPhase;
import io.relayminer.core.session.SessionWindows;
import io.relayminer.core.tx.SignedTx;
import io.relayminer.core.wire.proof.MsgCreateClaim;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.EnumSet;
import java.util.List;
import java.util.Locale;

/**
 * Writes down what happens to the messages that are sent at one block: in the outbox before they
 * leave, in the record and the operators' notes afterwards.
 *
 * <p>Confined to the worker's thread.
 */
final class SubmissionLedger implements TxBatches.Ledger {

    private static final Logger LOG = LoggerFactory.getLogger(SubmissionLedger.class);

    private final OwnedSupplier supplier;
    private final Outbox outbox;
    private final SessionConstantsSource constants;
    private final MinerMetrics metrics;
    private final SessionBook book;
    private final SubmissionNotes notes;
    private final Closing closing;
    private final SubmissionPhase phase;
    private final long height;

    /** The account of one phase at one block. */
    SubmissionLedger(
            OwnedSupplier supplier,
            SupplierWorker.Services services,
            SessionBook book,
            SubmissionNotes notes,
            Closing closing,
            SubmissionPhase phase,
            long height) {
        this.supplier = supplier;
        this.outbox = services.outbox();
        this.constants = services.constants();
        this.metrics = services.metrics();
        this.book = book;
        this.notes = notes;
        this.closing = closing;
        this.phase = phase;
        this.height = height;
    }

    @Override
    public void aboutToSend(List<Candidate> batch, SignedTx tx) {
        for (Candidate candidate : batch) {
            store(candidate, tx, "");
        }
    }

    private void store(Candidate candidate, SignedTx tx, String accepted) {
        TrackedSession session = candidate.session();
        int signed = phase == SubmissionPhase.CLAIM ? session.claimsSigned : session.proofsSigned;
        boolean stored =
                outbox.put(
                        supplier.fence(),
                        phase,
                        supplier.address(),
                        session.end,
                        session.id,
                        new OutboxEntry(
                                candidate.message().toByteArray(),
                                height,
                                tx.hash(),
                                accepted,
                                session.service,
                                Math.max(0, signed - 1)));
        if (!stored) {
            throw new MinerException.Fenced(supplier.address());
        }
    }

    @Override
    public void sent(List<Candidate> batch, SignedTx tx, boolean certain) {
        PendingTx pending = new PendingTx(tx, height);
        for (Candidate candidate : batch) {
            TrackedSession session = candidate.session();
            boolean claim = phase == SubmissionPhase.CLAIM;
            boolean again = (claim ? session.claimsSigned : session.proofsSigned) > 0;
            if (claim) {
                session.pendingClaim = pending;
                session.claimTx = tx.hash();
                session.claimsSigned++;
            } else {
                session.pendingProof = pending;
                session.proofTx = tx.hash();
                session.proofsSigned++;
            }
            try {
                if (certain) {
                    store(candidate, tx, tx.hash());
                }
                book.move(
                        session,
                        claim
                                ? EnumSet.of(SessionState.CLAIMING, SessionState.CLAIMED)
                                : EnumSet.of(SessionState.PROVING),
                        claim
                                ? new SessionStore.Change(
                                        certain ? SessionState.CLAIMED : session.state,
                                        ((MsgCreateClaim) candidate.message())
                                                .getRootHash()
                                                .toByteArray(),
                                        tx.hash(),
                                        null,
                                        null)
                                : new SessionStore.Change(
                                        SessionState.PROVING, null, null, tx.hash(), null));
            } catch (RedisStateException e) {
                // The chain and the outbox know it; the next block writes it down.
                LOG.warn("the record of session {} is behind", session.id, e);
            }
            if (again) {
                metrics.rebroadcast(phase, supplier.address(), session.service, certain);
            }
            if (certain && !again) {
                SessionWindows w = session.windows();
                metrics.submitted(
                        phase,
                        supplier.address(),
                        session.service,
                        height - (claim ? w.claimOpen() : w.proofOpen()),
                        session.relays,
                        session.computeUnits,
                        constants.worth(session));
            }
            note(new SubmissionNotes.Attempt(candidate, height, tx.hash(), certain, ""));
        }
        LOG.info(
                "{} {} of supplier {} sent in {} at height {}",
                batch.size(),
                phase == SubmissionPhase.CLAIM ? "claims" : "proofs",
                supplier.address(),
                tx.hash(),
                height);
    }

    @Override
    public void refused(Candidate candidate, TxFailure failure) {
        TrackedSession session = candidate.session();
        String kind = failure.kind().name().toLowerCase(Locale.ROOT);
        metrics.submissionFailed(phase, supplier.address(), kind);
        note(new SubmissionNotes.Attempt(candidate, height, "", false, failure.toString()));
        switch (failure.kind()) {
            case PROOF_NOT_REQUIRED -> session.proofNotWanted = true;
            case WINDOW_CLOSED, HEIGHT_PASSED ->
                    LOG.warn(
                            "the window for the {} of session {} of supplier {} has closed",
                            phase.wire(),
                            session.id,
                            supplier.address());
            default -> {
                LOG.error(
                        "the chain refuses the {} of session {} of supplier {}: {}",
                        phase.wire(),
                        session.id,
                        supplier.address(),
                        failure);
                session.refusal = failure;
                if (phase == SubmissionPhase.CLAIM) {
                    closing.over(session, SessionState.CLAIM_TX_ERROR);
                }
            }
        }
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

    private void note(SubmissionNotes.Attempt attempt) {
        if (phase == SubmissionPhase.CLAIM) {
            notes.claimed(attempt);
        } else {
            notes.proved(attempt);
        }
    }
}
