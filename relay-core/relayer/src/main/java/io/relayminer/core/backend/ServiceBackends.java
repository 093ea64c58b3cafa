package io.relayminer.core.backend;

import io.relayminer.transport.BackendOptions;

import java.time.Duration;
import java.util.Map;

/**
 * The backends of one service, as configured.
 *
 * @param requestTimeout one deadline for all attempts at a relay
 * @param maxResponseBytes longest response body, also after decompression
 * @param connections how the service's connection pool behaves
 * @param pools pools by backend type
 */
public record ServiceBackends(
        Duration requestTimeout,
        long maxResponseBytes,
        BackendOptions connections,
        Map<String, PoolSpec> pools) {

    /** Checks the ranges and copies the map. */
    public ServiceBackends {
        if (requestTimeout.isNegative() || requestTimeout.isZero()) {
            throw new IllegalArgumentException(
                    "requestTimeout must be positive, got " + requestTimeout);
        }
        if (maxResponseBytes < 1) {
            throw new IllegalArgumentException(
                    "maxResponseBytes must be positive, got " + maxResponseBytes);
        }
        pools = Map.copyOf(pools);
    }

    /**
     * One pool of the given type with all defaults: 30 s for a relay, responses up to 10 MiB.
     *
     * @param type backend type: {@code jsonrpc}, {@code rest}, {@code cometbft}, {@code websocket}
     *     or {@code grpc}
     */
    public static ServiceBackends of(String type, Endpoint... endpoints) {
        return new ServiceBackends(
                Duration.ofSeconds(30),
                10_485_760,
                BackendOptions.DEFAULT,
                Map.of(type, PoolSpec.of(endpoints)));
    }
}
