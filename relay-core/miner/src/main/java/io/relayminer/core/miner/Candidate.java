package io.relayminer.core.miner;

import com.google.protobuf.Message;

import io.relayminer.core.redis.SubmissionPhase;

/**
 * A message that wants to be sent.
 *
 * @param phase claim or proof
 * @param session the session it belongs to
 * @param message the message
 * @param hashHex hex of what it commits to: the root of a claim, the bytes of a proof
 */
record Candidate(SubmissionPhase phase, TrackedSession session, Message message, String hashHex) {

    /** What is known about bringing it onto the chain. */
    Submission submission() {
        return session.submission(phase);
    }
}
