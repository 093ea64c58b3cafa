package io.relayminer.testkit.chain.internal.claims;

import com.google.protobuf.ByteString;
import com.google.protobuf.DiscardUnknownFieldsParser;
import com.google.protobuf.InvalidProtocolBufferException;

import io.grpc.Status;
import io.relayminer.core.wire.cosmos.base.Coin;
import io.relayminer.core.wire.proof.Claim;
import io.relayminer.core.wire.proof.ClaimProofStatus;
import io.relayminer.core.wire.proof.EventProofSubmitted;
import io.relayminer.core.wire.proof.EventProofUpdated;
import io.relayminer.core.wire.proof.EventProofValidityChecked;
import io.relayminer.core.wire.proof.MsgSubmitProof;
import io.relayminer.core.wire.proof.Proof;
import io.relayminer.core.wire.proof.ProofRequirementReason;
import io.relayminer.core.wire.service.Relay;
import io.relayminer.core.wire.service.RelayRequest;
import io.relayminer.core.wire.service.RelayRequestMetadata;
import io.relayminer.core.wire.service.RelayResponse;
import io.relayminer.core.wire.service.RelayResponseMetadata;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.testkit.chain.internal.bank.Bank;
import io.relayminer.testkit.chain.internal.encoding.Bech32Text;
import io.relayminer.testkit.chain.internal.encoding.Hashes;
import io.relayminer.testkit.chain.internal.execution.AbciException;
import io.relayminer.testkit.chain.internal.execution.AbciException.SdkError;
import io.relayminer.testkit.chain.internal.execution.ExecutionContext;
import io.relayminer.testkit.chain.internal.params.ChainParams;
import io.relayminer.testkit.chain.internal.params.SessionCalendar;
import io.relayminer.testkit.chain.internal.stake.MiningDifficulty;
import io.relayminer.testkit.chain.internal.stake.ServiceRegistry;
import io.relayminer.testkit.chain.internal.state.Branch;
import io.relayminer.testkit.chain.internal.state.ChainAccount;
import io.relayminer.testkit.chain.internal.state.Keys;
import io.relayminer.testkit.chain.internal.state.StateReader;

import java.math.BigInteger;
import java.util.List;

/**
 * Proofs: what makes one acceptable in a transaction, and the full check at the end of its block.
 *
 * <p>A transaction only sees that a proof is well formed, on time, below the difficulty, claimed
 * and required. Signatures, path and root are checked at the end of the block, where a failure
 * costs no transaction but marks the claim invalid. After that check the proof is deleted: the
 * claim's status is all that remains of it.
 */
public final class ProofRules {
    static final String MODULE_ADDRESS = Bech32Text.moduleAddress("proof");

    private ProofRules() {}

    /**
     * A relay inside a proof does not check out; the message is the reason as the chain reports it.
     */
    private static final class Refusal extends Exception {
        private static final long serialVersionUID = 1L;

        Refusal(String reason) {
            super(reason);
        }

        String reason() {
            return java.util.Objects.requireNonNull(getMessage());
        }
    }

    /** Checks that need no state; they run before the ante handler. */
    public static void validateBasic(MsgSubmitProof message) throws AbciException {
        try {
            Bech32Text.decodeAccount(message.getSupplierOperatorAddress());
        } catch (Bech32Text.AddressException e) {
            throw AbciException.sdk(
                    SdkError.INVALID_ADDRESS,
                    "supplier operator address \""
                            + message.getSupplierOperatorAddress()
                            + "\", error: "
                            + e.text());
        }
        ClaimRules.validateHeader(message.hasSessionHeader() ? message.getSessionHeader() : null);
        if (message.getProof().isEmpty()) {
            throw AbciException.of(
                    ProofErrors.CODESPACE,
                    ProofErrors.CODE_INVALID_PROOF,
                    "proof cannot be empty: " + ProofErrors.INVALID_PROOF);
        }
    }

