package io.relayminer.leader;

import io.relayminer.provider.Provider;
import io.relayminer.provider.Providers;

/**
 * Makes lease stores of one type.
 *
 * <p>Built in are {@code memory}, on the class path, and {@code redis}, which a program that has a
 * connection adds with {@link RedisLeaseStore#provider}.
 */
public interface LeaseStoreProvider extends Provider<LeaseStore, LeaseStoreContext> {

    /**
     * The providers on the class path.
     *
     * @return a registry to add others to
     */
    static Providers<LeaseStore, LeaseStoreContext> onClassPath() {
        return Providers.onClassPath("lease store", LeaseStoreProvider.class);
    }
}
