package io.relayminer.core.backend;

import org.jspecify.annotations.Nullable;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ScheduledExecutorService;

/**
 * All backends of a relayer: forwards relays to the pool of their service and backend type.
 *
 * <p>A pool is found by exact match; a service without a pool of the wanted type has none, whatever
 * else it offers. Within a pool the load balancing chooses the first endpoint; a failed attempt is
 * repeated on another endpoint in service, as often as the pool allows, within one deadline for the
 * whole relay. Repeated are attempts that ended with a status of 500 to 599 or without an answer;
 * those that ran out of time only if the method is safe and enough of the deadline is left; none
 * whose client has gone. An endpoint that answers 429 is passed over for the time that it asks for,
 * by this relay too, while another one is there; the answer of the last one goes through.
 *
 * <p>Thread-safe. {@link #send} does not block and may be called on event loops; its stage is
 * completed on any thread, usually the event loop of the backend connection. The lifecycle is
 * construct, {@link #start}, {@link #close}; calls may be sent before {@code start}, which only
 * begins the active health checks.
 */
public final class BackendPools {

    private final Map<String, BackendService> services;
    private final BackendPoolEvents events;
    private final InstantSource clock;
    private final HealthChecks healthChecks;

    /**
     * Creates the pools; no connection is made yet.
     *
     * @param services configuration by service id
     * @param source creates the one backend of each service
     * @param events listener for metrics
     * @param clock for deadlines and recovery times
     * @param scheduler runs the active health checks; not closed with the pools
     */
    public BackendPools(
            Map<String, ServiceBackends> services,
            BackendSource source,
            BackendPoolEvents events,
            InstantSource clock,
            ScheduledExecutorService scheduler) {
        Map<String, BackendService> map = new LinkedHashMap<>();
        services.forEach(
                (id, spec) -> map.put(id, BackendService.create(id, spec, source, events, clock)));
        this.services = Map.copyOf(map);
        this.events = events;
        this.clock = clock;
        this.healthChecks = new HealthChecks(events, scheduler);
    }

    /** Begins the active health checks; the first probes are made at once. */
    public void start() {
        for (BackendService service : services.values()) {
            service.pools().values().forEach(pool -> healthChecks.begin(service, pool));
        }
    }

    /** Whether a call could be attempted now; a hint, {@link #send} decides. */
    public Availability availability(String serviceId, String type) {
        EndpointPool pool = pool(serviceId, type);
        if (pool == null) {
            return Availability.NO_POOL;
        }
        return pool.anyAvailable() ? Availability.AVAILABLE : Availability.NONE_HEALTHY;
    }

    private @Nullable EndpointPool pool(String serviceId, String type) {
        BackendService service = services.get(serviceId);
        return service == null ? null : service.pools().get(type);
    }

    /**
     * Forwards one relay.
     *
     * @return the answer; never completed exceptionally
     */
    public CompletionStage<BackendAnswer> send(BackendCall call) {
        BackendService service = services.get(call.serviceId());
        EndpointPool pool = service == null ? null : service.pools().get(call.type());
        if (service == null || pool == null) {
            return CompletableFuture.completedStage(new BackendAnswer.NoPool());
        }
        RequestBuilder.Prepared prepared;
        try {
            prepared = pool.requests().prepare(call);
        } catch (InvalidRequestException e) {
            return CompletableFuture.completedStage(
                    new BackendAnswer.InvalidRequest(String.valueOf(e.getMessage())));
        }
        EndpointPool.Member first = pool.acquireFirst();
        if (first == null) {
            return CompletableFuture.completedStage(new BackendAnswer.NoHealthyEndpoint());
        }
        return new Attempts(
                        service, pool, prepared, call.cancellation(), call.choice(), events, clock)
                .begin(first);
    }

    /**
     * Opens a channel of messages to a backend of the call's service and type, with the call's
     * headers and without its body.
     *
     * @return the channel, or why there is none; never completed exceptionally
     */
    public CompletionStage<ChannelAnswer> open(BackendCall call) {
        BackendService service = services.get(call.serviceId());
        EndpointPool pool = service == null ? null : service.pools().get(call.type());
        if (service == null || pool == null) {
            return notOpened(new BackendAnswer.NoPool());
        }
        RequestBuilder.Prepared prepared;
        try {
            prepared = pool.requests().prepare(call);
        } catch (InvalidRequestException e) {
            return notOpened(new BackendAnswer.InvalidRequest(String.valueOf(e.getMessage())));
        }
        EndpointPool.Member first = pool.acquireFirst();
        return first == null
                ? notOpened(new BackendAnswer.NoHealthyEndpoint())
                : new ChannelAttempts(service, pool, prepared, call.cancellation()).begin(first);
    }

    private static CompletionStage<ChannelAnswer> notOpened(BackendAnswer why) {
        return CompletableFuture.completedStage(new ChannelAnswer.NotOpened(why));
    }

    /**
     * Forwards one request once, without retry and without consequence for the endpoint: for tests
     * of the way to the backend, which must not disturb the traffic on it.
     *
     * @return the answer; never completed exceptionally
     */
    public CompletionStage<BackendAnswer> sendOnce(BackendCall call) {
        BackendService service = services.get(call.serviceId());
        EndpointPool pool = service == null ? null : service.pools().get(call.type());
        if (service == null || pool == null) {
            return CompletableFuture.completedStage(new BackendAnswer.NoPool());
        }
        EndpointPool.Member member = pool.firstUp();
        if (member == null) {
            return CompletableFuture.completedStage(new BackendAnswer.NoHealthyEndpoint());
        }
        try {
            return service.backend()
                    .send(
                            pool.requests().build(pool.requests().prepare(call), member.endpoint()),
                            service.spec().requestTimeout(),
                            call.cancellation())
                    .thenApply(
                            result ->
                                    Assessment.of(result, false)
                                            .answer(service.spec().maxResponseBytes(), 0));
        } catch (InvalidRequestException e) {
            return CompletableFuture.completedStage(
                    new BackendAnswer.InvalidRequest(String.valueOf(e.getMessage())));
        }
    }

    /** The endpoints of a service, sorted by backend type, then as configured. */
    public List<EndpointStatus> endpoints(String serviceId) {
        List<EndpointStatus> list = new ArrayList<>();
        BackendService service = services.get(serviceId);
        if (service != null) {
            for (EndpointPool pool : new TreeMap<>(service.pools()).values()) {
                for (EndpointPool.Member m : pool.members()) {
                    list.add(
                            new EndpointStatus(
                                    pool.type(),
                                    m.endpoint().name(),
                                    m.endpoint().displayUrl(),
                                    m.breaker().isAvailable()));
                }
            }
        }
        return list;
    }

    /** Attempts in flight for a service. */
    public int inFlight(String serviceId) {
        BackendService service = services.get(serviceId);
        return service == null ? 0 : service.inFlight().get();
    }

    /** Ends the health checks and closes all connections; calls in flight fail. Idempotent. */
    public CompletionStage<Void> close() {
        healthChecks.close();
        CompletableFuture<?>[] closing =
                services.values().stream()
                        .map(s -> s.backend().close().toCompletableFuture())
                        .toArray(CompletableFuture<?>[]::new);
        return CompletableFuture.allOf(closing);
    }
}
