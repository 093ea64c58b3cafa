package io.relayminer.core.miner;

import io.relayminer.core.chain.Block;
import io.relayminer.core.chain.ChainEvent;
import io.relayminer.core.chain.ChainException;
import io.relayminer.core.chain.ChainQueries;
import io.relayminer.core.chain.TxFailure;
import io.relayminer.core.chain.TxSubmitter;
import io.relayminer.core.redis.Outbox;
import io.relayminer.core.redis.OutboxEntry;
import io.relayminer.core.redis.RedisStateException;
import io.relayminer.core.redis.SessionRecord;
import io.relayminer.core.redis.SessionState;
import io.relayminer.core.redis.SubmissionLog;
import io.relayminer.core.redis.SubmissionPhase;
import io.relayminer.core.redis.SubmissionRecord;
import io.relayminer.core.session.ClaimAmounts;
import io.relayminer.core.session.ProofRequirement;
import io.relayminer.core.session.SessionStore;
import io.relayminer.core.session.SessionWindows;
import io.relayminer.core.tx.SignedTx;
import io.relayminer.core.wire.CoinAmount;
import io.relayminer.core.wire.proof.Claim;
import io.relayminer.core.wire.proof.ClaimProofStatus;
import io.relayminer.core.wire.proof.MsgCreateClaim;
import io.relayminer.core.wire.proof.MsgSubmitProof;
import io.relayminer.smst.MerkleSumRoot;
import io.relayminer.smst.SmstException;
import io.relayminer.smst.SmstStoreException;
import io.relayminer.smst.SparseMerkleSumTrie;
import io.relayminer.smst.redis.AdoptResult;
import io.relayminer.smst.redis.RootResult;
import io.relayminer.smst.redis.SealResult;
import io.relayminer.smst.redis.SessionDetails;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * Brings the sessions of one supplier from their first leaf to their settlement, one block at a
 * time.
 *
 * <p><b>Authority.</b> Where a session stands is derived, at every block, from three things: its
 * record in Redis, its tree, and the chain. A claim exists when the chain says so, a proof counts
 * when the claim's status says so, and it is over when the settlement block has passed. Nothing
 * depends on what this process remembers, so any owner can go on at any block, and every step may
 * be repeated.
 *
 * <p><b>Levels, not edges.</b> All rules are of the form "at this height or later", so a block that
 * was missed costs time and nothing else.
 *
 * <p><b>Order of effects.</b> A session is sealed only when its log is drained. A root is stored
 * before it is claimed. A message is stored in the outbox, with the hash of its transaction, before
 * the transaction leaves; and the lease is checked in between. Tree and messages are deleted only
 * after settlement.
 *
 * <p>Confined to the worker's thread.
 */
final class SessionLifecycle {

    private static final Logger LOG = LoggerFactory.getLogger(SessionLifecycle.class);

    /** Blocks between two looks at the records in Redis, in case one was missed. */
    private static final long REFRESH_BLOCKS = 10;

    /** Blocks for which events of a settlement are asked for before the result is inferred. */
    private static final long SETTLEMENT_PATIENCE = 20;

    private static final String SETTLED = "pocket.tokenomics.EventClaimSettled";
    private static final String EXPIRED = "pocket.tokenomics.EventClaimExpired";
    private static final String SLASHED = "pocket.tokenomics.EventSupplierSlashed";
    private static final String DISCARDED = "pocket.tokenomics.EventClaimDiscarded";

    private final OwnedSupplier supplier;
    private final RelayIntake intake;
    private final io.relayminer.transport.RelayLogReader reader;
    private final SessionTrees trees;
    private final SessionStore records;
    private final Outbox outbox;
    private final SubmissionLog submissions;
    private final SessionConstantsSource constants;
    private final ChainQueries chain;
    private final ChainCalls calls;
    private final TxSubmitter submitter;
    private final Supplier<Duration> blockInterval;
    private final TxBatches batches;
    private final SessionSignals signals;
    private final MinerSettings settings;
    private final MinerMetrics metrics;
    private final InstantSource clock;

    private final Map<String, TrackedSession> sessions = new LinkedHashMap<>();
    private final Map<String, SubmissionRecord> submissionRecords = new HashMap<>();
    private long refreshedAt = Long.MIN_VALUE;
    private @Nullable Block seedBlock;
    private long currentHeight;

    SessionLifecycle(
            OwnedSupplier supplier,
            RelayIntake intake,
            io.relayminer.transport.RelayLogReader reader,
            SupplierWorker.Services services) {
        this.supplier = supplier;
        this.intake = intake;
        this.reader = reader;
        this.trees = services.trees();
        this.records = services.records();
        this.outbox = services.outbox();
        this.submissions = services.submissions();
        this.constants = services.constants();
        this.chain = services.chain();
        this.calls = services.calls();
        this.signals = services.signals();
        this.settings = services.settings();
        this.metrics = services.metrics();
        this.clock = services.clock();
        this.submitter = services.submitter();
        this.blockInterval = services.blockInterval();
        this.batches =
                new TxBatches(supplier, services.submitter(), services.calls(), services.metrics());
    }

