package io.relayminer.core.miner;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;

import org.jspecify.annotations.Nullable;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Gauges of suppliers: there from the first time that they are set until they, or their supplier,
 * are removed, so that a scrape never shows what was true of a supplier long ago.
 *
 * <p>Safe for use by any thread.
 */
final class SupplierGauges {

    /** A gauge without its supplier. */
    record Name(String metric, Tags more) {
        /** A gauge that has no label but its supplier. */
        static Name of(String metric) {
            return new Name(metric, Tags.empty());
        }
    }

    /** A value of a gauge. */
    record Value(Name name, double value) {}

    private record Shown(Gauge gauge, AtomicLong bits) {}

    private final MeterRegistry registry;
    private final String label;
    private final Map<String, Map<Name, Shown>> bySupplier = new ConcurrentHashMap<>();

    /**
     * No gauges yet.
     *
     * @param label name of the label with the supplier's address
     */
    SupplierGauges(MeterRegistry registry, String label) {
        this.registry = registry;
        this.label = label;
    }

    void set(String supplier, Name name, double value) {
        bySupplier.compute(
                supplier,
                (key, known) -> {
                    Map<Name, Shown> all = known == null ? new HashMap<>() : known;
                    put(all, supplier, name, value);
                    return all;
                });
    }

    /** Sets these gauges of a supplier and removes all others that it has here. */
    void replace(String supplier, List<Value> values) {
        bySupplier.compute(
                supplier,
                (key, known) -> {
                    Map<Name, Shown> all = known == null ? new HashMap<>() : known;
                    Set<Name> gone = new HashSet<>(all.keySet());
                    for (Value each : values) {
                        put(all, supplier, each.name(), each.value());
                        gone.remove(each.name());
                    }
                    for (Name name : gone) {
                        unregister(all.remove(name));
                    }
                    return all.isEmpty() ? null : all;
                });
    }

    /** Removes the gauges of a supplier. */
    void remove(String supplier) {
        replace(supplier, List.of());
    }

    /** Removes the gauges of all suppliers but these. */
    void retain(Set<String> suppliers) {
        for (String each : bySupplier.keySet()) {
            if (!suppliers.contains(each)) {
                remove(each);
            }
        }
    }

    private void put(Map<Name, Shown> all, String supplier, Name name, double value) {
        all.computeIfAbsent(name, first -> register(supplier, first))
                .bits()
                .set(Double.doubleToRawLongBits(value));
    }

    private Shown register(String supplier, Name name) {
        AtomicLong bits = new AtomicLong();
        Gauge gauge =
                Gauge.builder(name.metric(), bits, b -> Double.longBitsToDouble(b.get()))
                        .tags(name.more().and(label, supplier))
                        .register(registry);
        return new Shown(gauge, bits);
    }

    private void unregister(@Nullable Shown shown) {
        if (shown != null) {
            registry.remove(shown.gauge());
        }
    }
}
