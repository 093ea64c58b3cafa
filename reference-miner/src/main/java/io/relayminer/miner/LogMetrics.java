package io.relayminer.miner;

import io.micrometer.core.instrument.MeterRegistry;
import io.relayminer.core.redis.RelayLogListener;

import java.time.Duration;

/** Counts what the relay log does on the consuming side. */
final class LogMetrics implements RelayLogListener {

    private final MeterRegistry registry;

    LogMetrics(MeterRegistry registry) {
        this.registry = registry;
    }

    @Override
    public void delivered(String supplier, int entries) {
        registry.counter("ha_transport_redis_delivered", "supplier_addr", supplier)
                .increment(entries);
    }

    @Override
    public void consumed(String supplier, String service, Duration age) {
        registry.counter(
                        "ha_transport_redis_consumed",
                        "supplier_addr",
                        supplier,
                        "service_id",
                        service)
                .increment();
        if (!age.isNegative()) {
            io.micrometer.core.instrument.Timer.builder(
                            "ha_transport_redis_end_to_end_latency_seconds")
                    .tags("supplier_addr", supplier, "service_id", service)
                    .serviceLevelObjectives(
                            Duration.ofMillis(1),
                            Duration.ofMillis(5),
                            Duration.ofMillis(10),
                            Duration.ofMillis(25),
                            Duration.ofMillis(50),
                            Duration.ofMillis(100),
                            Duration.ofMillis(250),
                            Duration.ofMillis(500),
                            Duration.ofSeconds(1),
                            Duration.ofMillis(2500),
                            Duration.ofSeconds(5),
                            Duration.ofSeconds(10))
                    .register(registry)
                    .record(age);
        }
    }

    @Override
    public void reclaimed(String supplier, int entries) {
        registry.counter("ha_transport_redis_claimed", "supplier_addr", supplier)
                .increment(entries);
    }

    @Override
    public void malformed(String supplier) {
        registry.counter("ha_transport_redis_deserialization_errors", "supplier_addr", supplier)
                .increment();
    }

    @Override
    public void acknowledged(String supplier, int entries) {
        registry.counter("ha_transport_redis_acked", "supplier_addr", supplier).increment(entries);
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
}
