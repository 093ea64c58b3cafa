package io.relayminer.core.miner;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Counts blocks that this replica's node showed late. One late block is luck; several in a row are
 * a node that falls behind, and are warned of once.
 *
 * <p>Confined to the thread of the block feed.
 */
final class BlockHealth {

    private static final Logger LOG = LoggerFactory.getLogger(BlockHealth.class);
    private static final int WARN_AFTER = 3;

    private final Duration limit;
    private final Counter slow;
    private final AtomicLong consecutive = new AtomicLong();
    private boolean seen;
    private long seenAtNanos;

    /**
     * No block was seen yet.
     *
     * @param limit the time between two blocks above which the second is late
     */
    BlockHealth(Duration limit, MeterRegistry registry) {
        this.limit = limit;
        this.slow =
                Counter.builder("ha_miner_fullnode_slow_blocks")
                        .description("Blocks that came late")
                        .register(registry);
        registry.gauge("ha_miner_fullnode_slow_blocks_consecutive", consecutive);
    }

    /**
     * Takes note of a block.
     *
     * @param height its height
     * @param nowNanos when it was seen, of a monotonic clock
     */
    void block(long height, long nowNanos) {
        long took = nowNanos - seenAtNanos;
        boolean first = !seen;
        seen = true;
        seenAtNanos = nowNanos;
        if (first) {
            return;
        }
        if (took <= limit.toNanos()) {
            consecutive.set(0);
            return;
        }
        slow.increment();
        if (consecutive.incrementAndGet() == WARN_AFTER) {
            LOG.warn(
                    "block {} is the third in a row that came more than {} ms after the one before;"
                            + " claims and proofs may come late, check the node",
                    height,
                    limit.toMillis());
        }
    }
}
