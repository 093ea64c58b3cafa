package io.relayminer.core.miner;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.relayminer.core.metrics.Buckets;
import io.relayminer.core.miner.store.MinerStoreException;
import io.relayminer.core.miner.store.MinerStoreListener;

import org.jspecify.annotations.Nullable;

import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Counts and times what a miner's store does. */
final class StoreMetrics implements MinerStoreListener {

    /** Services are named by entries that nobody has checked yet, so their number is bounded. */
    private static final int MOST_SERIES = 2_000;

    private static final String OTHER = "other";

    private final MeterRegistry registry;
    private final Map<String, Consumption> consumption = new ConcurrentHashMap<>();

    StoreMetrics(MeterRegistry registry) {
        this.registry = registry;
    }

    @Override
    public void delivered(String supplier, int entries) {
        registry.counter("ha_transport_redis_delivered", "supplier_addr", supplier)
                .increment(entries);
    }

    @Override
    public void consumed(String supplier, String service, Duration age) {
        Consumption known = consumption.get(supplier + '|' + service);
        if (known == null) {
            String label = consumption.size() < MOST_SERIES ? service : OTHER;
            known =
                    consumption.computeIfAbsent(
                            supplier + '|' + label, key -> new Consumption(supplier, label));
        }
        known.relays.increment();
        if (!age.isNegative()) {
            known.age.record(age);
        }
    }

    /** The meters of one supplier and service; looking them up costs more than a relay. */
    private final class Consumption {
        private final Counter relays;
        private final Timer age;

        Consumption(String supplier, String service) {
            relays =
                    registry.counter(
                            "ha_transport_redis_consumed",
                            "supplier_addr",
                            supplier,
                            "service_id",
                            service);
            age =
                    Buckets.STREAM
                            .on(Timer.builder("ha_transport_redis_end_to_end_latency_seconds"))
                            .tags("supplier_addr", supplier, "service_id", service)
                            .register(registry);
        }
    }

    @Override
    public void takenOver(String supplier, int entries) {
        registry.counter("ha_transport_redis_claimed", "supplier_addr", supplier)
                .increment(entries);
    }

    @Override
    public void malformed(String supplier) {
        registry.counter("ha_transport_redis_deserialization_errors", "supplier_addr", supplier)
                .increment();
    }

    @Override
    public void readFailed(String supplier) {
        registry.counter(
                        "ha_transport_redis_consume_errors",
                        "supplier_addr",
                        supplier,
                        "error_type",
                        "read_error")
                .increment();
    }

    @Override
    public void recordUnreadable(String supplier, String session, boolean rebuilt) {
        MinerMetrics.storeError(
                registry, supplier, rebuilt ? "record_rebuilt" : "record_unreadable");
    }

    @Override
    public void treeOperation(
            String operation, Duration took, MinerStoreException.@Nullable Reason failure) {
        registry.counter(
                        "ha_smst_redis_operations",
                        "operation",
                        operation,
                        "result",
                        failure == null ? "success" : "error")
                .increment();
        Buckets.MICRO
                .on(Timer.builder("ha_smst_redis_operation_duration_seconds"))
                .tags("operation", operation)
                .register(registry)
                .record(took);
        if (failure != null) {
            registry.counter(
                            "ha_smst_redis_errors",
                            "operation",
                            operation,
                            "error_type",
                            failure.name().toLowerCase(Locale.ROOT))
                    .increment();
        }
    }
}
