package io.relayminer.core.miner.store;

import io.relayminer.core.redis.SubmissionPhase;

import org.jspecify.annotations.Nullable;

import java.time.OffsetDateTime;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;

/**
 * What changes about a session in one act. Made by {@link #to} and added to; immutable.
 *
 * @param to the new state; may be the one it is in
 * @param at time of the change
 * @param claimedRoot 48 bytes, null to leave it as it is; not copied
 * @param transactions upper-case hex hash of the latest transaction, for the phases whose changes
 * @param keep messages that wait from now on to be included
 * @param drop phases whose message waits no longer
 * @param settlement what the chain did at settlement, null to leave it as it is
 */
@SuppressWarnings("ArrayRecordComponent") // handed over; never compared
public record SessionChange(
        SessionState to,
        OffsetDateTime at,
        byte @Nullable [] claimedRoot,
        Map<SubmissionPhase, String> transactions,
        Map<SubmissionPhase, OutboxEntry> keep,
        Set<SubmissionPhase> drop,
        SessionRecord.@Nullable Settlement settlement) {

    /** Copies its collections. */
    public SessionChange {
        transactions = Map.copyOf(transactions);
        keep = Map.copyOf(keep);
        drop = Set.copyOf(drop);
    }

    /**
     * A change of the state. One that ends the session drops all its messages and its tree.
     *
     * @param state the new state, or the one it is in
     * @param at time of the change
     */
    public static SessionChange to(SessionState state, OffsetDateTime at) {
        return new SessionChange(
                state,
                at,
                null,
                Map.of(),
                Map.of(),
                state.terminal() ? EnumSet.allOf(SubmissionPhase.class) : Set.of(),
                null);
    }

    /** With another new state. */
    public SessionChange inState(SessionState state) {
        return new SessionChange(state, at, claimedRoot, transactions, keep, drop, settlement);
    }

    /** With the root that was claimed. */
    public SessionChange withClaimedRoot(byte[] root) {
        return new SessionChange(to, at, root, transactions, keep, drop, settlement);
    }

    /** With the hash of the latest transaction of a phase. */
    public SessionChange withTransaction(SubmissionPhase phase, String hash) {
        return new SessionChange(
                to, at, claimedRoot, with(transactions, phase, hash), keep, drop, settlement);
    }

    /** With a message that waits to be included. */
    public SessionChange keeping(SubmissionPhase phase, OutboxEntry message) {
        return new SessionChange(
                to, at, claimedRoot, transactions, with(keep, phase, message), drop, settlement);
    }

    /** With the end of the wait for a phase's message. */
    public SessionChange dropping(SubmissionPhase phase) {
        Set<SubmissionPhase> more = EnumSet.of(phase);
        more.addAll(drop);
        return new SessionChange(to, at, claimedRoot, transactions, keep, more, settlement);
    }

    /** With what the chain did at settlement. */
    public SessionChange settledAs(SessionRecord.Settlement result) {
        return new SessionChange(to, at, claimedRoot, transactions, keep, drop, result);
    }

    private static <T> Map<SubmissionPhase, T> with(
            Map<SubmissionPhase, T> known, SubmissionPhase phase, T value) {
        Map<SubmissionPhase, T> more = new EnumMap<>(SubmissionPhase.class);
        more.putAll(known);
        more.put(phase, value);
        return more;
    }
}
