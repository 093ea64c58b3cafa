package io.relayminer.core.miner;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.relayminer.core.miner.SupplierGauges.Name;
import io.relayminer.core.miner.SupplierGauges.Value;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Gauges that come and go with their suppliers. */
class SupplierGaugesTest {

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final SupplierGauges gauges = new SupplierGauges(registry, "supplier");

    private Map<String, Double> shown() {
        Map<String, Double> shown = new TreeMap<>();
        registry.getMeters()
                .forEach(
                        meter ->
                                shown.put(
                                        meter.getId().getName() + meter.getId().getTags(),
                                        meter.measure().iterator().next().getValue()));
        return shown;
    }

    @Test
    void setReplacedAndRemoved() {
        Name depth = Name.of("depth");
        gauges.set("a", depth, 1.5);
        gauges.set("a", depth, 2);
        gauges.set("b", depth, 3);
        String a = "depth[tag(supplier=a)]";
        String b = "depth[tag(supplier=b)]";
        assertEquals(Map.of(a, 2.0, b, 3.0), shown());
        System.gc();
        assertEquals(Map.of(a, 2.0, b, 3.0), shown(), "values are held");
        Name x = new Name("size", Tags.of("session_id", "x"));
        Name y = new Name("size", Tags.of("session_id", "y"));
        gauges.replace("a", List.of(new Value(x, 1), new Value(y, 2)));
        gauges.replace("a", List.of(new Value(y, 4)));
        String atY = "size[tag(session_id=y), tag(supplier=a)]";
        assertEquals(Map.of(atY, 4.0, b, 3.0), shown());
        gauges.retain(Set.of("a"));
        assertEquals(Map.of(atY, 4.0), shown());
        gauges.remove("a");
        gauges.remove("never seen");
        assertEquals(Map.of(), shown());
        gauges.set("a", depth, 7);
        assertEquals(Map.of(a, 7.0), shown(), "a supplier that comes back is shown again");
    }

    @Test
    void aReleasedSupplierLeavesOnlyWhatEveryReplicaShows() {
        MinerMetrics metrics = new MinerMetrics(registry);
        Map<String, Double> before = shown();
        metrics.streamLength("s", 5);
        metrics.lag("s", 1);
        metrics.sessions("s", Map.of());
        metrics.pending("s", 3);
        metrics.released("s");
        metrics.pending("s", 4);
        Map<String, Double> after = new TreeMap<>(before);
        after.put("ha_transport_redis_pending_messages[tag(supplier_addr=s)]", 4.0);
        assertEquals(after, shown());
        metrics.pendingOnly(Set.of());
        assertEquals(before, shown());
    }
}
