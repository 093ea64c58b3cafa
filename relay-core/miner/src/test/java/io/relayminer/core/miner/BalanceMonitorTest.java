package io.relayminer.core.miner;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.lettuce.core.RedisException;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.relayminer.core.chain.ChainQueries;
import io.relayminer.core.chain.ChainUnavailableException;
import io.relayminer.core.wire.CoinAmount;
import io.relayminer.core.wire.shared.Supplier;

import org.junit.jupiter.api.Test;

import java.lang.reflect.Proxy;
import java.math.BigInteger;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;

/** What is shown of balances and stakes, for a chain that the test writes. */
class BalanceMonitorTest {

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final Map<String, Long> balances = new HashMap<>();
    private final Map<String, Long> stakes = new HashMap<>();
    private final Set<String> unanswered = new HashSet<>();
    private final Set<String> registered = new TreeSet<>();
    private long penalty = 10;
    private boolean redisAnswers = true;

    private final BalanceMonitor monitor =
            new BalanceMonitor(
                    () -> {
                        if (!redisAnswers) {
                            throw new RedisException("down");
                        }
                        return registered;
                    },
                    chain(),
                    new ChainCalls(Duration.ofSeconds(5)),
                    new Miner.BalanceWatch(true, Duration.ofMinutes(5), 1_000, 10, 3),
                    new MinerMetrics(registry));

    private ChainQueries chain() {
        return (ChainQueries)
                Proxy.newProxyInstance(
                        getClass().getClassLoader(),
                        new Class<?>[] {ChainQueries.class},
                        (proxy, method, arguments) ->
                                unanswered.contains(method.getName())
                                        ? CompletableFuture.failedFuture(
                                                new ChainUnavailableException("down", null))
                                        : CompletableFuture.completedFuture(
                                                answer(method.getName(), arguments)));
    }

    private Object answer(String question, Object[] a) {
        return switch (question) {
            case "supplierParams" ->
                    io.relayminer.core.wire.supplier.Params.newBuilder()
                            .setMinStake(CoinAmount.upokt(100))
                            .build();
            case "proofParams" ->
                    io.relayminer.core.wire.proof.Params.newBuilder()
                            .setProofMissingPenalty(CoinAmount.upokt(penalty))
                            .build();
            case "supplier" ->
                    Optional.ofNullable(stakes.get((String) a[0]))
                            .map(s -> Supplier.newBuilder().setStake(CoinAmount.upokt(s)).build());
            case "balance" -> BigInteger.valueOf(balances.getOrDefault((String) a[0], 0L));
            default -> throw new UnsupportedOperationException(question);
        };
    }

    private void supplier(String address, long balance, long stake) {
        registered.add(address);
        balances.put(address, balance);
        stakes.put(address, stake);
    }

    /** All that is shown of a supplier, by name without prefix, and error type if it has one. */
    private Map<String, Double> shown(String supplier) {
        Map<String, Double> shown = new TreeMap<>();
        registry.getMeters().stream()
                .filter(m -> supplier.equals(m.getId().getTag("supplier")))
                .forEach(
                        m -> {
                            String type = m.getId().getTag("error_type");
                            shown.put(
                                    m.getId().getName().replace("ha_miner_supplier_", "")
                                            + (type == null ? "" : " " + type),
                                    m.measure().iterator().next().getValue());
                        });
        return shown;
    }

    private static Map<String, Double> values(
            double balance, double health, double stake, double proofs) {
        Map<String, Double> values = new TreeMap<>();
        values.put("balance_upokt", balance);
        values.put("balance_health_status", health);
        values.put("stake_upokt", stake);
        values.put("stake_health_ratio", proofs);
        return values;
    }

    private static Map<String, Double> with(Map<String, Double> values, String name, double more) {
        values.put(name, more);
        return values;
    }

    @Test
    void thresholdsOfBalances() {
        supplier("poor", 999, 1_000);
        supplier("warned", 1_000, 1_000);
        supplier("stillWarned", 1_999, 1_000);
        supplier("rich", 2_000, 1_000);
        monitor.check();
        monitor.check();
        assertEquals(with(values(999, 0, 1_000, 90), "balance_critical_alerts", 2), shown("poor"));
        assertEquals(
                with(values(1_000, 1, 1_000, 90), "balance_warning_alerts", 2), shown("warned"));
        assertEquals(
                with(values(1_999, 1, 1_000, 90), "balance_warning_alerts", 2),
                shown("stillWarned"));
        assertEquals(values(2_000, 2, 1_000, 90), shown("rich"));
    }

    @Test
    void missedProofsThatAStakeLastsFor() {
        supplier("critical", 5_000, 100 + 29);
        supplier("warned", 5_000, 100 + 30);
        supplier("stillWarned", 5_000, 100 + 99);
        supplier("fine", 5_000, 100 + 100);
        monitor.check();
        assertEquals(with(values(5_000, 2, 129, 2), "stake_critical_alerts", 1), shown("critical"));
        assertEquals(with(values(5_000, 2, 130, 3), "stake_warning_alerts", 1), shown("warned"));
        assertEquals(
                with(values(5_000, 2, 199, 9), "stake_warning_alerts", 1), shown("stillWarned"));
        assertEquals(values(5_000, 2, 200, 10), shown("fine"));
    }

    @Test
    void aChainWithoutPenaltyTakesNothingFromStakes() {
        penalty = 0;
        supplier("s", 5_000, 100);
        monitor.check();
        Map<String, Double> expected = values(5_000, 2, 100, 0);
        expected.remove("stake_health_ratio");
        assertEquals(expected, shown("s"));
    }

    @Test
    void whoIsNotStakedOrRegisteredIsNotShown() {
        supplier("leaves", 5_000, 1_000);
        supplier("unstakes", 5_000, 1_000);
        registered.add("neverStaked");
        monitor.check();
        assertEquals(values(5_000, 2, 1_000, 90), shown("leaves"));
        assertEquals(Map.of(), shown("neverStaked"));
        registered.remove("leaves");
        stakes.remove("unstakes");
        monitor.check();
        assertEquals(Map.of(), shown("leaves"));
        assertEquals(Map.of(), shown("unstakes"));
    }

    @Test
    void whatCannotBeReadIsCountedAndKeepsItsValue() {
        supplier("s", 5_000, 1_000);
        monitor.check();
        unanswered.addAll(Set.of("balance", "supplierParams"));
        balances.put("s", 1L);
        stakes.put("s", 2_000L);
        monitor.check();
        Map<String, Double> expected = values(5_000, 2, 2_000, 90);
        expected.put("monitor_errors balance_query", 1.0);
        expected.put("monitor_errors params_cache", 1.0);
        assertEquals(expected, shown("s"));
        unanswered.clear();
        unanswered.addAll(Set.of("supplier", "proofParams"));
        monitor.check();
        expected.putAll(values(1, 0, 2_000, 90));
        expected.put("balance_critical_alerts", 1.0);
        expected.put("monitor_errors stake_query", 1.0);
        assertEquals(expected, shown("s"));
        redisAnswers = false;
        monitor.check();
        assertEquals(expected, shown("s"));
    }

    @Test
    void theEndOfATermShowsNothing() {
        supplier("s", 5_000, 1_000);
        monitor.check();
        Thread.currentThread().interrupt();
        monitor.run();
        assertEquals(true, Thread.interrupted());
        assertEquals(Map.of(), shown("s"));
    }
}