    /** Takes note of a session that a commit created or changed. */
    void committed(SessionRecord record) {
        TrackedSession known = sessions.get(record.sessionId());
        if (known == null) {
            sessions.put(record.sessionId(), new TrackedSession(record, SessionState.ACTIVE));
            metrics.sessionCreated(supplier.address(), record.serviceId());
            signals.met(record.application(), record.serviceId());
        } else {
            known.relays = record.relayCount();
            known.computeUnits = record.computeUnits();
        }
    }

    /** Sessions that are not over. */
    Collection<TrackedSession> sessions() {
        return List.copyOf(sessions.values());
    }

    /**
     * Whether a hand-over now would interrupt submissions: some session is being claimed or proved.
     */
    boolean submitting() {
        return sessions.values().stream()
                .anyMatch(s -> s.state == SessionState.CLAIMING || s.state == SessionState.PROVING);
    }

    /**
     * Does what is due at a block.
     *
     * @throws MinerException.Fenced if the supplier is not ours any more
     * @throws InterruptedException if the thread was interrupted while draining
     */
    void advance(Block tip) throws InterruptedException {
        long height = tip.height();
        currentHeight = height;
        refresh(height);
        if (sessions.isEmpty()) {
            publishStates();
            return;
        }
        List<TrackedSession> due = new ArrayList<>();
        boolean askClaims = false;
        for (TrackedSession session : List.copyOf(sessions.values())) {
            if (resolveWindows(session, height)) {
                due.add(session);
            }
        }
        due.sort(Comparator.comparingLong((TrackedSession s) -> s.end).thenComparing(s -> s.id));
        for (TrackedSession session : due) {
            if (session.state == SessionState.ACTIVE) {
                guarded(session, () -> seal(session, height));
            }
            askClaims |= session.state != SessionState.ACTIVE && sessions.containsKey(session.id);
        }
        Map<String, Claim> onChain = askClaims ? claims() : null;
        List<Candidate> candidates = new ArrayList<>();
        for (TrackedSession session : due) {
            if (sessions.containsKey(session.id) && session.state != SessionState.ACTIVE) {
                guarded(session, () -> pursue(session, height, onChain, candidates));
            }
        }
        submit(candidates, height);
        publishStates();
    }

    private interface Step {
        void run() throws InterruptedException;
    }

    /** Runs a step of one session so that its failure does not touch the others. */
    private void guarded(TrackedSession session, Step step) throws InterruptedException {
        try {
            step.run();
        } catch (MinerException.Fenced e) {
            throw e;
        } catch (ChainException
                | MinerException.Unavailable
                | RedisStateException
                | SmstStoreException
                | io.relayminer.transport.RelayLogException e) {
            LOG.warn(
                    "session {} of supplier {} in state {} is tried again at the next block: {}",
                    session.id,
                    supplier.address(),
                    session.state.wire(),
                    e.getMessage());
            metrics.storeError(supplier.address(), "step_" + session.state.wire());
        } catch (io.relayminer.core.chain.TxException e) {
            LOG.warn("session {} is tried again at the next block: {}", session.id, e.getMessage());
        } catch (SmstException | IllegalArgumentException e) {
            LOG.error(
                    "session {} of supplier {} in state {} cannot be worked on",
                    session.id,
                    supplier.address(),
                    session.state.wire(),
                    e);
            metrics.storeError(supplier.address(), "broken_" + session.state.wire());
        }
    }

    private void refresh(long height) {
        if (refreshedAt != Long.MIN_VALUE && height - refreshedAt < REFRESH_BLOCKS) {
            return;
        }
        try {
            for (SessionRecord record : records.live(supplier.address())) {
                SessionState state = record.knownState().orElse(null);
                TrackedSession known = sessions.get(record.sessionId());
                if (state == null || record.endHeight() <= 0) {
                    continue;
                }
                if (known == null) {
                    sessions.put(record.sessionId(), new TrackedSession(record, state));
                } else if (known.state != state) {
                    known.state = state;
                }
            }
            refreshedAt = height;
        } catch (RedisStateException e) {
            LOG.warn("the sessions of supplier {} are read again later", supplier.address(), e);
        }
    }

    private boolean resolveWindows(TrackedSession session, long height) {
        if (session.windowsFixed) {
            return true;
        }
        try {
            session.windows = constants.windows(session.end, height);
            session.windowsFixed = session.end < height;
            return true;
        } catch (ChainException | MinerException.Unavailable e) {
            LOG.warn("the windows of session {} are not known yet: {}", session.id, e.getMessage());
            return session.windows != null;
        }
    }

