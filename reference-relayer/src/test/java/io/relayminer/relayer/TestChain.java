package io.relayminer.relayer;

import com.google.protobuf.ByteString;

import io.relayminer.core.chain.Block;
import io.relayminer.core.chain.ChainEvent;
import io.relayminer.core.chain.ChainQueries;
import io.relayminer.core.chain.ChainRefusedException;
import io.relayminer.core.chain.ChainUnavailableException;
import io.relayminer.core.chain.ComputeUnits;
import io.relayminer.core.wire.application.Application;
import io.relayminer.core.wire.cosmos.auth.BaseAccount;
import io.relayminer.core.wire.cosmos.base.Coin;
import io.relayminer.core.wire.proof.Claim;
import io.relayminer.core.wire.proof.Proof;
import io.relayminer.core.wire.service.RelayMiningDifficulty;
import io.relayminer.core.wire.session.Session;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.core.wire.shared.Params;
import io.relayminer.core.wire.shared.Service;
import io.relayminer.core.wire.shared.Supplier;

import java.math.BigInteger;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The few things of a chain that a relayer asks for, in memory: sessions on a regular grid,
 * applications, keys, prices. It counts questions and can be unreachable.
 */
final class TestChain implements ChainQueries {

    private final Map<String, Application> applications = new ConcurrentHashMap<>();
    private final Map<String, ByteString> publicKeys = new ConcurrentHashMap<>();
    private final Map<String, Long> computeUnits = new ConcurrentHashMap<>();
    private final Map<String, ByteString> targets = new ConcurrentHashMap<>();
    private final Map<String, String> sessionIds = new ConcurrentHashMap<>();
    private final Map<String, AtomicInteger> asked = new ConcurrentHashMap<>();
    private volatile List<String> suppliers = List.of();
    private volatile long suppliersPerSession = 15;
    private volatile long height = 1;
    private volatile boolean down;
    private volatile Params params =
            Params.newBuilder()
                    .setNumBlocksPerSession(10)
                    .setGracePeriodEndOffsetBlocks(1)
                    .setClaimWindowOpenOffsetBlocks(1)
                    .setClaimWindowCloseOffsetBlocks(8)
                    .setProofWindowOpenOffsetBlocks(0)
                    .setProofWindowCloseOffsetBlocks(8)
                    .setComputeUnitsToTokensMultiplier(100)
                    .setComputeUnitCostGranularity(1)
                    .build();

    void application(String address, String service, long stake, String... gateways) {
        Application.Builder application =
                Application.newBuilder()
                        .setAddress(address)
                        .setStake(
                                Coin.newBuilder()
                                        .setDenom("upokt")
                                        .setAmount(Long.toString(stake)));
        application.addServiceConfigsBuilder().setServiceId(service);
        application.addAllDelegateeGatewayAddresses(List.of(gateways));
        applications.put(address, application.build());
    }

    void publicKey(String address, byte[] compressed) {
        publicKeys.put(address, ByteString.copyFrom(compressed));
    }

    void price(String service, long perRelay) {
        computeUnits.put(service, perRelay);
    }

    void target(String service, byte[] target) {
        targets.put(service, ByteString.copyFrom(target));
    }

    void noTarget(String service) {
        targets.remove(service);
    }

    void sessionId(String application, String service, long start, String id) {
        sessionIds.put(application + "/" + service + "/" + start, id);
    }

    void suppliers(List<String> operators) {
        suppliers = List.copyOf(operators);
    }

    void suppliersPerSession(long number) {
        suppliersPerSession = number;
    }

    void params(Params newParams) {
        params = newParams;
    }

    Params params() {
        return params;
    }

    void height(long newHeight) {
        height = newHeight;
    }

    void down(boolean unreachable) {
        down = unreachable;
    }

    int asked(String question) {
        AtomicInteger count = asked.get(question);
        return count == null ? 0 : count.get();
    }

