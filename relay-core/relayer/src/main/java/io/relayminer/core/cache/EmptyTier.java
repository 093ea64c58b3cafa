package io.relayminer.core.cache;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** The tier that is not there: a miss for every key. */
record EmptyTier<K, V>(String level) implements CacheTier<K, V> {

    @Override
    public CompletionStage<@Nullable V> get(K key) {
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public CompletionStage<@Nullable Void> put(K key, V value) {
        return CompletableFuture.completedFuture(null);
    }
}
