package io.relayminer.core.miner;

import io.relayminer.core.chain.TxFailure;
import io.relayminer.core.miner.store.SessionRecord;
import io.relayminer.core.miner.store.SessionState;
import io.relayminer.core.session.SessionWindows;
import io.relayminer.smst.MerkleSumRoot;
import io.relayminer.smst.SparseMerkleSumTrie;

import org.jspecify.annotations.Nullable;

/**
 * What a worker remembers about a live session between two blocks. All of it can be rebuilt from
 * the record in Redis and the chain. Confined to the worker's thread.
 */
final class TrackedSession {

    final String id;
    final String service;
    final String application;
    final long start;
    final long end;

    SessionState state;
    long relays;
    long computeUnits;

    @Nullable SessionWindows windows;
    boolean windowsFixed;

    /** Position of the log up to which it must be drained before the session is sealed. */
    @Nullable String drainTo;

    /** Root of the sealed tree. */
    @Nullable MerkleSumRoot root;

    /** The sealed tree as digests; rebuilt from Redis when it is missing. */
    @Nullable SparseMerkleSumTrie trie;

    /** Upper-case hex hash of the latest transaction with the claim, empty before. */
    String claimTx;

    /** Upper-case hex hash of the latest transaction with the proof, empty before. */
    String proofTx;

    @Nullable PendingTx pendingClaim;
    @Nullable PendingTx pendingProof;
    int claimsSigned;
    int proofsSigned;

    /** Whether our claim was seen on chain. */
    boolean claimOnChain;

    /** Whether the chain accepted our proof. */
    boolean proofAccepted;

    /** Whether the lot said, at the latest look, that no proof is wanted. */
    boolean proofNotWanted;

    /** Successive blocks at which the chain did not have our claim although it should. */
    int missing;

    /** Why the last submission was refused for good, or null. */
    @Nullable TxFailure refusal;

    TrackedSession(SessionRecord record, SessionState state) {
        this.id = record.sessionId();
        this.service = record.serviceId();
        this.application = record.application();
        this.start = record.startHeight();
        this.end = record.endHeight();
        this.state = state;
        this.relays = record.relayCount();
        this.computeUnits = record.computeUnits();
        this.claimTx = record.claimTxHash();
        this.proofTx = record.proofTxHash();
        byte[] claimed = record.claimedRoot();
        this.root = claimed == null ? null : MerkleSumRoot.of(claimed);
    }

    SessionWindows windows() {
        SessionWindows w = windows;
        if (w == null) {
            throw new IllegalStateException("windows of session " + id + " were not resolved");
        }
        return w;
    }
}