    private @Nullable Map<String, Claim> claims() {
        try {
            Map<String, Claim> byId = new HashMap<>();
            for (Claim claim : calls.await(chain.claims(supplier.address()))) {
                byId.put(claim.getSessionHeader().getSessionId(), claim);
            }
            return byId;
        } catch (ChainException | MinerException.Unavailable e) {
            LOG.warn(
                    "the claims of supplier {} are not known: {}",
                    supplier.address(),
                    e.getMessage());
            return null;
        }
    }

    // ---- sealing -------------------------------------------------------------------------------

    /**
     * The tip at which a session is sealed. Relays are accepted up to the end of the grace period
     * by the height a relayer knows, and appended when their backend has answered; so a session is
     * left open for a while after its claim window has opened, as long as enough of the window
     * remains.
     */
    private long sealHeight(SessionWindows windows) {
        long length = windows.claimClose() - windows.earliestClaim();
        long settle = settings.claimSettle().toMillis();
        long interval = Math.max(1, blockInterval.get().toMillis());
        long blocks = (settle + interval - 1) / interval;
        return windows.earliestClaim() + Math.min(blocks, length / 2);
    }

    private void seal(TrackedSession session, long height) throws InterruptedException {
        SessionWindows windows = session.windows();
        if (height < sealHeight(windows)) {
            return;
        }
        if (height >= windows.claimClose()) {
            over(session, SessionState.CLAIM_WINDOW_CLOSED, null);
            return;
        }
        if (session.drainTo == null) {
            session.drainTo = reader.lastId();
        }
        boolean drained = intake.drain(session.drainTo);
        long patience = Math.max(sealHeight(windows), windows.claimClose() - 2);
        if (!drained && height < patience) {
            return;
        }
        if (!drained) {
            LOG.warn(
                    "session {} is sealed although entries of its log wait; the claim window of"
                            + " supplier {} closes at {}",
                    session.id,
                    supplier.address(),
                    windows.claimClose());
        }
        SealResult result = trees.seal(supplier.address(), supplier.fence(), details(session));
        switch (result) {
            case SealResult.Sealed sealed -> {
                session.relays = sealed.relayCount();
                session.computeUnits = sealed.computeUnits();
                moved(session, SessionState.CLAIMING);
                signals.sealed(supplier.address(), session.id);
            }
            case SealResult.Fenced f -> throw new MinerException.Fenced(supplier.address());
            case SealResult.NotAdopted n -> {
                SessionConstants c = constantsOf(session);
                AdoptResult adopted =
                        trees.adopt(
                                supplier.address(),
                                supplier.fence(),
                                details(session),
                                leaf -> RelayIntake.belongs(leaf, c));
                LOG.info(
                        "the tree of session {} was written by another miner: {}",
                        session.id,
                        adopted);
                if (adopted instanceof AdoptResult.Fenced) {
                    throw new MinerException.Fenced(supplier.address());
                }
                seal(session, height);
            }
            case SealResult.Terminal t -> forget(session);
            case SealResult.Absent a -> forget(session);
        }
    }

    private SessionDetails details(TrackedSession session) {
        OffsetDateTime now = now();
        SessionRecord record =
                new SessionRecord(
                        session.id,
                        supplier.address(),
                        session.service,
                        session.application,
                        session.start,
                        session.end,
                        SessionState.ACTIVE.wire(),
                        0,
                        0,
                        now,
                        now,
                        null,
                        "",
                        "",
                        "",
                        null);
        return new SessionDetails(
                session.id,
                record.metadataFields(),
                new String(SessionRecord.encodeTime(now), StandardCharsets.UTF_8),
                0);
    }

    // ---- from sealed to settled ----------------------------------------------------------------

    private void pursue(
            TrackedSession session,
            long height,
            @Nullable Map<String, Claim> onChain,
            List<Candidate> candidates) {
        SessionWindows windows = session.windows();
        if (height >= windows.settlementHeight()) {
            settle(session, height, onChain);
            return;
        }
        Claim claim = onChain == null ? null : onChain.get(session.id);
        if (claim != null) {
            claimSeen(session, height, claim);
        }
        switch (session.state) {
            case CLAIMING, CLAIMED -> {
                if (claim == null) {
                    pursueClaim(session, height, onChain != null, candidates);
                } else {
                    decideProof(session, height, claim);
                    if (session.state == SessionState.PROVING) {
                        pursueProof(session, height, claim, candidates);
                    }
                }
            }
            case PROVING -> {
                if (claim != null) {
                    pursueProof(session, height, claim, candidates);
                }
            }
            default -> forget(session);
        }
    }

