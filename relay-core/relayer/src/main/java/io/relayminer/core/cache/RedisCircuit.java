package io.relayminer.core.cache;

import com.github.benmanes.caffeine.cache.Ticker;

import io.lettuce.core.RedisCommandExecutionException;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/**
 * Keeps an outage of Redis from costing every lookup a time limit.
 *
 * <p>A lookup on the way of a relay asks Redis several times, and each question to a server that
 * does not answer takes as long as its limit. So after one failure no question is asked for a
 * while: callers are told at once that Redis is away. When the while is over, one question is let
 * through as a trial, and the others still pass by until it was answered; its outcome closes the
 * circuit or opens it for another while. An error that the server itself sent is an answer.
 *
 * <p>One circuit serves all tiers of a process. Thread-safe; never blocks.
 */
public final class RedisCircuit {

    private static final Logger LOG = LoggerFactory.getLogger(RedisCircuit.class);

    /** A second is long for a lookup and short for an operator who waits for a recovery. */
    private static final Duration USUAL = Duration.ofSeconds(1);

    private final Ticker ticker;
    private final Duration limit;
    private final long pauseNanos;
    private final AtomicBoolean trial = new AtomicBoolean();
    private volatile boolean open;
    private volatile long failedAtNanos;

    /**
     * A circuit with a limit of one second for an answer and pauses of one second.
     *
     * @param ticker monotonic nanoseconds
     */
    public RedisCircuit(Ticker ticker) {
        this(ticker, USUAL, USUAL);
    }

    /**
     * A closed circuit.
     *
     * @param ticker monotonic nanoseconds
     * @param limit time for an answer
     * @param pause time without questions after a failure
     */
    RedisCircuit(Ticker ticker, Duration limit, Duration pause) {
        this.ticker = ticker;
        this.limit = limit;
        this.pauseNanos = pause.toNanos();
    }

    /** Whether a question asked now would be answered with a failure at once. */
    boolean isOpen() {
        return open && (ticker.read() - failedAtNanos < pauseNanos || trial.get());
    }

    /**
     * Asks, or fails at once while Redis is away.
     *
     * @param question sends a command
     * @return fails with {@link CacheException.Unavailable} if the question was not asked or not
     *     answered in time, else with the command's own failure
     */
    <T> CompletionStage<T> ask(Supplier<? extends CompletionStage<T>> question) {
        boolean trying = false;
        if (open) {
            if (ticker.read() - failedAtNanos < pauseNanos || !trial.compareAndSet(false, true)) {
                return CompletableFuture.failedFuture(
                        new CacheException.Unavailable("Redis is unreachable at the moment", null));
            }
            trying = true;
        }
        boolean mine = trying;
        CompletionStage<T> reply;
        try {
            reply = question.get();
        } catch (RuntimeException e) {
            reply = CompletableFuture.failedFuture(e);
        }
        return reply.toCompletableFuture()
                .copy()
                .orTimeout(limit.toNanos(), TimeUnit.NANOSECONDS)
                .whenComplete((value, failure) -> answered(mine, failure));
    }

    private void answered(boolean wasTrial, @Nullable Throwable failure) {
        if (failure == null || root(failure) instanceof RedisCommandExecutionException) {
            if (open) {
                open = false;
                LOG.info("Redis answers lookups again");
            }
        } else {
            failedAtNanos = ticker.read();
            if (!open) {
                open = true;
                LOG.warn("Redis does not answer lookups and is passed by: {}", root(failure));
            }
        }
        if (wasTrial) {
            trial.set(false);
        }
    }

    private static Throwable root(Throwable failure) {
        return failure instanceof CompletionException && failure.getCause() != null
                ? failure.getCause()
                : failure;
    }
}
