package io.relayminer.core.miner;

import com.google.protobuf.ByteString;

import io.relayminer.core.chain.ChainException;
import io.relayminer.core.chain.ChainQueries;
import io.relayminer.core.miner.store.Outbox;
import io.relayminer.core.miner.store.SessionState;
import io.relayminer.core.miner.store.SessionStore;
import io.relayminer.core.miner.store.SubmissionRecord;
import io.relayminer.core.redis.SubmissionPhase;
import io.relayminer.core.session.SessionWindows;
import io.relayminer.core.wire.CoinAmount;
import io.relayminer.core.wire.proof.Claim;
import io.relayminer.core.wire.proof.ClaimProofStatus;
import io.relayminer.core.wire.proof.MsgCreateClaim;
import io.relayminer.smst.MerkleSumRoot;
import io.relayminer.smst.SmstStoreException;
import io.relayminer.smst.SparseMerkleSumTrie;
import io.relayminer.smst.redis.RootResult;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.math.BigInteger;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;

/**
 * Brings sealed sessions to a claim on chain: stores the root, decides whether a claim pays, offers
 * it for submission until the chain has it, and gives up when it is certain that it never will.
 *
 * <p>Confined to the worker's thread.
 */
final class Claiming {

    private static final Logger LOG = LoggerFactory.getLogger(Claiming.class);

    private final OwnedSupplier supplier;
    private final SessionTrees trees;
    private final Outbox outbox;
    private final SessionConstantsSource constants;
    private final ChainQueries chain;
    private final ChainCalls calls;
    private final MinerSettings settings;
    private final MinerMetrics metrics;
    private final TxBatches batches;
    private final SessionBook book;
    private final SubmissionNotes notes;
    private final Closing closing;
    private final Predecessors predecessors;

    Claiming(
            OwnedSupplier supplier,
            SupplierWorker.Services services,
            TxBatches batches,
            SessionBook book,
            SubmissionNotes notes,
            Closing closing,
            Predecessors predecessors) {
        this.supplier = supplier;
        this.trees = services.trees();
        this.outbox = services.outbox();
        this.constants = services.constants();
        this.chain = services.chain();
        this.calls = services.calls();
        this.settings = services.settings();
        this.metrics = services.metrics();
        this.batches = batches;
        this.book = book;
        this.notes = notes;
        this.closing = closing;
        this.predecessors = predecessors;
    }

    /**
     * Does what is due while the chain does not show the claim.
     *
     * @param chainKnown whether the chain was asked; otherwise its silence means nothing
     * @param candidates takes the claim if it is to be sent
     */
    void pursue(
            TrackedSession session, long height, boolean chainKnown, List<Candidate> candidates) {
        SessionWindows windows = session.windows();
        session.claimOnChain = false;
        if (height >= windows.claimClose()) {
            if (chainKnown && session.missing++ == 1) {
                LOG.warn(
                        "the chain has no claim for session {} of supplier {} and the window has"
                                + " closed",
                        session.id,
                        supplier.address());
                metrics.inclusion(
                        SubmissionPhase.CLAIM,
                        supplier.address(),
                        session.service,
                        SubmissionRecord.MISSING);
                notes.claimOutcome(session, SubmissionRecord.MISSING, 0);
            }
            if (chainKnown && session.missing >= 3) {
                // Three blocks in a row: no node that lags explains this.
                closing.over(
                        session,
                        session.claimTx.isEmpty()
                                ? SessionState.CLAIM_WINDOW_CLOSED
                                : SessionState.CLAIM_MISSING);
            }
            return;
        }
        if (session.refusal != null) {
            return;
        }
        PendingTx pending = session.pendingClaim;
        if (pending != null) {
            switch (batches.follow(pending, height)) {
                case TxBatches.Fate.Waiting w -> {
                    return;
                }
                case TxBatches.Fate.Included(var inclusion) -> {
                    if (inclusion.failure().isEmpty()) {
                        // Executed; the node that lists claims has not seen that block yet.
                        if (height <= inclusion.height() + 2) {
                            return;
                        }
                    } else {
                        LOG.warn(
                                "the claim of session {} failed in block {}: {}",
                                session.id,
                                inclusion.height(),
                                inclusion.failure().get());
                    }
                    session.pendingClaim = null;
                }
                case TxBatches.Fate.Gone gone -> session.pendingClaim = null;
            }
        } else if (session.claimsSigned == 0
                && height < windows.claimClose() - 1
                && predecessors.mayStillAct(
                        SubmissionPhase.CLAIM, session, session.claimTx, height, 0)) {
            return;
        }
        if (session.claimsSigned > settings.maxResends()) {
            return;
        }
        MsgCreateClaim message = message(session);
        if (message != null) {
            candidates.add(
                    new Candidate(
                            SubmissionPhase.CLAIM,
                            session,
                            message,
                            HexFormat.of().formatHex(message.getRootHash().toByteArray())));
        }
    }

