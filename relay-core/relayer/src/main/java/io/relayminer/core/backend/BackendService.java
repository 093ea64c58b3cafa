package io.relayminer.core.backend;

import io.relayminer.transport.Backend;
import io.relayminer.transport.BackendEvents;

import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/** One service: its pools, and the connection pool they share with no other service. */
record BackendService(
        String id,
        ServiceBackends spec,
        Backend backend,
        Map<String, EndpointPool> pools,
        AtomicInteger inFlight) {

    static BackendService create(
            String id,
            ServiceBackends spec,
            BackendSource source,
            BackendPoolEvents events,
            InstantSource clock) {
        BackendEvents connectionEvents =
                new BackendEvents() {
                    @Override
                    public void connectionAcquired(long waitNanos, boolean reused) {
                        events.connectionAcquired(id, waitNanos, reused);
                    }

                    @Override
                    public void connectionOpened(long nanos) {
                        events.connectionOpened(id, nanos);
                    }
                };
        Map<String, EndpointPool> pools = new HashMap<>();
        spec.pools()
                .forEach(
                        (type, pool) ->
                                pools.put(
                                        type,
                                        new EndpointPool(
                                                id,
                                                type,
                                                pool,
                                                spec.maxResponseBytes(),
                                                clock,
                                                events)));
        return new BackendService(
                id,
                spec,
                source.create(id, spec.connections(), connectionEvents),
                Map.copyOf(pools),
                new AtomicInteger());
    }
}
