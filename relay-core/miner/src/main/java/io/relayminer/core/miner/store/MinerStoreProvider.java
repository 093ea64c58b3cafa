package io.relayminer.core.miner.store;

import io.relayminer.provider.Provider;
import io.relayminer.provider.Providers;

/**
 * Makes miners' stores of one type.
 *
 * <p>Built in are {@code memory}, on the class path, and {@code redis}, which a program that has
 * connections adds with {@link io.relayminer.core.miner.redis.RedisMinerStore#provider}.
 */
public interface MinerStoreProvider extends Provider<MinerStore, MinerStoreContext> {

    /**
     * The providers on the class path.
     *
     * @return a registry to add others to
     */
    static Providers<MinerStore, MinerStoreContext> onClassPath() {
        return Providers.onClassPath("miner store", MinerStoreProvider.class);
    }
}
