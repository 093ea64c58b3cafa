package io.relayminer.core.miner;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;

import io.relayminer.core.chain.Block;
import io.relayminer.core.chain.ChainEvent;
import io.relayminer.core.chain.ChainQueries;
import io.relayminer.core.chain.ChainRefusedException;
import io.relayminer.core.chain.ChainUnavailableException;
import io.relayminer.core.chain.ComputeUnits;
import io.relayminer.core.chain.TxException;
import io.relayminer.core.chain.TxFailure;
import io.relayminer.core.chain.TxInclusion;
import io.relayminer.core.chain.TxRequest;
import io.relayminer.core.chain.TxSubmitter;
import io.relayminer.core.session.ClaimAmounts;
import io.relayminer.core.session.Difficulty;
import io.relayminer.core.session.ProofPath;
import io.relayminer.core.session.ProofRequirement;
import io.relayminer.core.session.SessionGrid;
import io.relayminer.core.session.SessionId;
import io.relayminer.core.session.SessionWindows;
import io.relayminer.core.tx.SignedTx;
import io.relayminer.core.wire.CoinAmount;
import io.relayminer.core.wire.proof.Claim;
import io.relayminer.core.wire.proof.ClaimProofStatus;
import io.relayminer.core.wire.proof.MsgCreateClaim;
import io.relayminer.core.wire.proof.MsgSubmitProof;
import io.relayminer.core.wire.service.RelayMiningDifficulty;
import io.relayminer.core.wire.session.Session;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.core.wire.shared.Params;
import io.relayminer.core.wire.shared.Supplier;
import io.relayminer.smst.CompactClosestProof;
import io.relayminer.smst.MerkleSumRoot;

import java.lang.reflect.Proxy;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.random.RandomGenerator;

/**
 * A chain with the rules of claims, proofs and settlement, advanced by call, whose nodes fail, lose
 * transactions and lose replies.
 */
final class SimChain implements TxSubmitter {

    static final long UNITS = 1000;
    static final long FEE = 10;

    /** What a proof costs, in upokt. */
    long proofFee = FEE;

    /** Services of which the chain says that there is no session. */
    final Set<String> refusedServices = new HashSet<>();

    /** Questions and preparations in the order in which they came. */
    final List<String> asked = new ArrayList<>();

    final Params params =
            Params.newBuilder()
                    .setNumBlocksPerSession(6)
                    .setGracePeriodEndOffsetBlocks(1)
                    .setClaimWindowOpenOffsetBlocks(1)
                    .setClaimWindowCloseOffsetBlocks(8)
                    .setProofWindowOpenOffsetBlocks(0)
                    .setProofWindowCloseOffsetBlocks(8)
                    .setComputeUnitsToTokensMultiplier(100)
                    .setComputeUnitCostGranularity(1)
                    .build();

    private record Tx(SignedTx signed, List<Message> messages, double gasFactor) {}

    final SimFaults faults;
    private final RandomGenerator random;
    private final List<String> suppliers;
    private final double probability;
    final Map<Long, Block> blocks = new TreeMap<>();
    private final Map<String, Claim> claims = new TreeMap<>();
    private final Map<String, Tx> prepared = new HashMap<>();
    private final Map<String, Tx> mempool = new TreeMap<>();
    private final Map<String, TxInclusion> included = new HashMap<>();
    private final Map<Long, List<ChainEvent>> events = new HashMap<>();
    final Map<String, MerkleSumRoot> settled = new TreeMap<>();
    final List<String> claimsExecuted = new ArrayList<>();
    final Map<String, Integer> proofsCharged = new TreeMap<>();
    final List<String> expired = new ArrayList<>();
    private final Set<String> lost = new java.util.HashSet<>();
    double lossOfTransactions;

    /** What every account holds. */
    BigInteger balance = BigInteger.valueOf(1_000_000_000);

    /** Why claims are refused, or null. */
    TxFailure.@org.jspecify.annotations.Nullable Kind refusesClaims;

    /** The session whose claims alone are refused; empty for all. */
    String poisoned = "";

    /** Whether refusals name the message at fault. */
    boolean namesTheMessage = true;

    /** Messages that a transaction has gas for at a gas factor of one; 0 for any number. */
    int gasOfTransaction;

    /** Whether nodes can look transactions up. */
    boolean indexed = true;

    /** Whether the node that is asked does not list claims. */
    boolean hidesClaims;

    /** Whether broadcasts have their effect without an answer. */
    boolean mute;

    int broadcasts;

    /** Whether transactions are accepted and then lost. */
    boolean forgets;

    /** Questions, by the name of their method, that no node answers. */
    final Set<String> unanswered = new HashSet<>();

    /** Whether the results of blocks can be read. */
    boolean resultsReadable = true;

    /** What settlement says instead of the truth: event type and reason; empty for no event. */
    List<String> verdict = List.of("as it is");

