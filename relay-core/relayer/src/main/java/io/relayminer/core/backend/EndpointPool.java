package io.relayminer.core.backend;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** The endpoints of one backend type of one service, with their breakers. Thread-safe. */
final class EndpointPool {

    private static final Logger LOG = LoggerFactory.getLogger(EndpointPool.class);

    /** One endpoint and its state. */
    record Member(int index, Endpoint endpoint, CircuitBreaker breaker) {}

    private final String serviceId;
    private final String type;
    private final PoolSpec spec;
    private final RequestBuilder requests;
    private final List<Member> members;
    private final AtomicInteger rotation = new AtomicInteger();

    EndpointPool(
            String serviceId,
            String type,
            PoolSpec spec,
            long maxResponseBytes,
            InstantSource clock,
            BackendPoolEvents events) {
        this.serviceId = serviceId;
        this.type = type;
        this.spec = spec;
        this.requests = new RequestBuilder(type, spec, maxResponseBytes);
        List<Member> list = new ArrayList<>();
        for (Endpoint configured : spec.endpoints()) {
            Endpoint endpoint = type.equals("grpc") ? configured.overHttp2() : configured;
            CircuitBreaker.Listener listener =
                    new CircuitBreaker.Listener() {
                        @Override
                        public void down(String reason) {
                            LOG.warn(
                                    "BACKEND DOWN service={} type={} endpoint={} reason={}",
                                    serviceId,
                                    type,
                                    endpoint.name(),
                                    reason);
                            events.healthChanged(serviceId, type, endpoint.name(), false);
                        }

                        @Override
                        public void up(java.time.Duration downtime) {
                            LOG.info(
                                    "BACKEND UP service={} type={} endpoint={} downtime={}",
                                    serviceId,
                                    type,
                                    endpoint.name(),
                                    downtime);
                            events.healthChanged(serviceId, type, endpoint.name(), true);
                        }
                    };
            list.add(
                    new Member(
                            list.size(),
                            endpoint,
                            new CircuitBreaker(spec.breaker(), clock, listener)));
            events.healthChanged(serviceId, type, endpoint.name(), true);
        }
        members = List.copyOf(list);
    }

    String serviceId() {
        return serviceId;
    }

    String type() {
        return type;
    }

    PoolSpec spec() {
        return spec;
    }

    RequestBuilder requests() {
        return requests;
    }

    List<Member> members() {
        return members;
    }

    boolean anyAvailable() {
        for (Member m : members) {
            if (m.breaker().isAvailable()) {
                return true;
            }
        }
        return false;
    }

    /** The first endpoint in service, without acquiring it; {@code null} if there is none. */
    @Nullable Member firstUp() {
        for (Member m : members) {
            if (m.breaker().isUp()) {
                return m;
            }
        }
        return null;
    }

    /** Acquires the endpoint for the first attempt, or {@code null} if none is in service. */
    @Nullable Member acquireFirst() {
        int from =
                switch (spec.loadBalancing()) {
                    case ROUND_ROBIN -> Math.floorMod(rotation.incrementAndGet(), members.size());
                    case FIRST_HEALTHY -> 0;
                };
        BitSet none = new BitSet();
        Member rested = acquire(from, none, false);
        return rested != null ? rested : acquire(from, none, true);
    }

    /**
     * Acquires an endpoint for another attempt: the next one in service after the last tried, so
     * that the load of a failing endpoint spreads, and never one that this relay has tried or that
     * has asked for a pause.
     */
    @Nullable Member acquireNext(Member last, BitSet tried) {
        return acquire((last.index() + 1) % members.size(), tried, false);
    }

    private @Nullable Member acquire(int from, BitSet tried, boolean paused) {
        for (int i = 0; i < members.size(); i++) {
            Member m = members.get((from + i) % members.size());
            if (!tried.get(m.index())
                    && (paused || !m.breaker().isPaused())
                    && m.breaker().tryAcquire()) {
                return m;
            }
        }
        return null;
    }
}
