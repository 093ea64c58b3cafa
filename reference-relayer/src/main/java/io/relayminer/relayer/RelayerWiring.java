package io.relayminer.relayer;

import io.netty.channel.EventLoop;
import io.relayminer.core.backend.BackendAuthentication;
import io.relayminer.core.backend.BackendSource;
import io.relayminer.core.backend.Endpoint;
import io.relayminer.core.backend.LoadBalancing;
import io.relayminer.core.backend.PoolSpec;
import io.relayminer.core.backend.ServiceBackends;
import io.relayminer.core.chain.ChainSettings;
import io.relayminer.core.config.Check;
import io.relayminer.core.config.PocketNodeConfig;
import io.relayminer.core.config.ProviderSection;
import io.relayminer.core.daemon.ChainSection;
import io.relayminer.core.daemon.RedisSection;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisEndpoint;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.redis.RedisStreamRelayLog;
import io.relayminer.core.redis.RelayLogSettings;
import io.relayminer.core.relay.MeterPolicy;
import io.relayminer.core.relay.MiningPolicy;
import io.relayminer.core.relay.Relayer;
import io.relayminer.core.relay.RelayerBuilder;
import io.relayminer.core.relay.RpcType;
import io.relayminer.core.relay.ServiceProfile;
import io.relayminer.core.relay.TransportSource;
import io.relayminer.core.relay.Warmup;
import io.relayminer.provider.Providers;
import io.relayminer.ring.RingPolicy;
import io.relayminer.transport.Backend;
import io.relayminer.transport.BackendContext;
import io.relayminer.transport.BackendOptions;
import io.relayminer.transport.BackendProvider;
import io.relayminer.transport.Transport;
import io.relayminer.transport.TransportContext;
import io.relayminer.transport.TransportOptions;
import io.relayminer.transport.TransportProvider;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Translates the configuration into what the parts are constructed with. */
final class RelayerWiring {

    /** Until blocks have been seen. */
    private static final Duration EXPECTED_BLOCK_INTERVAL = Duration.ofSeconds(30);

    private static final Duration READ_MARGIN = Duration.ofSeconds(5);
    private static final Duration WRITE_MARGIN = Duration.ofSeconds(30);
    private static final Duration IDLE = Duration.ofMinutes(2);
    private static final int STREAMS_PER_CONNECTION = 250;

    private RelayerWiring() {}

    static RedisKeys keys(RelayerConfig config) {
        return RedisSection.keys(config.redis(), config.relayMeter().redisKeyPrefix());
    }

    static ChainSettings chain(PocketNodeConfig node) {
        return ChainSection.settings(node, EXPECTED_BLOCK_INTERVAL);
    }

    /**
     * A relayer as configured, but for chain, keys and metrics.
     *
     * @param loops the event loops that serve relays; what every relay writes to Redis is written
     *     on the loop that handles the relay
     */
    static RelayerBuilder relayer(
            RelayerConfig config,
            RedisConnections redis,
            List<EventLoop> loops,
            InstantSource clock) {
        RedisKeys names = keys(config);
        RelayerBuilder builder =
                Relayer.builder()
                        .redis(redis, names)
                        .backends(backendSource(config.backendClient()))
                        .relayLog(
                                listener ->
                                        new RedisStreamRelayLog(
                                                redis,
                                                names,
                                                log(config.publish()),
                                                clock,
                                                listener,
                                                loops))
                        .rings(rings(config.ring()))
                        .mining(
                                new MiningPolicy(
                                        config.mining().maxRelayBytes(),
                                        config.mining().dropLateRelays()))
                        .patience(patience(config))
                        .serveUnpaidWhenLogFails(
                                config.publish().onLogFailure().equals("serve_unpaid"))
                        .budgetExhaustedAsRelayError(
                                config.errors().stakeExhaustedStyle().equals("relay_miner_error"))
                        .relayPortAlwaysReady(config.healthCheck().relayPortAlwaysReady());
        for (int i = 0; i < config.transports().size(); i++) {
            builder.transport(transport(config, i));
        }
        Map<String, ServiceProfile> profiles = services(config);
        backends(config)
                .forEach(
                        (id, service) ->
                                builder.service(Objects.requireNonNull(profiles.get(id)), service));
        meter(config.relayMeter(), builder);
        warmup(config.cacheWarmup(), builder);
        if (config.simulation().enabled()) {
            builder.simulation(config.simulation().settings());
        }
        return builder;
    }

    private static TransportSource transport(RelayerConfig config, int index) {
        ProviderSection section = config.transports().get(index);
        return events ->
                transports()
                        .create(
                                section.type(),
                                new TransportContext(
                                        section.settings("transports[" + index + "]"),
                                        transport(config),
                                        events));
    }