    long height;
    private long nonce;

    SimChain(SimFaults faults, RandomGenerator random, List<String> suppliers, double probability) {
        this.faults = faults;
        this.random = random;
        this.suppliers = suppliers;
        this.probability = probability;
        advance();
    }

    private static byte[] sha(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Makes the next block. */
    Block advance() {
        height++;
        Block block =
                new Block(
                        height,
                        ByteString.copyFrom(
                                sha(
                                        ByteBuffer.allocate(16)
                                                .putLong(height)
                                                .putLong(0x51L)
                                                .array())),
                        Instant.ofEpochSecond(1_700_000_000L + 2 * height));
        blocks.put(height, block);
        for (Tx tx : List.copyOf(mempool.values())) {
            mempool.remove(tx.signed().hash());
            if (forgets || height > tx.signed().lastHeight()) {
                continue;
            }
            // A node may lose a transaction, but not whatever it is given.
            if (height % 4 == 0
                    && random.nextDouble() < lossOfTransactions
                    && lost.add(tx.signed().hash())) {
                continue;
            }
            execute(tx);
        }
        settle();
        return block;
    }

    private void execute(Tx tx) {
        Optional<TxFailure> failure = Optional.empty();
        for (int i = 0; i < tx.messages().size() && failure.isEmpty(); i++) {
            failure = check(tx.messages().get(i), height, i);
        }
        if (gasOfTransaction > 0 && tx.messages().size() > gasOfTransaction * tx.gasFactor()) {
            failure = refuse(TxFailure.Kind.OUT_OF_GAS, 0);
        }
        if (failure.isEmpty()) {
            tx.messages().forEach(this::apply);
        }
        included.put(tx.signed().hash(), new TxInclusion(height, 1, 1, failure));
    }

    private Optional<TxFailure> check(Message message, long at, int index) {
        return switch (message) {
            case MsgCreateClaim m -> {
                SessionWindows w =
                        SessionWindows.of(params, m.getSessionHeader().getSessionEndBlockHeight());
                MerkleSumRoot root = MerkleSumRoot.of(m.getRootHash().toByteArray());
                if (refusesClaims != null
                        && (poisoned.isEmpty()
                                || poisoned.equals(m.getSessionHeader().getSessionId()))) {
                    yield refuse(refusesClaims, index);
                }
                if (at < w.claimOpen()) {
                    yield refuse(TxFailure.Kind.WINDOW_NOT_OPEN, index);
                }
                if (at > w.claimClose()) {
                    yield refuse(TxFailure.Kind.WINDOW_CLOSED, index);
                }
                if (!m.getSessionHeader().equals(header(m.getSessionHeader()))
                        || root.sum() != root.count() * UNITS) {
                    yield refuse(TxFailure.Kind.MESSAGE_REFUSED, index);
                }
                yield Optional.empty();
            }
            case MsgSubmitProof m -> {
                SessionWindows w =
                        SessionWindows.of(params, m.getSessionHeader().getSessionEndBlockHeight());
                Claim claim =
                        claims.get(
                                m.getSessionHeader().getSessionId()
                                        + "/"
                                        + m.getSupplierOperatorAddress());
                if (at < w.proofOpen()) {
                    yield refuse(TxFailure.Kind.WINDOW_NOT_OPEN, index);
                }
                if (at > w.proofClose()) {
                    yield refuse(TxFailure.Kind.WINDOW_CLOSED, index);
                }
                if (claim == null) {
                    yield refuse(TxFailure.Kind.CLAIM_NOT_FOUND, index);
                }
                if (!required(claim).isRequired()) {
                    yield refuse(TxFailure.Kind.PROOF_NOT_REQUIRED, index);
                }
                yield Optional.empty();
            }
            default -> throw new IllegalStateException("unexpected message");
        };
    }

    private Optional<TxFailure> refuse(TxFailure.Kind kind, int index) {
        return Optional.of(
                new TxFailure(
                        kind,
                        "proof",
                        1,
                        namesTheMessage && kind != TxFailure.Kind.OUT_OF_GAS
                                ? OptionalInt.of(index)
                                : OptionalInt.empty(),
                        kind.toString()));
    }

    private void apply(Message message) {
        switch (message) {
            case MsgCreateClaim m -> {
                claimsExecuted.add(
                        m.getSessionHeader().getSessionId() + "/" + m.getSupplierOperatorAddress());
                claims.put(
                        m.getSessionHeader().getSessionId() + "/" + m.getSupplierOperatorAddress(),
                        Claim.newBuilder()
                                .setSupplierOperatorAddress(m.getSupplierOperatorAddress())
                                .setSessionHeader(m.getSessionHeader())
                                .setRootHash(m.getRootHash())
                                .build());
            }
            case MsgSubmitProof m -> {
                String key =
                        m.getSessionHeader().getSessionId() + "/" + m.getSupplierOperatorAddress();
                Claim claim = claims.get(key);
                proofsCharged.merge(key, 1, Integer::sum);
                byte[] path =
                        ProofPath.of(
                                seed(claim).hash().toByteArray(),
                                claim.getSessionHeader().getSessionId());
                boolean valid =
                        CompactClosestProof.decode(m.getProof().toByteArray())
                                .verifyStrictly(
                                        MerkleSumRoot.of(claim.getRootHash().toByteArray()), path)
                                .isValid();
                claims.put(
                        key,
                        claim.toBuilder()
                                .setProofValidationStatus(
                                        valid
                                                ? ClaimProofStatus.VALIDATED
                                                : ClaimProofStatus.INVALID)
                                .build());
            }
            default -> throw new IllegalStateException("unexpected message");
        }
    }

    private Block seed(Claim claim) {
        return blocks.get(
                SessionWindows.of(params, claim.getSessionHeader().getSessionEndBlockHeight())
                        .seedHeight());
    }

    private ProofRequirement.Outcome required(Claim claim) {
        MerkleSumRoot root = MerkleSumRoot.of(claim.getRootHash().toByteArray());
        return ProofRequirement.of(
                claim,
                ClaimAmounts.of(root.sum(), root.count(), Difficulty.baseTarget(), 100, 1)
                        .claimedUpokt(),
                seed(claim).hash().toByteArray(),
                BigInteger.valueOf(1_000_000),
                probability);
    }

    private void settle() {
        for (Map.Entry<String, Claim> entry : new TreeMap<>(claims).entrySet()) {
            Claim claim = entry.getValue();
            long end = claim.getSessionHeader().getSessionEndBlockHeight();
            if (height < SessionWindows.of(params, end).settlementHeight()) {
                continue;
            }
            claims.remove(entry.getKey());
            boolean valid = claim.getProofValidationStatus() == ClaimProofStatus.VALIDATED;
            boolean paid = valid || !required(claim).isRequired();
            Map<String, String> attributes = new HashMap<>();
            attributes.put(
                    "supplier_operator_address", '"' + claim.getSupplierOperatorAddress() + '"');
            attributes.put("service_id", '"' + claim.getSessionHeader().getServiceId() + '"');
            attributes.put(
                    "application_address",
                    '"' + claim.getSessionHeader().getApplicationAddress() + '"');
            attributes.put("session_end_block_height", '"' + Long.toString(end) + '"');
            if (paid) {
                attributes.put("session_id", '"' + claim.getSessionHeader().getSessionId() + '"');
                settled.put(entry.getKey(), MerkleSumRoot.of(claim.getRootHash().toByteArray()));
            } else {
                attributes.put("expiration_reason", "\"PROOF_MISSING\"");
                expired.add(entry.getKey());
            }
            if (verdict.isEmpty()) {
                continue;
            }
            if (verdict.size() == 2) {
                attributes.put("expiration_reason", verdict.get(1));
                attributes.put("claimed_upokt", "\"300upokt\"");
                events.computeIfAbsent(height, h -> new ArrayList<>())
                        .add(new ChainEvent(verdict.get(0), attributes));
                events.get(height)
                        .add(new ChainEvent("pocket.tokenomics.EventSupplierSlashed", attributes));
                continue;
            }
            events.computeIfAbsent(height, h -> new ArrayList<>())
                    .add(
                            new ChainEvent(
                                    paid
                                            ? "pocket.tokenomics.EventClaimSettled"
                                            : "pocket.tokenomics.EventClaimExpired",
                                    attributes));
        }
    }

    /** One second for each block. */
    Instant now() {
        return Instant.ofEpochSecond(1_700_000_000L + height);
    }

    /** The header of the session of an application and service that contains a height. */
    SessionHeader header(String application, String service, long at) {
        long start = SessionGrid.startHeight(params, at);
        return SessionHeader.newBuilder()
                .setApplicationAddress(application)
                .setServiceId(service)
                .setSessionId(
                        SessionId.of(
                                        blocks.get(start).hash().toByteArray(),
                                        service,
                                        application,
                                        start)
                                .hex())
                .setSessionStartBlockHeight(start)
                .setSessionEndBlockHeight(SessionGrid.endHeight(params, at))
                .build();
    }

    private SessionHeader header(SessionHeader sent) {
        return header(
                sent.getApplicationAddress(),
                sent.getServiceId(),
                sent.getSessionStartBlockHeight());
    }

    // ---- queries -------------------------------------------------------------------------------

    /** The questions that miners ask; all others are errors of the test. */
    ChainQueries queries() {
        return (ChainQueries)
                Proxy.newProxyInstance(
                        SimChain.class.getClassLoader(),
                        new Class<?>[] {ChainQueries.class},
                        (proxy, method, arguments) -> {
                            String name = method.getName();
                            asked.add(name);
                            if (name.equals("session") && refusedServices.contains(arguments[1])) {
                                return CompletableFuture.failedFuture(
                                        new ChainRefusedException(
                                                "session", "NOT_FOUND", "no such service"));
                            }
                            if (faults.before(name)
                                    || faults.after(name)
                                    || unanswered.contains(name)
                                    || (name.equals("events") && !resultsReadable)) {
                                return CompletableFuture.failedFuture(
                                        new ChainUnavailableException(name, null));
                            }
                            return CompletableFuture.completedFuture(answer(name, arguments));
                        });
    }

    private Object answer(String name, Object[] a) {
        return switch (name) {
            case "sharedParams" -> params;
            case "proofParams" ->
                    io.relayminer.core.wire.proof.Params.newBuilder()
                            .setProofRequestProbability(probability)
                            .setProofRequirementThreshold(CoinAmount.upokt(1_000_000))
                            .setProofSubmissionFee(CoinAmount.upokt(proofFee))
                            .build();
            case "computeUnits" -> Optional.of(new ComputeUnits(UNITS, true));
            case "difficulty" ->
                    Optional.of(
                            RelayMiningDifficulty.newBuilder()
                                    .setTargetHash(ByteString.copyFrom(Difficulty.baseTarget()))
                                    .build());
            case "session" -> {
                Session.Builder session =
                        Session.newBuilder()
                                .setHeader(header((String) a[0], (String) a[1], (Long) a[2]));
                for (String supplier : suppliers) {
                    session.addSuppliers(Supplier.newBuilder().setOperatorAddress(supplier));
                }
                yield session.build();
            }
            case "claims" ->
                    claims.values().stream()
                            .filter(c -> !hidesClaims)
                            .filter(c -> c.getSupplierOperatorAddress().equals(a[0]))
                            .toList();
            case "block" -> blocks.get((Long) a[0]);
            case "balance" -> balance;
            case "events" -> {
                @SuppressWarnings("unchecked")
                Set<String> types = (Set<String>) a[1];
                yield events.getOrDefault((Long) a[0], List.of()).stream()
                        .filter(e -> types.contains(e.type()))
                        .toList();
            }
            default -> throw new UnsupportedOperationException(name);
        };
    }

    // ---- transactions --------------------------------------------------------------------------

    @Override
    public CompletionStage<SignedTx> prepare(TxRequest request) {
        asked.add("prepare");
        if (faults.before("prepare")) {
            return CompletableFuture.failedFuture(new ChainUnavailableException("prepare", null));
        }
        for (int i = 0; i < request.messages().size(); i++) {
            Optional<TxFailure> failure = check(request.messages().get(i), height, i);
            if (failure.isPresent()) {
                return CompletableFuture.failedFuture(new TxException(failure.get()));
            }
        }
        byte[] bytes = ByteBuffer.allocate(8).putLong(++nonce).array();
        SignedTx tx =
                new SignedTx(
                        ByteString.copyFrom(bytes),
                        HexFormat.of().formatHex(sha(bytes)).toUpperCase(Locale.ROOT),
                        Instant.MAX,
                        request.lastHeight(),
                        1,
                        BigInteger.ONE);
        prepared.put(tx.hash(), new Tx(tx, request.messages(), request.gasFactor()));
        return CompletableFuture.completedFuture(tx);
    }

    @Override
    public CompletionStage<Void> broadcast(SignedTx tx) {
        if (faults.before("broadcast")) {
            return CompletableFuture.failedFuture(unavailable());
        }
        broadcasts++;
        if (!indexed && included.containsKey(tx.hash())) {
            return CompletableFuture.failedFuture(
                    new TxException(refuse(TxFailure.Kind.NONCE_USED, 0).orElseThrow()));
        }
        if (!included.containsKey(tx.hash())) {
            mempool.put(tx.hash(), prepared.get(tx.hash()));
        }
        if (faults.after("broadcast") || mute) {
            return CompletableFuture.failedFuture(unavailable());
        }
        return CompletableFuture.completedFuture(null);
    }

    private static TxException unavailable() {
        return new TxException(
                new TxFailure(
                        TxFailure.Kind.UNAVAILABLE, "", 0, OptionalInt.empty(), "no node answers"));
    }

    @Override
    public CompletionStage<Optional<TxInclusion>> find(String txHash) {
        if (faults.before("find") || !indexed) {
            return CompletableFuture.failedFuture(new ChainUnavailableException("find", null));
        }
        return CompletableFuture.completedFuture(Optional.ofNullable(included.get(txHash)));
    }

    /** Bytes of a text, for making relays. */
    static ByteString bytes(String text) {
        return ByteString.copyFrom(text, StandardCharsets.UTF_8);
    }

    @Override
    public void close() {}
}
