package io.relayminer.core.chain;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.Message;

import io.grpc.MethodDescriptor;
import io.relayminer.core.wire.CoinAmount;
import io.relayminer.core.wire.TypeUrls;
import io.relayminer.core.wire.WireException;
import io.relayminer.core.wire.WireLimits;
import io.relayminer.core.wire.application.Application;
import io.relayminer.core.wire.application.QueryGetApplicationRequest;
import io.relayminer.core.wire.application.QueryGetApplicationResponse;
import io.relayminer.core.wire.cosmos.auth.BaseAccount;
import io.relayminer.core.wire.cosmos.auth.ModuleAccount;
import io.relayminer.core.wire.cosmos.auth.QueryAccountRequest;
import io.relayminer.core.wire.cosmos.bank.QueryBalanceRequest;
import io.relayminer.core.wire.cosmos.query.PageRequest;
import io.relayminer.core.wire.cosmos.secp256k1.PubKey;
import io.relayminer.core.wire.cosmos.vesting.ContinuousVestingAccount;
import io.relayminer.core.wire.cosmos.vesting.DelayedVestingAccount;
import io.relayminer.core.wire.cosmos.vesting.PeriodicVestingAccount;
import io.relayminer.core.wire.cosmos.vesting.PermanentLockedAccount;
import io.relayminer.core.wire.proof.Claim;
import io.relayminer.core.wire.proof.Proof;
import io.relayminer.core.wire.proof.QueryAllClaimsRequest;
import io.relayminer.core.wire.proof.QueryAllClaimsResponse;
import io.relayminer.core.wire.proof.QueryGetClaimRequest;
import io.relayminer.core.wire.proof.QueryGetClaimResponse;
import io.relayminer.core.wire.proof.QueryGetProofRequest;
import io.relayminer.core.wire.proof.QueryGetProofResponse;
import io.relayminer.core.wire.service.QueryComputeUnitsPerRelayAtHeightRequest;
import io.relayminer.core.wire.service.QueryGetRelayMiningDifficultyAtHeightRequest;
import io.relayminer.core.wire.service.QueryGetRelayMiningDifficultyAtHeightResponse;
import io.relayminer.core.wire.service.QueryGetServiceRequest;
import io.relayminer.core.wire.service.QueryGetServiceResponse;
import io.relayminer.core.wire.service.RelayMiningDifficulty;
import io.relayminer.core.wire.session.QueryGetSessionRequest;
import io.relayminer.core.wire.session.Session;
import io.relayminer.core.wire.shared.QueryParamsAtHeightRequest;
import io.relayminer.core.wire.shared.QueryParamsAtHeightResponse;
import io.relayminer.core.wire.shared.Service;
import io.relayminer.core.wire.shared.Supplier;
import io.relayminer.core.wire.supplier.QueryGetSupplierRequest;
import io.relayminer.core.wire.supplier.QueryGetSupplierResponse;

import java.math.BigInteger;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;

/** {@link ChainQueries} over gRPC, and CometBFT RPC for blocks. */
final class NodeChainQueries implements ChainQueries {

    private static final WireLimits ACCOUNT_LIMITS = new WireLimits(1 << 20, 12, 10_000);
    private static final int CLAIMS_PER_PAGE = 100;
    private static final int MAX_PAGES = 10_000;
    private static final int PUBLIC_KEY_BYTES = 33;
    private static final int TARGET_BYTES = 32;

    /** How long nodes that do not know compute units at a height are not asked again. */
    private static final Duration UNSUPPORTED_PAUSE = Duration.ofSeconds(60);

    private final GrpcNodes grpc;
    private final CometNodes comet;
    private final InstantSource clock;
    private final AtomicLong computeUnitsAskedFrom = new AtomicLong();

    NodeChainQueries(GrpcNodes grpc, CometNodes comet, InstantSource clock) {
        this.grpc = grpc;
        this.comet = comet;
        this.clock = clock;
    }

