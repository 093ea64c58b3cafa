package io.relayminer.core.miner;

import io.relayminer.core.miner.store.MinerStoreException;
import io.relayminer.core.miner.store.SubmissionReport;
import io.relayminer.core.miner.store.SupplierStore;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Instant;
import java.time.InstantSource;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * The operators' account of what was submitted for each session and what came of it. Nothing
 * depends on it, so a failure to write it is logged and forgotten.
 *
 * <p>Confined to the worker's thread.
 */
final class Reporting {

    private static final Logger LOG = LoggerFactory.getLogger(Reporting.class);

    private final String supplier;
    private final SupplierStore store;
    private final InstantSource clock;
    private final Map<String, SubmissionReport> known = new HashMap<>();

    Reporting(String supplier, SupplierStore store, SupplierWorker.Services services) {
        this.supplier = supplier;
        this.store = store;
        this.clock = services.clock();
    }

    /** An attempt to send a claim or proof. */
    record Attempt(
            Candidate candidate, long height, String txHash, boolean success, String error) {}

    void claimed(Attempt attempt) {
        TrackedSession session = attempt.candidate().session();
        Instant now = clock.instant();
        note(
                session,
                r ->
                        r.withClaim(
                                        new SubmissionReport.Claim(
                                                attempt.candidate().hashHex(),
                                                attempt.txHash(),
                                                attempt.success(),
                                                attempt.error(),
                                                session.windows().claimOpen(),
                                                now.getEpochSecond(),
                                                seconds(now),
                                                attempt.height(),
                                                r.claim().outcome(),
                                                r.claim().inclusionHeight()))
                                .withTotals(session.relays, session.computeUnits));
    }

    void proved(Attempt attempt) {
        TrackedSession session = attempt.candidate().session();
        Instant now = clock.instant();
        note(
                session,
                r ->
                        r.withProof(
                                        new SubmissionReport.Proof(
                                                attempt.candidate().hashHex(),
                                                attempt.txHash(),
                                                attempt.success(),
                                                attempt.error(),
                                                session.windows().proofOpen(),
                                                now.getEpochSecond(),
                                                seconds(now),
                                                attempt.height(),
                                                r.proof().outcome(),
                                                r.proof().inclusionHeight(),
                                                Math.max(0, session.proof.signed - 1)))
                                .withTotals(session.relays, session.computeUnits)
                                .withRequirement(true, r.proofRequirementSeed()));
    }

    /** What the chain has: one of the outcomes of {@link SubmissionReport}, and where, or 0. */
    void claimOutcome(TrackedSession session, String outcome, long height) {
        note(session, r -> r.withClaim(r.claim().withOutcome(outcome, height)));
    }

    /** Like {@link #claimOutcome}, for the proof. */
    void proofOutcome(TrackedSession session, String outcome, long height) {
        note(session, r -> r.withProof(r.proof().withOutcome(outcome, height)));
    }

    /** What the lot said, and by which 32-byte hash. */
    void requirement(TrackedSession session, boolean required, byte[] seed) {
        note(session, r -> r.withRequirement(required, HexFormat.of().formatHex(seed)));
    }

    /** Nothing more will be written about a session. */
    void forget(TrackedSession session) {
        known.remove(session.id);
    }

    private void note(TrackedSession session, UnaryOperator<SubmissionReport> edit) {
        try {
            SubmissionReport record = known.get(session.id);
            if (record == null) {
                record =
                        store.report(session.id, session.end).orElseGet(() -> emptyRecord(session));
            }
            SubmissionReport changed = edit.apply(record);
            known.put(session.id, changed);
            if (!changed.equals(record)) {
                store.report(changed);
            }
        } catch (MinerStoreException e) {
            LOG.debug("the report on session {} was not written", session.id, e);
        }
    }

    private SubmissionReport emptyRecord(TrackedSession session) {
        return new SubmissionReport(
                supplier,
                session.service,
                session.application,
                session.id,
                session.start,
                session.end,
                SubmissionReport.Claim.NONE,
                SubmissionReport.Proof.NONE,
                session.relays,
                session.computeUnits,
                false,
                "");
    }

    private static String seconds(Instant now) {
        return DateTimeFormatter.ISO_INSTANT.format(now.truncatedTo(ChronoUnit.SECONDS));
    }
}
