package io.relayminer.core.relay;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import io.relayminer.core.backend.BackendPools;
import io.relayminer.core.backend.EndpointStatus;
import io.relayminer.transport.BackendOptions;
import io.relayminer.transport.RelayHandler.StatusPage;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Health and readiness documents, shared by the relay port and the health port.
 *
 * <p>Pages are computed from memory on each call and never block. Backend URLs are printed without
 * credentials.
 */
public final class StatusPages {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String TYPE = "application/json";
    private static final String READY_BELOW = "/ready/";

    /**
     * The connection limits of a service, as its page shows them.
     *
     * @param profile name of the pool profile, empty for none
     * @param maxConnections connections per host
     * @param maxIdle idle connections per host
     * @param idleSeconds life of an idle connection, seconds
     */
    record PoolLimits(String profile, int maxConnections, int maxIdle, int idleSeconds) {

        static PoolLimits of(String profile, BackendOptions options) {
            return new PoolLimits(
                    profile,
                    options.maxConnectionsPerHost(),
                    options.maxIdleConnectionsPerHost(),
                    (int) options.idleTimeout().toSeconds());
        }
    }

    private final Map<String, PoolLimits> services;
    private final BackendPools backends;
    private final LongSupplier height;
    private final Supplier<@Nullable String> notReady;
    private final boolean relayPortAlwaysReady;

    /**
     * Pages for the configured services.
     *
     * @param services limits by service id
     * @param backends where the endpoints are
     * @param height newest block height, 0 while unknown
     * @param notReady why the process must not get traffic, or null if it may
     * @param relayPortAlwaysReady whether {@code /ready} on the relay port is 200 regardless
     */
    StatusPages(
            Map<String, PoolLimits> services,
            BackendPools backends,
            LongSupplier height,
            Supplier<@Nullable String> notReady,
            boolean relayPortAlwaysReady) {
        this.services = Map.copyOf(services);
        this.backends = backends;
        this.height = height;
        this.notReady = notReady;
        this.relayPortAlwaysReady = relayPortAlwaysReady;
    }

    /** A status path of the relay port. */
    public StatusPage relayPort(String path) {
        if (path.startsWith(READY_BELOW)) {
            return service(path.substring(READY_BELOW.length()));
        }
        String problem = path.equals("/ready") && !relayPortAlwaysReady ? notReady.get() : null;
        ObjectNode page = JSON.createObjectNode();
        page.put("status", problem == null ? "healthy" : "not ready");
        page.put("block_height", height.getAsLong());
        if (problem != null) {
            page.put("reason", problem);
        }
        return new StatusPage(problem == null ? 200 : 503, TYPE, text(page));
    }

    /** {@code /ready} of the health port: {@code READY}, or what is missing. */
    public StatusPage ready() {
        String problem = notReady.get();
        return problem == null
                ? new StatusPage(200, "text/plain; charset=utf-8", "READY")
                : new StatusPage(503, "text/plain; charset=utf-8", problem);
    }

    /** {@code /ready/<service>} of either port. */
    public StatusPage service(String id) {
        if (id.isEmpty()) {
            return unknown(400, "", "service_id path parameter is required");
        }
        PoolLimits limits = services.get(id);
        if (limits == null) {
            return unknown(404, id, "unknown service");
        }
        List<EndpointStatus> endpoints = backends.endpoints(id);
        long healthy = endpoints.stream().filter(EndpointStatus::healthy).count();
        ObjectNode page = JSON.createObjectNode();
        page.put("service_id", id);
        page.put("ready", healthy > 0);
        page.put("block_height", height.getAsLong());
        pool(page.putObject("pool"), limits, backends.inFlight(id));
        ObjectNode summary = page.putObject("backends");
        summary.put("total", endpoints.size());
        summary.put("healthy", healthy);
        ArrayNode list = summary.putArray("endpoints");
        for (EndpointStatus endpoint : endpoints) {
            ObjectNode item = list.addObject();
            item.put("name", endpoint.name());
            item.put("url", endpoint.url());
            item.put("healthy", endpoint.healthy());
        }
        return new StatusPage(healthy > 0 ? 200 : 503, TYPE, text(page) + "\n");
    }

    private static StatusPage unknown(int status, String id, String error) {
        ObjectNode page = JSON.createObjectNode();
        page.put("service_id", id);
        page.put("ready", false);
        page.put("block_height", 0);
        pool(page.putObject("pool"), new PoolLimits("", 0, 0, 0), 0);
        ObjectNode summary = page.putObject("backends");
        summary.put("total", 0);
        summary.put("healthy", 0);
        summary.putNull("endpoints");
        page.put("error", error);
        return new StatusPage(status, TYPE, text(page) + "\n");
    }

    private static void pool(ObjectNode pool, PoolLimits limits, int inFlight) {
        if (!limits.profile().isEmpty()) {
            pool.put("profile", limits.profile());
        }
        pool.put("max_conns_per_host", limits.maxConnections());
        pool.put("max_idle_conns_per_host", limits.maxIdle());
        pool.put("idle_conn_timeout_seconds", limits.idleSeconds());
        pool.put("in_flight", inFlight);
        double saturation =
                limits.maxConnections() == 0 ? 0 : 100.0 * inFlight / limits.maxConnections();
        if (saturation == Math.rint(saturation)) {
            pool.put("saturation_pct", (long) saturation);
        } else {
            pool.put("saturation_pct", saturation);
        }
    }

    private static String text(ObjectNode page) {
        try {
            return JSON.writeValueAsString(page);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e); // a tree of scalars always serialises
        }
    }
}
