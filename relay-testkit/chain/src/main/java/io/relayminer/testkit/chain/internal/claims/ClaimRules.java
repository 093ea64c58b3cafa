package io.relayminer.testkit.chain.internal.claims;

import com.google.protobuf.ByteString;

import io.grpc.Status;
import io.relayminer.core.wire.cosmos.base.Coin;
import io.relayminer.core.wire.proof.Claim;
import io.relayminer.core.wire.proof.ClaimProofStatus;
import io.relayminer.core.wire.proof.EventClaimCreated;
import io.relayminer.core.wire.proof.EventClaimUpdated;
import io.relayminer.core.wire.proof.MsgCreateClaim;
import io.relayminer.core.wire.proof.ProofRequirementReason;
import io.relayminer.core.wire.session.Session;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.core.wire.shared.Params;
import io.relayminer.core.wire.shared.Service;
import io.relayminer.core.wire.shared.Supplier;
import io.relayminer.testkit.chain.internal.bank.Bank;
import io.relayminer.testkit.chain.internal.encoding.Bech32Text;
import io.relayminer.testkit.chain.internal.encoding.Hashes;
import io.relayminer.testkit.chain.internal.execution.AbciException;
import io.relayminer.testkit.chain.internal.execution.ExecutionContext;
import io.relayminer.testkit.chain.internal.params.ChainParams;
import io.relayminer.testkit.chain.internal.params.SessionCalendar;
import io.relayminer.testkit.chain.internal.session.SessionDraw;
import io.relayminer.testkit.chain.internal.stake.ServiceRegistry;
import io.relayminer.testkit.chain.internal.state.Branch;
import io.relayminer.testkit.chain.internal.state.Keys;
import io.relayminer.testkit.chain.internal.state.StateReader;

import org.jspecify.annotations.Nullable;

import java.math.BigInteger;
import java.util.Map;

/**
 * Claims: what makes one acceptable, what it is worth, and whether it needs a proof.
 *
 * <p>The order of checks is the chain's, because the first one that fails is the one a client sees.
 * The header is stored as sent: the window is the one of the end height in the message, not of the
 * session on chain.
 */
public final class ClaimRules {
    private ClaimRules() {}

    /** Checks that need no state; they run before the ante handler. */
    public static void validateBasic(MsgCreateClaim message) throws AbciException {
        if (!Bech32Text.isAccount(message.getSupplierOperatorAddress())) {
            throw AbciException.of(
                    ProofErrors.CODESPACE,
                    ProofErrors.CODE_INVALID_ADDRESS,
                    message.getSupplierOperatorAddress() + ": " + ProofErrors.INVALID_ADDRESS);
        }
        validateHeader(message.hasSessionHeader() ? message.getSessionHeader() : null);
        ByteString root = message.getRootHash();
        if (root.size() != ClaimWorth.ROOT_LENGTH) {
            throw invalidRoot(
                    "expecting root hash to be "
                            + ClaimWorth.ROOT_LENGTH
                            + " bytes, got "
                            + root.size()
                            + " bytes");
        }
        if (ClaimWorth.count(root) == 0) {
            throw invalidRoot("has zero count in Merkle root (hex) " + Hashes.lowerHex(root));
        }
        if (ClaimWorth.sum(root) == 0) {
            throw invalidRoot("has zero sum in Merkle root (hex) " + Hashes.lowerHex(root));
        }
    }

    private static AbciException invalidRoot(String detail) {
        return AbciException.of(
                ProofErrors.CODESPACE,
                ProofErrors.CODE_INVALID_ROOT,
                detail + ": " + ProofErrors.INVALID_ROOT);
    }

    static void validateHeader(@Nullable SessionHeader header) throws AbciException {
        String problem = header == null ? "session header is nil" : SessionHeaders.problem(header);
        if (!problem.isEmpty()) {
            throw AbciException.of(
                    ProofErrors.CODESPACE,
                    ProofErrors.CODE_INVALID_SESSION_HEADER,
                    (header == null ? problem : "invalid session header: " + problem)
                            + ": "
                            + ProofErrors.INVALID_SESSION_HEADER);
        }
    }

