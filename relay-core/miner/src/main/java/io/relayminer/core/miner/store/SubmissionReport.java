package io.relayminer.core.miner.store;

import io.relayminer.core.redis.GoJsonReader;
import io.relayminer.core.redis.GoJsonWriter;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.redis.RedisStateException;

/**
 * What was submitted for one session and what came of it, under {@link RedisKeys#submission}. For
 * operators only: no decision is ever taken from it.
 *
 * @param supplier bech32 operator address
 * @param service service id, empty if the record was created by a proof of another writer
 * @param application bech32 address, empty likewise
 * @param sessionId id of the session
 * @param sessionStart first block
 * @param sessionEnd last block
 * @param claim what happened to the claim
 * @param proof what happened to the proof
 * @param relays leaves of the tree
 * @param computeUnits sum of the tree, unsigned
 * @param proofRequired whether the chain required a proof; false until that was decided
 * @param proofRequirementSeed hex of the seed block's hash, empty before
 */
public record SubmissionReport(
        String supplier,
        String service,
        String application,
        String sessionId,
        long sessionStart,
        long sessionEnd,
        Claim claim,
        Proof proof,
        long relays,
        long computeUnits,
        boolean proofRequired,
        String proofRequirementSeed) {

    /** Outcome: the message's effect was seen on chain. */
    public static final String FOUND = "on_chain_found";

    /** Outcome: the window closed and the chain does not have it. */
    public static final String MISSING = "on_chain_missing";

    /** Outcome: the window closed and the chain could not be asked. */
    public static final String POLL_ERROR = "poll_error";

    /**
     * The claim.
     *
     * @param hash hex of the 48-byte root
     * @param txHash hash of the accepted transaction, empty on failure
     * @param success accepted into the mempool
     * @param errorReason why not, empty if it was
     * @param submitHeight height of the submission's window opening
     * @param submitTimestamp Unix seconds
     * @param submitTimeUtc the same as RFC 3339 with seconds
     * @param currentHeight height at submission
     * @param outcome {@link #FOUND}, {@link #MISSING}, {@link #POLL_ERROR} or empty
     * @param inclusionHeight height at which it was seen on chain, 0 before
     */
    public record Claim(
            String hash,
            String txHash,
            boolean success,
            String errorReason,
            long submitHeight,
            long submitTimestamp,
            String submitTimeUtc,
            long currentHeight,
            String outcome,
            long inclusionHeight) {

        /** A claim that was not submitted yet. */
        public static final Claim NONE = new Claim("", "", false, "", 0, 0, "", 0, "", 0);

        /** The claim with an outcome. */
        public Claim withOutcome(String result, long height) {
            return new Claim(
                    hash,
                    txHash,
                    success,
                    errorReason,
                    submitHeight,
                    submitTimestamp,
                    submitTimeUtc,
                    currentHeight,
                    result,
                    height);
        }
    }

    /**
     * The proof.
     *
     * @param hash hex of the proof bytes
     * @param txHash hash of the latest accepted transaction, empty on failure
     * @param success accepted into the mempool
     * @param errorReason why not, empty if it was
     * @param submitHeight height of the submission's window opening
     * @param submitTimestamp Unix seconds
     * @param submitTimeUtc the same as RFC 3339 with seconds
     * @param currentHeight height at submission
     * @param outcome {@link #FOUND}, {@link #MISSING}, {@link #POLL_ERROR} or empty
     * @param inclusionHeight height at which it was seen on chain, 0 before
     * @param resends how often it was sent again
     */
    public record Proof(
            String hash,
            String txHash,
            boolean success,
            String errorReason,
            long submitHeight,
            long submitTimestamp,
            String submitTimeUtc,
            long currentHeight,
            String outcome,
            long inclusionHeight,
            long resends) {

        /** A proof that was not submitted yet. */
        public static final Proof NONE = new Proof("", "", false, "", 0, 0, "", 0, "", 0, 0);

        /** The proof with an outcome. */
        public Proof withOutcome(String result, long height) {
            return new Proof(
                    hash,
                    txHash,
                    success,
                    errorReason,
                    submitHeight,
                    submitTimestamp,
                    submitTimeUtc,
                    currentHeight,
                    result,
                    height,
                    resends);
        }
    }

    /** The record with another claim. */
    public SubmissionReport withClaim(Claim next) {
        return with(next, proof, relays, computeUnits, proofRequired, proofRequirementSeed);
    }

    /** The record with another proof. */
    public SubmissionReport withProof(Proof next) {
        return with(claim, next, relays, computeUnits, proofRequired, proofRequirementSeed);
    }

    /** The record with the totals of the tree. */
    public SubmissionReport withTotals(long newRelays, long newComputeUnits) {
        return with(claim, proof, newRelays, newComputeUnits, proofRequired, proofRequirementSeed);
    }

    /** The record with the decision whether a proof is required. */
    public SubmissionReport withRequirement(boolean required, String seed) {
        return with(claim, proof, relays, computeUnits, required, seed);
    }

    private SubmissionReport with(
            Claim newClaim,
            Proof newProof,
            long newRelays,
            long newComputeUnits,
            boolean required,
            String seed) {
        return new SubmissionReport(
                supplier,
                service,
                application,
                sessionId,
                sessionStart,
                sessionEnd,
                newClaim,
                newProof,
                newRelays,
                newComputeUnits,
                required,
                seed);
    }

    /** The stored form: JSON in UTF-8. */
    public byte[] encode() {
        GoJsonWriter json = new GoJsonWriter();
        json.beginObject().name("supplier").value(supplier);
        json.name("service").value(service);
        json.name("application").value(application);
        json.name("session_id").value(sessionId);
        json.name("session_start").value(sessionStart);
        json.name("session_end").value(sessionEnd);
        json.name("claim_hash").value(claim.hash());
        json.name("claim_tx_hash").value(claim.txHash());
        json.name("claim_success").value(claim.success());
        optional(json, "claim_error_reason", claim.errorReason());
        json.name("claim_submit_height").value(claim.submitHeight());
        json.name("claim_submit_timestamp").value(claim.submitTimestamp());
        json.name("claim_submit_time_utc").value(claim.submitTimeUtc());
        json.name("claim_current_height").value(claim.currentHeight());
        optional(json, "claim_on_chain_outcome", claim.outcome());
        optional(json, "claim_inclusion_height", claim.inclusionHeight());
        optional(json, "proof_hash", proof.hash());
        optional(json, "proof_tx_hash", proof.txHash());
        json.name("proof_success").value(proof.success());
        optional(json, "proof_error_reason", proof.errorReason());
        optional(json, "proof_submit_height", proof.submitHeight());
        optional(json, "proof_submit_timestamp", proof.submitTimestamp());
        optional(json, "proof_submit_time_utc", proof.submitTimeUtc());
        optional(json, "proof_current_height", proof.currentHeight());
        optional(json, "proof_on_chain_outcome", proof.outcome());
        optional(json, "proof_inclusion_height", proof.inclusionHeight());
        optional(json, "proof_rebroadcasts", proof.resends());
        json.name("num_relays").value(relays);
        json.name("compute_units").unsigned(computeUnits);
        json.name("proof_required").value(proofRequired);
        optional(json, "proof_requirement_seed", proofRequirementSeed);
        return json.endObject().toBytes();
    }

    /**
     * Reads a stored record.
     *
     * @throws RedisStateException.MalformedValue if it is not such a JSON object
     */
    public static SubmissionReport decode(byte[] stored) {
        GoJsonReader json = GoJsonReader.parse("submission record", stored);
        return new SubmissionReport(
                json.string("supplier"),
                json.string("service"),
                json.string("application"),
                json.string("session_id"),
                json.int64("session_start"),
                json.int64("session_end"),
                new Claim(
                        json.string("claim_hash"),
                        json.string("claim_tx_hash"),
                        json.bool("claim_success"),
                        json.string("claim_error_reason"),
                        json.int64("claim_submit_height"),
                        json.int64("claim_submit_timestamp"),
                        json.string("claim_submit_time_utc"),
                        json.int64("claim_current_height"),
                        json.string("claim_on_chain_outcome"),
                        json.int64("claim_inclusion_height")),
                new Proof(
                        json.string("proof_hash"),
                        json.string("proof_tx_hash"),
                        json.bool("proof_success"),
                        json.string("proof_error_reason"),
                        json.int64("proof_submit_height"),
                        json.int64("proof_submit_timestamp"),
                        json.string("proof_submit_time_utc"),
                        json.int64("proof_current_height"),
                        json.string("proof_on_chain_outcome"),
                        json.int64("proof_inclusion_height"),
                        json.int64("proof_rebroadcasts")),
                json.int64("num_relays"),
                json.uint64("compute_units"),
                json.bool("proof_required"),
                json.string("proof_requirement_seed"));
    }

    private static void optional(GoJsonWriter json, String name, String value) {
        if (!value.isEmpty()) {
            json.name(name).value(value);
        }
    }

    private static void optional(GoJsonWriter json, String name, long value) {
        if (value != 0) {
            json.name(name).value(value);
        }
    }
}
