package io.relayminer.core.miner;

import com.google.protobuf.ByteString;

import io.relayminer.core.chain.ChainException;
import io.relayminer.core.chain.ChainQueries;
import io.relayminer.core.miner.store.MinerStoreException;
import io.relayminer.core.miner.store.SessionState;
import io.relayminer.core.miner.store.SubmissionReport;
import io.relayminer.core.miner.store.SupplierStore;
import io.relayminer.core.redis.SubmissionPhase;
import io.relayminer.core.session.SessionWindows;
import io.relayminer.core.wire.CoinAmount;
import io.relayminer.core.wire.proof.Claim;
import io.relayminer.core.wire.proof.ClaimProofStatus;
import io.relayminer.core.wire.proof.MsgCreateClaim;
import io.relayminer.smst.MerkleSumRoot;
import io.relayminer.smst.SparseMerkleSumTrie;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.math.BigInteger;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;

/**
 * Brings sealed sessions to a claim on chain: stores the root, decides whether a claim pays, offers
 * it for submission until the chain has it.
 *
 * <p>Confined to the worker's thread.
 */
final class Claiming {

    private static final Logger LOG = LoggerFactory.getLogger(Claiming.class);

    private final OwnedSupplier supplier;
    private final SupplierStore store;
    private final SessionConstantsSource constants;
    private final ChainQueries chain;
    private final ChainCalls calls;
    private final MinerSettings settings;
    private final MinerMetrics metrics;
    private final Pursuit pursuit;
    private final OpenSessions sessions;
    private final Reporting reporting;
    private final Closing closing;

    Claiming(
            OwnedSupplier supplier,
            SupplierStore store,
            SupplierWorker.Services services,
            Pursuit pursuit,
            OpenSessions sessions,
            Reporting reporting,
            Closing closing) {
        this.supplier = supplier;
        this.store = store;
        this.constants = services.constants();
        this.chain = services.chain();
        this.calls = services.calls();
        this.settings = services.settings();
        this.metrics = services.metrics();
        this.pursuit = pursuit;
        this.sessions = sessions;
        this.reporting = reporting;
        this.closing = closing;
    }

    /**
     * Does what is due while the chain does not show the claim. Nothing is given up before
     * settlement: a node that lags, or refuses, may be wrong.
     *
     * @param chainKnown whether the chain was asked; otherwise its silence means nothing
     * @param candidates takes the claim if it is to be sent
     */
    void pursue(
            TrackedSession session, long height, boolean chainKnown, List<Candidate> candidates) {
        SessionWindows windows = session.windows();
        if (chainKnown) {
            session.claim.seen = false;
        }
        if (height >= windows.claimClose()) {
            // The block at the close may hold it, and a node may be a block behind.
            if (chainKnown && !session.missed && height > windows.claimClose()) {
                session.missed = true;
                LOG.warn(
                        "the chain has no claim for session {} of supplier {} and the window has"
                                + " closed; its tree is kept until settlement",
                        session.id,
                        supplier.address());
                metrics.inclusion(
                        SubmissionPhase.CLAIM,
                        supplier.address(),
                        session.service,
                        SubmissionReport.MISSING);
                reporting.claimOutcome(session, SubmissionReport.MISSING, 0);
            }
            return;
        }
        if (!pursuit.wants(session, session.claim, height, windows.claimClose(), 0, chainKnown)) {
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
        MerkleSumRoot stored = store.root(session.id);
        if (stored.isEmpty()) {
            SparseMerkleSumTrie trie = store.trie(session.id);
            MerkleSumRoot root = trie.root();
            if (Long.compareUnsigned(root.count(), session.relays) > 0) {
                throw new MinerStoreException(
                        MinerStoreException.Reason.DAMAGED,
                        "session "
                                + session.id
                                + " has "
                                + root.count()
                                + " leaves, but its record counts "
                                + session.relays,
                        null);
            }
            if (root.count() != session.relays || root.sum() != session.computeUnits) {
                LOG.error(
                        "session {} of supplier {} counts {} relays and {} compute units, but only"
                                + " {} leaves with {} can be read; those are claimed",
                        session.id,
                        supplier.address(),
                        session.relays,
                        session.computeUnits,
                        root.count(),
                        root.sum());
                metrics.leavesLost(
                        supplier.address(), session.service, session.relays - root.count());
                session.relays = root.count();
                session.computeUnits = root.sum();
            }
            if (root.isEmpty()) {
                return root;
            }
            stored = store.storeRoot(session.id, root);
            if (stored.equals(root)) {
                session.trie = trie;
            }
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
        boolean first = !session.claim.seen;
        session.claim.seen = true;
        session.claim.broadcast = null;
        if (first) {
            if (session.root != null && !session.root.equals(claimed)) {
                LOG.error(
                        "the chain has another root for session {} of supplier {} than ours; it is"
                                + " proved with the one on chain if the tree allows it",
                        session.id,
                        supplier.address());
                session.trie = null;
            }
            session.root = claimed;
            arrived(SubmissionPhase.CLAIM, session);
            reporting.claimOutcome(session, SubmissionReport.FOUND, height);
        }
        if (first || session.state == SessionState.CLAIMING) {
            SessionState state =
                    session.state == SessionState.CLAIMING ? SessionState.CLAIMED : session.state;
            sessions.change(
                    session,
                    sessions.to(state)
                            .withClaimedRoot(claimed.toBytes())
                            .dropping(SubmissionPhase.CLAIM));
        }
        if (claim.getProofValidationStatus() == ClaimProofStatus.VALIDATED && !session.proof.seen) {
            session.proof.seen = true;
            session.proof.broadcast = null;
            arrived(SubmissionPhase.PROOF, session);
            reporting.proofOutcome(session, SubmissionReport.FOUND, height);
            sessions.change(session, sessions.to(session.state).dropping(SubmissionPhase.PROOF));
        }
    }

    private void arrived(SubmissionPhase phase, TrackedSession session) {
        metrics.inclusion(phase, supplier.address(), session.service, SubmissionReport.FOUND);
    }

    /** Claims that were made before and may have to be proved still. */
    private long unproved(List<Candidate> group) {
        Set<TrackedSession> asking = new HashSet<>();
        group.forEach(candidate -> asking.add(candidate.session()));
        return sessions.open().stream()
                .filter(session -> !asking.contains(session))
                .filter(session -> session.claim.seen || session.claim.wasSent())
                .filter(session -> !session.proof.wasSent() && !session.proofNotWanted)
                .count();
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
            BigInteger left =
                    balance.divide(each)
                            .subtract(BigInteger.valueOf(unproved(group)))
                            .max(BigInteger.ZERO);
            long possible = left.min(BigInteger.valueOf(group.size())).longValue();
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
