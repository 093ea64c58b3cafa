package io.relayminer.core.miner;

import io.lettuce.core.RedisException;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.relayminer.core.chain.Block;
import io.relayminer.core.redis.BlockEvent;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisKeys;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.nio.charset.StandardCharsets;
import java.time.ZoneOffset;
import java.util.function.BooleanSupplier;

/**
 * Tells relayers of each block the moment the leader sees it. Nothing else that the leader does is
 * in between, and nothing here waits: relayers judge by these heights whether a relay is too late.
 *
 * <p>Confined to the thread of the block feed.
 */
final class BlockAnnouncer {

    private static final Logger LOG = LoggerFactory.getLogger(BlockAnnouncer.class);

    private final RedisConnections connections;
    private final RedisKeys keys;
    private final BooleanSupplier leading;
    private final Counter published;
    private long announced;

    BlockAnnouncer(
            RedisConnections connections,
            RedisKeys keys,
            BooleanSupplier leading,
            MeterRegistry registry) {
        this.connections = connections;
        this.keys = keys;
        this.leading = leading;
        this.published = registry.counter("ha_cache_block_events_published");
    }

    void block(Block block) {
        if (block.height() <= announced || !leading.getAsBoolean()) {
            return;
        }
        announced = block.height();
        byte[] event =
                new BlockEvent(
                                block.height(),
                                block.hash().toByteArray(),
                                block.time().atOffset(ZoneOffset.UTC))
                        .encode();
        try {
            // One connection keeps the order, so whoever hears of a block finds it as well.
            var stored = connections.async().set(utf8(keys.lastBlock()), event);
            var unused =
                    connections
                            .async()
                            .publish(utf8(keys.blockChannel()), event)
                            .toCompletableFuture()
                            .thenCombine(stored.toCompletableFuture(), (listeners, ok) -> listeners)
                            .whenComplete((listeners, failure) -> reported(block, failure));
        } catch (RedisException e) {
            reported(block, e);
        }
    }

    private void reported(Block block, @Nullable Throwable failure) {
        if (failure == null) {
            published.increment();
        } else {
            LOG.warn("block {} was not announced", block.height(), failure);
        }
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
