package io.relayminer.core.miner;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

import org.junit.jupiter.api.Test;

import java.time.Duration;

/** Late blocks, by a clock that the test moves. */
class BlockHealthTest {

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final BlockHealth health = new BlockHealth(Duration.ofSeconds(15), registry);
    private long now = Long.MAX_VALUE - 1; // a monotonic clock may wrap around
    private long height;

    private void after(double seconds) {
        now += (long) (seconds * 1e9);
        health.block(++height, now);
    }

    private void assertSlow(int total, int consecutive) {
        assertEquals(total, registry.get("ha_miner_fullnode_slow_blocks").counter().count());
        assertEquals(
                consecutive,
                registry.get("ha_miner_fullnode_slow_blocks_consecutive").gauge().value());
    }

    @Test
    void blocksAboveTheLimitAreCountedUntilOneIsInTime() {
        assertSlow(0, 0);
        after(1_000);
        assertSlow(0, 0);
        after(15);
        assertSlow(0, 0);
        after(15.1);
        after(40);
        assertSlow(2, 2);
        after(10);
        assertSlow(2, 0);
        for (int i = 1; i <= 4; i++) {
            after(16);
            assertSlow(2 + i, i);
        }
    }
}