    /** Executes a proof. */
    public static void submit(ExecutionContext context, MsgSubmitProof message)
            throws AbciException {
        Branch state = context.state();
        String supplier = message.getSupplierOperatorAddress();
        SessionHeader onChain =
                ClaimRules.sessionOf(
                                context,
                                message.getSessionHeader(),
                                supplier,
                                Status.Code.FAILED_PRECONDITION)
                        .getHeader();
        checkWindow(context, onChain.getSessionEndBlockHeight());
        try {
            Relay relay = relayOf(SubmittedProof.decode(message.getProof().toByteArray()));
            checkHeaders(relay, supplier, onChain);
            checkDifficulty(state, message, onChain);
        } catch (SubmittedProof.MalformedProofException e) {
            throw failed(e.detail() + ": " + ProofErrors.INVALID_PROOF);
        } catch (Refusal e) {
            throw failed(e.reason());
        }
        Claim claim = claimOf(state, onChain, supplier);
        deductFee(context, supplier);
        if (ClaimRules.requirement(state, claim) == ProofRequirementReason.NOT_REQUIRED) {
            throw failed(ProofErrors.NOT_REQUIRED);
        }
        String key = Keys.proof(onChain.getSessionId(), supplier);
        boolean replaces = state.has(key);
        state.put(
                key,
                Proof.newBuilder()
                        .setSupplierOperatorAddress(supplier)
                        .setSessionHeader(message.getSessionHeader())
                        .setClosestMerkleProof(message.getProof())
                        .build());
        emitSubmitted(context, claim, replaces);
    }

    private static AbciException failed(String text) {
        return AbciException.grpc(Status.Code.FAILED_PRECONDITION, text);
    }

    private static void checkWindow(ExecutionContext context, long sessionEnd)
            throws AbciException {
        SessionCalendar calendar =
                new SessionCalendar(ChainParams.sharedAt(context.state(), sessionEnd));
        long height = context.height();
        if (height < calendar.proofOpen(sessionEnd)) {
            throw failed(
                    "current block height ("
                            + height
                            + ") is less than session's earliest proof commit height ("
                            + calendar.proofOpen(sessionEnd)
                            + "): "
                            + ProofErrors.PROOF_OUTSIDE_OF_WINDOW);
        }
        if (height > calendar.proofClose(sessionEnd)) {
            throw failed(
                    "current block height ("
                            + height
                            + ") is greater than session proof window close height ("
                            + calendar.proofClose(sessionEnd)
                            + "): "
                            + ProofErrors.PROOF_OUTSIDE_OF_WINDOW);
        }
    }

    private static Relay relayOf(SubmittedProof proof) throws Refusal {
        try {
            return DiscardUnknownFieldsParser.wrap(Relay.parser()).parseFrom(proof.relayBytes());
        } catch (InvalidProtocolBufferException e) {
            throw new Refusal(
                    "failed to unmarshal relay: "
                            + e.getMessage()
                            + ": "
                            + ProofErrors.INVALID_RELAY);
        }
    }

    private static void checkHeaders(Relay relay, String supplier, SessionHeader onChain)
            throws Refusal {
        RelayRequestMetadata request = relay.getReq().getMeta();
        if (!request.hasSessionHeader()) {
            throw new Refusal("missing session header: " + ProofErrors.INVALID_RELAY_REQUEST);
        }
        String problem = SessionHeaders.problem(request.getSessionHeader());
        if (!problem.isEmpty()) {
            throw new Refusal(
                    "invalid session header: "
                            + problem
                            + ": "
                            + ProofErrors.INVALID_RELAY_REQUEST);
        }
        if (request.getSignature().isEmpty()) {
            throw new Refusal(
                    "missing application signature: " + ProofErrors.INVALID_RELAY_REQUEST);
        }
        if (request.getSupplierOperatorAddress().isEmpty()) {
            throw new Refusal(
                    "missing supplier operator address: " + ProofErrors.INVALID_RELAY_REQUEST);
        }
        if (!request.getSupplierOperatorAddress().equals(supplier)) {
            throw new Refusal("supplier type mismatch: " + ProofErrors.SUPPLIER_MISMATCH);
        }
        RelayResponseMetadata response = relay.getRes().getMeta();
        if (!response.hasSessionHeader()) {
            throw new Refusal("missing meta: " + ProofErrors.INVALID_RELAY_RESPONSE);
        }
        problem = SessionHeaders.problem(response.getSessionHeader());
        if (!problem.isEmpty()) {
            throw new Refusal(
                    "invalid session header: "
                            + problem
                            + ": "
                            + ProofErrors.INVALID_RELAY_RESPONSE);
        }
        if (response.getSupplierOperatorSignature().isEmpty()) {
            throw new Refusal(
                    "missing supplier operator signature: " + ProofErrors.INVALID_RELAY_RESPONSE);
        }
        for (SessionHeader header :
                List.of(request.getSessionHeader(), response.getSessionHeader())) {
            String mismatch = SessionHeaders.mismatch(onChain, header);
            if (!mismatch.isEmpty()) {
                throw new Refusal(mismatch);
            }
        }
    }

