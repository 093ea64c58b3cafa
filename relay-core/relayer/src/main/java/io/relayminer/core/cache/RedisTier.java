package io.relayminer.core.cache;

import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.SetArgs;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HexFormat;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/**
 * The shared tier: one Redis string per entry, in the format of the fleet.
 *
 * <p><b>Repopulation.</b> When an entry is missing everywhere, one process of the fleet asks the
 * chain and the others wait for its answer to appear. The right to ask is a lock key ({@code SET NX
 * EX 5}) whose value is a random token; it is released by compare-and-delete <i>after</i> the value
 * was written, so neither can a loser delete the winner's lock nor can a reader slip between the
 * release and the value. A loser polls for the value for up to 250 ms with jitter and then asks the
 * chain itself: the lock saves queries, it does not guard correctness. If Redis cannot be reached,
 * the chain is asked at once, within a {@link QueryBudget}; a {@link RedisCircuit} sees to it that
 * an outage is found out once a second and not by every lookup.
 */
public final class RedisTier<K, V> implements CacheTier<K, V> {

    private static final Logger LOG = LoggerFactory.getLogger(RedisTier.class);
    private static final long LOCK_SECONDS = 5;
    private static final long WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(250);
    private static final byte[] RELEASE_LOCK =
            ("if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end "
                            + "return 0")
                    .getBytes(StandardCharsets.US_ASCII);

    /**
     * What all Redis tiers of a process share.
     *
     * @param redis commands on a shared connection
     * @param timer runs the short waits of lock losers
     * @param random source of lock tokens and jitter
     * @param circuit passes Redis by while it does not answer
     * @param budget chain queries allowed while Redis is unreachable
     * @param observer told about lock outcomes
     */
    public record Environment(
            RedisClusterAsyncCommands<byte[], byte[]> redis,
            ScheduledExecutorService timer,
            RandomGenerator random,
            RedisCircuit circuit,
            QueryBudget budget,
            CacheObserver observer) {}

    private final Environment env;
    private final String type;
    private final Function<K, byte[]> valueKey;
    private final @Nullable Function<K, byte[]> lockKey;
    private final ValueCodec<V> codec;
    private final Function<V, Duration> timeToLive;

    /**
     * @param env shared machinery
     * @param type the {@code cache_type} metric label
     * @param valueKey key of the entry
     * @param lockKey key of the repopulation lock; null for kinds of entries that use none
     * @param codec byte form
     * @param timeToLive expiry to set; zero means none
     */
    public RedisTier(
            Environment env,
            String type,
            Function<K, byte[]> valueKey,
            @Nullable Function<K, byte[]> lockKey,
            ValueCodec<V> codec,
            Function<V, Duration> timeToLive) {
        this.env = env;
        this.type = type;
        this.valueKey = valueKey;
        this.lockKey = lockKey;
        this.codec = codec;
        this.timeToLive = timeToLive;
    }

    @Override
    public String level() {
        return "l2";
    }

    @Override
    public CompletionStage<@Nullable V> get(K key) {
        return env.circuit()
                .ask(() -> env.redis().get(valueKey.apply(key)))
                .thenApply(bytes -> decode(key, bytes));
    }

    @Override
    public CompletionStage<@Nullable Void> put(K key, V value) {
        Duration ttl = timeToLive.apply(value);
        SetArgs args = ttl.isZero() ? new SetArgs() : new SetArgs().px(ttl);
        return env.circuit()
                .ask(() -> env.redis().set(valueKey.apply(key), codec.encode(value), args))
                .thenApply(ok -> null);
    }

    @Override
    public CompletionStage<V> fill(K key, Supplier<CompletionStage<V>> below) {
        if (env.circuit().isOpen()) {
            return env.budget().spend(below);
        }
        if (lockKey == null) {
            return below.get().thenCompose(value -> store(key, value));
        }
        byte[] lock = lockKey.apply(key);
        byte[] token = token();
        return env.circuit()
                .ask(() -> env.redis().set(lock, token, SetArgs.Builder.nx().ex(LOCK_SECONDS)))
                .handle((reply, failure) -> failure == null ? "OK".equals(reply) : null)
                .thenCompose(
                        acquired -> {
                            if (acquired == null) {
                                return env.budget().spend(below);
                            }
                            if (acquired) {
                                env.observer().lock(type, "acquired");
                                return below.get()
                                        .thenCompose(value -> store(key, value))
                                        .whenComplete((value, failure) -> release(lock, token));
                            }
                            env.observer().lock(type, "contended");
                            return await(key, below, System.nanoTime() + WAIT_NANOS);
                        });
    }

    private CompletionStage<V> store(K key, V value) {
        return put(key, value)
                .handle(
                        (ok, failure) -> {
                            if (failure != null) {
                                LOG.debug("{} not stored in Redis: {}", type, failure.toString());
                            }
                            return value;
                        });
    }

    private void release(byte[] lock, byte[] token) {
        env.circuit()
                .<Long>ask(
                        () ->
                                env.redis()
                                        .eval(
                                                RELEASE_LOCK,
                                                ScriptOutputType.INTEGER,
                                                new byte[][] {lock},
                                                token))
                .exceptionally(
                        failure -> {
                            LOG.debug("{} lock left to expire: {}", type, failure.toString());
                            return null;
                        });
    }

    private CompletionStage<V> await(
            K key, Supplier<CompletionStage<V>> below, long deadlineNanos) {
        Executor soon =
                CompletableFuture.delayedExecutor(
                        10L + env.random().nextInt(20), TimeUnit.MILLISECONDS, env.timer());
        return CompletableFuture.supplyAsync(() -> key, soon)
                .thenCompose(this::get)
                .handle((value, failure) -> value)
                .thenCompose(
                        value -> {
                            if (value != null) {
                                env.observer().hit(type, "l2_retry");
                                return CompletableFuture.completedFuture(value);
                            }
                            return System.nanoTime() < deadlineNanos
                                    ? await(key, below, deadlineNanos)
                                    : below.get().thenCompose(fresh -> store(key, fresh));
                        });
    }

    private @Nullable V decode(K key, byte @Nullable [] bytes) {
        if (bytes == null) {
            return null;
        }
        try {
            return codec.decode(bytes);
        } catch (IllegalArgumentException e) {
            LOG.warn(
                    "{} {} in Redis is unreadable and is taken as missing: {}",
                    type,
                    key,
                    e.getMessage());
            return null;
        }
    }

    private byte[] token() {
        byte[] raw = new byte[16];
        env.random().nextBytes(raw);
        return HexFormat.of().formatHex(raw).getBytes(StandardCharsets.US_ASCII);
    }
}
