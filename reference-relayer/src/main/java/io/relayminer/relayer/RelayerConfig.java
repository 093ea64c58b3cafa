package io.relayminer.relayer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;

import io.relayminer.core.config.Check;
import io.relayminer.core.config.ConfigReader;
import io.relayminer.core.config.EndpointConfig;
import io.relayminer.core.config.Key;
import io.relayminer.core.config.KeysConfig;
import io.relayminer.core.config.LoggingConfig;
import io.relayminer.core.config.PocketNodeConfig;
import io.relayminer.core.config.ProviderSection;
import io.relayminer.core.config.RedisConfig;
import io.relayminer.core.key.InvalidKeyException;
import io.relayminer.core.key.SupplierKey;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The relayer's configuration file.
 *
 * <p>Two layouts are accepted: the flat one, whose keys are the components below, and the older one
 * under a root key {@code relayer} with {@code listen_address}, {@code health_address}, {@code
 * metrics_address}, {@code redis.address}, {@code backends} and {@code supplier_keys}. A value
 * given in both forms with different contents is an error.
 */
record RelayerConfig(
        @Key("Address of the relay port, host:port.") String listenAddr,
        @Key(
                        "Transports on which relays arrive, each with its type and settings of its"
                                + " own; absent means one of type http on listen_addr.")
                List<ProviderSection> transports,
        @Key(
                        "Who calls the backends: the type of a plug-in and its settings; absent"
                                + " means type http.")
                ProviderSection backendClient,
        @Key(
                        "How relays of services without a mode of their own are checked: eager"
                                + " verifies, then calls the backend; optimistic does both at the"
                                + " same time and answers only if both succeed.")
                ValidationMode defaultValidationMode,
        @Key("Deadline of a relay where a timeout profile says 0, seconds.")
                Integer defaultRequestTimeoutSeconds,
        @Key("Longest request and response body where a service says nothing, bytes.")
                Integer defaultMaxBodySizeBytes,
        @Key(
                        "Memory for the request bodies of all connections together, bytes; a body"
                                + " that does not fit is refused with 503. 0 means a quarter of the"
                                + " largest heap, or room for one longest body if that is more.")
                Long maxHeldBodyBytes,
        @Key("Event loops that serve relays; 0 chooses by the number of processors.")
                Integer eventLoops,
        @Key("Redis.") RedisConfig redis,
        @Key("The chain.") PocketNodeConfig pocketNode,
        @Key("Supplier keys.") KeysConfig keys,
        @Key("Load keys again when a source changes.") Boolean hotReloadEnabled,
        @Key("Services by id; at least one.") Map<String, ServiceConfig> services,
        @Key("Prometheus listener, default 0.0.0.0:9090.") EndpointConfig metrics,
        @Key("Health listener and what readiness means.") HealthConfig healthCheck,
        @Key(
                        "Debug pages: threads, heap, flight recordings. Off by default; default"
                                + " address 127.0.0.1:6060. They need no authentication and show"
                                + " everything in memory.")
                EndpointConfig pprof,
        @Key("The relay meter.") MeterConfig relayMeter,
        @Key("How answered relays are recorded.") PublishConfig publish,
        @Key("Which relays are mined.") MiningConfig mining,
        @Key("Limits on ring signatures.") RingConfig ring,
        @Key("Forms of refusals.") ErrorsConfig errors,
        @Key("Relays by which an operator tests the relayer; neither metered nor paid.")
                SimulationConfig simulation,
        @Key("Compression of answers.") CompressionConfig responseCompression,
        @Key("Connections to backends, where no profile says otherwise.")
                HttpTransportConfig httpTransport,
        @Key("Named timeouts; fast and streaming always exist.")
                Map<String, TimeoutProfile> timeoutProfiles,
        @Key("Named connection limits; low, medium and high always exist.")
                Map<String, PoolProfile> poolProfiles,
        @Key("What is loaded before the relayer is ready.") WarmupConfig cacheWarmup,
        @Key("Order and limits of the shutdown.") ShutdownConfig shutdown,
        @Key("Logging.") LoggingConfig logging,
        @Key("Accepted for compatibility; has no effect.") Integer gracePeriodExtraBlocks) {

    /** How a relay is checked. */
    enum ValidationMode {
        EAGER,
        OPTIMISTIC
    }

    /** Puts the defaults in place and checks what spans several keys. */
    RelayerConfig {
        listenAddr = Check.textOr(listenAddr, "0.0.0.0:8080");
        Check.listenAddress("listen_addr", listenAddr);
        transports =
                transports == null || transports.isEmpty()
                        ? List.of(ProviderSection.of("http"))
                        : List.copyOf(transports);
        backendClient = Check.orDefault(backendClient, ProviderSection.of("http"));
        defaultValidationMode = Check.orDefault(defaultValidationMode, ValidationMode.OPTIMISTIC);
        defaultRequestTimeoutSeconds =
                Check.inRange(
                        "default_request_timeout_seconds",
                        Check.orDefault(defaultRequestTimeoutSeconds, 30),
                        1,
                        86_400);
        defaultMaxBodySizeBytes =
                Check.inRange(
                        "default_max_body_size_bytes",
                        Check.orDefault(defaultMaxBodySizeBytes, 10_485_760),
                        1,
                        1 << 30);
        maxHeldBodyBytes =
                Check.inRange(
                        "max_held_body_bytes",
                        Check.orDefault(maxHeldBodyBytes, 0L),
                        0,
                        Long.MAX_VALUE);
        eventLoops = Check.inRange("event_loops", Check.orDefault(eventLoops, 0), 0, 1_024);
        redis = redis == null ? RedisConfig.defaults() : redis;
        pocketNode = pocketNode == null ? PocketNodeConfig.defaults() : pocketNode;
        keys = keys == null ? noKeys() : keys;
        hotReloadEnabled = Check.orDefault(hotReloadEnabled, true);
        services = ordered(services);
        metrics =
                (metrics == null ? EndpointConfig.unset() : metrics)
                        .orDefaults(true, "0.0.0.0:9090");
        healthCheck = healthCheck == null ? HealthConfig.defaults() : healthCheck;
        pprof =
                (pprof == null ? EndpointConfig.unset() : pprof)
                        .orDefaults(false, "127.0.0.1:6060");
        relayMeter = relayMeter == null ? MeterConfig.defaults() : relayMeter;
        publish = publish == null ? PublishConfig.defaults() : publish;
        mining = mining == null ? MiningConfig.defaults() : mining;
        ring = ring == null ? RingConfig.defaults() : ring;
        errors = errors == null ? ErrorsConfig.defaults() : errors;
        simulation = simulation == null ? SimulationConfig.defaults() : simulation;
        responseCompression =
                responseCompression == null ? CompressionConfig.defaults() : responseCompression;
        httpTransport = httpTransport == null ? HttpTransportConfig.defaults() : httpTransport;
        timeoutProfiles = merged(TimeoutProfile.BUILT_IN, timeoutProfiles);
        poolProfiles = merged(PoolProfile.BUILT_IN, poolProfiles);
        cacheWarmup = cacheWarmup == null ? WarmupConfig.defaults() : cacheWarmup;
        shutdown = shutdown == null ? ShutdownConfig.defaults() : shutdown;
        logging = logging == null ? LoggingConfig.defaults() : logging;
        gracePeriodExtraBlocks = Check.orDefault(gracePeriodExtraBlocks, 0);
        requireRoomForOneBody(maxHeldBodyBytes, defaultMaxBodySizeBytes, services);
        for (Map.Entry<String, ServiceConfig> service : services.entrySet()) {
            known(
                    "services." + service.getKey() + ".timeout_profile",
                    service.getValue().timeoutProfile(),
                    timeoutProfiles);
            if (!service.getValue().poolProfile().isEmpty()) {
                known(
                        "services." + service.getKey() + ".pool_profile",
                        service.getValue().poolProfile(),
                        poolProfiles);
            }
        }
    }

    /** A copy with another Redis, for the command line. */
    RelayerConfig withRedisUrl(String url) {
        return with(redis.withUrl(url), pocketNode);
    }

    /** A copy that asks another node, for the command line. */
    RelayerConfig withGrpcNode(String target) {
        return with(redis, pocketNode.withGrpcUrl(target));
    }

    private RelayerConfig with(RedisConfig otherRedis, PocketNodeConfig otherNode) {
        return new RelayerConfig(
                listenAddr,
                transports,
                backendClient,
                defaultValidationMode,
                defaultRequestTimeoutSeconds,
                defaultMaxBodySizeBytes,
                maxHeldBodyBytes,
                eventLoops,
                otherRedis,
                otherNode,
                keys,
                hotReloadEnabled,
                services,
                metrics,
                healthCheck,
                pprof,
                relayMeter,
                publish,
                mining,
                ring,
                errors,
                simulation,
                responseCompression,
                httpTransport,
                timeoutProfiles,
                poolProfiles,
                cacheWarmup,
                shutdown,
                logging,
                gracePeriodExtraBlocks);
    }

    /** Refuses to start where one of the listeners' ports is taken. */
    void requirePortsFree() {
        Check.free(listeners());
    }

    private Map<String, InetSocketAddress> listeners() {
        Map<String, InetSocketAddress> all = new LinkedHashMap<>();
        all.put("listen_addr", Check.listenAddress("listen_addr", listenAddr));
        if (healthCheck.enabled()) {
            all.put(
                    "health_check.addr",
                    Check.listenAddress("health_check.addr", healthCheck.addr()));
        }
        if (metrics.isEnabled()) {
            all.put("metrics.addr", Check.listenAddress("metrics.addr", metrics.address()));
        }
        if (pprof.isEnabled()) {
            all.put("pprof.addr", Check.listenAddress("pprof.addr", pprof.address()));
        }
        return all;
    }

    /** Refuses a configuration with which no relay could be served. */
    void requireComplete() {
        if (services.isEmpty()) {
            throw new IllegalArgumentException(
                    "services: at least one service with a backend is required");
        }
        pocketNode.require();
        RelayerWiring.check(this);
        Check.distinct(listeners());
        if (keys.isEmpty()) {
            throw new IllegalArgumentException(
                    "keys: at least one key source is required (keys_file, keys_dir, inline or"
                            + " keyring); without a key no response can be signed");
        }
    }

    /** A reader of both layouts. */
    static ConfigReader.Builder<RelayerConfig> reader() {
        return ConfigReader.of(RelayerConfig.class)
                .root("relayer")
                .rewrite(RelayerConfig::refuseSupersededKeys)
                .alias("listen_address", "listen_addr")
                .alias("health_address", "health_check.addr")
                .alias("metrics_address", "metrics.addr")
                .alias("redis.address", "redis.url", RelayerConfig::redisUrl)
                .alias("chain.rpc_url", "pocket_node.query_node_rpc_url")
                .alias("chain.grpc_address", "pocket_node.query_node_grpc_url")
                .rewrite(RelayerConfig::keysOfOlderLayout)
                .rewrite(RelayerConfig::backendsOfOlderLayout);
    }

    private static JsonNode redisUrl(JsonNode address) {
        String text = address.asText();
        return TextNode.valueOf(text.contains("://") ? text : "redis://" + text);
    }

    @SuppressWarnings("NullAway") // null is how the reader says "absent"
    private static KeysConfig noKeys() {
        return new KeysConfig(null, null, null, null, null);
    }

    /** {@code supplier_keys[].{address, private_key_hex}} become inline keys, each checked. */
    private static ObjectNode keysOfOlderLayout(ObjectNode tree) {
        JsonNode entries = tree.remove("supplier_keys");
        if (entries == null) {
            return tree;
        }
        ObjectNode keys =
                tree.get("keys") instanceof ObjectNode present ? present : tree.putObject("keys");
        ArrayNode inline =
                keys.get("inline") instanceof ArrayNode present ? present : keys.putArray("inline");
        for (int i = 0; i < entries.size(); i++) {
            String path = "supplier_keys[" + i + "]";
            JsonNode entry = entries.get(i);
            String hex = keyOf(path, entry);
            try {
                String derived = SupplierKey.fromHex(hex).address();
                String address = entry.path("address").asText("");
                if (!address.isEmpty() && !address.equals(derived)) {
                    throw new IllegalArgumentException(
                            path
                                    + ".address: the key is that of "
                                    + derived
                                    + ", not of "
                                    + address);
                }
            } catch (InvalidKeyException e) {
                throw new IllegalArgumentException(path + ".private_key_hex: " + e.getMessage());
            }
            inline.add(hex);
        }
        return tree;
    }

    private static String keyOf(String path, JsonNode entry) {
        if (entry.has("private_key_hex_file")) {
            try {
                return Files.readString(Path.of(entry.path("private_key_hex_file").asText()))
                        .strip();
            } catch (IOException e) {
                throw new IllegalArgumentException(
                        path + ".private_key_hex_file: the file cannot be read");
            }
        }
        if (!entry.path("private_key_hex").isTextual()) {
            throw new IllegalArgumentException(
                    path + ".private_key_hex is required, a quoted text of 64 hex digits");
        }
        return entry.path("private_key_hex").textValue();
    }

    /** {@code backends.<service>.url} becomes a service with the one backend its scheme names. */
    private static ObjectNode backendsOfOlderLayout(ObjectNode tree) {
        JsonNode backends = tree.remove("backends");
        if (backends == null) {
            return tree;
        }
        if (!(backends instanceof ObjectNode byService)) {
            throw new IllegalArgumentException("backends: expected a mapping of service ids");
        }
        ObjectNode services =
                tree.get("services") instanceof ObjectNode present
                        ? present
                        : tree.putObject("services");
        Iterator<Map.Entry<String, JsonNode>> entries = byService.properties().iterator();
        while (entries.hasNext()) {
            Map.Entry<String, JsonNode> entry = entries.next();
            String id = entry.getKey();
            if (!(entry.getValue() instanceof ObjectNode backend)
                    || !backend.path("url").isTextual()) {
                throw new IllegalArgumentException("backends." + id + ".url is required");
            }
            if (services.has(id)) {
                throw new IllegalArgumentException(
                        "backends." + id + " and services." + id + " are both given; remove one");
            }
            String url = backend.path("url").textValue();
            ObjectNode service = services.putObject(id);
            ObjectNode byType = service.putObject("backends");
            for (String type : typesOf(url)) {
                byType.set(type, backend.deepCopy());
            }
            service.put("default_backend", typesOf(url).get(0));
        }
        return tree;
    }

    private static List<String> typesOf(String url) {
        int colon = url.indexOf("://");
        String scheme = colon < 0 ? "" : url.substring(0, colon).toLowerCase(Locale.ROOT);
        return switch (scheme) {
            case "http", "https" -> List.of("jsonrpc", "rest");
            case "ws", "wss" -> List.of("websocket");
            default -> List.of("grpc");
        };
    }

    /** Keys of earlier versions that have no meaning any more: say what replaced them. */
    private static ObjectNode refuseSupersededKeys(ObjectNode tree) {
        List<String> found = new ArrayList<>();
        JsonNode redis = tree.path("redis");
        if (redis.has("stream_prefix")) {
            found.add(
                    "redis.stream_prefix was replaced by redis.namespace.base_prefix and"
                            + " redis.namespace.streams_prefix");
        }
        if (redis.has("max_stream_len")) {
            found.add(
                    "redis.max_stream_len has no replacement: relay streams are never trimmed by"
                            + " length");
        }
        if (!found.isEmpty()) {
            throw new IllegalArgumentException(String.join("; ", found));
        }
        return tree;
    }

    private static void requireRoomForOneBody(
            long maxHeldBodyBytes,
            int defaultMaxBodySizeBytes,
            Map<String, ServiceConfig> services) {
        if (maxHeldBodyBytes == 0) {
            return;
        }
        requireRoom("default_max_body_size_bytes", defaultMaxBodySizeBytes, maxHeldBodyBytes);
        services.forEach(
                (id, service) ->
                        requireRoom(
                                "services." + id + ".max_body_size_bytes",
                                service.maxBodySizeBytes(),
                                maxHeldBodyBytes));
    }

    private static void requireRoom(String key, int bodyBytes, long maxHeldBodyBytes) {
        if (maxHeldBodyBytes < bodyBytes) {
            throw new IllegalArgumentException(
                    "max_held_body_bytes must be at least "
                            + key
                            + ", "
                            + bodyBytes
                            + ", or 0, not "
                            + maxHeldBodyBytes);
        }
    }

    private static void known(String key, String name, Map<String, ?> profiles) {
        if (!profiles.containsKey(name)) {
            throw new IllegalArgumentException(
                    key + ": there is no profile " + name + "; known are " + profiles.keySet());
        }
    }

    private static <V> Map<String, V> ordered(Map<String, V> given) {
        return given == null
                ? Map.of()
                : java.util.Collections.unmodifiableMap(new LinkedHashMap<>(given));
    }

    private static <V> Map<String, V> merged(Map<String, V> builtIn, Map<String, V> given) {
        Map<String, V> all = new LinkedHashMap<>(builtIn);
        all.putAll(ordered(given));
        return ordered(all);
    }

    /** {@code health_check}. */
    record HealthConfig(
            @Key("Whether the health listener exists.") Boolean enabled,
            @Key("Address of the health listener, host:port.") String addr,
            @Key(
                            "Answer /ready on the relay port with 200 always, for load balancers"
                                    + " that expect it; the health listener stays truthful.")
                    Boolean relayPortAlwaysReady) {

        HealthConfig {
            enabled = Check.orDefault(enabled, true);
            addr = Check.textOr(addr, "0.0.0.0:8081");
            Check.listenAddress("addr", addr);
            relayPortAlwaysReady = Check.orDefault(relayPortAlwaysReady, false);
        }

        @SuppressWarnings("NullAway") // null is how the reader says "absent"
        static HealthConfig defaults() {
            return new HealthConfig(null, null, null);
        }
    }

    /** {@code relay_meter}. */
    record MeterConfig(
            @Key("Limit relays to what the supplier can be paid for.") Boolean enabled,
            @Key(
                            "First part of the meter's keys, where it differs from"
                                    + " redis.namespace.base_prefix.")
                    String redisKeyPrefix,
            @Key(
                            "What happens to relays while the counter cannot be used: open lets"
                                    + " them through, closed refuses them.")
                    String failBehavior,
            @Key("Life of the meter's keys.") Duration cacheTtl,
            @Key("Most relays' worth of budget to lease at once; 1 asks Redis for every relay.")
                    Integer leaseRelays) {

        MeterConfig {
            enabled = Check.orDefault(enabled, true);
            redisKeyPrefix = Check.textOr(redisKeyPrefix, "");
            failBehavior = Check.textOr(failBehavior, "open");
            cacheTtl = Check.orDefault(cacheTtl, Duration.ofHours(2));
            leaseRelays =
                    Check.inRange("lease_relays", Check.orDefault(leaseRelays, 32), 1, 10_000);
            if (!failBehavior.equals("open") && !failBehavior.equals("closed")) {
                throw new IllegalArgumentException("fail_behavior must be open or closed");
            }
            if (cacheTtl.compareTo(Duration.ofMinutes(1)) < 0) {
                throw new IllegalArgumentException("cache_ttl must be at least 1m");
            }
        }

        @SuppressWarnings("NullAway") // null is how the reader says "absent"
        static MeterConfig defaults() {
            return new MeterConfig(null, null, null, null, null);
        }
    }

    /** {@code publish}. */
    record PublishConfig(
            @Key(
                            "confirmed answers after Redis acknowledged the relay; async answers at"
                                    + " once and records the relay from a bounded queue.")
                    String mode,
            @Key(
                            "What happens to a relay that cannot be recorded: reject refuses it"
                                    + " with 503, serve_unpaid answers it and counts the loss.")
                    String onLogFailure,
            @Key("Relays that may wait to be recorded under mode async.") Integer queueSize) {

        PublishConfig {
            mode = Check.textOr(mode, "confirmed");
            onLogFailure = Check.textOr(onLogFailure, "reject");
            queueSize =
                    Check.inRange("queue_size", Check.orDefault(queueSize, 8_192), 1, 1_000_000);
            if (!mode.equals("confirmed") && !mode.equals("async")) {
                throw new IllegalArgumentException("mode must be confirmed or async");
            }
            if (!onLogFailure.equals("reject") && !onLogFailure.equals("serve_unpaid")) {
                throw new IllegalArgumentException("on_log_failure must be reject or serve_unpaid");
            }
        }

        @SuppressWarnings("NullAway") // null is how the reader says "absent"
        static PublishConfig defaults() {
            return new PublishConfig(null, null, null);
        }
    }

    /** {@code mining}. */
    record MiningConfig(
            @Key(
                            "Longest mined relay, bytes; longer ones are served but not mined. 0"
                                    + " means no limit.")
                    Integer maxRelayBytes,
            @Key("Serve but do not mine relays that arrive too late to be rewarded for certain.")
                    Boolean dropLateRelays) {

        MiningConfig {
            maxRelayBytes =
                    Check.inRange(
                            "max_relay_bytes",
                            Check.orDefault(maxRelayBytes, 0),
                            0,
                            Integer.MAX_VALUE);
            dropLateRelays = Check.orDefault(dropLateRelays, false);
        }

        @SuppressWarnings("NullAway") // null is how the reader says "absent"
        static MiningConfig defaults() {
            return new MiningConfig(null, null);
        }
    }

    /** {@code ring}. */
    record RingConfig(
            @Key("Most members of a ring signature, whatever the application delegates to.")
                    Integer maxMembers,
            @Key("Accept signatures over a ring of one member.") Boolean allowSingleMember,
            @Key(
                            "Refuse relays signed with the public placeholder key, which anyone"
                                    + " can do for an application without gateways.")
                    Boolean rejectPlaceholderSigner) {

        RingConfig {
            maxMembers = Check.inRange("max_members", Check.orDefault(maxMembers, 64), 2, 1_024);
            allowSingleMember = Check.orDefault(allowSingleMember, false);
            rejectPlaceholderSigner = Check.orDefault(rejectPlaceholderSigner, true);
        }

        @SuppressWarnings("NullAway") // null is how the reader says "absent"
        static RingConfig defaults() {
            return new RingConfig(null, null, null);
        }
    }

    /** {@code errors}. */
    record ErrorsConfig(
            @Key(
                            "How a relay is refused whose session's budget is used up:"
                                    + " relay_miner_error answers 200 with a signed relay error of"
                                    + " codespace relayer_proxy and code 7; http429 answers status"
                                    + " 429, which gateways take for a failing endpoint.")
                    String stakeExhaustedStyle) {

        ErrorsConfig {
            stakeExhaustedStyle = Check.textOr(stakeExhaustedStyle, "relay_miner_error");
            if (!stakeExhaustedStyle.equals("http429")
                    && !stakeExhaustedStyle.equals("relay_miner_error")) {
                throw new IllegalArgumentException(
                        "stake_exhausted_style must be http429 or relay_miner_error");
            }
        }

        @SuppressWarnings("NullAway") // null is how the reader says "absent"
        static ErrorsConfig defaults() {
            return new ErrorsConfig(null);
        }
    }

    /** {@code response_compression}. */
    record CompressionConfig(
            @Key("Compress answers for gateways that accept gzip.") Boolean enabled,
            @Key("Smallest answer to compress, bytes; 0 or less means 1024.")
                    Integer minSizeBytes) {

        CompressionConfig {
            enabled = Check.orDefault(enabled, false);
            minSizeBytes = Check.orDefault(minSizeBytes, 1_024);
            minSizeBytes = minSizeBytes <= 0 ? 1_024 : minSizeBytes;
        }

        @SuppressWarnings("NullAway") // null is how the reader says "absent"
        static CompressionConfig defaults() {
            return new CompressionConfig(null, null);
        }
    }

    /** {@code http_transport}. */
    record HttpTransportConfig(
            @Key("Accepted for compatibility: the limits per host count.") Integer maxIdleConns,
            @Key("Idle connections kept per host and service.") Integer maxIdleConnsPerHost,
            @Key("Connections per host and service; further requests wait. 0 means 500.")
                    Integer maxConnsPerHost,
            @Key("Life of an idle connection, seconds.") Integer idleConnTimeoutSeconds,
            @Key("Time to connect, seconds.") Integer dialTimeoutSeconds,
            @Key("Time for the TLS handshake, seconds.") Integer tlsHandshakeTimeoutSeconds,
            @Key("Accepted for compatibility: the timeout profile counts.")
                    Integer responseHeaderTimeoutSeconds,
            @Key("Accepted for compatibility; has no effect.") Integer expectContinueTimeoutSeconds,
            @Key("Accepted for compatibility; has no effect.") Integer tcpKeepAliveSeconds,
            @Key("Accepted for compatibility: bodies are always asked for uncompressed.")
                    Boolean disableCompression) {

        HttpTransportConfig {
            maxIdleConns = Check.orDefault(maxIdleConns, 500);
            maxIdleConnsPerHost = positive("max_idle_conns_per_host", maxIdleConnsPerHost, 100);
            maxConnsPerHost = positive("max_conns_per_host", maxConnsPerHost, 500);
            idleConnTimeoutSeconds =
                    positive("idle_conn_timeout_seconds", idleConnTimeoutSeconds, 90);
            dialTimeoutSeconds = positive("dial_timeout_seconds", dialTimeoutSeconds, 5);
            tlsHandshakeTimeoutSeconds =
                    positive("tls_handshake_timeout_seconds", tlsHandshakeTimeoutSeconds, 10);
            responseHeaderTimeoutSeconds = Check.orDefault(responseHeaderTimeoutSeconds, 30);
            expectContinueTimeoutSeconds = Check.orDefault(expectContinueTimeoutSeconds, 1);
            tcpKeepAliveSeconds = Check.orDefault(tcpKeepAliveSeconds, 30);
            disableCompression = Check.orDefault(disableCompression, true);
        }

        @SuppressWarnings("NullAway") // null is how the reader says "absent"
        static HttpTransportConfig defaults() {
            return new HttpTransportConfig(
                    null, null, null, null, null, null, null, null, null, null);
        }

        /** Absent and 0 both mean the default. */
        private static Integer positive(String name, Integer value, int fallback) {
            int given = Check.inRange(name, value == null ? 0 : value, 0, 1_000_000);
            return given == 0 ? fallback : given;
        }
    }

    /** {@code timeout_profiles.<name>}; an entry replaces a built-in one entirely. */
    record TimeoutProfile(
            @Key("Deadline of a relay, seconds; 0 means default_request_timeout_seconds.")
                    Integer requestTimeoutSeconds,
            @Key("Time to the head of the response, seconds; 0 means none of its own.")
                    Integer responseHeaderTimeoutSeconds,
            @Key("Time to connect, seconds; 0 means http_transport's.") Integer dialTimeoutSeconds,
            @Key("Time for the TLS handshake, seconds; 0 means http_transport's.")
                    Integer tlsHandshakeTimeoutSeconds) {

        static final Map<String, TimeoutProfile> BUILT_IN =
                ordered(
                        Map.of(
                                "fast", new TimeoutProfile(30, 30, 5, 10),
                                "streaming", new TimeoutProfile(600, 0, 10, 15)));

        TimeoutProfile {
            requestTimeoutSeconds = seconds("request_timeout_seconds", requestTimeoutSeconds);
            responseHeaderTimeoutSeconds =
                    seconds("response_header_timeout_seconds", responseHeaderTimeoutSeconds);
            dialTimeoutSeconds = seconds("dial_timeout_seconds", dialTimeoutSeconds);
            tlsHandshakeTimeoutSeconds =
                    seconds("tls_handshake_timeout_seconds", tlsHandshakeTimeoutSeconds);
        }

        private static Integer seconds(String name, Integer value) {
            return Check.inRange(name, value == null ? 0 : value, 0, 86_400);
        }
    }

    /** {@code pool_profiles.<name>}; an entry replaces a built-in one entirely. */
    record PoolProfile(
            @Key("Connections per host; 0 means http_transport's.") Integer maxConnsPerHost,
            @Key("Idle connections per host; 0 means http_transport's.")
                    Integer maxIdleConnsPerHost,
            @Key("Life of an idle connection, seconds; 0 means http_transport's.")
                    Integer idleConnTimeoutSeconds) {

        static final Map<String, PoolProfile> BUILT_IN =
                ordered(
                        new java.util.TreeMap<>(
                                Map.of(
                                        "low", new PoolProfile(10, 5, 90),
                                        "medium", new PoolProfile(100, 20, 90),
                                        "high", new PoolProfile(250, 50, 90))));

        PoolProfile {
            maxConnsPerHost = atLeastZero("max_conns_per_host", maxConnsPerHost);
            maxIdleConnsPerHost = atLeastZero("max_idle_conns_per_host", maxIdleConnsPerHost);
            idleConnTimeoutSeconds =
                    atLeastZero("idle_conn_timeout_seconds", idleConnTimeoutSeconds);
        }

        private static Integer atLeastZero(String name, Integer value) {
            return Check.inRange(name, value == null ? 0 : value, 0, 1_000_000);
        }
    }

    /** {@code cache_warmup}. */
    record WarmupConfig(
            @Key("Load known suppliers and applications before the relayer is ready.")
                    Boolean enabled,
            @Key("Applications to load at start, addresses.") List<String> knownApplications,
            @Key("Applications loaded at the same time.") Integer warmupConcurrency,
            @Key("Time for one application, seconds.") Integer warmupTimeoutSeconds) {

        WarmupConfig {
            enabled = Check.orDefault(enabled, true);
            knownApplications =
                    knownApplications == null ? List.of() : List.copyOf(knownApplications);
            warmupConcurrency =
                    Check.inRange(
                            "warmup_concurrency", Check.orDefault(warmupConcurrency, 10), 1, 1_000);
            warmupTimeoutSeconds =
                    Check.inRange(
                            "warmup_timeout_seconds",
                            Check.orDefault(warmupTimeoutSeconds, 5),
                            1,
                            600);
        }

        @SuppressWarnings("NullAway") // null is how the reader says "absent"
        static WarmupConfig defaults() {
            return new WarmupConfig(null, null, null, null);
        }
    }

    /** {@code shutdown}. */
    record ShutdownConfig(
            @Key(
                            "Time between readiness turning negative and the relay port closing,"
                                    + " so that load balancers notice.")
                    Duration drainDelay,
            @Key("Longest wait for relays in flight and for the publish queue.") Duration grace) {

        ShutdownConfig {
            drainDelay = Check.orDefault(drainDelay, Duration.ofSeconds(5));
            grace = Check.orDefault(grace, Duration.ofSeconds(30));
            if (drainDelay.isNegative() || grace.isNegative()) {
                throw new IllegalArgumentException("durations must not be negative");
            }
        }

        @SuppressWarnings("NullAway") // null is how the reader says "absent"
        static ShutdownConfig defaults() {
            return new ShutdownConfig(null, null);
        }
    }
}