    /** Asks for what always exists and takes a part of the answer. */
    private <Q, A, T> CompletionStage<T> ask(
            String question, MethodDescriptor<Q, A> method, Q request, Function<A, T> part) {
        return grpc.ask(question, method, request).thenApply(part);
    }

    /** Asks for what may not exist and takes a part of the answer. */
    private <Q, A, T> CompletionStage<Optional<T>> find(
            String question, MethodDescriptor<Q, A> method, Q request, Function<A, T> part) {
        return grpc.find(question, method, request).thenApply(found -> found.map(part));
    }

    @Override
    public CompletionStage<io.relayminer.core.wire.shared.Params> sharedParams() {
        return ask(
                        "shared parameters",
                        io.relayminer.core.wire.shared.QueryGrpc.getParamsMethod(),
                        io.relayminer.core.wire.shared.QueryParamsRequest.getDefaultInstance(),
                        io.relayminer.core.wire.shared.QueryParamsResponse::getParams)
                .thenApply(NodeChainQueries::checked);
    }

    @Override
    public CompletionStage<io.relayminer.core.wire.shared.Params> sharedParams(long height) {
        if (height <= 0) {
            return sharedParams();
        }
        return ask(
                        "shared parameters at " + height,
                        io.relayminer.core.wire.shared.QueryGrpc.getParamsAtHeightMethod(),
                        QueryParamsAtHeightRequest.newBuilder().setHeight(height).build(),
                        QueryParamsAtHeightResponse::getParams)
                .thenApply(NodeChainQueries::checked);
    }

    /** Sessions of no blocks would divide by zero everywhere. */
    private static io.relayminer.core.wire.shared.Params checked(
            io.relayminer.core.wire.shared.Params params) {
        if (params.getNumBlocksPerSession() <= 0) {
            throw new ChainAnswerException("shared parameters without a session length", null);
        }
        return params;
    }

    @Override
    public CompletionStage<io.relayminer.core.wire.session.Params> sessionParams() {
        return ask(
                "session parameters",
                io.relayminer.core.wire.session.QueryGrpc.getParamsMethod(),
                io.relayminer.core.wire.session.QueryParamsRequest.getDefaultInstance(),
                io.relayminer.core.wire.session.QueryParamsResponse::getParams);
    }

    @Override
    public CompletionStage<io.relayminer.core.wire.application.Params> applicationParams() {
        return ask(
                "application parameters",
                io.relayminer.core.wire.application.QueryGrpc.getParamsMethod(),
                io.relayminer.core.wire.application.QueryParamsRequest.getDefaultInstance(),
                io.relayminer.core.wire.application.QueryParamsResponse::getParams);
    }

    @Override
    public CompletionStage<io.relayminer.core.wire.supplier.Params> supplierParams() {
        return ask(
                "supplier parameters",
                io.relayminer.core.wire.supplier.QueryGrpc.getParamsMethod(),
                io.relayminer.core.wire.supplier.QueryParamsRequest.getDefaultInstance(),
                io.relayminer.core.wire.supplier.QueryParamsResponse::getParams);
    }

    @Override
    public CompletionStage<io.relayminer.core.wire.service.Params> serviceParams() {
        return ask(
                "service parameters",
                io.relayminer.core.wire.service.QueryGrpc.getParamsMethod(),
                io.relayminer.core.wire.service.QueryParamsRequest.getDefaultInstance(),
                io.relayminer.core.wire.service.QueryParamsResponse::getParams);
    }

    @Override
    public CompletionStage<io.relayminer.core.wire.proof.Params> proofParams() {
        return ask(
                "proof parameters",
                io.relayminer.core.wire.proof.QueryGrpc.getParamsMethod(),
                io.relayminer.core.wire.proof.QueryParamsRequest.getDefaultInstance(),
                io.relayminer.core.wire.proof.QueryParamsResponse::getParams);
    }

