package io.relayminer.core.relay;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.relayminer.core.backend.BackendPoolEvents;
import io.relayminer.core.backend.Outcome;
import io.relayminer.core.cache.CacheObserver;
import io.relayminer.core.cache.RelayCaches;
import io.relayminer.core.cache.TieredCache;
import io.relayminer.core.meter.MeterObserver;
import io.relayminer.core.metrics.Buckets;
import io.relayminer.core.metrics.QueryCacheMetrics;
import io.relayminer.core.redis.RelayLogListener;
import io.relayminer.transport.MinedRelay;
import io.relayminer.transport.TransportEvents;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntSupplier;

/**
 * What a relayer counts, under the names and labels that dashboards of this protocol use.
 *
 * <p><b>Bounded labels.</b> {@code service_id} is a configured service or {@code unknown}, {@code
 * rpc_type} one of five names or {@code unknown}; {@code supplier} and {@code application} appear
 * only after a relay was authenticated, so a stranger cannot mint series.
 *
 * <p><b>Cost.</b> Meters of a (service, type) pair are looked up once and kept in {@link
 * PairMeters}, so counting on the relay path is an array access and an add. All methods may be
 * called from any thread and never block.
 */
public final class RelayerMetrics
        implements MeterObserver,
                CacheObserver,
                BackendPoolEvents,
                TransportEvents,
                RelayLogListener {

    private static final String UNKNOWN = "unknown";
    private static final String PREFIX = "ha_relayer_";

    private static final double[] SIZES = {1e2, 1e3, 1e4, 1e5, 1e6, 1e7};

    private final MeterRegistry registry;
    private final Map<String, Map<RpcType, PairMeters>> pairs = new HashMap<>();
    private final Map<String, ServiceMeters> services = new HashMap<>();
    private final AtomicLong blockHeight = new AtomicLong();
    private final AtomicInteger activeConnections = new AtomicInteger();
    private final Counter blockEvents;
    private final Counter rewardable;
    private final Counter nonRewardable;
    private final Map<Object, Counter> counters = new ConcurrentHashMap<>();
    private final Map<Object, AtomicLong> gauges = new ConcurrentHashMap<>();
    private final Map<Object, Timer> timers = new ConcurrentHashMap<>();

    /**
     * Registers the meters.
     *
     * @param registry where
     * @param serviceIds the configured services
     */
    public RelayerMetrics(MeterRegistry registry, Set<String> serviceIds) {
        this.registry = registry;
        for (String id : serviceIds) {
            pairs.put(id, pairMeters(id));
            services.put(id, new ServiceMeters(id));
        }
        pairs.putIfAbsent(UNKNOWN, pairMeters(UNKNOWN));
        services.putIfAbsent(UNKNOWN, new ServiceMeters(UNKNOWN));
        Gauge.builder(PREFIX + "current_block_height", blockHeight, AtomicLong::get)
                .description("Newest block height this process has seen")
                .register(registry);
        Gauge.builder("ha_cache_current_block_height", blockHeight, AtomicLong::get)
                .description("Newest block height the caches have seen")
                .register(registry);
        this.blockEvents =
                Counter.builder("ha_cache_block_events_received")
                        .description("Block announcements received")
                        .register(registry);
        this.rewardable = rewardableChecks("rewardable");
        this.nonRewardable = rewardableChecks("non_rewardable");
        panicCounter("http_handler");
        Gauge.builder(PREFIX + "active_connections", activeConnections, AtomicInteger::get)
                .description("Requests being handled")
                .register(registry);
    }

    private Counter rewardableChecks(String result) {
        return Counter.builder("ha_cache_session_rewardable_checks")
                .description("Relays that came in time, or too late, to be rewarded for certain")
                .tag("result", result)
                .register(registry);
    }

    private Map<RpcType, PairMeters> pairMeters(String service) {
        Map<RpcType, PairMeters> byType = new EnumMap<>(RpcType.class);
        for (RpcType type : RpcType.values()) {
            byType.put(type, new PairMeters(service, type));
        }
        return byType;
    }

    // ---- the relay path
    // --------------------------------------------------------------------------

    void received(String service, RpcType type) {
        pair(service, type).received.increment();
    }

    void rejected(String service, RpcType type, String reason) {
        pair(service, type).rejected(reason).increment();
    }

    void served(String service, RpcType type, int status) {
        pair(service, type).served(status).increment();
    }

    void servedOptimistically(String service, RpcType type) {
        pair(service, type)
                .lazily("relays_served_optimistically", "Relays of suppliers without known state")
                .increment();
    }

    void undeclaredTransport(String service, RpcType type) {
        pair(service, type)
                .lazily("undeclared_transport_served", "Relays over a transport not staked")
                .increment();
    }

    void backendMissing(String service, RpcType type) {
        pair(service, type)
                .lazily("backend_missing", "Relays for a backend type that is not configured")
                .increment();
    }

    void fastFailed(String service) {
        service(service).fastFails.increment();
    }

    void validationFailed(String service) {
        service(service).validationFailures.increment();
    }

    void validated(String service, boolean eager, long nanos) {
        ServiceMeters meters = service(service);
        (eager ? meters.validationEager : meters.validationOptimistic)
                .record(nanos, TimeUnit.NANOSECONDS);
    }

    void metered(String service, boolean eager, long nanos) {
        ServiceMeters meters = service(service);
        (eager ? meters.meterEager : meters.meterOptimistic).record(nanos, TimeUnit.NANOSECONDS);
    }

    void requestBody(String service, RpcType type, long bytes) {
        pair(service, type).requestBytes.record((double) bytes);
    }

    void responseBody(String service, RpcType type, long bytes) {
        pair(service, type).responseBytes.record((double) bytes);
    }

    /** Records the time of a served relay and its share before and after the backend call. */
    void latency(String service, RpcType type, long total, long before, long backend) {
        PairMeters meters = pair(service, type);
        meters.latency.record(total, TimeUnit.NANOSECONDS);
        meters.preBackend.record(before, TimeUnit.NANOSECONDS);
        meters.postBackend.record(Math.max(0, total - before - backend), TimeUnit.NANOSECONDS);
    }

    /** One simulated relay; {@code supplier} is that of a loaded key, or {@code unknown}. */
    void simulated(String service, RpcType type, String supplier, String result, long nanos) {
        String id = service(service).id;
        counter(
                        "simulated_relays",
                        "Simulated relays",
                        Tags.of(
                                "transport",
                                type.label(),
                                "service",
                                id,
                                "supplier",
                                supplier,
                                "result",
                                result))
                .increment();
        timers.computeIfAbsent(
                        "simulated|" + type.label() + "|" + id,
                        key ->
                                timer(
                                        "simulated_relay_duration",
                                        "Time of simulated relays",
                                        "transport",
                                        type.label(),
                                        "service",
                                        id))
                .record(nanos, TimeUnit.NANOSECONDS);
    }

    void skippedByDifficulty(String service) {
        service(service).skippedDifficulty.increment();
    }

    void notMined(String service, String reason) {
        counter(
                        "relays_not_mined",
                        "Relays served but deliberately not mined",
                        Tags.of("service_id", service(service).id, "reason", reason))
                .increment();
    }

    void published(String service, String supplier) {
        service(service).mined.increment();
        service(service).published(supplier).increment();
    }

    void lost(String service, String supplier, String reason) {
        counter(
                        "relays_lost",
                        "Relays answered but not recorded",
                        Tags.of(
                                "service_id",
                                service(service).id,
                                "supplier",
                                supplier,
                                "reason",
                                reason))
                .increment();
    }

    /** Registers the gauge of relays that wait to be recorded. */
    public void publishPending(IntSupplier pending) {
        Gauge.builder(PREFIX + "relays_publish_pending", pending, IntSupplier::getAsInt)
                .description("Relays that wait to be recorded")
                .strongReference(true)
                .register(registry);
    }

    /** A handler broke: defects, not refusals. */
    public void panicRecovered(String component) {
        panicCounter(component).increment();
    }

    private Counter panicCounter(String component) {
        return counters.computeIfAbsent(
                "panic:" + component,
                key ->
                        Counter.builder("ha_panic_recoveries")
                                .description("Defects contained")
                                .tag("component", component)
                                .register(registry));
    }

    /** A block announcement arrived. */
    public void blockAnnounced() {
        blockEvents.increment();
    }

    void rewardable(boolean inTime) {
        (inTime ? rewardable : nonRewardable).increment();
    }

    /** A new block was seen. */
    public void block(long height) {
        blockHeight.accumulateAndGet(height, Math::max);
    }

    /** Announces the connection limit of a service. */
    public void poolLimit(String service, int connectionsPerHost) {
        gauge(
                        "http_pool_max_conns",
                        "Connections per host",
                        Tags.of("service_id", service(service).id))
                .set(connectionsPerHost);
    }

    // ---- transports
    // ------------------------------------------------------------------------------

    @Override
    public void requestStarted(String protocol) {
        activeConnections.incrementAndGet();
        counter("inbound_requests_by_proto", "Requests by protocol", Tags.of("proto", protocol))
                .increment();
    }

    @Override
    public void requestFinished() {
        activeConnections.decrementAndGet();
    }

    @Override
    public void requestRefused(TransportEvents.Refusal refusal) {
        switch (refusal) {
            case BODY_READ_FAILED -> refusedEarly("read_body_error");
            case BODY_TOO_LARGE -> refusedEarly("body_too_large");
            case OVERLOADED -> refusedEarly("overloaded");
            case PROTOCOL_NOT_OFFERED -> {
                // Never was a relay.
            }
        }
    }

    private void refusedEarly(String reason) {
        received(UNKNOWN, RpcType.UNKNOWN);
        rejected(UNKNOWN, RpcType.UNKNOWN, reason);
    }

    @Override
    public void handlerFailed(String component, Throwable cause) {
        panicRecovered(component);
    }

    // ---- relay log
    // -------------------------------------------------------------------------------

    @Override
    public void appended(MinedRelay relay, long nanos) {
        transport("ha_transport_redis_published", "Relays appended to streams", relay).increment();
    }

    @Override
    public void failed(MinedRelay relay, String reason) {
        transport("ha_transport_redis_publish_errors", "Appends that failed", relay).increment();
    }

    private Counter transport(String name, String description, MinedRelay relay) {
        return counters.computeIfAbsent(
                new CacheKey(name, relay.supplier(), relay.serviceId()),
                key ->
                        Counter.builder(name)
                                .description(description)
                                .tags(
                                        "supplier_addr",
                                        relay.supplier(),
                                        "service_id",
                                        relay.serviceId())
                                .register(registry));
    }

    // ---- backends
    // --------------------------------------------------------------------------------

    @Override
    public void callFinished(String serviceId, Outcome outcome, int status, long nanos) {
        ServiceMeters meters = service(serviceId);
        meters.backendLatency(outcome).record(nanos, TimeUnit.NANOSECONDS);
        meters.backendRequests(outcome, status).increment();
    }

    @Override
    public void inFlightChanged(String serviceId, int delta) {
        service(serviceId).inFlight.addAndGet(delta);
    }

    @Override
    public void healthChanged(String serviceId, String type, String endpoint, boolean healthy) {
        gauge(
                        "backend_health_status",
                        "1 if relays are sent to the endpoint",
                        Tags.of("service_id", serviceId + ":" + type, "endpoint", endpoint))
                .set(healthy ? 1 : 0);
    }

    @Override
    public void probed(String serviceId, String type, String endpoint, boolean success) {
        counter(
                        success ? "health_check_successes" : "health_check_failures",
                        "Active probes",
                        Tags.of("service_id", serviceId + ":" + type, "endpoint", endpoint))
                .increment();
    }

    @Override
    public void connectionAcquired(String serviceId, long waitNanos, boolean reused) {
        ServiceMeters meters = service(serviceId);
        meters.poolWait.record(waitNanos, TimeUnit.NANOSECONDS);
        (reused ? meters.connectionsReused : meters.connectionsNew).increment();
    }

    @Override
    public void connectionOpened(String serviceId, long nanos) {
        service(serviceId).dial.record(nanos, TimeUnit.NANOSECONDS);
    }

    // ---- meter
    // -----------------------------------------------------------------------------------

    @Override
    public void decided(String serviceId, boolean withinLimit) {
        ServiceMeters meters = service(serviceId);
        (withinLimit ? meters.withinLimit : meters.overLimit).increment();
    }

    @Override
    public void failed(String operation) {
        counter(
                        "relay_meter_redis_errors",
                        "Meter operations that failed",
                        Tags.of("operation", operation))
                .increment();
    }

    @Override
    public void active(String supplier, String serviceId, int sessions) {
        gauge(
                        "relay_meter_sessions_active",
                        "Sessions with a local lease",
                        Tags.of("supplier", supplier, "service_id", service(serviceId).id))
                .set(sessions);
    }

    // ---- caches
    // ----------------------------------------------------------------------------------

    @Override
    public void hit(String type, String level) {
        cacheCounter("ha_cache_hits", "Cache hits", type, "level", level).increment();
    }

    @Override
    public void miss(String type, String level) {
        cacheCounter("ha_cache_misses", "Lookups that reached the authority", type, "level", level)
                .increment();
    }

    @Override
    public void invalidated(String type, String source) {
        cacheCounter("ha_cache_invalidations", "Entries dropped", type, "source", source)
                .increment();
    }

    @Override
    public void supplierContaminated(String source) {
        counters.computeIfAbsent(
                        "contaminated:" + source,
                        key ->
                                Counter.builder("ha_cache_supplier_contaminated")
                                        .description("Active suppliers found without services")
                                        .tag("source", source)
                                        .register(registry))
                .increment();
    }

    @Override
    public void lock(String type, String result) {
        cacheCounter(
                        "ha_cache_lock_acquisitions",
                        "Attempts at the repopulation lock",
                        type,
                        "result",
                        result)
                .increment();
    }

    @Override
    public void latency(String type, String level, long nanos) {
        timers.computeIfAbsent(
                        type + "|" + level,
                        key ->
                                Buckets.LOOKUP
                                        .on(Timer.builder("ha_cache_get_latency"))
                                        .description("Lookups below process memory")
                                        .tags("cache_type", type, "level", level)
                                        .register(registry))
                .record(nanos, TimeUnit.NANOSECONDS);
    }

    /** Shows what the caches remember of the chain's answers, from the counts of their levels. */
    public void remembered(RelayCaches caches) {
        for (RelayCaches.Remembered each : caches.remembered()) {
            String type = each.cache().type();
            QueryCacheMetrics.show(
                    registry,
                    each.client(),
                    each.kind(),
                    each.cache(),
                    cache -> counted("ha_cache_hits", type, "l1"),
                    cache ->
                            counted("ha_cache_hits", type, "l2")
                                    + counted("ha_cache_hits", type, "l2_retry")
                                    + counted("ha_cache_misses", type, "l3")
                                    + counted("ha_cache_misses", type, "l3_error"),
                    TieredCache::size);
        }
    }

    private double counted(String name, String type, String level) {
        Counter counter = counters.get(new CacheKey(name, type, level));
        return counter == null ? 0 : counter.count();
    }

    private Counter cacheCounter(
            String name, String description, String type, String label, String value) {
        return counters.computeIfAbsent(
                new CacheKey(name, type, value),
                key ->
                        Counter.builder(name)
                                .description(description)
                                .tags("cache_type", type, label, value)
                                .register(registry));
    }

    private record CacheKey(String name, String type, String value) {}

    // ---- handles
    // ---------------------------------------------------------------------------------

    private PairMeters pair(String service, RpcType type) {
        Map<RpcType, PairMeters> byType = pairs.get(service);
        if (byType == null) {
            byType = pairs.get(UNKNOWN);
        }
        return java.util.Objects.requireNonNull(java.util.Objects.requireNonNull(byType).get(type));
    }

    private ServiceMeters service(String service) {
        ServiceMeters meters = services.get(service);
        return meters != null ? meters : java.util.Objects.requireNonNull(services.get(UNKNOWN));
    }

    private Counter counter(String name, String description, Tags tags) {
        return counters.computeIfAbsent(
                name + tags,
                key ->
                        Counter.builder(PREFIX + name)
                                .description(description)
                                .tags(tags)
                                .register(registry));
    }

    private AtomicLong gauge(String name, String description, Tags tags) {
        return gauges.computeIfAbsent(
                name + tags,
                key -> {
                    AtomicLong value = new AtomicLong();
                    Gauge.builder(PREFIX + name, value, AtomicLong::get)
                            .description(description)
                            .tags(tags)
                            .strongReference(true)
                            .register(registry);
                    return value;
                });
    }

    private Timer timer(String name, String description, String... tags) {
        return Buckets.FINE
                .on(Timer.builder(PREFIX + name))
                .description(description)
                .tags(tags)
                .register(registry);
    }

    private DistributionSummary sizes(String name, String description, String... tags) {
        return DistributionSummary.builder(PREFIX + name)
                .description(description)
                .baseUnit("bytes")
                .tags(tags)
                .serviceLevelObjectives(SIZES)
                .register(registry);
    }

    /** Meters of one service and backend type. */
    private final class PairMeters {
        private final String service;
        private final String type;
        private final Counter received;
        private final Timer latency;
        private final Timer preBackend;
        private final Timer postBackend;
        private final DistributionSummary requestBytes;
        private final DistributionSummary responseBytes;
        private final Map<String, Counter> rejected = new ConcurrentHashMap<>();
        private final Map<String, Counter> lazy = new ConcurrentHashMap<>();
        private final Counter[] served = new Counter[600];

        PairMeters(String service, RpcType type) {
            this.service = service;
            this.type = type.label();
            this.received =
                    Counter.builder(PREFIX + "relays_received")
                            .description("Relay requests")
                            .tags("service_id", service, "rpc_type", this.type)
                            .register(registry);
            String[] tags = {"service_id", service, "rpc_type", this.type};
            this.latency = timer("relay_latency", "Arrival to answer", tags);
            this.preBackend = timer("relay_pre_backend", "Arrival to backend call", tags);
            this.postBackend = timer("relay_post_backend", "Backend answer to answer", tags);
            this.requestBytes = sizes("request_body_size", "Relay requests", tags);
            this.responseBytes = sizes("response_body_size", "Signed responses", tags);
        }

        Counter rejected(String reason) {
            return rejected.computeIfAbsent(
                    reason,
                    r ->
                            Counter.builder(PREFIX + "relays_rejected")
                                    .description("Relays refused or failed")
                                    .tags("service_id", service, "rpc_type", type, "reason", r)
                                    .register(registry));
        }

        Counter lazily(String name, String description) {
            return lazy.computeIfAbsent(
                    name,
                    n ->
                            Counter.builder(PREFIX + n)
                                    .description(description)
                                    .tags("service_id", service, "rpc_type", type)
                                    .register(registry));
        }

        /** Benign race: registering the same counter twice yields the same counter. */
        Counter served(int status) {
            int index = status >= 0 && status < served.length ? status : 0;
            Counter counter = served[index];
            if (counter == null) {
                counter =
                        Counter.builder(PREFIX + "relays_served")
                                .description("Signed responses sent")
                                .tags(
                                        "service_id",
                                        service,
                                        "rpc_type",
                                        type,
                                        "status_code",
                                        Integer.toString(index))
                                .register(registry);
                served[index] = counter;
            }
            return counter;
        }
    }

    /** Meters of one service. */
    private final class ServiceMeters {
        private final String id;
        private final Counter fastFails;
        private final Counter validationFailures;
        private final Counter skippedDifficulty;
        private final Counter mined;
        private final Counter withinLimit;
        private final Counter overLimit;
        private final Counter connectionsReused;
        private final Counter connectionsNew;
        private final Timer validationEager;
        private final Timer validationOptimistic;
        private final Timer meterEager;
        private final Timer meterOptimistic;
        private final Timer poolWait;
        private final Timer dial;
        private final AtomicInteger inFlight = new AtomicInteger();
        private final Map<Outcome, Timer> backendLatency = new ConcurrentHashMap<>();
        private final Map<String, Counter> published = new ConcurrentHashMap<>();
        private final Map<Integer, Map<Outcome, Counter>> backendRequests =
                new ConcurrentHashMap<>();

        ServiceMeters(String id) {
            this.id = id;
            this.fastFails = own("fast_fails", "Answered 503 without a backend call");
            this.validationFailures =
                    own(
                            "validation_failures",
                            "Relays that are not authentic",
                            "reason",
                            "signature");
            this.skippedDifficulty =
                    own("relays_skipped_difficulty", "Relays whose hash misses the target");
            this.mined = own("relays_mined", "Mined relays recorded");
            this.withinLimit =
                    own("relay_meter_consumptions", "Meter decisions", "result", "within_limit");
            this.overLimit =
                    own("relay_meter_consumptions", "Meter decisions", "result", "over_limit");
            this.connectionsReused =
                    own("backend_conn_reused", "Backend connections", "reused", "true");
            this.connectionsNew =
                    own("backend_conn_reused", "Backend connections", "reused", "false");
            this.validationEager = timed("validation_latency", "mode", "eager");
            this.validationOptimistic = timed("validation_latency", "mode", "optimistic");
            this.meterEager = timed("relay_meter_latency", "mode", "eager");
            this.meterOptimistic = timed("relay_meter_latency", "mode", "optimistic");
            this.poolWait = timed("http_pool_wait");
            this.dial = timed("backend_dial");
            Gauge.builder(PREFIX + "http_pool_in_flight", inFlight, AtomicInteger::get)
                    .description("Backend calls in flight")
                    .tag("service_id", id)
                    .register(registry);
        }

        private Counter own(String name, String description, String... tags) {
            return Counter.builder(PREFIX + name)
                    .description(description)
                    .tag("service_id", id)
                    .tags(tags)
                    .register(registry);
        }

        private Timer timed(String name, String... tags) {
            String[] all = Arrays.copyOf(new String[] {"service_id", id}, 2 + tags.length);
            System.arraycopy(tags, 0, all, 2, tags.length);
            return timer(name, "Time of " + name.replace('_', ' '), all);
        }

        Counter published(String supplier) {
            return published.computeIfAbsent(
                    supplier, s -> own("relays_published", "Relays recorded", "supplier", s));
        }

        Timer backendLatency(Outcome outcome) {
            return backendLatency.computeIfAbsent(
                    outcome, o -> timed("backend_latency", "outcome", o.label()));
        }

        Counter backendRequests(Outcome outcome, int status) {
            return backendRequests
                    .computeIfAbsent(status, s -> new ConcurrentHashMap<>())
                    .computeIfAbsent(
                            outcome,
                            o ->
                                    own(
                                            "backend_requests",
                                            "Backend calls",
                                            "outcome",
                                            o.label(),
                                            "status_code",
                                            status == 0 ? "none" : Integer.toString(status)));
        }
    }
}
