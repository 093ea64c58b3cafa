package io.relayminer.relayer;

import io.relayminer.core.backend.BackendAuthentication;
import io.relayminer.core.backend.Endpoint;
import io.relayminer.core.backend.LoadBalancing;
import io.relayminer.core.backend.PoolSpec;
import io.relayminer.core.backend.ServiceBackends;
import io.relayminer.core.chain.ChainSettings;
import io.relayminer.core.config.Check;
import io.relayminer.core.config.NamespaceConfig;
import io.relayminer.core.config.PocketNodeConfig;
import io.relayminer.core.redis.KeyLayout;
import io.relayminer.core.redis.RedisEndpoint;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.redis.RedisNamespace;
import io.relayminer.core.relay.RelayerMetrics;
import io.relayminer.core.relay.RpcType;
import io.relayminer.core.relay.ServiceProfile;
import io.relayminer.core.relay.StatusPages;
import io.relayminer.transport.BackendOptions;
import io.relayminer.transport.TransportOptions;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

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
        NamespaceConfig ns = config.redis().namespace();
        return new RedisKeys(
                new RedisNamespace(
                        ns.basePrefix(),
                        ns.cachePrefix(),
                        ns.eventsPrefix(),
                        ns.streamsPrefix(),
                        ns.minerPrefix(),
                        ns.supplierPrefix(),
                        ns.meterPrefix(),
                        ns.paramsPrefix(),
                        ns.consumerGroupPrefix()),
                config.redis().keyLayout().equals("plain")
                        ? KeyLayout.PLAIN
                        : KeyLayout.HASH_TAGGED,
                config.relayMeter().redisKeyPrefix());
    }

    static Map<String, ServiceProfile> services(RelayerConfig config) {
        Map<String, ServiceProfile> profiles = new LinkedHashMap<>();
        config.services()
                .forEach(
                        (id, service) ->
                                profiles.put(
                                        id,
                                        new ServiceProfile(
                                                id,
                                                mode(config, service),
                                                bodyLimit(config, service),
                                                RpcType.of(
                                                        service.defaultBackend(),
                                                        RpcType.JSONRPC))));
        return profiles;
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
        config.services()
                .forEach(
                        (id, service) -> {
                            Map<String, PoolSpec> pools = new LinkedHashMap<>();
                            service.backends()
                                    .forEach((type, backend) -> pools.put(type, pool(backend)));
                            all.put(
                                    id,
                                    new ServiceBackends(
                                            timeout(config, service),
                                            bodyLimit(config, service),
                                            connections(config, service),
                                            pools));
                        });
        return all;
    }

    private static BackendOptions connections(RelayerConfig config, ServiceConfig service) {
        RelayerConfig.TimeoutProfile timeouts = timeouts(config, service);
        RelayerConfig.HttpTransportConfig http = config.httpTransport();
        StatusPages.PoolLimits limits = limits(config, service);
        return new BackendOptions(
                limits.maxConnections(),
                limits.maxIdle(),
                Duration.ofSeconds(limits.idleSeconds()),
                seconds(timeouts.dialTimeoutSeconds(), http.dialTimeoutSeconds()),
                seconds(timeouts.tlsHandshakeTimeoutSeconds(), http.tlsHandshakeTimeoutSeconds()),
                Duration.ofSeconds(timeouts.responseHeaderTimeoutSeconds()),
                config.eventLoops());
    }

    private static StatusPages.PoolLimits limits(RelayerConfig config, ServiceConfig service) {
        RelayerConfig.HttpTransportConfig http = config.httpTransport();
        RelayerConfig.@Nullable PoolProfile profile =
                service.poolProfile().isEmpty()
                        ? null
                        : config.poolProfiles().get(service.poolProfile());
        return new StatusPages.PoolLimits(
                service.poolProfile(),
                orElse(profile == null ? 0 : profile.maxConnsPerHost(), http.maxConnsPerHost()),
                orElse(
                        profile == null ? 0 : profile.maxIdleConnsPerHost(),
                        http.maxIdleConnsPerHost()),
                orElse(
                        profile == null ? 0 : profile.idleConnTimeoutSeconds(),
                        http.idleConnTimeoutSeconds()));
    }

    static Map<String, StatusPages.PoolLimits> poolLimits(
            RelayerConfig config, RelayerMetrics metrics) {
        Map<String, StatusPages.PoolLimits> limits = new LinkedHashMap<>();
        config.services()
                .forEach(
                        (id, service) -> {
                            StatusPages.PoolLimits own = limits(config, service);
                            limits.put(id, own);
                            metrics.poolLimit(id, own.maxConnections());
                        });
        return limits;
    }

    /** Refuses addresses of Redis and of the chain that cannot be used. */
    static void check(RelayerConfig config) {
        RedisEndpoint.parse(config.redis().url());
        chain(config.pocketNode());
    }

    /**
     * How the chain is reached.
     *
     * @throws IllegalArgumentException naming the key; addresses are not repeated
     */
    static ChainSettings chain(PocketNodeConfig node) {
        try {
            return new ChainSettings(
                    split(node.queryNodeRpcUrl()).stream().map(RelayerWiring::rpcUrl).toList(),
                    split(node.queryNodeGrpcUrl()),
                    node.grpcInsecure(),
                    Duration.ofSeconds(node.queryTimeoutSeconds()),
                    EXPECTED_BLOCK_INTERVAL,
                    node.chainId());
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("pocket_node: " + e.getMessage());
        }
    }

    private static URI rpcUrl(String text) {
        try {
            return new URI(text);
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException("query_node_rpc_url is not a URL: " + e.getReason());
        }
    }

    private static List<String> split(String list) {
        return Stream.of(list.split(",", -1))
                .map(String::strip)
                .filter(each -> !each.isEmpty())
                .toList();
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
