package io.relayminer.core.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.relayminer.core.redis.ReconnectListener;
import io.relayminer.core.redis.RedisConnections;

/** Counts how often connections to Redis were sought again, and found, by what they are for. */
public final class RedisMetrics implements ReconnectListener {

    private final MeterRegistry registry;

    /** Metrics in a registry. */
    public RedisMetrics(MeterRegistry registry) {
        this.registry = registry;
    }

    @Override
    public void opened(RedisConnections.Use use) {
        attempts(use);
        successes(use);
    }

    @Override
    public void attempted(RedisConnections.Use use) {
        attempts(use).increment();
    }

    @Override
    public void reconnected(RedisConnections.Use use) {
        successes(use).increment();
    }

    private Counter attempts(RedisConnections.Use use) {
        return Counter.builder("ha_transport_redis_reconnection_attempts")
                .description("Attempts at connecting to Redis again")
                .tag("component", use.label())
                .register(registry);
    }

    private Counter successes(RedisConnections.Use use) {
        return Counter.builder("ha_transport_redis_reconnection_success")
                .description("Connections to Redis that were lost and are there again")
                .tag("component", use.label())
                .register(registry);
    }
}
