package io.relayminer.core.miner;

import io.relayminer.core.miner.store.SessionRecord;
import io.relayminer.core.miner.store.SessionState;
import io.relayminer.core.redis.SubmissionPhase;
import io.relayminer.core.session.SessionWindows;
import io.relayminer.smst.MerkleSumRoot;
import io.relayminer.smst.SparseMerkleSumTrie;

import org.jspecify.annotations.Nullable;

/**
 * What a worker remembers about a live session between two blocks. All of it can be rebuilt from
 * the store and the chain. Confined to the worker's thread.
 */
final class TrackedSession {

    final String id;
    final String service;
    final String application;
    final long start;
    final long end;

    final Submission claim;
    final Submission proof;

    /** The record as the store has it, or had it lately. */
    SessionRecord record;

    SessionState state;
    long relays;
    long computeUnits;
    @Nullable SessionWindows windows;
    boolean windowsFixed;

    /** Entry of the log up to which it must be drained before the session is sealed. */
    @Nullable String drainTo;

    /** Root of the sealed tree. */
    @Nullable MerkleSumRoot root;

    /** The sealed tree as digests; rebuilt from the store when it is missing. */
    @Nullable SparseMerkleSumTrie trie;

    /** Whether the lot said, at the latest look, that no proof is wanted. */
    boolean proofNotWanted;

    /** Whether it was told that the chain has no claim and takes none any more. */
    boolean missed;

    TrackedSession(SessionRecord record, SessionState state) {
        this.id = record.sessionId();
        this.service = record.serviceId();
        this.application = record.application();
        this.start = record.startHeight();
        this.end = record.endHeight();
        this.record = record;
        this.state = state;
        this.relays = record.relayCount();
        this.computeUnits = record.computeUnits();
        this.claim = new Submission(SubmissionPhase.CLAIM, record.claimTxHash());
        this.proof = new Submission(SubmissionPhase.PROOF, record.proofTxHash());
        byte[] claimed = record.claimedRoot();
        this.root = claimed == null ? null : MerkleSumRoot.of(claimed);
    }

    Submission submission(SubmissionPhase phase) {
        return phase == SubmissionPhase.CLAIM ? claim : proof;
    }

    SessionWindows windows() {
        SessionWindows w = windows;
        if (w == null) {
            throw new IllegalStateException("windows of session " + id + " were not resolved");
        }
        return w;
    }

    /** The next height after which something about the session is lost for good. */
    long deadline() {
        return claim.seen ? windows().proofClose() : windows().claimClose();
    }
}
