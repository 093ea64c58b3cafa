package io.relayminer.core.miner;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.relayminer.core.miner.store.MinerStoreException.Reason;

import org.junit.jupiter.api.Test;

import java.time.Duration;

class StoreMetricsTest {

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final StoreMetrics metrics = new StoreMetrics(registry);

    private double operations(String operation, String result) {
        return registry.get("ha_smst_redis_operations")
                .tags("operation", operation, "result", result)
                .counter()
                .count();
    }

    @Test
    void whatIsDoneToTreesIsCountedAndTimed() {
        metrics.treeOperation("get_root", Duration.ofMillis(3), null);
        metrics.treeOperation("commit", Duration.ofMillis(3), Reason.OUT_OF_MEMORY);
        assertEquals(1, operations("get_root", "success"));
        assertEquals(1, operations("commit", "error"));
        assertEquals(
                1,
                registry.get("ha_smst_redis_operation_duration_seconds")
                        .tag("operation", "get_root")
                        .timer()
                        .count());
        assertEquals(
                1,
                registry.get("ha_smst_redis_errors")
                        .tags("operation", "commit", "error_type", "out_of_memory")
                        .counter()
                        .count());
    }

    @Test
    void aServiceThatOnlyEntriesNameHasABoundedNumberOfSeries() {
        for (int i = 0; i < 3_000; i++) {
            metrics.consumed("s", "service" + i, Duration.ofMillis(1));
        }
        assertEquals(2_001, registry.find("ha_transport_redis_consumed").counters().size());
    }
}
