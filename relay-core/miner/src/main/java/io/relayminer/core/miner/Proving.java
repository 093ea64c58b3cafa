package io.relayminer.core.miner;

import io.relayminer.core.chain.Block;
import io.relayminer.core.chain.ChainException;
import io.relayminer.core.chain.ChainQueries;
import io.relayminer.core.chain.TxFailure;
import io.relayminer.core.miner.store.SessionState;
import io.relayminer.core.miner.store.SessionStore;
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

import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;

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
    private final SessionTrees trees;
    private final SessionConstantsSource constants;
    private final ChainQueries chain;
    private final ChainCalls calls;
    private final MinerSettings settings;
    private final MinerMetrics metrics;
    private final TxBatches batches;
    private final SessionBook book;
    private final SubmissionNotes notes;
    private final Predecessors predecessors;

    private @Nullable Block seedBlock;

    Proving(
            OwnedSupplier supplier,
            SupplierWorker.Services services,
            TxBatches batches,
            SessionBook book,
            SubmissionNotes notes,
            Predecessors predecessors) {
        this.supplier = supplier;
        this.trees = services.trees();
        this.constants = services.constants();
        this.chain = services.chain();
        this.calls = services.calls();
        this.settings = services.settings();
        this.metrics = services.metrics();
        this.batches = batches;
        this.book = book;
        this.notes = notes;
        this.predecessors = predecessors;
    }

    /** Decides whether a claim has to be proved, as soon as that can be told. */
    void decide(TrackedSession session, long height, Claim claim) {
        SessionWindows windows = session.windows();
        if (height < windows.seedHeight() || session.proofAccepted) {
            return;
        }
        Block seed = read("get_seed_block", () -> seed(windows.seedHeight()));
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
        notes.requirement(session, outcome.isRequired(), seed.hash().toByteArray());
        if (outcome.isRequired()) {
            session.proofNotWanted = false;
            book.move(
                    session,
                    EnumSet.of(SessionState.CLAIMED, SessionState.CLAIMING, SessionState.PROVING),
                    SessionStore.Change.to(SessionState.PROVING));
        } else {
            // Decided again at every block until settlement: parameters may change, and a node that
            // gave a wrong hash must not cost the penalty.
            session.proofNotWanted = true;
        }
    }

    /** Reads something that decides; a failure is counted and goes on. */
    private <T> T read(String operation, java.util.function.Supplier<T> question) {
        try {
            return question.get();
        } catch (ChainException | MinerException.Unavailable e) {
            metrics.requirementFailed(supplier.address(), operation);
            throw e;
        }
    }

    private Block seed(long height) {
        Block known = seedBlock;
        if (known == null || known.height() != height) {
            known = calls.await(chain.block(height));
            seedBlock = known;
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
        if (session.proofAccepted || session.proofNotWanted) {
            return;
        }
        if (height < windows.earliestProof() || height >= windows.proofClose()) {
            return;
        }
        if (claim.getProofValidationStatus() == ClaimProofStatus.INVALID) {
            if (session.refusal == null) {
                LOG.error(
                        "the chain found the proof of session {} of supplier {} invalid",
                        session.id,
                        supplier.address());
                metrics.submissionFailed(
                        SubmissionPhase.PROOF, supplier.address(), "invalid_proof");
            }
            // Once more with everything read anew; the same bytes again would only cost the fee.
            if (session.proofsSigned > 1) {
                return;
            }
            session.pendingProof = null;
            session.trie = null;
            seedBlock = null;
        }
        if (session.refusal != null) {
            return;
        }
        PendingTx pending = session.pendingProof;
        if (pending != null) {
            switch (batches.follow(pending, height)) {
                case TxBatches.Fate.Waiting w -> {
                    return;
                }
                case TxBatches.Fate.Included(var inclusion) -> {
                    if (inclusion.failure().isEmpty()) {
                        if (height <= inclusion.height() + 2) {
                            return;
                        }
                    } else {
                        TxFailure failure = inclusion.failure().get();
                        LOG.warn(
                                "the proof of session {} failed in block {}: {}",
                                session.id,
                                inclusion.height(),
                                failure);
                        if (failure.kind() == TxFailure.Kind.PROOF_NOT_REQUIRED
                                && session.pendingProof != null) {
                            session.pendingProof = null;
                            return;
                        }
                    }
                    session.pendingProof = null;
                }
                case TxBatches.Fate.Gone gone -> session.pendingProof = null;
            }
        } else if (session.proofsSigned == 0
                && predecessors.mayStillAct(
                        SubmissionPhase.PROOF, session, session.proofTx, height, 1)) {
            return;
        }
        if (session.proofsSigned > settings.maxResends()) {
            return;
        }
        MsgSubmitProof message = message(session, claim);
        if (message != null) {
            candidates.add(
                    new Candidate(
                            SubmissionPhase.PROOF,
                            session,
                            message,
                            HexFormat.of().formatHex(message.getProof().toByteArray())));
        }
    }

    private @Nullable MsgSubmitProof message(TrackedSession session, Claim claim) {
        MerkleSumRoot root = MerkleSumRoot.of(claim.getRootHash().toByteArray());
        SparseMerkleSumTrie trie = session.trie;
        if (trie == null || !trie.root().equals(root)) {
            trie = trees.loadSealed(supplier.address(), session.id, root);
            session.trie = trie;
        }
        Block seed = seed(session.windows().seedHeight());
        ProofBuilder.Result result =
                ProofBuilder.build(
                        supplier.address(),
                        claim.getSessionHeader(),
                        constants.of(session),
                        trie,
                        trees.leaves(supplier.address(), session.id),
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
