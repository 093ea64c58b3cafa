package io.relayminer.core.relay;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.relayminer.transport.TransportEvents;

import org.junit.jupiter.api.Test;

import java.util.Set;

class RelayerMetricsTest {

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final RelayerMetrics metrics = new RelayerMetrics(registry, Set.of("eth"));

    private double rejected(String reason) {
        return registry
                .find("ha_relayer_relays_rejected")
                .tags("service_id", "unknown", "rpc_type", "unknown", "reason", reason)
                .counters()
                .stream()
                .mapToDouble(counter -> counter.count())
                .sum();
    }

    @Test
    void whatTheTransportRefusesBeforeItIsARelayIsCountedByReason() {
        metrics.requestRefused(TransportEvents.Refusal.BODY_READ_FAILED);
        metrics.requestRefused(TransportEvents.Refusal.BODY_TOO_LARGE);
        metrics.requestRefused(TransportEvents.Refusal.OVERLOADED);
        metrics.requestRefused(TransportEvents.Refusal.PROTOCOL_NOT_OFFERED);
        assertEquals(1, rejected("read_body_error"));
        assertEquals(1, rejected("body_too_large"));
        assertEquals(1, rejected("overloaded"));
        assertEquals(
                3,
                registry.find("ha_relayer_relays_received")
                        .tags("service_id", "unknown", "rpc_type", "unknown")
                        .counter()
                        .count());
    }
}