    /** Executes a claim. */
    public static void create(ExecutionContext context, MsgCreateClaim message)
            throws AbciException {
        Branch state = context.state();
        SessionHeader header = message.getSessionHeader();
        String supplier = message.getSupplierOperatorAddress();
        sessionOf(context, header, supplier, Status.Code.INVALID_ARGUMENT);
        checkWindow(context, header.getSessionEndBlockHeight());

        Service service = ServiceRegistry.service(state, header.getServiceId());
        if (service == null) {
            throw AbciException.grpc(
                    Status.Code.NOT_FOUND,
                    "service ID: \""
                            + header.getServiceId()
                            + "\": "
                            + ProofErrors.SERVICE_NOT_FOUND);
        }
        long perRelay =
                ServiceRegistry.computeUnitsPerRelay(
                        state, service, header.getSessionStartBlockHeight());
        long count = ClaimWorth.count(message.getRootHash());
        long sum = ClaimWorth.sum(message.getRootHash());
        if (sum != count * perRelay) {
            throw AbciException.grpc(
                    Status.Code.INVALID_ARGUMENT,
                    "claim compute units: "
                            + Long.toUnsignedString(sum)
                            + " is not equal to number of relays "
                            + Long.toUnsignedString(count)
                            + " * compute units per relay "
                            + Long.toUnsignedString(perRelay)
                            + " for service "
                            + header.getServiceId()
                            + ": "
                            + ProofErrors.COMPUTE_UNITS_MISMATCH);
        }
        Claim claim =
                Claim.newBuilder()
                        .setSupplierOperatorAddress(supplier)
                        .setSessionHeader(header)
                        .setRootHash(message.getRootHash())
                        .setProofValidationStatus(ClaimProofStatus.PENDING_VALIDATION)
                        .build();
        boolean replaces = put(state, claim);
        emitCreated(context, claim, count * perRelay, replaces);
    }

    private static void emitCreated(
            ExecutionContext context, Claim claim, long computeUnits, boolean replaces)
            throws AbciException {
        ClaimWorth amounts = amounts(context.state(), claim);
        SessionHeader header = claim.getSessionHeader();
        if (replaces) {
            context.emit(
                    EventClaimUpdated.newBuilder()
                            .setNumRelays(amounts.relays())
                            .setNumClaimedComputeUnits(amounts.computeUnits())
                            .setNumEstimatedComputeUnits(computeUnits)
                            .setNumEstimatedRelays(amounts.estimatedRelays())
                            .setClaimedUpokt(Bank.text(amounts.upokt()))
                            .setServiceId(header.getServiceId())
                            .setApplicationAddress(header.getApplicationAddress())
                            .setSessionEndBlockHeight(header.getSessionEndBlockHeight())
                            .setSupplierOperatorAddress(claim.getSupplierOperatorAddress())
                            .build());
        } else {
            context.emit(
                    EventClaimCreated.newBuilder()
                            .setNumRelays(amounts.relays())
                            .setNumClaimedComputeUnits(amounts.computeUnits())
                            .setNumEstimatedComputeUnits(computeUnits)
                            .setNumEstimatedRelays(amounts.estimatedRelays())
                            .setClaimedUpokt(Bank.text(amounts.upokt()))
                            .setServiceId(header.getServiceId())
                            .setApplicationAddress(header.getApplicationAddress())
                            .setSessionEndBlockHeight(header.getSessionEndBlockHeight())
                            .setSupplierOperatorAddress(claim.getSupplierOperatorAddress())
                            .build());
        }
    }

    /**
     * The session on chain, after checking that the header names it and that the supplier is part
     * of it.
     */
    static Session sessionOf(
            ExecutionContext context, SessionHeader header, String supplier, Status.Code failure)
            throws AbciException {
        Session session;
        try {
            session =
                    SessionDraw.hydrate(
                            context.state(),
                            context.height(),
                            header.getApplicationAddress(),
                            header.getServiceId(),
                            header.getSessionStartBlockHeight());
        } catch (SessionDraw.HydrationException e) {
            throw AbciException.grpc(failure, e.text());
        }
        if (!session.getSessionId().equals(header.getSessionId())) {
            throw AbciException.grpc(
                    failure,
                    "session ID does not match onchain session ID; expected \""
                            + session.getSessionId()
                            + "\", got \""
                            + header.getSessionId()
                            + "\": "
                            + ProofErrors.INVALID_SESSION_ID);
        }
        for (Supplier member : session.getSuppliersList()) {
            if (member.getOperatorAddress().equals(supplier)) {
                return session;
            }
        }
        throw AbciException.grpc(
                failure,
                "supplier operator address \""
                        + supplier
                        + "\" not found in session ID \""
                        + header.getSessionId()
                        + "\": "
                        + ProofErrors.SUPPLIER_NOT_FOUND);
    }