    private static BackendSource backendSource(ProviderSection section) {
        return (service, options, events) ->
                backendProviders()
                        .create(
                                section.type(),
                                new BackendContext(
                                        section.settings("backend_client"), options, events));
    }

    /** The transports that can be chosen. */
    static Providers<Transport, TransportContext> transports() {
        return Providers.onClassPath("transport", TransportProvider.class);
    }

    /** The backend clients that can be chosen. */
    static Providers<Backend, BackendContext> backendProviders() {
        return Providers.onClassPath("backend", BackendProvider.class);
    }

    /** Refuses types of plug-ins that nobody provides. */
    static void checkPlugins(RelayerConfig config) {
        config.transports().forEach(section -> transports().get(section.type()));
        backendProviders().get(config.backendClient().type());
    }

    private static void meter(RelayerConfig.MeterConfig meter, RelayerBuilder builder) {
        if (meter.enabled()) {
            builder.meter(
                    new MeterPolicy(
                            meter.failBehavior().equals("open"),
                            meter.leaseRelays(),
                            meter.cacheTtl()));
        } else {
            builder.withoutMeter();
        }
    }

    private static void warmup(RelayerConfig.WarmupConfig warmup, RelayerBuilder builder) {
        if (warmup.enabled()) {
            builder.warmup(
                    new Warmup.Settings(
                            warmup.knownApplications(),
                            warmup.warmupConcurrency(),
                            Duration.ofSeconds(warmup.warmupTimeoutSeconds())));
        } else {
            builder.withoutWarmup();
        }
    }

    private static RelayLogSettings log(RelayerConfig.PublishConfig publish) {
        RelayLogSettings base = RelayLogSettings.DEFAULT;
        return publish.mode().equals("confirmed")
                ? base.withConfirm(true)
                : base.withConfirm(false).withMaxInFlight(publish.queueSize());
    }

    private static RingPolicy rings(RelayerConfig.RingConfig ring) {
        return RingPolicy.DEFAULT
                .withMaxMembers(ring.maxMembers())
                .withSingleMemberAllowed(ring.allowSingleMember())
                .withPlaceholderSignerRefused(ring.rejectPlaceholderSigner());
    }

    static Map<String, ServiceProfile> services(RelayerConfig config) {
        Map<String, ServiceProfile> all = new LinkedHashMap<>();
        config.services().forEach((id, service) -> all.put(id, profile(config, id, service)));
        return all;
    }

    private static ServiceProfile profile(RelayerConfig config, String id, ServiceConfig service) {
        return new ServiceProfile(
                id,
                mode(config, service),
                bodyLimit(config, service),
                RpcType.of(service.defaultBackend(), RpcType.JSONRPC),
                service.poolProfile());
    }

    private static ServiceProfile.ValidationMode mode(RelayerConfig config, ServiceConfig service) {
        RelayerConfig.ValidationMode mode =
                Check.orDefault(service.validationMode(), config.defaultValidationMode());
        return switch (mode) {
            case EAGER -> ServiceProfile.ValidationMode.EAGER;
            case OPTIMISTIC -> ServiceProfile.ValidationMode.OPTIMISTIC;
        };
    }

    static int bodyLimit(RelayerConfig config, ServiceConfig service) {
        return service.maxBodySizeBytes() > 0
                ? service.maxBodySizeBytes()
                : config.defaultMaxBodySizeBytes();
    }

    /** The longest body any service accepts: what the transport reads at most. */
    static int longestBody(RelayerConfig config) {
        int longest = config.defaultMaxBodySizeBytes();
        for (ServiceConfig service : config.services().values()) {
            longest = Math.max(longest, bodyLimit(config, service));
        }
        return longest;
    }

    static Duration timeout(RelayerConfig config, ServiceConfig service) {
        int seconds = timeouts(config, service).requestTimeoutSeconds();
        return Duration.ofSeconds(seconds > 0 ? seconds : config.defaultRequestTimeoutSeconds());
    }

    private static RelayerConfig.TimeoutProfile timeouts(
            RelayerConfig config, ServiceConfig service) {
        return Objects.requireNonNull(
                config.timeoutProfiles().get(service.timeoutProfile()), "checked when bound");
    }

    /**
     * How long a relay waits for session data at most: time for a query that is repeated once,
     * which is what the chain client does when no node answers.
     */
    static Duration patience(RelayerConfig config) {
        return Duration.ofSeconds(2L * config.pocketNode().queryTimeoutSeconds());
    }