    private void pursueClaim(
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
                note(session, r -> withClaimOutcome(r, SubmissionRecord.MISSING, 0));
            }
            if (chainKnown && session.missing >= 3) {
                // Three blocks in a row: no node that lags explains this.
                over(
                        session,
                        session.claimTx.isEmpty()
                                ? SessionState.CLAIM_WINDOW_CLOSED
                                : SessionState.CLAIM_MISSING,
                        null);
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
        }
        if (session.claimsSigned > settings.maxResends()) {
            return;
        }
        MsgCreateClaim message = claimMessage(session);
        if (message != null) {
            candidates.add(
                    new Candidate(
                            SubmissionPhase.CLAIM,
                            session,
                            message,
                            HexFormat.of().formatHex(message.getRootHash().toByteArray())));
        }
    }

    /** Builds, verifies and stores the root; null if there is nothing to claim. */
    private @Nullable MsgCreateClaim claimMessage(TrackedSession session) {
        SessionConstants c = constantsOf(session);
        MerkleSumRoot root = rootOf(session);
        if (root.count() == 0 || root.sum() == 0) {
            skip(session, "empty_tree");
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
            skip(session, "cupr_mismatch");
            return null;
        }
        if (!worthwhile(c, root)) {
            skip(session, "unprofitable");
            return null;
        }
        return MsgCreateClaim.newBuilder()
                .setSupplierOperatorAddress(supplier.address())
                .setSessionHeader(c.header())
                .setRootHash(com.google.protobuf.ByteString.copyFrom(root.toBytes()))
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

    private SessionConstants constantsOf(TrackedSession session) {
        return constants.constants(session.application, session.service, session.start);
    }

    private static ClaimAmounts amounts(SessionConstants c, long units, long relays) {
        return ClaimAmounts.of(units, relays, c.target(), c.tokensMultiplier(), c.granularity());
    }

    private BigInteger worth(TrackedSession session) {
        try {
            return amounts(constantsOf(session), session.computeUnits, session.relays)
                    .claimedUpokt();
        } catch (ChainException | MinerException.Unavailable | IllegalArgumentException e) {
            LOG.debug("the worth of session {} is not known", session.id, e);
            return BigInteger.ZERO;
        }
    }

    private boolean worthwhile(SessionConstants c, MerkleSumRoot root) {
        if (settings.claimPolicy() == MinerSettings.ClaimPolicy.ALWAYS) {
            return true;
        }
        BigInteger reward = amounts(c, root.sum(), root.count()).claimedUpokt();
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

    private void skip(TrackedSession session, String reason) {
        LOG.info(
                "session {} of supplier {} is not claimed: {}",
                session.id,
                supplier.address(),
                reason);
        metrics.claimSkipped(supplier.address(), session.service, reason);
        over(session, SessionState.CLAIM_SKIPPED, null);
    }

    private void claimSeen(TrackedSession session, long height, Claim claim) {
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
            note(session, r -> withClaimOutcome(r, SubmissionRecord.FOUND, height));
        }
        session.pendingClaim = null;
        if (session.state == SessionState.CLAIMING) {
            move(
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
            note(session, r -> withProofOutcome(r, SubmissionRecord.FOUND, height));
        }
    }

    private void decideProof(TrackedSession session, long height, Claim claim) {
        SessionWindows windows = session.windows();
        if (height < windows.seedHeight() || session.proofAccepted) {
            return;
        }
        Block seed = seed(windows.seedHeight());
        var params = calls.await(chain.proofParams());
        SessionConstants c = constantsOf(session);
        MerkleSumRoot root = MerkleSumRoot.of(claim.getRootHash().toByteArray());
        ProofRequirement.Outcome outcome =
                ProofRequirement.of(
                        claim,
                        amounts(c, root.sum(), root.count()).claimedUpokt(),
                        seed.hash().toByteArray(),
                        CoinAmount.of(params.getProofRequirementThreshold()),
                        params.getProofRequestProbability());
        metrics.requirement(supplier.address(), outcome.name().toLowerCase(Locale.ROOT));
        note(
                session,
                r ->
                        withRequirement(
                                r,
                                outcome.isRequired(),
                                HexFormat.of().formatHex(seed.hash().toByteArray())));
        if (outcome.isRequired()) {
            session.proofNotWanted = false;
            move(
                    session,
                    EnumSet.of(SessionState.CLAIMED, SessionState.CLAIMING, SessionState.PROVING),
                    SessionStore.Change.to(SessionState.PROVING));
        } else {
            // Decided again at every block until settlement: parameters may change, and a node that
            // gave a wrong hash must not cost the penalty.
            session.proofNotWanted = true;
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

    private void pursueProof(
            TrackedSession session, long height, Claim claim, List<Candidate> candidates) {
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
        } else if (!session.proofTx.isEmpty()
                && session.proofsSigned == 0
                && predecessorMayStillProve(session, height)) {
            return;
        }
        if (session.proofsSigned > settings.maxResends()) {
            return;
        }
        MsgSubmitProof message = proofMessage(session, claim);
        if (message != null) {
            candidates.add(
                    new Candidate(
                            SubmissionPhase.PROOF,
                            session,
                            message,
                            HexFormat.of().formatHex(message.getProof().toByteArray())));
        }
    }

    /**
     * Whether a proof that an earlier owner sent may still be included. A second one would be
     * charged again, so its transaction is looked for first; but one that no block has after two is
     * not waited for, since a missing proof costs more than a second one.
     */
    private boolean predecessorMayStillProve(TrackedSession session, long height) {
        OutboxEntry sent =
                outbox.entries(SubmissionPhase.PROOF, supplier.address(), session.end)
                        .get(session.id);
        boolean recent = sent != null && height <= sent.submitHeight() + 1;
        var found = calls.await(submitter.find(session.proofTx));
        boolean executed =
                found.isPresent()
                        && found.get().failure().isEmpty()
                        && height <= found.get().height() + 2;
        return executed || (found.isEmpty() && recent);
    }

    private @Nullable MsgSubmitProof proofMessage(TrackedSession session, Claim claim) {
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
                        constantsOf(session),
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
                yield null;
            }
        };
    }

    // ---- submission ----------------------------------------------------------------------------

    private void submit(List<Candidate> candidates, long height) {
        for (SubmissionPhase phase : SubmissionPhase.values()) {
            Map<Long, List<Candidate>> byClose = new TreeMap<>();
            for (Candidate candidate : candidates) {
                if (candidate.phase() == phase) {
                    SessionWindows w = candidate.session().windows();
                    long close = phase == SubmissionPhase.CLAIM ? w.claimClose() : w.proofClose();
                    byClose.computeIfAbsent(close, c -> new ArrayList<>()).add(candidate);
                }
            }
            boolean together =
                    phase == SubmissionPhase.CLAIM
                            ? settings.claimBatching()
                            : settings.proofBatching();
            byClose.forEach(
                    (close, group) ->
                            batches.send(
                                    affordable(phase, group),
                                    close,
                                    together,
                                    new Books(phase, height)));
        }
    }

    /**
     * Claims only what the operator can prove: a claim whose proof cannot be paid is a bought
     * penalty.
     */
    private List<Candidate> affordable(SubmissionPhase phase, List<Candidate> group) {
        if (phase == SubmissionPhase.PROOF) {
            return group;
        }
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

    /** Writes down what happens to messages. */
    private final class Books implements TxBatches.Ledger {
        private final SubmissionPhase phase;
        private final long height;

        Books(SubmissionPhase phase, long height) {
            this.phase = phase;
            this.height = height;
        }

        @Override
        public void aboutToSend(List<Candidate> batch, SignedTx tx) {
            for (Candidate candidate : batch) {
                store(candidate, tx, "");
            }
        }

        private void store(Candidate candidate, SignedTx tx, String accepted) {
            TrackedSession session = candidate.session();
            int signed =
                    phase == SubmissionPhase.CLAIM ? session.claimsSigned : session.proofsSigned;
            boolean stored =
                    outbox.put(
                            supplier.fence(),
                            phase,
                            supplier.address(),
                            session.end,
                            session.id,
                            new OutboxEntry(
                                    candidate.message().toByteArray(),
                                    height,
                                    tx.hash(),
                                    accepted,
                                    session.service,
                                    Math.max(0, signed - 1)));
            if (!stored) {
                throw new MinerException.Fenced(supplier.address());
            }
        }

        @Override
        public void sent(List<Candidate> batch, SignedTx tx, boolean certain) {
            PendingTx pending = new PendingTx(tx, height);
            for (Candidate candidate : batch) {
                TrackedSession session = candidate.session();
                boolean claim = phase == SubmissionPhase.CLAIM;
                boolean again = (claim ? session.claimsSigned : session.proofsSigned) > 0;
                if (claim) {
                    session.pendingClaim = pending;
                    session.claimTx = tx.hash();
                    session.claimsSigned++;
                } else {
                    session.pendingProof = pending;
                    session.proofTx = tx.hash();
                    session.proofsSigned++;
                }
                try {
                    if (certain) {
                        store(candidate, tx, tx.hash());
                    }
                    move(
                            session,
                            claim
                                    ? EnumSet.of(SessionState.CLAIMING, SessionState.CLAIMED)
                                    : EnumSet.of(SessionState.PROVING),
                            claim
                                    ? new SessionStore.Change(
                                            certain ? SessionState.CLAIMED : session.state,
                                            ((MsgCreateClaim) candidate.message())
                                                    .getRootHash()
                                                    .toByteArray(),
                                            tx.hash(),
                                            null,
                                            null)
                                    : new SessionStore.Change(
                                            SessionState.PROVING, null, null, tx.hash(), null));
                } catch (RedisStateException e) {
                    // The chain and the outbox know it; the next block writes it down.
                    LOG.warn("the record of session {} is behind", session.id, e);
                }
                if (again) {
                    metrics.rebroadcast(phase, supplier.address(), session.service, certain);
                }
                if (certain && !again) {
                    SessionWindows w = session.windows();
                    metrics.submitted(
                            phase,
                            supplier.address(),
                            session.service,
                            height - (claim ? w.claimOpen() : w.proofOpen()),
                            session.relays,
                            session.computeUnits,
                            worth(session));
                }
                note(
                        session,
                        r ->
                                claim
                                        ? withClaim(r, session, candidate, tx.hash(), certain, "")
                                        : withProof(r, session, candidate, tx.hash(), certain, ""));
            }
            LOG.info(
                    "{} {} of supplier {} sent in {} at height {}",
                    batch.size(),
                    phase == SubmissionPhase.CLAIM ? "claims" : "proofs",
                    supplier.address(),
                    tx.hash(),
                    height);
        }

        @Override
        public void refused(Candidate candidate, TxFailure failure) {
            TrackedSession session = candidate.session();
            String kind = failure.kind().name().toLowerCase(Locale.ROOT);
            metrics.submissionFailed(phase, supplier.address(), kind);
            note(
                    session,
                    r ->
                            phase == SubmissionPhase.CLAIM
                                    ? withClaim(
                                            r, session, candidate, "", false, failure.toString())
                                    : withProof(
                                            r, session, candidate, "", false, failure.toString()));
            switch (failure.kind()) {
                case PROOF_NOT_REQUIRED -> session.proofNotWanted = true;
                case WINDOW_CLOSED, HEIGHT_PASSED ->
                        LOG.warn(
                                "the window for the {} of session {} of supplier {} has closed",
                                phase.wire(),
                                session.id,
                                supplier.address());
                default -> {
                    LOG.error(
                            "the chain refuses the {} of session {} of supplier {}: {}",
                            phase.wire(),
                            session.id,
                            supplier.address(),
                            failure);
                    session.refusal = failure;
                    if (phase == SubmissionPhase.CLAIM) {
                        over(session, SessionState.CLAIM_TX_ERROR, null);
                    }
                }
            }
        }

        @Override
        public void postponed(List<Candidate> batch, String reason) {
            for (Candidate candidate : batch) {
                metrics.submissionFailed(phase, supplier.address(), "postponed");
                LOG.warn(
                        "the {} of session {} of supplier {} is tried again at the next block: {}",
                        phase.wire(),
                        candidate.session().id,
                        supplier.address(),
                        reason);
            }
        }
    }

    // ---- settlement ----------------------------------------------------------------------------

    private void settle(TrackedSession session, long height, @Nullable Map<String, Claim> onChain) {
        if (onChain == null) {
            return;
        }
        Claim claim = onChain.get(session.id);
        SessionWindows windows = session.windows();
        if (claim != null) {
            // The node that lists claims has not seen the settlement block.
            if (height < windows.settlementHeight() + SETTLEMENT_PATIENCE) {
                return;
            }
            LOG.error(
                    "the claim of session {} of supplier {} is still unsettled {} blocks after its"
                            + " settlement was due",
                    session.id,
                    supplier.address(),
                    height - windows.settlementHeight());
            return;
        }
        List<ChainEvent> events;
        try {
            events =
                    calls.await(
                            chain.events(
                                    windows.settlementHeight(),
                                    Set.of(SETTLED, EXPIRED, SLASHED, DISCARDED)));
        } catch (ChainException | MinerException.Unavailable e) {
            if (height < windows.settlementHeight() + SETTLEMENT_PATIENCE) {
                return;
            }
            LOG.warn(
                    "the settlement of session {} cannot be read; its result is inferred: {}",
                    session.id,
                    e.getMessage());
            events = List.of();
        }
        settleBy(session, events, windows);
    }

    private void settleBy(TrackedSession session, List<ChainEvent> events, SessionWindows windows) {
        long at = windows.settlementHeight();
        for (ChainEvent event : events) {
            if (!concerns(event, session)) {
                continue;
            }
            switch (event.type()) {
                case SETTLED -> {
                    boolean proved = session.proofAccepted || !session.proofTx.isEmpty();
                    metrics.settled(
                            supplier.address(),
                            session.service,
                            proved ? "proven" : "unproven",
                            session.relays,
                            session.computeUnits,
                            amount(text(event, "settled_upokt")),
                            at - session.end);
                    if (!proved) {
                        metrics.notRequired(
                                supplier.address(),
                                session.service,
                                session.relays,
                                session.computeUnits,
                                worth(session));
                    }
                    over(
                            session,
                            proved ? SessionState.PROVED : SessionState.PROBABILISTIC_PROVED,
                            new SessionRecord.Settlement(
                                    proved ? "settled_proven" : "settled_unproven", at, ""));
                    return;
                }
                case EXPIRED -> {
                    String reason = text(event, "expiration_reason").toLowerCase(Locale.ROOT);
                    boolean invalid = reason.contains("invalid") || reason.equals("2");
                    metrics.expired(
                            supplier.address(),
                            session.service,
                            invalid ? "proof_invalid" : "proof_missing",
                            session.relays,
                            session.computeUnits);
                    LOG.error(
                            "the claim of session {} of supplier {} expired ({}); {} upokt are"
                                    + " lost",
                            session.id,
                            supplier.address(),
                            invalid ? "proof invalid" : "proof missing",
                            worth(session));
                    over(
                            session,
                            invalid
                                    ? SessionState.PROOF_TX_ERROR
                                    : SessionState.PROOF_WINDOW_CLOSED,
                            new SessionRecord.Settlement(
                                    invalid ? "expired_proof_invalid" : "expired_proof_missing",
                                    at,
                                    ""));
                    slashes(events, session);
                    return;
                }
                case DISCARDED -> {
                    metrics.discarded(supplier.address(), session.service);
                    over(
                            session,
                            SessionState.CLAIM_TX_ERROR,
                            new SessionRecord.Settlement("discarded", at, ""));
                    return;
                }
                default -> {}
            }
        }
        // No event: either the chain never had the claim, or its events cannot be read.
        if (!session.claimOnChain && session.claimTx.isEmpty()) {
            over(session, SessionState.CLAIM_WINDOW_CLOSED, null);
        } else if (!session.claimOnChain) {
            over(session, SessionState.CLAIM_MISSING, null);
        } else if (session.proofAccepted) {
            over(session, SessionState.PROVED, null);
        } else if (session.state == SessionState.PROVING) {
            over(session, SessionState.PROOF_WINDOW_CLOSED, null);
        } else {
            over(session, SessionState.PROBABILISTIC_PROVED, null);
        }
    }

    private void slashes(List<ChainEvent> events, TrackedSession session) {
        for (ChainEvent event : events) {
            if (event.type().equals(SLASHED) && concerns(event, session)) {
                metrics.slashed(supplier.address(), session.service);
                return;
            }
        }
    }

    private boolean concerns(ChainEvent event, TrackedSession session) {
        if (!text(event, "supplier_operator_address").equals(supplier.address())) {
            return false;
        }
        String id = text(event, "session_id");
        if (!id.isEmpty()) {
            return id.equals(session.id);
        }
        return text(event, "service_id").equals(session.service)
                && text(event, "application_address").equals(session.application)
                && text(event, "session_end_block_height").equals(Long.toString(session.end));
    }

    /** An attribute without the quotes in which the chain writes texts and 64-bit numbers. */
    private static String text(ChainEvent event, String name) {
        String value = event.attributes().getOrDefault(name, "");
        return value.length() >= 2 && value.startsWith("\"") && value.endsWith("\"")
                ? value.substring(1, value.length() - 1)
                : value;
    }

    private static double amount(String coin) {
        int digits = 0;
        while (digits < coin.length() && Character.isDigit(coin.charAt(digits))) {
            digits++;
        }
        return digits == 0 ? 0 : Double.parseDouble(coin.substring(0, digits));
    }

    // ---- records -------------------------------------------------------------------------------

    private void over(
            TrackedSession session,
            SessionState state,
            SessionRecord.@Nullable Settlement settlement) {
        SessionState before = session.state;
        BigInteger worth = worth(session);
        // First what a crash must not leave behind, then the record, which ends it for good.
        for (SubmissionPhase phase : SubmissionPhase.values()) {
            outbox.remove(phase, supplier.address(), session.end, session.id);
        }
        trees.expire(supplier.address(), session.id);
        move(
                session,
                EnumSet.of(
                        SessionState.ACTIVE,
                        SessionState.CLAIMING,
                        SessionState.CLAIMED,
                        SessionState.PROVING,
                        state),
                new SessionStore.Change(state, null, null, null, settlement));
        if (!trees.delete(supplier.address(), session.id, supplier.fence())) {
            throw new MinerException.Fenced(supplier.address());
        }
        metrics.over(
                supplier.address(),
                session.service,
                state,
                session.relays,
                session.computeUnits,
                worth);
        if (state.failure()) {
            LOG.error(
                    "session {} of supplier {} is lost in state {} (was {}): {} relays, {} upokt",
                    session.id,
                    supplier.address(),
                    state.wire(),
                    before.wire(),
                    session.relays,
                    worth);
            if (state == SessionState.PROOF_WINDOW_CLOSED) {
                note(session, r -> withProofOutcome(r, SubmissionRecord.MISSING, 0));
            }
        } else {
            LOG.info(
                    "session {} of supplier {} is over: {} ({} relays, {} upokt)",
                    session.id,
                    supplier.address(),
                    state.wire(),
                    session.relays,
                    worth);
        }
        forget(session);
    }

    private void forget(TrackedSession session) {
        sessions.remove(session.id);
        submissionRecords.remove(session.id);
    }

    private void move(TrackedSession session, Set<SessionState> from, SessionStore.Change change) {
        SessionStore.Moved moved =
                records.move(supplier.fence(), supplier.address(), session.id, from, change, now());
        switch (moved) {
            case DONE -> moved(session, change.to());
            case FENCED -> throw new MinerException.Fenced(supplier.address());
            case ABSENT ->
                    LOG.warn(
                            "the record of session {} of supplier {} is gone",
                            session.id,
                            supplier.address());
            case ILLEGAL ->
                    LOG.warn(
                            "session {} of supplier {} is not moved to {}, another state stands",
                            session.id,
                            supplier.address(),
                            change.to().wire());
        }
    }

    private void moved(TrackedSession session, SessionState to) {
        if (session.state != to) {
            metrics.transition(supplier.address(), session.service, session.state, to);
            session.state = to;
        }
    }

    private void publishStates() {
        Map<SessionState, Integer> byState = new EnumMap<>(SessionState.class);
        for (TrackedSession session : sessions.values()) {
            byState.merge(session.state, 1, Integer::sum);
        }
        metrics.sessions(supplier.address(), byState);
    }

    private OffsetDateTime now() {
        return clock.instant().atOffset(ZoneOffset.UTC);
    }

    private interface Edit {
        SubmissionRecord apply(SubmissionRecord record);
    }

    /** Keeps the operators' record; its failure is nobody's problem. */
    private void note(TrackedSession session, Edit edit) {
        try {
            SubmissionRecord record = submissionRecords.get(session.id);
            if (record == null) {
                record =
                        submissions
                                .find(supplier.address(), session.end, session.id)
                                .orElseGet(() -> emptyRecord(session));
            }
            SubmissionRecord changed = edit.apply(record);
            submissionRecords.put(session.id, changed);
            if (!changed.equals(record)) {
                submissions.save(changed);
            }
        } catch (RedisStateException e) {
            LOG.debug("the submission record of session {} was not written", session.id, e);
        }
    }

    private SubmissionRecord emptyRecord(TrackedSession session) {
        return new SubmissionRecord(
                supplier.address(),
                session.service,
                session.application,
                session.id,
                session.start,
                session.end,
                SubmissionRecord.Claim.NONE,
                SubmissionRecord.Proof.NONE,
                session.relays,
                session.computeUnits,
                false,
                "");
    }

    private SubmissionRecord withClaim(
            SubmissionRecord r,
            TrackedSession session,
            Candidate candidate,
            String txHash,
            boolean success,
            String error) {
        Instant now = clock.instant();
        return new SubmissionRecord(
                r.supplier(),
                r.service(),
                r.application(),
                r.sessionId(),
                r.sessionStart(),
                r.sessionEnd(),
                new SubmissionRecord.Claim(
                        candidate.hashHex(),
                        txHash,
                        success,
                        error,
                        session.windows().claimOpen(),
                        now.getEpochSecond(),
                        seconds(now),
                        currentHeight,
                        r.claim().outcome(),
                        r.claim().inclusionHeight()),
                r.proof(),
                session.relays,
                session.computeUnits,
                r.proofRequired(),
                r.proofRequirementSeed());
    }

    private SubmissionRecord withProof(
            SubmissionRecord r,
            TrackedSession session,
            Candidate candidate,
            String txHash,
            boolean success,
            String error) {
        Instant now = clock.instant();
        return new SubmissionRecord(
                r.supplier(),
                r.service(),
                r.application(),
                r.sessionId(),
                r.sessionStart(),
                r.sessionEnd(),
                r.claim(),
                new SubmissionRecord.Proof(
                        candidate.hashHex(),
                        txHash,
                        success,
                        error,
                        session.windows().proofOpen(),
                        now.getEpochSecond(),
                        seconds(now),
                        currentHeight,
                        r.proof().outcome(),
                        r.proof().inclusionHeight(),
                        Math.max(0, session.proofsSigned - 1)),
                session.relays,
                session.computeUnits,
                true,
                r.proofRequirementSeed());
    }

    private static String seconds(Instant now) {
        return DateTimeFormatter.ISO_INSTANT.format(now.truncatedTo(ChronoUnit.SECONDS));
    }

    private static SubmissionRecord withClaimOutcome(
            SubmissionRecord r, String outcome, long height) {
        return with(r, r.claim().withOutcome(outcome, height), r.proof());
    }

    private static SubmissionRecord withProofOutcome(
            SubmissionRecord r, String outcome, long height) {
        return with(r, r.claim(), r.proof().withOutcome(outcome, height));
    }

    private static SubmissionRecord with(
            SubmissionRecord r, SubmissionRecord.Claim claim, SubmissionRecord.Proof proof) {
        return new SubmissionRecord(
                r.supplier(),
                r.service(),
                r.application(),
                r.sessionId(),
                r.sessionStart(),
                r.sessionEnd(),
                claim,
                proof,
                r.relays(),
                r.computeUnits(),
                r.proofRequired(),
                r.proofRequirementSeed());
    }

    private static SubmissionRecord withRequirement(
            SubmissionRecord r, boolean required, String seed) {
        return new SubmissionRecord(
                r.supplier(),
                r.service(),
                r.application(),
                r.sessionId(),
                r.sessionStart(),
                r.sessionEnd(),
                r.claim(),
                r.proof(),
                r.relays(),
                r.computeUnits(),
                required,
                seed);
    }
}
