package io.relayminer.core.miner;

import io.lettuce.core.RedisException;
import io.micrometer.core.instrument.MeterRegistry;
import io.relayminer.core.chain.ChainException;
import io.relayminer.core.chain.ChainQueries;
import io.relayminer.core.miner.SupplierGauges.Name;
import io.relayminer.core.wire.CoinAmount;
import io.relayminer.core.wire.WireException;
import io.relayminer.core.wire.shared.Supplier;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.math.BigInteger;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;

/**
 * Watches, while this replica leads, what the fleet's suppliers have: the balance that pays their
 * transactions and proofs, and the stake that is left for missed proofs.
 *
 * <p>What the chain does not tell keeps its last value and is counted. Confined to one thread.
 */
final class BalanceMonitor {

    private static final Logger LOG = LoggerFactory.getLogger(BalanceMonitor.class);
    private static final Duration FIRST_CHECK = Duration.ofSeconds(30);

    private static final Name BALANCE = Name.of("ha_miner_supplier_balance_upokt");
    private static final Name BALANCE_HEALTH = Name.of("ha_miner_supplier_balance_health_status");
    private static final Name STAKE = Name.of("ha_miner_supplier_stake_upokt");
    private static final Name STAKE_HEALTH = Name.of("ha_miner_supplier_stake_health_ratio");

    private static final int CRITICAL = 0;
    private static final int WARNING = 1;
    private static final int HEALTHY = 2;

    private final java.util.function.Supplier<Set<String>> suppliers;
    private final ChainQueries chain;
    private final ChainCalls calls;
    private final Miner.BalanceWatch settings;
    private final MinerMetrics metrics;
    private final MeterRegistry registry;
    private final SupplierGauges gauges;

    /**
     * A monitor that has checked nothing.
     *
     * @param suppliers operator addresses of the fleet; may throw {@link RedisException}
     */
    BalanceMonitor(
            java.util.function.Supplier<Set<String>> suppliers,
            ChainQueries chain,
            ChainCalls calls,
            Miner.BalanceWatch settings,
            MinerMetrics metrics) {
        this.suppliers = suppliers;
        this.chain = chain;
        this.calls = calls;
        this.settings = settings;
        this.metrics = metrics;
        this.registry = metrics.registry();
        this.gauges = new SupplierGauges(registry, "supplier");
    }

    /** Checks at the pace of the settings until the thread is interrupted, then shows nothing. */
    void run() {
        try {
            Duration every = settings.every();
            Thread.sleep(every.compareTo(FIRST_CHECK) < 0 ? every : FIRST_CHECK);
            while (!Thread.currentThread().isInterrupted()) {
                try {
                    check();
                } catch (RuntimeException e) {
                    LOG.error("balances and stakes were not checked; that is tried again", e);
                    metrics.recovered("balance_monitor");
                }
                Thread.sleep(every);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            gauges.retain(Set.of());
        }
    }

    /** Looks at every supplier once. */
    void check() {
        Set<String> fleet;
        try {
            fleet = suppliers.get();
        } catch (RedisException e) {
            LOG.warn("balances and stakes are checked later: {}", e.getMessage());
            return;
        }
        gauges.retain(fleet);
        if (fleet.isEmpty()) {
            return;
        }
        BigInteger least = ask(chain.supplierParams(), p -> CoinAmount.of(p.getMinStake()));
        BigInteger penalty =
                ask(chain.proofParams(), p -> CoinAmount.of(p.getProofMissingPenalty()));
        for (String supplier : fleet) {
            if (Thread.currentThread().isInterrupted()) {
                return;
            }
            check(supplier, least, penalty);
        }
    }

    private void check(String supplier, @Nullable BigInteger least, @Nullable BigInteger penalty) {
        Optional<Supplier> found = ask(chain.supplier(supplier), answer -> answer);
        if (found == null) {
            failed(supplier, "stake_query");
        } else if (found.isEmpty()) {
            gauges.remove(supplier);
            return;
        } else {
            stake(supplier, CoinAmount.of(found.get().getStake()), least, penalty);
        }
        BigInteger balance = ask(chain.balance(supplier), answer -> answer);
        if (balance == null) {
            failed(supplier, "balance_query");
        } else {
            balance(supplier, balance);
        }
    }

    private void balance(String supplier, BigInteger balance) {
        BigInteger threshold = BigInteger.valueOf(settings.thresholdUpokt());
        int health =
                balance.compareTo(threshold) < 0
                        ? CRITICAL
                        : balance.compareTo(threshold.shiftLeft(1)) < 0 ? WARNING : HEALTHY;
        gauges.set(supplier, BALANCE, balance.doubleValue());
        gauges.set(supplier, BALANCE_HEALTH, health);
        if (health != HEALTHY) {
            alert("balance", supplier, health);
            LOG.warn(
                    "supplier {} has {} upokt left for transactions and proofs; fund its account",
                    supplier,
                    balance);
        }
    }

    private void stake(
            String supplier,
            BigInteger stake,
            @Nullable BigInteger least,
            @Nullable BigInteger penalty) {
        gauges.set(supplier, STAKE, stake.doubleValue());
        if (least == null) {
            failed(supplier, "params_cache");
        }
        if (penalty == null) {
            failed(supplier, "proof_params_cache");
        }
        if (least == null || penalty == null || penalty.signum() <= 0) {
            return;
        }
        BigInteger proofs = stake.subtract(least).divide(penalty);
        gauges.set(supplier, STAKE_HEALTH, proofs.doubleValue());
        int health =
                proofs.compareTo(BigInteger.valueOf(settings.stakeCriticalProofs())) < 0
                        ? CRITICAL
                        : proofs.compareTo(BigInteger.valueOf(settings.stakeWarningProofs())) < 0
                                ? WARNING
                                : HEALTHY;
        if (health != HEALTHY) {
            alert("stake", supplier, health);
            LOG.warn(
                    "the stake of supplier {} lasts for {} missed proofs, then it is unstaked",
                    supplier,
                    proofs);
        }
    }

    private void alert(String what, String supplier, int health) {
        registry.counter(
                        "ha_miner_supplier_"
                                + what
                                + (health == CRITICAL ? "_critical_alerts" : "_warning_alerts"),
                        "supplier",
                        supplier)
                .increment();
    }

    private void failed(String supplier, String type) {
        registry.counter(
                        "ha_miner_supplier_monitor_errors",
                        "supplier",
                        supplier,
                        "error_type",
                        type)
                .increment();
    }

    /** Part of an answer, null if there was none or it makes no sense. */
    private <A, T> @Nullable T ask(
            CompletionStage<A> question, java.util.function.Function<A, T> part) {
        try {
            return part.apply(calls.await(question));
        } catch (ChainException | MinerException.Unavailable | WireException e) {
            LOG.debug("a balance or stake was not read", e);
            return null;
        }
    }
}
