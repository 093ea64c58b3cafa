package io.relayminer.core.redis;

import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * Whether Redis answers: asked with a PING every two seconds, which has two seconds to be answered.
 *
 * <p>Safe for use by any thread; never blocks. Until the first answer it counts as reachable,
 * because connections were opened before.
 */
public final class RedisReachability implements AutoCloseable {

    private static final long SECONDS = 2;

    private final RedisConnections redis;
    private final ScheduledFuture<?> task;
    private volatile boolean reachable = true;

    /**
     * Begins to ask.
     *
     * @param redis open connections, which stay the caller's
     * @param timer sends the PINGs
     */
    public RedisReachability(RedisConnections redis, ScheduledExecutorService timer) {
        this.redis = redis;
        this.task = timer.scheduleWithFixedDelay(this::ask, 0, SECONDS, TimeUnit.SECONDS);
    }

    /** Whether the last PING was answered. */
    public boolean reachable() {
        return reachable;
    }

    private void ask() {
        try {
            var unused =
                    redis.async()
                            .ping()
                            .toCompletableFuture()
                            .orTimeout(SECONDS, TimeUnit.SECONDS)
                            .whenComplete((pong, failure) -> reachable = failure == null);
        } catch (RuntimeException e) {
            reachable = false;
        }
    }

    /** Stops asking. */
    @Override
    public void close() {
        task.cancel(false);
    }
}