    private @Nullable MsgCreateClaim message(TrackedSession session) {
        SessionConstants c = constants.of(session);
        MerkleSumRoot root = rootOf(session);
        if (root.count() == 0 || root.sum() == 0) {
            closing.skip(session, "empty_tree");
            return null;
        }
        if (c.exactUnits() && root.sum() != root.count() * c.computeUnitsPerRelay()) {
            LOG.error(
                    "session {} of supplier {} has {} compute units for {} leaves of {} each; the"
                            + " chain would refuse the claim",
                    session.id,
                    supplier.address(),
                    Long.toUnsignedString(root.sum()),
                    Long.toUnsignedString(root.count()),
                    c.computeUnitsPerRelay());
            closing.skip(session, "cupr_mismatch");
            return null;
        }
        if (!worthwhile(c, root)) {
            closing.skip(session, "unprofitable");
            return null;
        }
        return MsgCreateClaim.newBuilder()
                .setSupplierOperatorAddress(supplier.address())
                .setSessionHeader(c.header())
                .setRootHash(ByteString.copyFrom(root.toBytes()))
                .build();
    }

    private MerkleSumRoot rootOf(TrackedSession session) {
        MerkleSumRoot known = session.root;
        if (known != null && !known.isEmpty()) {
            return known;
        }
        MerkleSumRoot stored = trees.storedRoot(supplier.address(), session.id);
        if (stored.isEmpty()) {
            SparseMerkleSumTrie trie = trees.load(supplier.address(), session.id);
            MerkleSumRoot root = trie.root();
            if (root.count() != session.relays || root.sum() != session.computeUnits) {
                throw new SmstStoreException(
                        SmstStoreException.Reason.ROOT_MISMATCH,
                        "the leaves of session "
                                + session.id
                                + " add up to "
                                + root.count()
                                + " relays and "
                                + root.sum()
                                + " compute units, but its record counts "
                                + session.relays
                                + " and "
                                + session.computeUnits);
            }
            if (root.isEmpty()) {
                return root;
            }
            RootResult result =
                    trees.storeRoot(supplier.address(), session.id, supplier.fence(), root);
            switch (result) {
                case RootResult.Stored s -> {}
                case RootResult.Fenced f -> throw new MinerException.Fenced(supplier.address());
                case RootResult.Conflict conflict -> {
                    session.root = conflict.stored();
                    return conflict.stored();
                }
                case RootResult.NotSealed n ->
                        throw new MinerException.Unavailable(
                                "session " + session.id + " is not sealed in Redis", null);
            }
            session.trie = trie;
            stored = root;
        }
        session.root = stored;
        return stored;
    }

