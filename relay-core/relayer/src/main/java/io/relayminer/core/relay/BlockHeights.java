package io.relayminer.core.relay;

import com.github.benmanes.caffeine.cache.Ticker;

import io.relayminer.core.chain.ChainQueries;
import io.relayminer.core.redis.BlockEvent;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.redis.RedisStateException;
import io.relayminer.core.redis.RedisSubscriber;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;

/**
 * The newest block height a relayer knows.
 *
 * <p>Miners announce blocks over Redis, and the newest announcement is kept under a key for those
 * who come late. Neither is relied on: when no block was seen for twice the usual interval, the
 * chain is asked. Whatever says more wins; the height never goes back.
 *
 * <p>Thread-safe. Listeners run on the thread that learned of the block and must be quick.
 */
public final class BlockHeights implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(BlockHeights.class);
    private static final long TICK_MILLIS = 500;
    private static final long SHORTEST_SILENCE_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long LONGEST_SILENCE_NANOS = TimeUnit.SECONDS.toNanos(30);
    private static final long FIRST_SILENCE_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final ChainQueries chain;
    private final RedisKeys keys;
    private final RedisConnections redis;
    private final ScheduledExecutorService timer;
    private final AtomicLong height = new AtomicLong();
    private final List<LongConsumer> listeners = new CopyOnWriteArrayList<>();
    private final List<Runnable> announcementListeners = new CopyOnWriteArrayList<>();
    private final Ticker ticker;
    private volatile long advancedAtNanos;
    private volatile long intervalNanos;
    private volatile boolean asking;
    private @Nullable ScheduledFuture<?> watchdog;

    /**
     * Follows nothing yet.
     *
     * @param chain asked when announcements stay away
     * @param keys names in Redis
     * @param redis where the newest announcement is kept
     * @param timer runs the watchdog
     * @param ticker monotonic nanoseconds
     */
    public BlockHeights(
            ChainQueries chain,
            RedisKeys keys,
            RedisConnections redis,
            ScheduledExecutorService timer,
            Ticker ticker) {
        this.chain = chain;
        this.keys = keys;
        this.redis = redis;
        this.timer = timer;
        this.ticker = ticker;
        this.advancedAtNanos = ticker.read();
    }

    /** The newest height, 0 while none is known. */
    public long height() {
        return height.get();
    }

    /** Calls the listener for every block that advances the height. */
    public void onBlock(LongConsumer listener) {
        listeners.add(listener);
    }

    /** Runs the listener for every announcement, also for those that say nothing new. */
    public void onAnnouncement(Runnable listener) {
        announcementListeners.add(listener);
    }

    /** Begins to follow announcements and to watch for their absence. */
    public void start(RedisSubscriber subscriber) {
        subscriber.subscribe(
                keys.blockChannel(), message -> received(message), this::readLastAnnouncement);
        ask();
        watchdog =
                timer.scheduleWithFixedDelay(
                        this::watch, TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** Learns of a height from wherever; lower ones than known are ignored. */
    public void saw(long newer) {
        long known = height.get();
        while (newer > known) {
            if (height.compareAndSet(known, newer)) {
                long now = ticker.read();
                if (known > 0) {
                    intervalNanos = (now - advancedAtNanos) / (newer - known);
                }
                advancedAtNanos = now;
                for (LongConsumer listener : listeners) {
                    listener.accept(newer);
                }
                return;
            }
            known = height.get();
        }
    }

    private void received(byte[] message) {
        announcementListeners.forEach(Runnable::run);
        announced(message);
    }

    private void announced(byte[] message) {
        try {
            saw(BlockEvent.decode(message).height());
        } catch (RedisStateException e) {
            LOG.warn("a block announcement was ignored: {}", e.getMessage());
        }
    }

    private void readLastAnnouncement() {
        redis.async()
                .get(keys.lastBlock().getBytes(StandardCharsets.UTF_8))
                .whenComplete(
                        (stored, failure) -> {
                            if (stored != null) {
                                announced(stored);
                            }
                        });
    }

    private void watch() {
        long silence =
                intervalNanos == 0
                        ? FIRST_SILENCE_NANOS
                        : Math.clamp(
                                2 * intervalNanos, SHORTEST_SILENCE_NANOS, LONGEST_SILENCE_NANOS);
        if (ticker.read() - advancedAtNanos >= silence) {
            ask();
        }
    }

    private void ask() {
        if (asking) {
            return;
        }
        asking = true;
        chain.latestBlock()
                .whenComplete(
                        (block, failure) -> {
                            asking = false;
                            if (block != null) {
                                saw(block.height());
                            } else {
                                LOG.debug("block height cannot be queried: {}", failure.toString());
                            }
                        });
    }

    @Override
    public void close() {
        if (watchdog != null) {
            watchdog.cancel(false);
        }
    }
}
