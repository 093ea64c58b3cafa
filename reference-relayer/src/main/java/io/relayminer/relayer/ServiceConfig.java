package io.relayminer.relayer;

import com.fasterxml.jackson.annotation.JsonCreator;

import io.relayminer.core.backend.Endpoint;
import io.relayminer.core.backend.LoadBalancing;
import io.relayminer.core.config.Check;
import io.relayminer.core.config.Key;

import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** {@code services.<id>}. */
record ServiceConfig(
        @Key("eager or optimistic; absent means default_validation_mode.")
                RelayerConfig.ValidationMode validationMode,
        @Key("Name of a timeout profile.") String timeoutProfile,
        @Key("Name of a pool profile; absent means http_transport.") String poolProfile,
        @Key(
                        "Longest request and response body, bytes; absent or 0 means"
                                + " default_max_body_size_bytes.")
                Integer maxBodySizeBytes,
        @Key(
                        "Backend type of relays without Rpc-Type header: jsonrpc, rest,"
                                + " websocket, grpc, cometbft, or its number.")
                String defaultBackend,
        @Key("Backends by type: jsonrpc, rest, websocket, grpc, cometbft; at least one.")
                Map<String, BackendConfig> backends) {

    private static final List<String> TYPES =
            List.of("jsonrpc", "rest", "websocket", "grpc", "cometbft");

    private static final Map<String, String> MISSPELT =
            Map.ofEntries(
                    Map.entry("ws", "websocket"),
                    Map.entry("websockets", "websocket"),
                    Map.entry("wss", "websocket"),
                    Map.entry("http", "jsonrpc"),
                    Map.entry("json", "jsonrpc"),
                    Map.entry("json-rpc", "jsonrpc"),
                    Map.entry("json_rpc", "jsonrpc"),
                    Map.entry("rpc", "jsonrpc"),
                    Map.entry("grpcs", "grpc"),
                    Map.entry("comet", "cometbft"),
                    Map.entry("comet_bft", "cometbft"),
                    Map.entry("tendermint", "cometbft"),
                    Map.entry("restful", "rest"));

    /** Puts the defaults in place and checks the backends. */
    ServiceConfig {
        timeoutProfile = Check.textOr(timeoutProfile, "fast");
        poolProfile = Check.textOr(poolProfile, "");
        maxBodySizeBytes =
                Check.inRange(
                        "max_body_size_bytes",
                        maxBodySizeBytes == null ? 0 : maxBodySizeBytes,
                        0,
                        1 << 30);
        defaultBackend = Check.textOr(defaultBackend, "");
        backends =
                backends == null
                        ? Map.of()
                        : Collections.unmodifiableMap(new LinkedHashMap<>(backends));
        if (backends.isEmpty()) {
            throw new IllegalArgumentException("backends: at least one backend is required");
        }
        for (Map.Entry<String, BackendConfig> backend : backends.entrySet()) {
            checkType(backend.getKey());
            if (backend.getKey().equals("websocket")) {
                backend.getValue().requireWebSocketUrls();
            }
        }
    }

    private static void checkType(String type) {
        if (TYPES.contains(type)) {
            return;
        }
        String meant = MISSPELT.get(type.toLowerCase(Locale.ROOT));
        throw new IllegalArgumentException(
                "backends."
                        + type
                        + ": unknown backend type; "
                        + (meant == null
                                ? "use one of " + String.join(", ", TYPES)
                                : "did you mean " + meant + "?"));
    }

    /** {@code services.<id>.backends.<type>}. */
    record BackendConfig(
            @Key("The one endpoint of this type; give either url or urls.") String url,
            @Key("Several endpoints: URLs, or mappings of name and url.") List<NamedUrl> urls,
            @Key("Replaces the path of the endpoint URL.") String basePath,
            @Key("round_robin or first_healthy; absent chooses by the number of endpoints.")
                    String loadBalancing,
            @Key("Headers set on every request to the backend.") Map<String, String> headers,
            @Key("Credentials of the backend.") AuthenticationConfig authentication,
            @Key("Further endpoints tried after a failure, 0 to 3.") Integer maxRetries,
            @Key("Time after which a failed endpoint is tried again, seconds; 0 means never.")
                    Integer recoveryTimeoutSeconds,
            @Key(
                            "Relays in a row without an answer in time that take an endpoint out of"
                                    + " service; 0 means that no number does.")
                    Integer timeoutThreshold,
            @Key(
                            "Speak HTTP/2 without negotiation where the URL is clear text (h2c);"
                                    + " backends of type grpc do in any case.")
                    Boolean http2,
            @Key("Active probes.") HealthCheckConfig healthCheck) {

        BackendConfig {
            url = Check.textOr(url, "");
            urls = urls == null ? List.of() : List.copyOf(urls);
            basePath = Check.textOr(basePath, "");
            loadBalancing = Check.textOr(loadBalancing, "");
            headers =
                    headers == null
                            ? Map.of()
                            : Collections.unmodifiableMap(new LinkedHashMap<>(headers));
            authentication =
                    authentication == null ? AuthenticationConfig.defaults() : authentication;
            maxRetries = Check.inRange("max_retries", Check.orDefault(maxRetries, 1), 0, 3);
            recoveryTimeoutSeconds =
                    Check.inRange(
                            "recovery_timeout_seconds",
                            Check.orDefault(recoveryTimeoutSeconds, 30),
                            0,
                            86_400);
            timeoutThreshold =
                    Check.inRange(
                            "timeout_threshold", Check.orDefault(timeoutThreshold, 3), 0, 1_000);
            http2 = Check.orDefault(http2, false);
            healthCheck = healthCheck == null ? HealthCheckConfig.defaults() : healthCheck;
            if (url.isEmpty() == urls.isEmpty()) {
                throw new IllegalArgumentException("exactly one of url and urls is required");
            }
            LoadBalancing.parse(loadBalancing, Math.max(1, urls.size()));
            checkDistinct(url, urls);
            if (healthCheck.enabled()) {
                if (healthCheck.intervalSeconds() == 0) {
                    throw new IllegalArgumentException(
                            "health_check.interval_seconds must be positive when the check is"
                                    + " enabled");
                }
                if (healthCheck.endpoint().isEmpty() && basePath.isEmpty()) {
                    throw new IllegalArgumentException(
                            "health_check.endpoint is required when the check is enabled and there"
                                    + " is no base_path");
                }
            }
        }

        /** The endpoints, whichever way they were given. */
        List<NamedUrl> endpoints() {
            return urls.isEmpty() ? List.of(new NamedUrl("", url)) : urls;
        }

        void requireWebSocketUrls() {
            for (NamedUrl endpoint : endpoints()) {
                String lower = endpoint.url().toLowerCase(Locale.ROOT);
                if (!lower.startsWith("ws://") && !lower.startsWith("wss://")) {
                    throw new IllegalArgumentException(
                            "backends.websocket: the url must begin with ws:// or wss://");
                }
            }
        }

        private static void checkDistinct(String url, List<NamedUrl> urls) {
            Set<String> places = new HashSet<>();
            Map<String, String> names = new HashMap<>();
            List<NamedUrl> all = urls.isEmpty() ? List.of(new NamedUrl("", url)) : urls;
            for (NamedUrl endpoint : all) {
                Endpoint parsed = Endpoint.parse(endpoint.name(), endpoint.url());
                String path = parsed.path().replaceAll("/+$", "");
                String place = parsed.target().host() + ":" + parsed.target().port() + path;
                if (!places.add(place)) {
                    throw new IllegalArgumentException(
                            "urls: two endpoints have the same host and path: " + place);
                }
                if (!endpoint.name().isEmpty()
                        && names.put(endpoint.name(), endpoint.url()) != null) {
                    throw new IllegalArgumentException(
                            "urls: two endpoints have the name " + endpoint.name());
                }
            }
        }
    }

    /** An endpoint: a URL, or a mapping of name and url. */
    record NamedUrl(
            @Key("Name in metrics and status pages; absent means host and port.") String name,
            @Key("URL of the endpoint.") String url) {

        NamedUrl {
            name = Check.textOr(name, "");
            url = Check.textOr(url, "");
            if (url.isEmpty()) {
                throw new IllegalArgumentException("url is required");
            }
        }

        @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
        static NamedUrl of(String url) {
            return new NamedUrl("", url);
        }
    }

    /** {@code authentication}. */
    record AuthenticationConfig(
            @Key("User of HTTP Basic.") String username,
            @Key(value = "Password of HTTP Basic.", secret = true) String password,
            @Key(value = "Token sent as Authorization: Bearer.", secret = true) String bearerToken,
            @Key(value = "Value sent as Authorization verbatim.", secret = true)
                    String plainToken) {

        AuthenticationConfig {
            username = Check.textOr(username, "");
            password = Check.textOr(password, "");
            bearerToken = Check.textOr(bearerToken, "");
            plainToken = Check.textOr(plainToken, "");
        }

        @SuppressWarnings("NullAway") // null is how the reader says "absent"
        static AuthenticationConfig defaults() {
            return new AuthenticationConfig(null, null, null, null);
        }

        @Override
        public String toString() {
            return "AuthenticationConfig[hidden]";
        }
    }

    /** {@code health_check} of a backend. */
    record HealthCheckConfig(
            @Key("Probe the endpoints of this backend.") Boolean enabled,
            @Key(
                            "Path that is probed, of grpc the service asked about; absent means"
                                    + " base_path.")
                    String endpoint,
            @Key("Time between two probes, seconds.") Integer intervalSeconds,
            @Key("Time for one probe, seconds; 0 means 5.") Integer timeoutSeconds,
            @Key("Failed probes in a row that take an endpoint out of service; 0 means 3.")
                    Integer unhealthyThreshold,
            @Key("Good probes in a row that bring it back; 0 means 2.") Integer healthyThreshold,
            @Key("Request method.") String method,
            @Key("Request body; of websocket the message sent after the handshake.")
                    String requestBody,
            @Key("Type of the body; absent guesses JSON.") String contentType,
            @Key("Text the response must contain; absent accepts any.") String expectedBody,
            @Key("Accepted status codes; empty accepts 200 to 299.") List<Integer> expectedStatus,
            @Key("Headers of the probe.") Map<String, String> headers) {

        HealthCheckConfig {
            enabled = Check.orDefault(enabled, false);
            endpoint = Check.textOr(endpoint, "");
            intervalSeconds = number("interval_seconds", intervalSeconds);
            timeoutSeconds = number("timeout_seconds", timeoutSeconds);
            unhealthyThreshold = number("unhealthy_threshold", unhealthyThreshold);
            healthyThreshold = number("healthy_threshold", healthyThreshold);
            method = Check.textOr(method, "GET");
            requestBody = Check.textOr(requestBody, "");
            contentType = Check.textOr(contentType, "");
            expectedBody = Check.textOr(expectedBody, "");
            expectedStatus = expectedStatus == null ? List.of() : List.copyOf(expectedStatus);
            headers =
                    headers == null
                            ? Map.of()
                            : Collections.unmodifiableMap(new LinkedHashMap<>(headers));
        }

        @SuppressWarnings("NullAway") // null is how the reader says "absent"
        static HealthCheckConfig defaults() {
            return new HealthCheckConfig(
                    null, null, null, null, null, null, null, null, null, null, null, null);
        }

        private static Integer number(String name, Integer value) {
            return Check.inRange(name, value == null ? 0 : value, 0, 1_000_000);
        }
    }
}