    static TransportOptions transport(RelayerConfig config) {
        InetSocketAddress at = Check.listenAddress("listen_addr", config.listenAddr());
        Duration longest = Duration.ofSeconds(config.defaultRequestTimeoutSeconds());
        for (ServiceConfig service : config.services().values()) {
            Duration timeout = timeout(config, service);
            longest = timeout.compareTo(longest) > 0 ? timeout : longest;
        }
        String host = at.getHostString();
        long body = longestBody(config);
        return new TransportOptions(
                host.isEmpty() ? "0.0.0.0" : host,
                at.getPort(),
                body,
                config.maxHeldBodyBytes() > 0
                        ? config.maxHeldBodyBytes()
                        : TransportOptions.defaultMaxHeldBodyBytes(body),
                longest.plus(READ_MARGIN),
                longest.plus(WRITE_MARGIN),
                IDLE,
                STREAMS_PER_CONNECTION,
                config.responseCompression().enabled()
                        ? config.responseCompression().minSizeBytes()
                        : -1,
                config.eventLoops());
    }

    static Map<String, ServiceBackends> backends(RelayerConfig config) {
        Map<String, ServiceBackends> all = new LinkedHashMap<>();
        config.services().forEach((id, service) -> all.put(id, backends(config, service)));
        return all;
    }

    private static ServiceBackends backends(RelayerConfig config, ServiceConfig service) {
        Map<String, PoolSpec> pools = new LinkedHashMap<>();
        service.backends().forEach((type, backend) -> pools.put(type, pool(backend)));
        return new ServiceBackends(
                timeout(config, service),
                bodyLimit(config, service),
                connections(config, service),
                pools);
    }

    private static BackendOptions connections(RelayerConfig config, ServiceConfig service) {
        RelayerConfig.TimeoutProfile timeouts = timeouts(config, service);
        RelayerConfig.HttpTransportConfig http = config.httpTransport();
        RelayerConfig.@Nullable PoolProfile pool =
                service.poolProfile().isEmpty()
                        ? null
                        : config.poolProfiles().get(service.poolProfile());
        return new BackendOptions(
                orElse(pool == null ? 0 : pool.maxConnsPerHost(), http.maxConnsPerHost()),
                orElse(pool == null ? 0 : pool.maxIdleConnsPerHost(), http.maxIdleConnsPerHost()),
                seconds(
                        pool == null ? 0 : pool.idleConnTimeoutSeconds(),
                        http.idleConnTimeoutSeconds()),
                seconds(timeouts.dialTimeoutSeconds(), http.dialTimeoutSeconds()),
                seconds(timeouts.tlsHandshakeTimeoutSeconds(), http.tlsHandshakeTimeoutSeconds()),
                Duration.ofSeconds(timeouts.responseHeaderTimeoutSeconds()),
                config.eventLoops());
    }

    /** Refuses addresses of Redis and of the chain that cannot be used. */
    static void check(RelayerConfig config) {
        RedisEndpoint.parse(config.redis().url());
        chain(config.pocketNode());
    }

    private static PoolSpec pool(ServiceConfig.BackendConfig backend) {
        List<Endpoint> endpoints = new ArrayList<>();
        for (ServiceConfig.NamedUrl endpoint : backend.endpoints()) {
            Endpoint parsed = Endpoint.parse(endpoint.name(), endpoint.url());
            endpoints.add(backend.http2() ? parsed.overHttp2() : parsed);
        }
        ServiceConfig.AuthenticationConfig auth = backend.authentication();
        ServiceConfig.HealthCheckConfig check = backend.healthCheck();
        return new PoolSpec(
                endpoints,
                backend.basePath(),
                LoadBalancing.parse(backend.loadBalancing(), endpoints.size()),
                backend.headers(),
                new BackendAuthentication(
                        auth.username(), auth.password(), auth.bearerToken(), auth.plainToken()),
                backend.maxRetries(),
                new PoolSpec.Breaker(
                        orElse(
                                check.unhealthyThreshold(),
                                PoolSpec.Breaker.DEFAULT.failureThreshold()),
                        backend.timeoutThreshold(),
                        Duration.ofSeconds(backend.recoveryTimeoutSeconds())),
                check.enabled() ? healthCheck(check) : null);
    }

    private static PoolSpec.HealthCheck healthCheck(ServiceConfig.HealthCheckConfig check) {
        return new PoolSpec.HealthCheck(
                check.endpoint(),
                Duration.ofSeconds(check.intervalSeconds()),
                Duration.ofSeconds(orElse(check.timeoutSeconds(), 5)),
                orElse(check.unhealthyThreshold(), 3),
                orElse(check.healthyThreshold(), 2),
                check.method(),
                check.requestBody(),
                check.contentType(),
                check.expectedBody(),
                check.expectedStatus(),
                check.headers());
    }

    private static Duration seconds(int own, int fallback) {
        return Duration.ofSeconds(orElse(own, fallback));
    }

    private static int orElse(int own, int fallback) {
        return own > 0 ? own : fallback;
    }
}
