package io.relayminer.core.miner.store;

import io.relayminer.core.redis.RedisStateException;

import java.util.Optional;

/**
 * What was submitted for each session, for operators. Losing a record costs nobody anything, so
 * failures are reported and ignored by callers.
 *
 * <p>Blocks; throws {@link RedisStateException}. Implementations are safe for use by any thread.
 */
public interface SubmissionLog {

    /** The record of a session. */
    Optional<SubmissionRecord> find(String supplier, long sessionEnd, String sessionId);

    /** Stores or replaces a record. */
    void save(SubmissionRecord record);
}
