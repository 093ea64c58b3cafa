package io.relayminer.core.daemon;

import io.micrometer.core.instrument.MeterRegistry;
import io.relayminer.core.config.NamespaceConfig;
import io.relayminer.core.config.RedisConfig;
import io.relayminer.core.metrics.RedisMetrics;
import io.relayminer.core.redis.KeyLayout;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisEndpoint;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.redis.RedisNamespace;

/** What the {@code redis} section of a configuration means. */
public final class RedisSection {

    private RedisSection() {}

    /** The names of the fleet's keys. */
    public static RedisKeys keys(RedisConfig config) {
        return new RedisKeys(namespace(config.namespace()), layout(config));
    }

    /**
     * The names of the fleet's keys.
     *
     * @param meterPrefix first part of the relay meter's keys; empty for that of all keys
     */
    public static RedisKeys keys(RedisConfig config, String meterPrefix) {
        return new RedisKeys(namespace(config.namespace()), layout(config), meterPrefix);
    }

    private static KeyLayout layout(RedisConfig config) {
        return config.keyLayout().equals("plain") ? KeyLayout.PLAIN : KeyLayout.HASH_TAGGED;
    }

    private static RedisNamespace namespace(NamespaceConfig names) {
        return new RedisNamespace(
                names.basePrefix(),
                names.cachePrefix(),
                names.eventsPrefix(),
                names.streamsPrefix(),
                names.minerPrefix(),
                names.supplierPrefix(),
                names.meterPrefix(),
                names.paramsPrefix(),
                names.consumerGroupPrefix());
    }

    /**
     * Connects; reconnects are counted.
     *
     * @param clientName how the connections call themselves
     */
    public static RedisConnections open(
            RedisConfig config, String clientName, MeterRegistry registry) {
        return RedisConnections.open(
                RedisEndpoint.parse(config.url()),
                clientName,
                RedisConnections.Limits.DEFAULT,
                new RedisMetrics(registry));
    }
}
