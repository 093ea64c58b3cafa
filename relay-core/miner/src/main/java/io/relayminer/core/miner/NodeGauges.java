package io.relayminer.core.miner;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/** Gauges of one replica that are set from time to time. Safe for use by any thread. */
final class NodeGauges {

    private final MeterRegistry registry;
    private final Tags instance;
    private final Map<String, AtomicLong> values = new ConcurrentHashMap<>();

    NodeGauges(MeterRegistry registry, String instance) {
        this.registry = registry;
        this.instance = Tags.of("instance", instance);
    }

    /** Sets a gauge that carries the id of the replica. */
    void ofInstance(String name, long value) {
        set(name, instance, value);
    }

    /** Sets a gauge without labels. */
    void set(String name, long value) {
        set(name, Tags.empty(), value);
    }

    private void set(String name, Tags tags, long value) {
        values.computeIfAbsent(
                        name,
                        n -> {
                            AtomicLong number = new AtomicLong();
                            registry.gauge(n, tags, number);
                            return number;
                        })
                .set(value);
    }

    void leading(boolean leading) {
        ofInstance("ha_miner_leader_status", leading ? 1 : 0);
        set("ha_cache_orchestrator_leader_status", leading ? 1 : 0);
    }

    /** Counts something that happened to a supplier of this replica. */
    void supplierChanged(String counter, String supplier) {
        registry.counter(counter, instance.and("supplier", supplier)).increment();
    }

    /** Counts something that happened to this replica. */
    void count(String counter) {
        registry.counter(counter, instance).increment();
    }
}
