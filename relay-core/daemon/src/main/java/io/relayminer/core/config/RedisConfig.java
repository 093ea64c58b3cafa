package io.relayminer.core.config;

import java.util.Set;

/** {@code redis}: where shared state lives and how its keys are named. */
public record RedisConfig(
        @Key(
                        value =
                                "redis://, rediss://, redis-sentinel:// or redis-cluster:// URL;"
                                        + " may carry a password, so it is masked where printed"
                                        + " and can be given as url_file.",
                        fromFile = true)
                String url,
        @Key("Accepted for compatibility: connections are shared, there is no pool.")
                Integer poolSize,
        @Key("Accepted for compatibility: connections are shared, there is no pool.")
                Integer minIdleConns,
        @Key("Accepted for compatibility: connections are shared, there is no pool.")
                Integer poolTimeoutSeconds,
        @Key("Accepted for compatibility: connections are shared, there is no pool.")
                Integer connMaxIdleTimeSeconds,
        @Key("Configurable parts of key names; the same on every process of a fleet.")
                NamespaceConfig namespace,
        @Key("plain, or hash_tagged for Redis Cluster; the same on every process of a" + " fleet.")
                String keyLayout) {

    /** Puts the defaults in place. */
    public RedisConfig {
        url = Check.textOr(url, "redis://localhost:6379");
        poolSize = atLeastZero("pool_size", poolSize);
        minIdleConns = atLeastZero("min_idle_conns", minIdleConns);
        poolTimeoutSeconds = atLeastZero("pool_timeout_seconds", poolTimeoutSeconds);
        connMaxIdleTimeSeconds = atLeastZero("conn_max_idle_time_seconds", connMaxIdleTimeSeconds);
        namespace = namespace == null ? NamespaceConfig.defaults() : namespace;
        keyLayout = Check.textOr(keyLayout, "plain");
        if (!Set.of("plain", "hash_tagged").contains(keyLayout)) {
            throw new IllegalArgumentException("key_layout must be plain or hash_tagged");
        }
    }

    /** All keys at their defaults. */
    @SuppressWarnings("NullAway") // null is how the reader says "absent"
    public static RedisConfig defaults() {
        return new RedisConfig(null, null, null, null, null, null, null);
    }

    /** A copy with another URL, for a command-line override. */
    public RedisConfig withUrl(String other) {
        return new RedisConfig(
                other,
                poolSize,
                minIdleConns,
                poolTimeoutSeconds,
                connMaxIdleTimeSeconds,
                namespace,
                keyLayout);
    }

    private static Integer atLeastZero(String name, Integer value) {
        return Check.inRange(name, value == null ? 0 : value, 0, Integer.MAX_VALUE);
    }
}
