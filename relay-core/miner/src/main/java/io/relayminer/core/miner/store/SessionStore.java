package io.relayminer.core.miner.store;

import io.relayminer.smst.redis.Fence;

import org.jspecify.annotations.Nullable;

import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Where the records of sessions live. A record is created, and its counters are kept, by the commit
 * of leaves; this store reads records and moves them from state to state.
 *
 * <p>Methods block and are called on virtual threads. They throw {@link
 * io.relayminer.core.redis.RedisStateException.Unavailable} if there is no definite answer, which
 * is never to be read as "absent". Implementations are safe for use by any thread.
 */
public interface SessionStore {

    /** The record of a session, empty if there is none. */
    Optional<SessionRecord> find(String supplier, String sessionId);

    /**
     * The sessions of a supplier that are not over, in no particular order. Sessions in a state
     * that is unknown here are left out.
     */
    List<SessionRecord> live(String supplier);

    /**
     * Moves a session to a state, if it is in one of the expected ones and the lease is still held.
     * Leaving a state for itself updates the other fields. A terminal state removes the session
     * from the index of live sessions and limits the life of its record.
     *
     * @param fence lease held by the caller
     * @param change what to write
     * @param from states from which the move is legal
     * @param now time of the change
     * @return what happened
     */
    Moved move(
            Fence fence,
            String supplier,
            String sessionId,
            Set<SessionState> from,
            Change change,
            OffsetDateTime now);

    /**
     * What a move writes besides the time.
     *
     * @param to the new state
     * @param claimedRoot 48 bytes, null to leave it as it is
     * @param claimTxHash upper-case hex, null to leave it as it is
     * @param proofTxHash upper-case hex, null to leave it as it is
     * @param settlement result at settlement, null to leave it as it is
     */
    @SuppressWarnings("ArrayRecordComponent") // handed over; never compared
    record Change(
            SessionState to,
            byte @Nullable [] claimedRoot,
            @Nullable String claimTxHash,
            @Nullable String proofTxHash,
            SessionRecord.@Nullable Settlement settlement) {

        /** A change of the state alone. */
        public static Change to(SessionState state) {
            return new Change(state, null, null, null, null);
        }
    }

    /** What became of a move. */
    enum Moved {
        /** The record is in the new state. */
        DONE,
        /** The lease is not ours any more. Nothing was changed. */
        FENCED,
        /** The session is in another state than expected. Nothing was changed. */
        ILLEGAL,
        /** There is no such session. */
        ABSENT
    }
}