    @Override
    public CompletionStage<io.relayminer.core.wire.tokenomics.Params> tokenomicsParams() {
        return ask(
                "tokenomics parameters",
                io.relayminer.core.wire.tokenomics.QueryGrpc.getParamsMethod(),
                io.relayminer.core.wire.tokenomics.QueryParamsRequest.getDefaultInstance(),
                io.relayminer.core.wire.tokenomics.QueryParamsResponse::getParams);
    }

    @Override
    public CompletionStage<Optional<Application>> application(String address) {
        return find(
                "application " + address,
                io.relayminer.core.wire.application.QueryGrpc.getApplicationMethod(),
                QueryGetApplicationRequest.newBuilder().setAddress(address).build(),
                QueryGetApplicationResponse::getApplication);
    }

    @Override
    public CompletionStage<Optional<Supplier>> supplier(String operatorAddress) {
        return find(
                "supplier " + operatorAddress,
                io.relayminer.core.wire.supplier.QueryGrpc.getSupplierMethod(),
                QueryGetSupplierRequest.newBuilder().setOperatorAddress(operatorAddress).build(),
                QueryGetSupplierResponse::getSupplier);
    }

    @Override
    public CompletionStage<Optional<BaseAccount>> account(String address) {
        return find(
                "account " + address,
                io.relayminer.core.wire.cosmos.auth.QueryGrpc.getAccountMethod(),
                QueryAccountRequest.newBuilder().setAddress(address).build(),
                answer -> baseAccount(answer.getAccount()));
    }

    /** Accounts of other types hold the base account inside. */
    static BaseAccount baseAccount(Any account) {
        try {
            if (TypeUrls.is(account, BaseAccount.getDefaultInstance())) {
                return unpack(account, BaseAccount.getDefaultInstance());
            }
            if (TypeUrls.is(account, ModuleAccount.getDefaultInstance())) {
                return unpack(account, ModuleAccount.getDefaultInstance()).getBaseAccount();
            }
            if (TypeUrls.is(account, ContinuousVestingAccount.getDefaultInstance())) {
                return unpack(account, ContinuousVestingAccount.getDefaultInstance())
                        .getBaseVestingAccount()
                        .getBaseAccount();
            }
            if (TypeUrls.is(account, DelayedVestingAccount.getDefaultInstance())) {
                return unpack(account, DelayedVestingAccount.getDefaultInstance())
                        .getBaseVestingAccount()
                        .getBaseAccount();
            }
            if (TypeUrls.is(account, PeriodicVestingAccount.getDefaultInstance())) {
                return unpack(account, PeriodicVestingAccount.getDefaultInstance())
                        .getBaseVestingAccount()
                        .getBaseAccount();
            }
            if (TypeUrls.is(account, PermanentLockedAccount.getDefaultInstance())) {
                return unpack(account, PermanentLockedAccount.getDefaultInstance())
                        .getBaseVestingAccount()
                        .getBaseAccount();
            }
        } catch (WireException e) {
            throw new ChainAnswerException("account: answer that cannot be decoded", e);
        }
        throw new ChainAnswerException(
                "account of unknown type " + GrpcNodes.printable(account.getTypeUrl()), null);
    }

    private static <M extends Message> M unpack(Any value, M type) {
        return TypeUrls.unpack(value, type, ACCOUNT_LIMITS);
    }

    @Override
    public CompletionStage<Optional<ByteString>> publicKey(String address) {
        return account(address).thenApply(found -> found.flatMap(NodeChainQueries::publicKey));
    }

    private static Optional<ByteString> publicKey(BaseAccount account) {
        if (!account.hasPubKey()
                || !TypeUrls.is(account.getPubKey(), PubKey.getDefaultInstance())) {
            return Optional.empty();
        }
        try {
            ByteString key = unpack(account.getPubKey(), PubKey.getDefaultInstance()).getKey();
            return key.size() == PUBLIC_KEY_BYTES ? Optional.of(key) : Optional.empty();
        } catch (WireException e) {
            throw new ChainAnswerException("public key: answer that cannot be decoded", e);
        }
    }