    private boolean worthwhile(SessionConstants c, MerkleSumRoot root) {
        if (settings.claimPolicy() == MinerSettings.ClaimPolicy.ALWAYS) {
            return true;
        }
        BigInteger reward = c.amounts(root).claimedUpokt();
        BigInteger cost = BigInteger.valueOf(settings.txFeeUpokt()).shiftLeft(1);
        if (settings.claimPolicy() == MinerSettings.ClaimPolicy.EXPECTED_VALUE) {
            var params = calls.await(chain.proofParams());
            BigInteger fee = CoinAmount.of(params.getProofSubmissionFee());
            double chance =
                    reward.compareTo(CoinAmount.of(params.getProofRequirementThreshold())) >= 0
                            ? 1
                            : params.getProofRequestProbability();
            cost = cost.add(BigInteger.valueOf(Math.round(fee.doubleValue() * chance)));
        }
        return reward.compareTo(cost) > 0;
    }

    /** Takes note of a claim that the chain shows, and of the status of its proof. */
    void seen(TrackedSession session, long height, Claim claim) {
        MerkleSumRoot claimed = MerkleSumRoot.of(claim.getRootHash().toByteArray());
        session.missing = 0;
        if (!session.claimOnChain) {
            session.claimOnChain = true;
            if (session.root != null && !session.root.equals(claimed)) {
                LOG.error(
                        "the chain has another root for session {} of supplier {} than ours; it is"
                                + " proved with the one on chain if the tree allows it",
                        session.id,
                        supplier.address());
                session.trie = null;
            }
            session.root = claimed;
            outbox.remove(SubmissionPhase.CLAIM, supplier.address(), session.end, session.id);
            metrics.inclusion(
                    SubmissionPhase.CLAIM,
                    supplier.address(),
                    session.service,
                    SubmissionRecord.FOUND);
            notes.claimOutcome(session, SubmissionRecord.FOUND, height);
        }
        session.pendingClaim = null;
        if (session.state == SessionState.CLAIMING) {
            book.move(
                    session,
                    EnumSet.of(SessionState.CLAIMING, SessionState.CLAIMED),
                    new SessionStore.Change(
                            SessionState.CLAIMED, claimed.toBytes(), null, null, null));
        }
        ClaimProofStatus status = claim.getProofValidationStatus();
        if (status == ClaimProofStatus.VALIDATED && !session.proofAccepted) {
            session.proofAccepted = true;
            session.pendingProof = null;
            outbox.remove(SubmissionPhase.PROOF, supplier.address(), session.end, session.id);
            metrics.inclusion(
                    SubmissionPhase.PROOF,
                    supplier.address(),
                    session.service,
                    SubmissionRecord.FOUND);
            notes.proofOutcome(session, SubmissionRecord.FOUND, height);
        }
    }

    /**
     * Claims only what the operator can prove: a claim whose proof cannot be paid is a bought
     * penalty.
     */
    List<Candidate> affordable(List<Candidate> group) {
        try {
            var params = calls.await(chain.proofParams());
            BigInteger fee = CoinAmount.of(params.getProofSubmissionFee());
            if (fee.signum() == 0) {
                return group;
            }
            BigInteger each = fee.add(BigInteger.valueOf(settings.txFeeUpokt() + 1));
            BigInteger balance = calls.await(chain.balance(supplier.address()));
            long possible = balance.divide(each).min(BigInteger.valueOf(group.size())).longValue();
            if (possible < group.size()) {
                LOG.error(
                        "supplier {} has {} upokt, enough to prove {} of {} sessions; the others"
                                + " are claimed when its account is funded",
                        supplier.address(),
                        balance,
                        possible,
                        group.size());
                metrics.submissionFailed(
                        SubmissionPhase.CLAIM, supplier.address(), "insufficient_funds");
            }
            return group.subList(0, (int) possible);
        } catch (ChainException | MinerException.Unavailable e) {
            LOG.warn(
                    "the balance of supplier {} is not known: {}",
                    supplier.address(),
                    e.getMessage());
            return group;
        }
    }
}
