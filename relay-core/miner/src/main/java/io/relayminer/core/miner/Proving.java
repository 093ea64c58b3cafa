package io.relayminer.core.miner;

import io.relayminer.core.chain.Block;
import io.relayminer.core.chain.ChainException;
import io.relayminer.core.chain.ChainQueries;
import io.relayminer.core.miner.store.SessionState;
import io.relayminer.core.miner.store.SupplierStore;
import io.relayminer.core.redis.SubmissionPhase;
import io.relayminer.core.session.ProofRequirement;
import io.relayminer.core.session.SessionWindows;
import io.relayminer.core.wire.CoinAmount;
import io.relayminer.core.wire.proof.Claim;
import io.relayminer.core.wire.proof.ClaimProofStatus;
import io.relayminer.core.wire.proof.MsgSubmitProof;
import io.relayminer.smst.MerkleSumRoot;
import io.relayminer.smst.SparseMerkleSumTrie;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.math.BigInteger;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;

/**
 * Proves claims that the chain's lot asks to be proved.
 *
 * <p>Whether a proof is required and which leaf it shows depends on the hash of the block before
 * the proof window. A proof costs its fee whether it holds or not, so it is verified here by the
 * chain's own rules first, and never sent twice while the first may still be included.
 *
 * <p>Confined to the worker's thread.
 */
final class Proving {

    private static final Logger LOG = LoggerFactory.getLogger(Proving.class);

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

    private @Nullable Block seedBlock;
    private long seedReadAt;

    Proving(
            OwnedSupplier supplier,
            SupplierStore store,
            SupplierWorker.Services services,
            Pursuit pursuit,
            OpenSessions sessions,
            Reporting reporting) {
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
    }

    /** Decides whether a claim has to be proved, as soon as that can be told. */
    void decide(TrackedSession session, long height, Claim claim) {
        SessionWindows windows = session.windows();
        if (height < windows.seedHeight() || session.proof.seen) {
            return;
        }
        Block seed = read("get_seed_block", () -> seed(windows.seedHeight(), height));
        var params = read("get_proof_params", () -> calls.await(chain.proofParams()));
        SessionConstants c = read("calculate_claimed_amount", () -> constants.of(session));
        MerkleSumRoot root = MerkleSumRoot.of(claim.getRootHash().toByteArray());
        ProofRequirement.Outcome outcome =
                ProofRequirement.of(
                        claim,
                        c.amounts(root).claimedUpokt(),
                        seed.hash().toByteArray(),
                        CoinAmount.of(params.getProofRequirementThreshold()),
                        params.getProofRequestProbability());
        metrics.requirement(supplier.address(), outcome.name().toLowerCase(Locale.ROOT));
        reporting.requirement(session, outcome.isRequired(), seed.hash().toByteArray());
        if (outcome.isRequired()) {
            session.proofNotWanted = false;
            if (session.state != SessionState.PROVING) {
                sessions.change(session, sessions.to(SessionState.PROVING));
            }
        } else {
            // Decided again at every block until settlement: parameters may change, and a node that
            // gave a wrong hash must not cost the penalty.
            session.proofNotWanted = true;
        }
    }

    /** Reads something that decides; a failure is counted and goes on. */
    private <T> T read(String operation, Supplier<T> question) {
        try {
            return question.get();
        } catch (ChainException | MinerException.Unavailable e) {
            metrics.requirementFailed(supplier.address(), operation);
            throw e;
        }
    }

    /** The seed block, read once at each height: a node that was wrong is asked again. */
    private Block seed(long seedHeight, long height) {
        Block known = seedBlock;
        if (known == null || known.height() != seedHeight || seedReadAt != height) {
            known = calls.await(chain.block(seedHeight));
            seedBlock = known;
            seedReadAt = height;
        }
        return known;
    }

    /**
     * Does what is due about a required proof.
     *
     * @param candidates takes the proof if it is to be sent
     */
    void pursue(TrackedSession session, long height, Claim claim, List<Candidate> candidates) {
        SessionWindows windows = session.windows();
        Submission proof = session.proof;
        if (proof.seen || session.proofNotWanted) {
            return;
        }
        if (height < windows.earliestProof() || height >= windows.proofClose()) {
            return;
        }
        if (claim.getProofValidationStatus() == ClaimProofStatus.INVALID) {
            if (proof.signed > 1) {
                return;
            }
            LOG.error(
                    "the chain found the proof of session {} of supplier {} invalid; another one is"
                            + " made of everything read anew",
                    session.id,
                    supplier.address());
            metrics.submissionFailed(SubmissionPhase.PROOF, supplier.address(), "invalid_proof");
            proof.broadcast = null;
            session.trie = null;
        }
        if (!pursuit.wants(session, proof, height, windows.proofClose(), 1, true)) {
            return;
        }
        if (!pays(session, claim)) {
            return;
        }
        MsgSubmitProof message = message(session, height, claim);
        if (message != null) {
            candidates.add(
                    new Candidate(
                            SubmissionPhase.PROOF,
                            session,
                            message,
                            HexFormat.of().formatHex(message.getProof().toByteArray())));
        }
    }

    /** Whether a proof costs less than the claim and the penalty that it saves. */
    private boolean pays(TrackedSession session, Claim claim) {
        var params = calls.await(chain.proofParams());
        BigInteger cost =
                CoinAmount.of(params.getProofSubmissionFee())
                        .add(BigInteger.valueOf(settings.txFeeUpokt()));
        MerkleSumRoot root = MerkleSumRoot.of(claim.getRootHash().toByteArray());
        BigInteger saved =
                constants
                        .of(session)
                        .amounts(root)
                        .claimedUpokt()
                        .add(CoinAmount.of(params.getProofMissingPenalty()));
        if (cost.compareTo(saved) <= 0) {
            return true;
        }
        LOG.warn(
                "session {} of supplier {} is not proved: a proof costs {} upokt and saves {}",
                session.id,
                supplier.address(),
                cost,
                saved);
        metrics.proofSkipped(supplier.address(), session.service, "unprofitable");
        return false;
    }

    private @Nullable MsgSubmitProof message(TrackedSession session, long height, Claim claim) {
        MerkleSumRoot root = MerkleSumRoot.of(claim.getRootHash().toByteArray());
        SparseMerkleSumTrie trie = session.trie;
        if (trie == null || !trie.root().equals(root)) {
            trie = store.trie(session.id, root);
            session.trie = trie;
        }
        Block seed = seed(session.windows().seedHeight(), height);
        ProofBuilder.Result result =
                ProofBuilder.build(
                        supplier.address(),
                        claim.getSessionHeader(),
                        constants.of(session),
                        trie,
                        store.leaves(session.id),
                        root,
                        seed.hash().toByteArray());
        return switch (result) {
            case ProofBuilder.Result.Built built -> built.message();
            case ProofBuilder.Result.Unsound unsound -> {
                LOG.error(
                        "the proof of session {} of supplier {} would be refused: {}",
                        session.id,
                        supplier.address(),
                        unsound.reason());
                metrics.submissionFailed(SubmissionPhase.PROOF, supplier.address(), "unsound");
                metrics.proofSkipped(supplier.address(), session.service, "build_failed");
                yield null;
            }
        };
    }
}