    @Override
    public CompletionStage<Optional<Service>> service(String serviceId) {
        return find(
                "service " + serviceId,
                io.relayminer.core.wire.service.QueryGrpc.getServiceMethod(),
                QueryGetServiceRequest.newBuilder().setId(serviceId).setDehydrated(true).build(),
                QueryGetServiceResponse::getService);
    }

    @Override
    public CompletionStage<Optional<ComputeUnits>> computeUnits(String serviceId, long height) {
        if (clock.millis() < computeUnitsAskedFrom.get()) {
            return currentComputeUnits(serviceId);
        }
        CompletableFuture<Optional<ComputeUnits>> atHeight =
                grpc.find(
                                "compute units of " + serviceId + " at " + height,
                                io.relayminer.core.wire.service.QueryGrpc
                                        .getComputeUnitsPerRelayAtHeightMethod(),
                                QueryComputeUnitsPerRelayAtHeightRequest.newBuilder()
                                        .setServiceId(serviceId)
                                        .setBlockHeight(height)
                                        .build())
                        .thenApply(
                                found ->
                                        found.map(
                                                answer ->
                                                        new ComputeUnits(
                                                                answer.getComputeUnitsPerRelay(),
                                                                true)));
        return atHeight.exceptionallyCompose(
                thrown -> {
                    if (Failover.unwrap(thrown) instanceof ChainRefusedException refused
                            && refused.status().equals("UNIMPLEMENTED")) {
                        computeUnitsAskedFrom.set(clock.millis() + UNSUPPORTED_PAUSE.toMillis());
                        return currentComputeUnits(serviceId);
                    }
                    return CompletableFuture.failedStage(thrown);
                });
    }

    private CompletionStage<Optional<ComputeUnits>> currentComputeUnits(String serviceId) {
        return service(serviceId)
                .thenApply(
                        found ->
                                found.map(
                                        service ->
                                                new ComputeUnits(
                                                        service.getComputeUnitsPerRelay(), false)));
    }

    @Override
    public CompletionStage<Optional<RelayMiningDifficulty>> difficulty(
            String serviceId, long height) {
        return grpc.find(
                        "difficulty of " + serviceId + " at " + height,
                        io.relayminer.core.wire.service.QueryGrpc
                                .getRelayMiningDifficultyAtHeightMethod(),
                        QueryGetRelayMiningDifficultyAtHeightRequest.newBuilder()
                                .setServiceId(serviceId)
                                .setBlockHeight(height)
                                .build())
                .thenApply(
                        found ->
                                found.map(
                                                QueryGetRelayMiningDifficultyAtHeightResponse
                                                        ::getRelayMiningDifficulty)
                                        .map(NodeChainQueries::checked));
    }

    private static RelayMiningDifficulty checked(RelayMiningDifficulty difficulty) {
        if (difficulty.getTargetHash().size() != TARGET_BYTES) {
            throw new ChainAnswerException(
                    "difficulty with a target of " + difficulty.getTargetHash().size() + " bytes",
                    null);
        }
        return difficulty;
    }

    @Override
    public CompletionStage<Session> session(
            String applicationAddress, String serviceId, long height) {
        return grpc.ask(
                        "session of " + applicationAddress + " for " + serviceId + " at " + height,
                        io.relayminer.core.wire.session.QueryGrpc.getGetSessionMethod(),
                        QueryGetSessionRequest.newBuilder()
                                .setApplicationAddress(applicationAddress)
                                .setServiceId(serviceId)
                                .setBlockHeight(height)
                                .build())
                .thenApply(
                        answer -> {
                            if (!answer.getSession().hasHeader()) {
                                throw new ChainAnswerException("session without header", null);
                            }
                            return answer.getSession();
                        });
    }

