package io.relayminer.core.relay;

import io.relayminer.core.cache.CacheException;

import java.util.concurrent.CompletionException;

/** Reads the failures of stages. */
final class RelayFailures {

    private RelayFailures() {}

    /** The failure itself, without the wrappers that stages put around it. */
    static Throwable root(Throwable failure) {
        Throwable cause = failure;
        while (cause instanceof CompletionException && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }

    /** The failure as a lookup that ended without value. */
    static CacheException cacheException(Throwable failure) {
        Throwable cause = root(failure);
        return cause instanceof CacheException known
                ? known
                : new CacheException.Unavailable("lookup failed", cause);
    }
}
