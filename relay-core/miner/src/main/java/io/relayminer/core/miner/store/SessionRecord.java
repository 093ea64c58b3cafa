package io.relayminer.core.miner.store;

import io.relayminer.core.redis.GoJsonReader;
import io.relayminer.core.redis.GoTime;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.redis.RedisStateException;
import io.relayminer.core.redis.SubmissionPhase;

import org.jspecify.annotations.Nullable;

import java.nio.charset.StandardCharsets;
import java.time.OffsetDateTime;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The record of one session of one supplier: a Redis hash under {@link RedisKeys#session}. Every
 * owner resumes from it, so it is complete and public; field names and encodings are shared with
 * other implementations.
 *
 * <p>The two counters are absolute values of the tree, written together with the leaves by the
 * commit script. A save of an existing record leaves them alone.
 *
 * @param sessionId 64 hex digits
 * @param supplier bech32 operator address
 * @param serviceId service of the session
 * @param application bech32 address
 * @param startHeight first block of the session
 * @param endHeight last block of the session
 * @param state stored name of the state; {@link SessionState#ofWire} reads it. Unknown names are
 *     kept
 * @param relayCount leaves of the tree
 * @param computeUnits sum of the tree, unsigned
 * @param createdAt when the first relay was committed
 * @param lastUpdatedAt when the record was written last
 * @param claimedRoot 48-byte root of the claim, null before it; not copied
 * @param claimTxHash upper-case hex, empty when none
 * @param proofTxHash upper-case hex, empty when none
 * @param lastWalEntryId superseded, kept for other writers; empty when none
 * @param settlement what the chain did at settlement, null before it
 */
@SuppressWarnings("ArrayRecordComponent") // not copied; documented as such
public record SessionRecord(
        String sessionId,
        String supplier,
        String serviceId,
        String application,
        long startHeight,
        long endHeight,
        String state,
        long relayCount,
        long computeUnits,
        OffsetDateTime createdAt,
        OffsetDateTime lastUpdatedAt,
        byte @Nullable [] claimedRoot,
        String claimTxHash,
        String proofTxHash,
        String lastWalEntryId,
        @Nullable Settlement settlement) {

    /** Length of a root in bytes. */
    public static final int ROOT_LENGTH = 48;

    /**
     * Result of a session at settlement.
     *
     * @param outcome for example {@code settled_proven}
     * @param height block of the settlement
     * @param txHash may be empty
     */
    public record Settlement(String outcome, long height, String txHash) {}

    /** The record of a session that starts to take relays: active, without leaves. */
    public static SessionRecord started(
            String sessionId,
            String supplier,
            String serviceId,
            String application,
            long startHeight,
            long endHeight,
            OffsetDateTime now) {
        return new SessionRecord(
                sessionId,
                supplier,
                serviceId,
                application,
                startHeight,
                endHeight,
                SessionState.ACTIVE.wire(),
                0,
                0,
                now,
                now,
                null,
                "",
                "",
                "",
                null);
    }

    /**
     * The record after a change.
     *
     * @param change what changes
     */
    public SessionRecord with(SessionChange change) {
        byte[] root = change.claimedRoot();
        return new SessionRecord(
                sessionId,
                supplier,
                serviceId,
                application,
                startHeight,
                endHeight,
                change.to().wire(),
                relayCount,
                computeUnits,
                createdAt,
                change.at(),
                root == null ? claimedRoot : root,
                change.transactions().getOrDefault(SubmissionPhase.CLAIM, claimTxHash),
                change.transactions().getOrDefault(SubmissionPhase.PROOF, proofTxHash),
                lastWalEntryId,
                change.settlement() == null ? settlement : change.settlement());
    }

    /** The state if it is one of ours. */
    public Optional<SessionState> knownState() {
        return SessionState.ofWire(state);
    }

    /** The record in another state, updated at that time. */
    public SessionRecord withState(SessionState next, OffsetDateTime now) {
        return new SessionRecord(
                sessionId,
                supplier,
                serviceId,
                application,
                startHeight,
                endHeight,
                next.wire(),
                relayCount,
                computeUnits,
                createdAt,
                now,
                claimedRoot,
                claimTxHash,
                proofTxHash,
                lastWalEntryId,
                settlement);
    }

    /** The record with other counters. */
    public SessionRecord withCounters(long newRelayCount, long newComputeUnits) {
        return new SessionRecord(
                sessionId,
                supplier,
                serviceId,
                application,
                startHeight,
                endHeight,
                state,
                newRelayCount,
                newComputeUnits,
                createdAt,
                lastUpdatedAt,
                claimedRoot,
                claimTxHash,
                proofTxHash,
                lastWalEntryId,
                settlement);
    }

    /** All fields of a record that does not exist yet. */
    public Map<String, byte[]> allFields() {
        Map<String, byte[]> fields = metadataFields();
        fields.put("relay_count", text(Long.toString(relayCount)));
        fields.put("total_compute_units", text(Long.toUnsignedString(computeUnits)));
        return fields;
    }

    /** The fields that a save of an existing record writes: everything but the counters. */
    public Map<String, byte[]> metadataFields() {
        Map<String, byte[]> fields = new LinkedHashMap<>();
        fields.put("session_id", text(sessionId));
        fields.put("supplier_operator_address", text(supplier));
        fields.put("service_id", text(serviceId));
        fields.put("application_address", text(application));
        fields.put("session_start_height", text(Long.toString(startHeight)));
        fields.put("session_end_height", text(Long.toString(endHeight)));
        fields.put("state", text(state));
        fields.put("created_at", text(GoTime.format(createdAt)));
        fields.put("last_updated_at", text(GoTime.format(lastUpdatedAt)));
        if (claimedRoot != null) {
            fields.put("claimed_root_hash", claimedRoot);
        }
        if (!claimTxHash.isEmpty()) {
            fields.put("claim_tx_hash", text(claimTxHash));
        }
        if (!proofTxHash.isEmpty()) {
            fields.put("proof_tx_hash", text(proofTxHash));
        }
        if (!lastWalEntryId.isEmpty()) {
            fields.put("last_wal_entry_id", text(lastWalEntryId));
        }
        if (settlement != null) {
            fields.put("settlement_outcome", text(settlement.outcome()));
            fields.put("settlement_height", text(Long.toString(settlement.height())));
            fields.put("settlement_tx_hash", text(settlement.txHash()));
        }
        return fields;
    }

    /**
     * Reads a hash.
     *
     * @param fields field to value; unknown fields are ignored
     * @return empty if there are no fields, which means that there is no such session
     * @throws RedisStateException.MalformedValue if a number or time cannot be read
     */
    public static Optional<SessionRecord> ofFields(Map<String, byte[]> fields) {
        if (fields.isEmpty()) {
            return Optional.empty();
        }
        byte[] root = fields.get("claimed_root_hash");
        if (root != null && root.length != ROOT_LENGTH) {
            root = null;
        }
        Settlement settlement = null;
        if (fields.containsKey("settlement_outcome")) {
            settlement =
                    new Settlement(
                            string(fields, "settlement_outcome"),
                            signed(fields, "settlement_height"),
                            string(fields, "settlement_tx_hash"));
        }
        return Optional.of(
                new SessionRecord(
                        string(fields, "session_id"),
                        string(fields, "supplier_operator_address"),
                        string(fields, "service_id"),
                        string(fields, "application_address"),
                        signed(fields, "session_start_height"),
                        signed(fields, "session_end_height"),
                        string(fields, "state"),
                        signed(fields, "relay_count"),
                        unsigned(fields, "total_compute_units"),
                        time(fields, "created_at"),
                        time(fields, "last_updated_at"),
                        root,
                        string(fields, "claim_tx_hash"),
                        string(fields, "proof_tx_hash"),
                        string(fields, "last_wal_entry_id"),
                        settlement));
    }

    /**
     * Reads the superseded layout, in which the whole record is one JSON string.
     *
     * @throws RedisStateException.MalformedValue if it is not such a JSON object
     */
    public static SessionRecord ofLegacyJson(byte[] stored) {
        GoJsonReader json = GoJsonReader.parse("session record", stored);
        byte[] root = json.bytes("claimed_root_hash");
        Settlement settlement = null;
        if (json.get("settlement_outcome") != null) {
            settlement =
                    new Settlement(
                            json.string("settlement_outcome"),
                            json.int64("settlement_height"),
                            json.string("settlement_tx_hash"));
        }
        return new SessionRecord(
                json.string("session_id"),
                json.string("supplier_operator_address"),
                json.string("service_id"),
                json.string("application_address"),
                json.int64("session_start_height"),
                json.int64("session_end_height"),
                json.string("state"),
                json.int64("relay_count"),
                json.uint64("total_compute_units"),
                time("created_at", json.string("created_at")),
                time("last_updated_at", json.string("last_updated_at")),
                root != null && root.length == ROOT_LENGTH ? root : null,
                json.string("claim_tx_hash"),
                json.string("proof_tx_hash"),
                json.string("last_wal_entry_id"),
                settlement);
    }

    /** A time as the record stores it. */
    public static byte[] encodeTime(OffsetDateTime time) {
        return text(GoTime.format(time));
    }

    private static byte[] text(String value) {
        return value.getBytes(StandardCharsets.UTF_8);
    }

    private static String string(Map<String, byte[]> fields, String name) {
        byte[] value = fields.get(name);
        return value == null ? "" : new String(value, StandardCharsets.UTF_8);
    }

    private static long signed(Map<String, byte[]> fields, String name) {
        String value = string(fields, name);
        if (value.isEmpty()) {
            return 0;
        }
        try {
            return Long.parseLong(value);
        } catch (NumberFormatException e) {
            throw new RedisStateException.MalformedValue(
                    "session record: " + name + " is not a signed 64-bit integer", e);
        }
    }

    private static long unsigned(Map<String, byte[]> fields, String name) {
        String value = string(fields, name);
        if (value.isEmpty()) {
            return 0;
        }
        try {
            return Long.parseUnsignedLong(value);
        } catch (NumberFormatException e) {
            throw new RedisStateException.MalformedValue(
                    "session record: " + name + " is not an unsigned 64-bit integer", e);
        }
    }

    private static OffsetDateTime time(Map<String, byte[]> fields, String name) {
        return time(name, string(fields, name));
    }

    private static OffsetDateTime time(String name, String value) {
        return value.isEmpty() ? GoTime.ZERO : GoTime.parse("session record: " + name, value);
    }
}
