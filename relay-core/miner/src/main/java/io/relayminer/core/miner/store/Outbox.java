package io.relayminer.core.miner.store;

import io.relayminer.core.redis.RedisStateException;
import io.relayminer.core.redis.SubmissionPhase;
import io.relayminer.smst.redis.Fence;

import java.util.Map;

/**
 * Claim and proof messages that wait for their inclusion. A message is stored before it is sent, so
 * a crash can delay it but not lose it, and any owner of the supplier can send it again.
 *
 * <p>Blocks; throws {@link RedisStateException.Unavailable} if there is no definite answer.
 * Implementations are safe for use by any thread.
 */
public interface Outbox {

    /**
     * Stores or replaces an entry.
     *
     * @return false if the lease is not held any more; then nothing was stored
     */
    boolean put(
            Fence fence,
            SubmissionPhase phase,
            String supplier,
            long sessionEnd,
            String sessionId,
            OutboxEntry entry);

    /** Removes an entry; removing an absent one is harmless. */
    void remove(SubmissionPhase phase, String supplier, long sessionEnd, String sessionId);

    /** The entries of a supplier's sessions that end at a height, by session id. */
    Map<String, OutboxEntry> entries(SubmissionPhase phase, String supplier, long sessionEnd);
}