    private static void checkDifficulty(
            StateReader state, MsgSubmitProof message, SessionHeader onChain)
            throws Refusal, SubmittedProof.MalformedProofException {
        ByteString target =
                ServiceRegistry.difficulty(
                                state, onChain.getServiceId(), onChain.getSessionStartBlockHeight())
                        .getTargetHash();
        byte[] relayHash =
                Hashes.sha256(SubmittedProof.decode(message.getProof().toByteArray()).relayBytes());
        if (target.size() != MiningDifficulty.TARGET_LENGTH
                || !MiningDifficulty.isMined(relayHash, target)) {
            throw new Refusal(
                    "the difficulty relay hash is not below the target: "
                            + java.util.HexFormat.of().formatHex(relayHash)
                            + " >= "
                            + Hashes.lowerHex(target)
                            + ": "
                            + ProofErrors.INVALID_DIFFICULTY);
        }
    }

    private static Claim claimOf(StateReader state, SessionHeader onChain, String supplier)
            throws AbciException {
        Claim claim = state.get(Keys.claim(onChain.getSessionId(), supplier), Claim.class);
        if (claim == null) {
            throw failed(
                    "no claim found for session ID \""
                            + onChain.getSessionId()
                            + "\" and supplier \""
                            + supplier
                            + "\": "
                            + ProofErrors.CLAIM_NOT_FOUND);
        }
        SessionHeader claimed = claim.getSessionHeader();
        if (claimed.getSessionStartBlockHeight() != onChain.getSessionStartBlockHeight()) {
            throw failed(
                    "claim session start height "
                            + claimed.getSessionStartBlockHeight()
                            + " does not match proof session start height "
                            + onChain.getSessionStartBlockHeight()
                            + ": "
                            + ProofErrors.INVALID_SESSION_START);
        }
        if (claimed.getSessionEndBlockHeight() != onChain.getSessionEndBlockHeight()) {
            throw failed(
                    "claim session end height "
                            + claimed.getSessionEndBlockHeight()
                            + " does not match proof session end height "
                            + onChain.getSessionEndBlockHeight()
                            + ": "
                            + ProofErrors.INVALID_SESSION_END);
        }
        if (!claimed.getApplicationAddress().equals(onChain.getApplicationAddress())) {
            throw failed(
                    "claim application address \""
                            + claimed.getApplicationAddress()
                            + "\" does not match proof application address \""
                            + onChain.getApplicationAddress()
                            + "\": "
                            + ProofErrors.INVALID_ADDRESS);
        }
        if (!claimed.getServiceId().equals(onChain.getServiceId())) {
            throw failed(
                    "claim service ID \""
                            + claimed.getServiceId()
                            + "\" does not match proof service ID \""
                            + onChain.getServiceId()
                            + "\": "
                            + ProofErrors.INVALID_SERVICE);
        }
        return claim;
    }

    private static void deductFee(ExecutionContext context, String supplier) throws AbciException {
        Coin fee = ChainParams.proof(context.state()).getProofSubmissionFee();
        BigInteger balance = Bank.balance(context.state(), supplier, Bank.DENOM);
        if (balance.compareTo(Bank.amount(fee)) <= 0) {
            throw failed(
                    "account has "
                            + balance
                            + ", but the proof submission fee is "
                            + Bank.text(fee)
                            + ": "
                            + ProofErrors.NOT_ENOUGH_FUNDS);
        }
        try {
            Bank.send(context, supplier, MODULE_ADDRESS, List.of(fee));
        } catch (AbciException e) {
            throw failed(e.log().toStringUtf8() + ": " + ProofErrors.FEE_NOT_DEDUCTED);
        }
    }

