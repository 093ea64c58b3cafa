package io.relayminer.core.backend;

import org.jspecify.annotations.Nullable;

import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * One pool: the endpoints that serve one backend type of one service.
 *
 * @param endpoints at least one
 * @param basePath replaces the path of every endpoint URL unless empty
 * @param loadBalancing how the first endpoint of a relay is chosen
 * @param headers set on every request, replacing those of the client; {@code Host} sets the host
 *     name that the backend sees
 * @param authentication credentials for the backend
 * @param maxRetries further attempts on other endpoints, 0 to 3
 * @param breaker when relays take an endpoint out of service and bring it back
 * @param healthCheck active checks, or {@code null} for none
 */
public record PoolSpec(
        List<Endpoint> endpoints,
        String basePath,
        LoadBalancing loadBalancing,
        Map<String, String> headers,
        BackendAuthentication authentication,
        int maxRetries,
        Breaker breaker,
        @Nullable HealthCheck healthCheck) {

    /** Retries unless configured otherwise. */
    public static final int DEFAULT_MAX_RETRIES = 1;

    /** Checks the ranges and copies the collections. */
    public PoolSpec {
        endpoints = List.copyOf(endpoints);
        headers = Map.copyOf(headers);
        if (endpoints.isEmpty()) {
            throw new IllegalArgumentException("a backend pool needs at least one endpoint");
        }
        if (maxRetries < 0 || maxRetries > 3) {
            throw new IllegalArgumentException("max_retries must be 0 to 3, got " + maxRetries);
        }
    }

    /** A pool of the given endpoints with all defaults. */
    public static PoolSpec of(Endpoint... endpoints) {
        return new PoolSpec(
                List.of(endpoints),
                "",
                LoadBalancing.automatic(endpoints.length),
                Map.of(),
                BackendAuthentication.NONE,
                DEFAULT_MAX_RETRIES,
                Breaker.DEFAULT,
                null);
    }

    /**
     * When relays take an endpoint out of service, and when they bring it back.
     *
     * @param failureThreshold failures in a row that take it out, at least 1
     * @param timeoutThreshold relays in a row without an answer in time that take it out; 0 means
     *     that no number does
     * @param recoveryTimeout after this time one relay may try it again; zero means never
     */
    public record Breaker(int failureThreshold, int timeoutThreshold, Duration recoveryTimeout) {

        /** Out after 5 failures or 3 timeouts in a row, tried again after 30 s. */
        public static final Breaker DEFAULT = new Breaker(5, 3, Duration.ofSeconds(30));

        /** Checks the ranges. */
        public Breaker {
            if (failureThreshold < 1) {
                throw new IllegalArgumentException(
                        "the failure threshold must be at least 1, got " + failureThreshold);
            }
            if (timeoutThreshold < 0) {
                throw new IllegalArgumentException(
                        "the timeout threshold must not be negative, got " + timeoutThreshold);
            }
            if (recoveryTimeout.isNegative()) {
                throw new IllegalArgumentException(
                        "the recovery timeout must not be negative, got " + recoveryTimeout);
            }
        }
    }

    /**
     * Active health checks of a pool. The first probe of an endpoint is made at start.
     *
     * @param endpoint path (with optional query) that is probed; empty means the base path
     * @param interval time between two probes of an endpoint
     * @param timeout time for one probe
     * @param unhealthyThreshold failed probes in a row that take an endpoint out of service
     * @param healthyThreshold good probes in a row that bring it back
     * @param method request method
     * @param requestBody body of the probe, may be empty
     * @param contentType type of the body; empty means {@code application/json} for a body that
     *     starts with a brace or bracket, else none
     * @param expectedBody text that the response must contain; empty accepts any
     * @param expectedStatus accepted status codes; empty accepts 200 to 299
     * @param headers set on the probe after those of the pool
     */
    public record HealthCheck(
            String endpoint,
            Duration interval,
            Duration timeout,
            int unhealthyThreshold,
            int healthyThreshold,
            String method,
            String requestBody,
            String contentType,
            String expectedBody,
            List<Integer> expectedStatus,
            Map<String, String> headers) {

        /** Checks the ranges and copies the collections. */
        public HealthCheck {
            if (interval.isNegative() || interval.isZero()) {
                throw new IllegalArgumentException(
                        "health_check.interval_seconds must be positive, got " + interval);
            }
            if (timeout.isNegative() || timeout.isZero()) {
                throw new IllegalArgumentException(
                        "health_check.timeout_seconds must be positive, got " + timeout);
            }
            if (unhealthyThreshold < 1 || healthyThreshold < 1) {
                throw new IllegalArgumentException("health check thresholds must be at least 1");
            }
            expectedStatus = List.copyOf(expectedStatus);
            headers = Map.copyOf(headers);
        }

        /** A GET of a path every interval, with all defaults: 5 s, 3 down, 2 up, any 2xx. */
        public static HealthCheck get(String endpoint, Duration interval) {
            return new HealthCheck(
                    endpoint,
                    interval,
                    Duration.ofSeconds(5),
                    3,
                    2,
                    "GET",
                    "",
                    "",
                    "",
                    List.of(),
                    Map.of());
        }
    }
}
