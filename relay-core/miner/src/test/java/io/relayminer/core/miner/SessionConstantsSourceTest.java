package io.relayminer.core.miner;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.List;
import java.util.Random;

/** What is remembered of the chain's answers, as a scrape shows it. */
class SessionConstantsSourceTest {

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

    private double value(String what, String kind) {
        return registry.get("ha_query_cache_" + what)
                .tag("cache_type", kind)
                .meter()
                .measure()
                .iterator()
                .next()
                .getValue();
    }

    private void assertCounts(String kind, int hits, int misses, int size) {
        assertEquals(hits, value("hits", kind), kind);
        assertEquals(misses, value("misses", kind), kind);
        assertEquals(size, value("size", kind), kind);
    }

    @Test
    void hitsMissesAndEntriesAreShown() {
        SimChain chain =
                new SimChain(
                        new SimFaults(new Random(1)), new Random(2), List.of("pokt1supplier"), 0);
        SessionConstantsSource source =
                new SessionConstantsSource(chain.queries(), new ChainCalls(Duration.ofSeconds(5)));
        source.show(registry);
        assertCounts("params", 0, 0, 0);
        source.windows(12, 8);
        source.windows(12, 8);
        assertCounts("params", 1, 1, 1);
        source.windows(12, 14);
        source.windows(12, 15);
        assertCounts("params", 1, 1, 1);
        assertCounts("params_at_height", 1, 1, 1);
    }
}