    private static void emitSubmitted(ExecutionContext context, Claim claim, boolean replaces)
            throws AbciException {
        ClaimWorth amounts = ClaimRules.amounts(context.state(), claim);
        SessionHeader header = claim.getSessionHeader();
        if (replaces) {
            context.emit(
                    EventProofUpdated.newBuilder()
                            .setNumRelays(amounts.relays())
                            .setNumClaimedComputeUnits(amounts.computeUnits())
                            .setNumEstimatedComputeUnits(amounts.estimatedComputeUnits())
                            .setNumEstimatedRelays(amounts.estimatedRelays())
                            .setClaimedUpokt(Bank.text(amounts.upokt()))
                            .setServiceId(header.getServiceId())
                            .setApplicationAddress(header.getApplicationAddress())
                            .setSessionEndBlockHeight(header.getSessionEndBlockHeight())
                            .setSupplierOperatorAddress(claim.getSupplierOperatorAddress())
                            .build());
        } else {
            context.emit(
                    EventProofSubmitted.newBuilder()
                            .setNumRelays(amounts.relays())
                            .setNumClaimedComputeUnits(amounts.computeUnits())
                            .setNumEstimatedComputeUnits(amounts.estimatedComputeUnits())
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
     * End block of the proof module: checks every stored proof, marks its claim, deletes the proof.
     */
    public static void endBlock(ExecutionContext context) {
        Branch state = context.state();
        for (Proof proof : state.values(Keys.PROOFS, Proof.class)) {
            String supplier = proof.getSupplierOperatorAddress();
            String sessionId = proof.getSessionHeader().getSessionId();
            Claim claim = state.get(Keys.claim(sessionId, supplier), Claim.class);
            if (claim != null) {
                String failure = failureOf(state, proof, claim);
                ClaimProofStatus status =
                        failure.isEmpty() ? ClaimProofStatus.VALIDATED : ClaimProofStatus.INVALID;
                ClaimRules.put(state, claim.toBuilder().setProofValidationStatus(status).build());
                context.emit(
                        EventProofValidityChecked.newBuilder()
                                .setBlockHeight(context.height())
                                .setFailureReason(failure)
                                .setServiceId(claim.getSessionHeader().getServiceId())
                                .setApplicationAddress(
                                        claim.getSessionHeader().getApplicationAddress())
                                .setSessionEndBlockHeight(
                                        claim.getSessionHeader().getSessionEndBlockHeight())
                                .setClaimProofStatusInt(status.getNumber())
                                .setSupplierOperatorAddress(supplier)
                                .build());
            }
            state.delete(Keys.proof(sessionId, supplier));
        }
    }

    private static String failureOf(StateReader state, Proof proof, Claim claim) {
        try {
            checkFully(state, proof, claim);
            return "";
        } catch (Refusal e) {
            return e.reason();
        } catch (SubmittedProof.MalformedProofException e) {
            return e.detail() + ": " + ProofErrors.INVALID_PROOF;
        }
    }

    private static void checkFully(StateReader state, Proof proof, Claim claim)
            throws Refusal, SubmittedProof.MalformedProofException {
        ChainAccount account = Bank.account(state, proof.getSupplierOperatorAddress());
        if (account == null || account.publicKey().isEmpty()) {
            throw new Refusal(
                    "account public key of supplier "
                            + proof.getSupplierOperatorAddress()
                            + " is unknown: public key not found");
        }
        SubmittedProof decoded = SubmittedProof.decode(proof.getClosestMerkleProof().toByteArray());
        Relay relay = relayOf(decoded);
        checkRequestSignature(state, relay.getReq());
        if (!Signatures.verifyResponse(account.publicKey(), relay.getRes())) {
            throw new Refusal("invalid signature: " + ProofErrors.INVALID_RELAY_RESPONSE);
        }
        SessionHeader sent = proof.getSessionHeader();
        ByteString expected =
                ProofLottery.proofPath(ClaimRules.seedBlockHash(state, sent), sent.getSessionId());
        ByteString given = ByteString.copyFrom(decoded.path());
        if (!given.equals(expected)) {
            throw new Refusal(
                    "the path of the proof provided ("
                            + Hashes.lowerHex(given)
                            + ") does not match one expected by the onchain protocol ("
                            + Hashes.lowerHex(expected)
                            + "): "
                            + ProofErrors.INVALID_PROOF);
        }
        if (!decoded.verify(claim.getRootHash().toByteArray())) {
            throw new Refusal("invalid closest merkle proof: " + ProofErrors.INVALID_PROOF);
        }
    }

    private static void checkRequestSignature(StateReader state, RelayRequest request)
            throws Refusal {
        SessionHeader header = request.getMeta().getSessionHeader();
        String problem = SessionHeaders.problem(header);
        if (!problem.isEmpty()) {
            throw new Refusal(
                    "invalid session header: " + problem + ": " + ProofErrors.RING_INVALID_REQUEST);
        }
        if (request.getMeta().getSignature().isEmpty()) {
            throw new Refusal(
                    "missing signature from relay request: " + ProofErrors.RING_INVALID_REQUEST);
        }
        String failure = Signatures.requestProblem(state, request);
        if (!failure.isEmpty()) {
            throw new Refusal(failure);
        }
    }

    /**
     * The signed part of a response: without its signature, and without its payload when the
     * payload's hash is there.
     */
    static RelayResponse signable(RelayResponse response) {
        RelayResponse.Builder signable = response.toBuilder();
        signable.setMeta(response.getMeta().toBuilder().clearSupplierOperatorSignature());
        if (!response.getPayloadHash().isEmpty()) {
            signable.clearPayload();
        }
        return signable.build();
    }

    /** The signed part of a request: without its signature. */
    static RelayRequest signable(RelayRequest request) {
        return request.toBuilder().setMeta(request.getMeta().toBuilder().clearSignature()).build();
    }
}