    @Override
    public CompletionStage<Optional<Claim>> claim(
            String sessionId, String supplierOperatorAddress) {
        return find(
                "claim of " + supplierOperatorAddress + " for session " + sessionId,
                io.relayminer.core.wire.proof.QueryGrpc.getClaimMethod(),
                QueryGetClaimRequest.newBuilder()
                        .setSessionId(sessionId)
                        .setSupplierOperatorAddress(supplierOperatorAddress)
                        .build(),
                QueryGetClaimResponse::getClaim);
    }

    @Override
    public CompletionStage<List<Claim>> claims(String supplierOperatorAddress) {
        return claims(
                supplierOperatorAddress, ByteString.EMPTY, new ArrayList<>(), new HashSet<>());
    }

    private CompletionStage<List<Claim>> claims(
            String supplier, ByteString key, List<Claim> found, Set<ByteString> keys) {
        QueryAllClaimsRequest request =
                QueryAllClaimsRequest.newBuilder()
                        .setSupplierOperatorAddress(supplier)
                        .setPagination(
                                PageRequest.newBuilder().setKey(key).setLimit(CLAIMS_PER_PAGE))
                        .build();
        return grpc.ask(
                        "claims of " + supplier,
                        io.relayminer.core.wire.proof.QueryGrpc.getAllClaimsMethod(),
                        request)
                .thenCompose(answer -> nextClaims(supplier, answer, found, keys));
    }

    private CompletionStage<List<Claim>> nextClaims(
            String supplier,
            QueryAllClaimsResponse answer,
            List<Claim> found,
            Set<ByteString> keys) {
        found.addAll(answer.getClaimsList());
        ByteString next = answer.getPagination().getNextKey();
        if (next.isEmpty()) {
            return CompletableFuture.completedStage(List.copyOf(found));
        }
        if (!keys.add(next) || keys.size() >= MAX_PAGES) {
            return CompletableFuture.failedStage(
                    new ChainAnswerException("claims of " + supplier + ": pages do not end", null));
        }
        return claims(supplier, next, found, keys);
    }

    @Override
    public CompletionStage<Optional<Proof>> proof(
            String sessionId, String supplierOperatorAddress) {
        return find(
                "proof of " + supplierOperatorAddress + " for session " + sessionId,
                io.relayminer.core.wire.proof.QueryGrpc.getProofMethod(),
                QueryGetProofRequest.newBuilder()
                        .setSessionId(sessionId)
                        .setSupplierOperatorAddress(supplierOperatorAddress)
                        .build(),
                QueryGetProofResponse::getProof);
    }

    @Override
    public CompletionStage<BigInteger> balance(String address) {
        return grpc.ask(
                        "balance of " + address,
                        io.relayminer.core.wire.cosmos.bank.QueryGrpc.getBalanceMethod(),
                        QueryBalanceRequest.newBuilder()
                                .setAddress(address)
                                .setDenom(CoinAmount.UPOKT)
                                .build())
                .thenApply(
                        answer -> {
                            try {
                                return CoinAmount.of(answer.getBalance());
                            } catch (WireException e) {
                                throw new ChainAnswerException("balance that is no number", e);
                            }
                        });
    }

    @Override
    public CompletionStage<Block> block(long height) {
        return comet.block(height)
                .thenApply(
                        block -> {
                            if (block.height() != height) {
                                throw new ChainAnswerException(
                                        "block " + height + ": answer for " + block.height(), null);
                            }
                            return block;
                        });
    }

    @Override
    public CompletionStage<Block> latestBlock() {
        return comet.latestBlock();
    }

    @Override
    public CompletionStage<List<ChainEvent>> events(long height, Set<String> types) {
        return comet.events(height, Set.copyOf(types));
    }

    @Override
    public CompletionStage<String> chainId() {
        return comet.chainId();
    }
}