    private static void checkWindow(ExecutionContext context, long sessionEnd)
            throws AbciException {
        SessionCalendar calendar =
                new SessionCalendar(ChainParams.sharedAt(context.state(), sessionEnd));
        long height = context.height();
        if (height < calendar.claimOpen(sessionEnd)) {
            throw AbciException.grpc(
                    Status.Code.FAILED_PRECONDITION,
                    "current block height ("
                            + height
                            + ") is less than the session's earliest claim commit height ("
                            + calendar.claimOpen(sessionEnd)
                            + "): "
                            + ProofErrors.CLAIM_OUTSIDE_OF_WINDOW);
        }
        if (height > calendar.claimClose(sessionEnd)) {
            throw AbciException.grpc(
                    Status.Code.FAILED_PRECONDITION,
                    "current block height ("
                            + height
                            + ") is greater than session claim window close height ("
                            + calendar.claimClose(sessionEnd)
                            + "): "
                            + ProofErrors.CLAIM_OUTSIDE_OF_WINDOW);
        }
    }

    /** Stores a claim and its index entries; says whether it replaces one. */
    public static boolean put(Branch state, Claim claim) {
        SessionHeader header = claim.getSessionHeader();
        String sessionId = header.getSessionId();
        String supplier = claim.getSupplierOperatorAddress();
        Claim previous = state.get(Keys.claim(sessionId, supplier), Claim.class);
        if (previous != null) {
            state.delete(
                    Keys.claimByEnd(
                            previous.getSessionHeader().getSessionEndBlockHeight(),
                            sessionId,
                            supplier));
        }
        state.put(Keys.claim(sessionId, supplier), claim);
        state.put(Keys.claimByEnd(header.getSessionEndBlockHeight(), sessionId, supplier), true);
        state.put(Keys.claimBySupplier(sessionId, supplier), true);
        return previous != null;
    }

    public static void remove(Branch state, Claim claim) {
        SessionHeader header = claim.getSessionHeader();
        String supplier = claim.getSupplierOperatorAddress();
        state.delete(Keys.claim(header.getSessionId(), supplier));
        state.delete(
                Keys.claimByEnd(
                        header.getSessionEndBlockHeight(), header.getSessionId(), supplier));
        state.delete(Keys.claimBySupplier(header.getSessionId(), supplier));
    }

    /** What a claim is worth, at the prices and the difficulty of its session's start. */
    public static ClaimWorth amounts(StateReader state, Claim claim) throws AbciException {
        SessionHeader header = claim.getSessionHeader();
        long start = header.getSessionStartBlockHeight();
        Params prices = ChainParams.sharedAt(state, start);
        try {
            return ClaimWorth.of(
                    claim.getRootHash(),
                    ServiceRegistry.difficulty(state, header.getServiceId(), start).getTargetHash(),
                    prices.getComputeUnitsToTokensMultiplier(),
                    prices.getComputeUnitCostGranularity());
        } catch (ArithmeticException e) {
            throw AbciException.grpc(
                    Status.Code.INTERNAL,
                    "the claimed amount is not defined: " + ProofErrors.INVALID_ROOT);
        }
    }

    /**
     * Whether a claim needs a proof, decided with the live proof parameters and the claim's present
     * status.
     */
    public static ProofRequirementReason requirement(StateReader state, Claim claim)
            throws AbciException {
        io.relayminer.core.wire.proof.Params params = ChainParams.proof(state);
        BigInteger threshold =
                Bank.amount(
                        params.hasProofRequirementThreshold()
                                ? params.getProofRequirementThreshold()
                                : Coin.getDefaultInstance());
        if (amounts(state, claim).upokt().compareTo(threshold) >= 0) {
            return ProofRequirementReason.THRESHOLD;
        }
        double sample =
                ProofLottery.sample(
                        claim.toByteString(), seedBlockHash(state, claim.getSessionHeader()));
        return sample <= params.getProofRequestProbability()
                ? ProofRequirementReason.PROBABILISTIC
                : ProofRequirementReason.NOT_REQUIRED;
    }

    /**
     * Hash of the block that seeds path and lottery of a session, located by the end height of
     * {@code header}.
     */
    static ByteString seedBlockHash(StateReader state, SessionHeader header) {
        long end = header.getSessionEndBlockHeight();
        long seedHeight = new SessionCalendar(ChainParams.sharedAt(state, end)).seedHeight(end);
        ByteString hash = state.get(Keys.blockHash(seedHeight), ByteString.class);
        return hash == null ? ByteString.EMPTY : hash;
    }

    /** All claims whose stored session end is {@code sessionEnd}, by session id and supplier. */
    public static java.util.List<Claim> ending(StateReader state, long sessionEnd) {
        java.util.List<Claim> claims = new java.util.ArrayList<>();
        String prefix = Keys.claimsEnding(sessionEnd);
        for (Map.Entry<String, Object> entry : state.scan(prefix)) {
            Claim claim =
                    state.get(Keys.CLAIMS + entry.getKey().substring(prefix.length()), Claim.class);
            if (claim != null) {
                claims.add(claim);
            }
        }
        return claims;
    }
}
