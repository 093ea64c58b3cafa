package io.relayminer.core.metrics;

import com.google.protobuf.ByteString;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.relayminer.core.chain.Block;
import io.relayminer.core.chain.ChainEvent;
import io.relayminer.core.chain.ChainQueries;
import io.relayminer.core.chain.ChainRefusedException;
import io.relayminer.core.chain.ComputeUnits;
import io.relayminer.core.wire.application.Application;
import io.relayminer.core.wire.cosmos.auth.BaseAccount;
import io.relayminer.core.wire.proof.Claim;
import io.relayminer.core.wire.proof.Proof;
import io.relayminer.core.wire.service.RelayMiningDifficulty;
import io.relayminer.core.wire.session.Session;
import io.relayminer.core.wire.shared.Params;
import io.relayminer.core.wire.shared.Service;
import io.relayminer.core.wire.shared.Supplier;

import java.math.BigInteger;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Counts and times the questions to the chain, by kind. A refusal of the chain is an answer; only a
 * question that nobody answered counts as an error.
 *
 * <p>Thread-safe, like what it wraps.
 */
public final class MeteredChainQueries implements ChainQueries {

    /** Services whose difficulty is shown; a relayer asks only for configured ones. */
    private static final int MOST_SERVICES = 10_000;

    private record Kind(Counter asked, Counter failed, Timer time) {}

    private final ChainQueries chain;
    private final MeterRegistry registry;
    private final Map<String, Kind> kinds = new ConcurrentHashMap<>();
    private final Map<String, AtomicLong> targetBits = new ConcurrentHashMap<>();

    /**
     * Wraps.
     *
     * @param chain answers
     * @param registry where the questions are counted
     */
    public MeteredChainQueries(ChainQueries chain, MeterRegistry registry) {
        this.chain = chain;
        this.registry = registry;
    }

    private <T> CompletionStage<T> metered(String type, CompletionStage<T> answer) {
        Kind kind = kinds.computeIfAbsent(type, this::kind);
        long started = System.nanoTime();
        kind.asked.increment();
        return answer.whenComplete(
                (value, failure) -> {
                    kind.time.record(Duration.ofNanos(System.nanoTime() - started));
                    if (failure != null && !isAnswer(failure)) {
                        kind.failed.increment();
                    }
                });
    }

    private static boolean isAnswer(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null
                        ? failure.getCause()
                        : failure;
        return cause instanceof ChainRefusedException;
    }

    private Kind kind(String type) {
        return new Kind(
                Counter.builder("ha_cache_chain_queries")
                        .description("Questions to the chain")
                        .tag("query_type", type)
                        .register(registry),
                Counter.builder("ha_cache_chain_query_errors")
                        .description("Questions that no node answered")
                        .tag("query_type", type)
                        .register(registry),
                Buckets.FINE
                        .on(Timer.builder("ha_cache_chain_query_latency"))
                        .description("Time of questions to the chain")
                        .tag("query_type", type)
                        .register(registry));
    }

    @Override
    public CompletionStage<Params> sharedParams() {
        return metered("shared_params", chain.sharedParams());
    }

    @Override
    public CompletionStage<Params> sharedParams(long height) {
        return metered("shared_params_at_height", chain.sharedParams(height));
    }

    @Override
    public CompletionStage<io.relayminer.core.wire.session.Params> sessionParams() {
        return metered("session_params", chain.sessionParams());
    }

    @Override
    public CompletionStage<io.relayminer.core.wire.application.Params> applicationParams() {
        return metered("application_params", chain.applicationParams());
    }

    @Override
    public CompletionStage<io.relayminer.core.wire.supplier.Params> supplierParams() {
        return metered("supplier_params", chain.supplierParams());
    }

    @Override
    public CompletionStage<io.relayminer.core.wire.service.Params> serviceParams() {
        return metered("service_params", chain.serviceParams());
    }

