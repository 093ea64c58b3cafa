package io.relayminer.core.miner;

import io.relayminer.core.miner.store.SubmissionLog;
import io.relayminer.core.miner.store.SubmissionRecord;
import io.relayminer.core.redis.RedisStateException;

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
final class SubmissionNotes {

    private static final Logger LOG = LoggerFactory.getLogger(SubmissionNotes.class);

    private final String supplier;
    private final SubmissionLog log;
    private final InstantSource clock;
    private final Map<String, SubmissionRecord> known = new HashMap<>();

    SubmissionNotes(String supplier, SupplierWorker.Services services) {
        this.supplier = supplier;
        this.log = services.submissions();
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
                                        new SubmissionRecord.Claim(
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
                                        new SubmissionRecord.Proof(
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
                                                Math.max(0, session.proofsSigned - 1)))
                                .withTotals(session.relays, session.computeUnits)
                                .withRequirement(true, r.proofRequirementSeed()));
    }

    /** What the chain has: one of the outcomes of {@link SubmissionRecord}, and where, or 0. */
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

    private void note(TrackedSession session, UnaryOperator<SubmissionRecord> edit) {
        try {
            SubmissionRecord record = known.get(session.id);
            if (record == null) {
                record =
                        log.find(supplier, session.end, session.id)
                                .orElseGet(() -> emptyRecord(session));
            }
            SubmissionRecord changed = edit.apply(record);
            known.put(session.id, changed);
            if (!changed.equals(record)) {
                log.save(changed);
            }
        } catch (RedisStateException e) {
            LOG.debug("the submission record of session {} was not written", session.id, e);
        }
    }

    private SubmissionRecord emptyRecord(TrackedSession session) {
        return new SubmissionRecord(
                supplier,
                session.service,
                session.application,
                session.id,
                session.start,
                session.end,
                SubmissionRecord.Claim.NONE,
                SubmissionRecord.Proof.NONE,
                session.relays,
                session.computeUnits,
                false,
                "");
    }

    private static String seconds(Instant now) {
        return DateTimeFormatter.ISO_INSTANT.format(now.truncatedTo(ChronoUnit.SECONDS));
    }
}