    private <T> CompletionStage<T> answer(String question, java.util.function.Supplier<T> answer) {
        asked.computeIfAbsent(question, q -> new AtomicInteger()).incrementAndGet();
        if (down) {
            return CompletableFuture.failedFuture(
                    new ChainUnavailableException(question + ": no node answers", null));
        }
        try {
            return CompletableFuture.completedFuture(answer.get());
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    @Override
    public CompletionStage<Params> sharedParams() {
        return answer("shared params", () -> params);
    }

    @Override
    public CompletionStage<Params> sharedParams(long at) {
        return answer("shared params at height", () -> params);
    }

    @Override
    public CompletionStage<io.relayminer.core.wire.session.Params> sessionParams() {
        return answer(
                "session params",
                () ->
                        io.relayminer.core.wire.session.Params.newBuilder()
                                .setNumSuppliersPerSession(suppliersPerSession)
                                .build());
    }

    @Override
    public CompletionStage<Optional<Application>> application(String address) {
        return answer("application", () -> Optional.ofNullable(applications.get(address)));
    }

    @Override
    public CompletionStage<Optional<ByteString>> publicKey(String address) {
        return answer("public key", () -> Optional.ofNullable(publicKeys.get(address)));
    }

    @Override
    public CompletionStage<Optional<ComputeUnits>> computeUnits(String serviceId, long at) {
        return answer(
                "compute units",
                () ->
                        Optional.ofNullable(computeUnits.get(serviceId))
                                .map(units -> new ComputeUnits(units, true)));
    }

    @Override
    public CompletionStage<Optional<RelayMiningDifficulty>> difficulty(String serviceId, long at) {
        return answer(
                "difficulty",
                () ->
                        Optional.ofNullable(targets.get(serviceId))
                                .map(
                                        target ->
                                                RelayMiningDifficulty.newBuilder()
                                                        .setServiceId(serviceId)
                                                        .setTargetHash(target)
                                                        .build()));
    }

    @Override
    public CompletionStage<Session> session(String app, String serviceId, long at) {
        return answer(
                "session",
                () -> {
                    if (at > height) {
                        throw refused(
                                "block height "
                                        + at
                                        + " is ahead of the last committed block height "
                                        + height
                                        + ": error during session hydration");
                    }
                    Application application = applications.get(app);
                    if (application == null
                            || !application.getServiceConfigs(0).getServiceId().equals(serviceId)) {
                        throw refused(
                                "application \""
                                        + app
                                        + "\" not staked for service ID \""
                                        + serviceId
                                        + "\": application in session not staked for requested"
                                        + " service");
                    }
                    long start = (at - 1) / 10 * 10 + 1;
                    Session.Builder session =
                            Session.newBuilder()
                                    .setHeader(
                                            SessionHeader.newBuilder()
                                                    .setApplicationAddress(app)
                                                    .setServiceId(serviceId)
                                                    .setSessionId(id(app, serviceId, start))
                                                    .setSessionStartBlockHeight(start)
                                                    .setSessionEndBlockHeight(start + 9));
                    for (String operator : suppliers) {
                        session.addSuppliers(Supplier.newBuilder().setOperatorAddress(operator));
                    }
                    return session.build();
                });
    }

    String id(String app, String serviceId, long start) {
        return sessionIds.getOrDefault(
                app + "/" + serviceId + "/" + start, "session-" + serviceId + "-" + start);
    }

    private static ChainRefusedException refused(String reason) {
        return new ChainRefusedException("session", "INTERNAL", reason);
    }

    @Override
    public CompletionStage<Block> latestBlock() {
        return answer(
                "latest block",
                () -> new Block(height, ByteString.copyFrom(new byte[32]), Instant.EPOCH));
    }

    @Override
    public CompletionStage<Block> block(long at) {
        return unused();
    }

    @Override
    public CompletionStage<String> chainId() {
        return answer("chain id", () -> "pocket");
    }

    @Override
    public CompletionStage<io.relayminer.core.wire.application.Params> applicationParams() {
        return unused();
    }

    @Override
    public CompletionStage<io.relayminer.core.wire.supplier.Params> supplierParams() {
        return unused();
    }

    @Override
    public CompletionStage<io.relayminer.core.wire.service.Params> serviceParams() {
        return unused();
    }

    @Override
    public CompletionStage<io.relayminer.core.wire.proof.Params> proofParams() {
        return unused();
    }

    @Override
    public CompletionStage<io.relayminer.core.wire.tokenomics.Params> tokenomicsParams() {
        return unused();
    }

    @Override
    public CompletionStage<Optional<Supplier>> supplier(String operatorAddress) {
        return unused();
    }

    @Override
    public CompletionStage<Optional<BaseAccount>> account(String address) {
        return unused();
    }

    @Override
    public CompletionStage<Optional<Service>> service(String serviceId) {
        return unused();
    }

    @Override
    public CompletionStage<Optional<Claim>> claim(String sessionId, String supplier) {
        return unused();
    }

    @Override
    public CompletionStage<List<Claim>> claims(String supplierOperatorAddress) {
        return unused();
    }

    @Override
    public CompletionStage<Optional<Proof>> proof(String sessionId, String supplier) {
        return unused();
    }

    @Override
    public CompletionStage<BigInteger> balance(String address) {
        return unused();
    }

    @Override
    public CompletionStage<List<ChainEvent>> events(long at, Set<String> types) {
        return unused();
    }

    private static <T> CompletionStage<T> unused() {
        return CompletableFuture.failedFuture(
                new UnsupportedOperationException("a relayer does not ask this"));
    }
}
