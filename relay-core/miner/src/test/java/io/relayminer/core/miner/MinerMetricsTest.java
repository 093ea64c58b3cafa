package io.relayminer.core.miner;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.relayminer.core.redis.SubmissionPhase;
import io.relayminer.leader.LeaseStoreException.Reason;

import org.junit.jupiter.api.Test;

import java.math.BigInteger;
import java.util.Map;
import java.util.TreeMap;

/** Names and labels that say more than what they count. */
class MinerMetricsTest {

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final MinerMetrics metrics = new MinerMetrics(registry);

    private Map<String, Double> counts(String name, String label) {
        Map<String, Double> counts = new TreeMap<>();
        for (Counter counter : registry.find(name).counters()) {
            counts.put(counter.getId().getTag(label), counter.count());
        }
        return counts;
    }

    @Test
    void whyTheLeadersLeaseIsNotHeld() {
        metrics.leaseNotHeld("m", "acquire", Reason.OUT_OF_MEMORY);
        metrics.leaseNotHeld("m", "renew", Reason.OUT_OF_MEMORY);
        metrics.leaseNotHeld("m", "renew", Reason.UNAVAILABLE);
        metrics.leaseNotHeld("m", "acquire", Reason.UNAVAILABLE);
        metrics.leaseNotHeld("m", "release", Reason.UNAVAILABLE);
        assertEquals(
                Map.of("redis_oom", 1.0, "redis_oom_renew", 1.0, "redis_error", 2.0),
                counts("ha_miner_leader_acquisition_failures", "reason"));
    }

    @Test
    void whatIsProvedCountsUnderItsOlderNameToo() {
        metrics.submitted(SubmissionPhase.CLAIM, "s", "svc", 1, 2, 20, BigInteger.ONE);
        assertEquals(Map.of(), counts("ha_miner_compute_units_settled", "supplier"));
        metrics.submitted(SubmissionPhase.PROOF, "s", "svc", 1, 2, 20, BigInteger.ONE);
        metrics.notRequired("s", "svc", 3, 30, BigInteger.ONE);
        assertEquals(Map.of("s", 50.0), counts("ha_miner_compute_units_settled", "supplier"));
        assertEquals(Map.of("s", 50.0), counts("ha_miner_compute_units_proved", "supplier"));
    }
}