    @Override
    public CompletionStage<io.relayminer.core.wire.proof.Params> proofParams() {
        return metered("proof_params", chain.proofParams());
    }

    @Override
    public CompletionStage<io.relayminer.core.wire.tokenomics.Params> tokenomicsParams() {
        return metered("tokenomics_params", chain.tokenomicsParams());
    }

    @Override
    public CompletionStage<Optional<Application>> application(String address) {
        return metered("application", chain.application(address));
    }

    @Override
    public CompletionStage<Optional<Supplier>> supplier(String operatorAddress) {
        return metered("supplier", chain.supplier(operatorAddress));
    }

    @Override
    public CompletionStage<Optional<BaseAccount>> account(String address) {
        return metered("account", chain.account(address));
    }

    @Override
    public CompletionStage<Optional<ByteString>> publicKey(String address) {
        return metered("account", chain.publicKey(address));
    }

    @Override
    public CompletionStage<Optional<Service>> service(String serviceId) {
        return metered("service", chain.service(serviceId));
    }

    @Override
    public CompletionStage<Optional<ComputeUnits>> computeUnits(String serviceId, long height) {
        return metered("cupr_at_height", chain.computeUnits(serviceId, height));
    }

    @Override
    public CompletionStage<Optional<RelayMiningDifficulty>> difficulty(
            String serviceId, long height) {
        return metered("difficulty", chain.difficulty(serviceId, height))
                .whenComplete(
                        (found, failure) -> {
                            if (found != null) {
                                targetBits(
                                        serviceId,
                                        found.map(d -> leadingZeroBits(d.getTargetHash()))
                                                .orElse(0));
                            }
                        });
    }

    private void targetBits(String serviceId, int bits) {
        AtomicLong gauge = targetBits.get(serviceId);
        if (gauge == null) {
            if (targetBits.size() >= MOST_SERVICES) {
                return;
            }
            gauge =
                    targetBits.computeIfAbsent(
                            serviceId,
                            id -> {
                                AtomicLong value = new AtomicLong();
                                Gauge.builder(
                                                "ha_query_relay_mining_difficulty_target_bits",
                                                value,
                                                AtomicLong::get)
                                        .description("Leading zero bits of the difficulty target")
                                        .tag("service_id", id)
                                        .strongReference(true)
                                        .register(registry);
                                return value;
                            });
        }
        gauge.set(bits);
    }

    private static int leadingZeroBits(ByteString target) {
        int bits = 0;
        for (byte b : target) {
            if (b != 0) {
                return bits + Integer.numberOfLeadingZeros(b & 0xFF) - 24;
            }
            bits += 8;
        }
        return bits;
    }

    @Override
    public CompletionStage<Session> session(
            String applicationAddress, String serviceId, long height) {
        return metered("session", chain.session(applicationAddress, serviceId, height));
    }

    @Override
    public CompletionStage<Optional<Claim>> claim(
            String sessionId, String supplierOperatorAddress) {
        return metered("claim", chain.claim(sessionId, supplierOperatorAddress));
    }

    @Override
    public CompletionStage<List<Claim>> claims(String supplierOperatorAddress) {
        return metered("claims", chain.claims(supplierOperatorAddress));
    }

    @Override
    public CompletionStage<Optional<Proof>> proof(
            String sessionId, String supplierOperatorAddress) {
        return metered("proof", chain.proof(sessionId, supplierOperatorAddress));
    }

    @Override
    public CompletionStage<BigInteger> balance(String address) {
        return metered("balance", chain.balance(address));
    }

    @Override
    public CompletionStage<Block> block(long height) {
        return metered("block", chain.block(height));
    }

    @Override
    public CompletionStage<Block> latestBlock() {
        return metered("block", chain.latestBlock());
    }

    @Override
    public CompletionStage<List<ChainEvent>> events(long height, Set<String> types) {
        return metered("block_results", chain.events(height, types));
    }

    @Override
    public CompletionStage<String> chainId() {
        return metered("chain_id", chain.chainId());
    }
}
