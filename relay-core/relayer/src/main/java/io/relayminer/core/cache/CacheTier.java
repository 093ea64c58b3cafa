package io.relayminer.core.cache;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/**
 * One level of a {@link TieredCache} below process memory: a shared store (Redis) or the authority
 * itself (the chain).
 *
 * <p><b>Threading.</b> Methods are called from event loops and must not block; stages may complete
 * on any thread. <b>Errors.</b> A tier that cannot be reached completes its stage exceptionally
 * with any exception; {@link CacheException.Absent} alone means "asked, and there is no such
 * thing". <b>Lifecycle.</b> A tier owns neither connections nor threads and has nothing to close.
 *
 * @param <K> key
 * @param <V> value, immutable
 */
public interface CacheTier<K, V> {

    /** The value of the {@code level} metric label: {@code l2} or {@code l3}. */
    String level();

    /**
     * Reads one value.
     *
     * @return a stage with the value, or null when this tier does not have it and the next one
     *     should be asked
     */
    CompletionStage<@Nullable V> get(K key);

    /**
     * Stores a value that a tier below produced. A tier that cannot store does nothing.
     *
     * @return a stage that completes when the value is stored
     */
    CompletionStage<@Nullable Void> put(K key, V value);

    /**
     * Obtains a value this tier missed from the tiers below and stores it. A shared tier overrides
     * this to let one process ask while the others wait for the result.
     *
     * @param below asks the tiers below; called at most once
     */
    default CompletionStage<V> fill(K key, Supplier<CompletionStage<V>> below) {
        return below.get()
                .thenCompose(
                        value ->
                                put(key, value)
                                        .handle(
                                                (stored, failure) ->
                                                        value)); // the value counts, not its copy
    }

    /** A tier that has nothing and keeps nothing. */
    static <K, V> CacheTier<K, V> none(String level) {
        return new EmptyTier<>(level);
    }
}
