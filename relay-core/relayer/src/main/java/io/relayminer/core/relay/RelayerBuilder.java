package io.relayminer.core.relay;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.relayminer.core.backend.BackendSource;
import io.relayminer.core.backend.ServiceBackends;
import io.relayminer.core.chain.ChainQueries;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.redis.RedisStreamRelayLog;
import io.relayminer.core.redis.RelayLogSettings;
import io.relayminer.provider.Providers;
import io.relayminer.ring.RingPolicy;
import io.relayminer.transport.BackendProvider;
import io.relayminer.transport.Transport;

import org.jspecify.annotations.Nullable;

import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Puts a {@link Relayer} together. Redis, the chain, the keys, at least one transport and at least
 * one service are required; everything else has a default that suits production.
 *
 * <p>What is handed in stays the caller's and is closed by the caller after the relayer; what a
 * source creates for the relayer, the relayer closes.
 */
public final class RelayerBuilder {

    /**
     * A service.
     *
     * @param profile what the pipeline has to know of it
     * @param backends who answers its relays
     */
    record Service(ServiceProfile profile, ServiceBackends backends) {}

    @Nullable RedisConnections redis;
    RedisKeys names = RedisKeys.plain();
    @Nullable ChainQueries chain;
    @Nullable SupplierKeys keys;
    final List<TransportSource> transports = new ArrayList<>();
    final Map<String, Service> services = new LinkedHashMap<>();
    @Nullable BackendSource backends;
    @Nullable RelayLogSource log;
    MeterRegistry registry = new SimpleMeterRegistry();
    @Nullable MeterPolicy meter = MeterPolicy.DEFAULT;
    MiningPolicy mining = MiningPolicy.DEFAULT;
    RingPolicy rings = RingPolicy.DEFAULT;
    Warmup.@Nullable Settings warmup = Warmup.Settings.DEFAULT;
    SimulatedRelays.@Nullable Settings simulation;
    Duration patience = Duration.ofSeconds(10);
    boolean serveUnpaid;
    boolean limitAsRelayError = true;
    boolean alwaysReady;
    InstantSource clock = InstantSource.system();
    LongSupplier nanos = System::nanoTime;

    RelayerBuilder() {}

    /**
     * Where the fleet's state is: what miners publish of suppliers, caches, budgets, and the relay
     * log unless {@link #relayLog} says otherwise.
     *
     * @param connections open connections
     * @param keyNames names of the fleet's keys, the same for all its relayers and miners
     */
    public RelayerBuilder redis(RedisConnections connections, RedisKeys keyNames) {
        this.redis = connections;
        this.names = keyNames;
        return this;
    }

    /** The chain that is asked what neither memory nor Redis knows. */
    public RelayerBuilder chain(ChainQueries queries) {
        this.chain = queries;
        return this;
    }

    /** The signing keys; may change while the relayer runs. */
    public RelayerBuilder keys(SupplierKeys supplierKeys) {
        this.keys = supplierKeys;
        return this;
    }

    /** Adds a transport. They are started in the order in which they were added. */
    public RelayerBuilder transport(TransportSource source) {
        transports.add(source);
        return this;
    }

    /** Adds a transport that was created already; the relayer starts, drains and closes it. */
    public RelayerBuilder transport(Transport transport) {
        return transport(events -> transport);
    }

    /**
     * Adds a service.
     *
     * @throws IllegalArgumentException if there is one with this id already
     */
    public RelayerBuilder service(ServiceProfile profile, ServiceBackends serviceBackends) {
        if (services.putIfAbsent(profile.id(), new Service(profile, serviceBackends)) != null) {
            throw new IllegalArgumentException(
                    "service " + profile.id() + " was added twice; give all its backends at once");
        }
        return this;
    }

    /** Who calls the backends; by default the provider of type {@code http} on the class path. */
    public RelayerBuilder backends(BackendSource source) {
        this.backends = source;
        return this;
    }

    /** Where mined relays are recorded; by default the suppliers' streams in Redis, confirmed. */
    public RelayerBuilder relayLog(RelayLogSource source) {
        this.log = source;
        return this;
    }

    /** Where everything is counted; by default a registry in memory. */
    public RelayerBuilder metrics(MeterRegistry meterRegistry) {
        this.registry = meterRegistry;
        return this;
    }

    /** How much an application may spend; by default {@link MeterPolicy#DEFAULT}. */
    public RelayerBuilder meter(MeterPolicy policy) {
        this.meter = policy;
        return this;
    }

    /** Serves relays whether or not they can be paid. */
    public RelayerBuilder withoutMeter() {
        this.meter = null;
        return this;
    }

    /** Which served relays are left unmined on purpose. */
    public RelayerBuilder mining(MiningPolicy policy) {
        this.mining = policy;
        return this;
    }

    /** Which ring signatures are accepted. */
    public RelayerBuilder rings(RingPolicy policy) {
        this.rings = policy;
        return this;
    }

    /** What is loaded before the relayer says that it is ready. */
    public RelayerBuilder warmup(Warmup.Settings settings) {
        this.warmup = settings;
        return this;
    }

    /** Loads nothing before it is needed. */
    public RelayerBuilder withoutWarmup() {
        this.warmup = null;
        return this;
    }

    /** Accepts the operator's own test relays, which are neither metered nor mined. */
    public RelayerBuilder simulation(SimulatedRelays.Settings settings) {
        this.simulation = settings;
        return this;
    }

    /** Longest time that a relay waits for session data; by default 10 s. */
    public RelayerBuilder patience(Duration longestWait) {
        this.patience = longestWait;
        return this;
    }

    /** Answers relays that the log does not take, unpaid, instead of refusing them. */
    public RelayerBuilder serveUnpaidWhenLogFails(boolean serve) {
        this.serveUnpaid = serve;
        return this;
    }

    /**
     * Whether a relay over its session's budget is answered with a signed relay error, which is the
     * default, or with status 429.
     */
    public RelayerBuilder budgetExhaustedAsRelayError(boolean relayError) {
        this.limitAsRelayError = relayError;
        return this;
    }

    /** Lets {@code /ready} on the relay port be 200 whether or not the relayer is ready. */
    public RelayerBuilder relayPortAlwaysReady(boolean always) {
        this.alwaysReady = always;
        return this;
    }

    /**
     * Other clocks.
     *
     * @param wallClock time of day
     * @param monotonicNanos nanoseconds from any origin, never going back
     */
    public RelayerBuilder clocks(InstantSource wallClock, LongSupplier monotonicNanos) {
        this.clock = wallClock;
        this.nanos = monotonicNanos;
        return this;
    }

    /**
     * Opens everything but the transports.
     *
     * @throws IllegalStateException if something required is missing
     * @throws RuntimeException if something cannot be opened, naming what to do; what was opened so
     *     far is closed
     */
    public Relayer build() {
        return new Relayer(this);
    }

    static <T> T required(@Nullable T value, String what) {
        if (value == null) {
            throw new IllegalStateException("a relayer needs " + what);
        }
        return value;
    }

    BackendSource backendSource() {
        BackendSource chosen = backends;
        return chosen != null
                ? chosen
                : BackendSource.chosen(
                        Providers.onClassPath("backend", BackendProvider.class),
                        new BackendSource.Choice("http", "backend", Map.of()),
                        Map.of());
    }

    RelayLogSource logSource(RedisConnections connections) {
        RelayLogSource chosen = log;
        return chosen != null
                ? chosen
                : listener ->
                        new RedisStreamRelayLog(
                                connections, names, RelayLogSettings.DEFAULT, clock, listener);
    }
}
