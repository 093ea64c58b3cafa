package io.relayminer.relayer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.relayminer.core.backend.LoadBalancing;
import io.relayminer.core.backend.PoolSpec;
import io.relayminer.core.config.ConfigException;
import io.relayminer.core.config.ConfigPrinter;
import io.relayminer.core.relay.RpcType;
import io.relayminer.core.relay.ServiceProfile;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

class RelayerConfigTest {

    private static final String MINIMAL =
            """
            pocket_node:
              query_node_rpc_url: http://node:26657
              query_node_grpc_url: node:9090
            keys:
              keys_file: keys.yaml
            services:
              eth:
                backends:
                  jsonrpc: {url: "http://node:8545"}
            """;

    private static final String KEY =
            "cd41a98ac7ac3b190c345b88e2885422d7bb553c59bca03c6e2618d49f8b1c06";
    private static final String ADDRESS = "pokt19a3t4yunp0dlpfjrp7qwnzwlrzd5fzs2gjaaaj";

    private static RelayerConfig parse(String yaml) {
        RelayerConfig config =
                RelayerConfig.reader()
                        .environment(
                                Map.of(
                                        "RELAYER_LISTEN", "127.0.0.1:0",
                                        "REDIS_URL", "redis://127.0.0.1:6379",
                                        "POCKET_RPC_URL", "http://127.0.0.1:26657",
                                        "POCKET_GRPC_URL", "127.0.0.1:9090",
                                        "SUPPLIER_KEYS_FILE", "supplier-keys.yaml",
                                        "BACKEND_URL", "http://127.0.0.1:8545",
                                        "RELAYER_HEALTH", "127.0.0.1:0",
                                        "RELAYER_METRICS", "127.0.0.1:0"))
                        .build()
                        .parse(yaml, "relayer.yaml")
                        .config();
        config.requireComplete();
        return config;
    }

    private static String refused(String yaml) {
        return assertThrows(RuntimeException.class, () -> RelayerWiring.backends(parse(yaml)))
                .getMessage();
    }

    private static String backend(String lines) {
        return MINIMAL.replace("jsonrpc: {url: \"http://node:8545\"}", lines);
    }

    @Test
    void theDefaultsAreThoseOfTheReference() {
        RelayerConfig config = parse(MINIMAL);
        assertEquals("0.0.0.0:8080", config.listenAddr());
        assertEquals("0.0.0.0:8081", config.healthCheck().addr());
        assertEquals("0.0.0.0:9090", config.metrics().address());
        assertTrue(config.metrics().isEnabled());
        assertEquals(10_485_760, config.defaultMaxBodySizeBytes());
        assertEquals("redis://localhost:6379", config.redis().url());
        assertTrue(config.relayMeter().enabled());
        assertEquals("open", config.relayMeter().failBehavior());
        assertEquals(Duration.ofHours(2), config.relayMeter().cacheTtl());
        assertEquals("confirmed", config.publish().mode());
        assertFalse(config.responseCompression().enabled());
        assertFalse(config.pprof().isEnabled());
        ServiceProfile eth = RelayerWiring.services(config).get("eth");
        assertEquals(ServiceProfile.ValidationMode.OPTIMISTIC, eth.mode());
        assertEquals(RpcType.JSONRPC, eth.defaultType());
        PoolSpec pool = RelayerWiring.backends(config).get("eth").pools().get("jsonrpc");
        assertEquals(1, pool.maxRetries());
        assertEquals(Duration.ofSeconds(30), pool.breaker().recoveryTimeout());
        assertEquals(5, pool.breaker().failureThreshold());
        assertEquals(LoadBalancing.FIRST_HEALTHY, pool.loadBalancing());
    }

    @Test
    void bodiesOfAllConnectionsShareAQuarterOfTheHeapUnlessToldOtherwise() {
        assertEquals(
                Math.max(10_485_760, Runtime.getRuntime().maxMemory() / 4),
                RelayerWiring.transport(parse(MINIMAL)).maxHeldBodyBytes());
        assertEquals(
                20_000_000_000L,
                RelayerWiring.transport(parse(MINIMAL + "max_held_body_bytes: 20000000000\n"))
                        .maxHeldBodyBytes());
        String tooLittle = refused(MINIMAL + "max_held_body_bytes: 10485759\n");
        assertTrue(
                tooLittle.contains(
                        "max_held_body_bytes must be at least default_max_body_size_bytes,"
                                + " 10485760, or 0, not 10485759"),
                tooLittle);
        String belowService =
                refused(
                        MINIMAL.replace(
                                        "    backends:",
                                        "    max_body_size_bytes: 2000\n    backends:")
                                + "default_max_body_size_bytes: 1000\nmax_held_body_bytes: 1999\n");
        assertTrue(
                belowService.contains("at least services.eth.max_body_size_bytes, 2000"),
                belowService);
        assertTrue(
                refused(MINIMAL + "max_held_body_bytes: -1\n")
                        .contains("max_held_body_bytes must be at least 0, not -1"));
    }

    @Test
    void aServiceWithoutProfileUsesTheFastOneWhichCannotBeLost() {
        RelayerConfig config =
                parse(MINIMAL + "timeout_profiles: {llm: {request_timeout_seconds: 120}}\n");
        assertEquals(
                List.of("fast", "llm", "streaming"),
                config.timeoutProfiles().keySet().stream().sorted().toList());
        assertEquals(
                Duration.ofSeconds(30), RelayerWiring.backends(config).get("eth").requestTimeout());
    }

    @Test
    void aProfileReplacesABuiltInOneEntirely() {
        RelayerConfig config =
                parse(
                        MINIMAL
                                + "default_request_timeout_seconds: 7\n"
                                + "timeout_profiles: {fast: {dial_timeout_seconds: 2}}\n");
        var eth = RelayerWiring.backends(config).get("eth");
        assertEquals(Duration.ofSeconds(7), eth.requestTimeout());
        assertEquals(Duration.ofSeconds(2), eth.connections().connectTimeout());
        assertEquals(Duration.ZERO, eth.connections().responseHeaderTimeout());
    }

    @Test
    void theTransportReadsAsMuchAsTheMostGenerousServiceAccepts() {
        RelayerConfig config =
                parse(MINIMAL.replace("  eth:\n", "  eth:\n    max_body_size_bytes: 20971520\n"));
        assertEquals(20_971_520, RelayerWiring.transport(config).maxBodyBytes());
        assertEquals(20_971_520, RelayerWiring.services(config).get("eth").maxBodyBytes());
    }

    @Test
    void namedAndPlainEndpointsMayBeMixed() {
        PoolSpec pool =
                RelayerWiring.backends(
                                parse(
                                        backend(
                                                "jsonrpc: {urls: [\"http://a:1\", {name: b, url:"
                                                        + " \"10.0.0.1:50051\"}]}")))
                        .get("eth")
                        .pools()
                        .get("jsonrpc");
        assertEquals(2, pool.endpoints().size());
        assertEquals("b", pool.endpoints().get(1).name());
        assertEquals(LoadBalancing.ROUND_ROBIN, pool.loadBalancing());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "ws: {url: \"ws://n\"} | did you mean websocket?",
                "json-rpc: {url: \"http://n\"} | did you mean jsonrpc?",
                "comet_bft: {url: \"http://n\"} | did you mean cometbft?",
                "nonsense: {url: \"http://n\"} | unknown backend type",
                "websocket: {url: \"http://n\"} | must begin with ws:// or wss://",
                "jsonrpc: {url: \"http://n\", urls: [\"http://m\"]} | exactly one of url and urls",
                "jsonrpc: {} | exactly one of url and urls",
                "jsonrpc: {urls: [\"http://n/a\", \"http://n/a/\"]} | same host and path",
                "jsonrpc: {urls: [{name: x, url: \"http://n\"}, {name: x, url: \"http://m\"}]} |"
                        + " have the name x",
                "jsonrpc: {url: \"http://n\", max_retries: 4} | max_retries must be between 0 and"
                        + " 3",
                "jsonrpc: {url: \"http://n\", load_balancing: random} | load_balancing must be",
                "jsonrpc: {url: \"http://n\", health_check: {enabled: true, endpoint: /h}} |"
                        + " interval_seconds must be positive",
                "jsonrpc: {url: \"http://n\", health_check: {enabled: true, interval_seconds: 1}} |"
                        + " health_check.endpoint is required",
                "jsonrpc: {url: \"ftp://n\"} | has scheme",
            })
    void aBackendThatCannotWorkIsRefused(String lines, String expected) {
        String message = refused(backend(lines));
        assertTrue(message.contains(expected), message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "timeout_profile: slow | there is no profile slow",
                "pool_profile: huge | there is no profile huge",
                "validation_mode: lazy | expected one of",
                "max_body_size_bytes: -1 | max_body_size_bytes must be between",
                "default_backends: rest | did you mean default_backend?",
            })
    void aServiceThatCannotWorkIsRefused(String line, String expected) {
        String message = refused(MINIMAL.replace("  eth:\n", "  eth:\n    " + line + "\n"));
        assertTrue(message.contains(expected), message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "listen_addr: nowhere | listen_addr must have the form host:port",
                "listen_adr: ':1' | did you mean listen_addr?",
                "relay_meter: {fail_behavior: ajar} | fail_behavior must be open or closed",
                "publish: {mode: maybe} | mode must be confirmed or async",
                "publish: {on_log_failure: shrug} | on_log_failure must be reject or serve_unpaid",
                "redis: {key_layout: tags} | key_layout must be plain or hash_tagged",
                "redis: {namespace: {base_prefix: 'a{b'}} | must not contain",
                "redis: {stream_prefix: 'ha:relays'} | was replaced by redis.namespace",
                "simulation: {enabled: true} | at least one is required",
                "logging: {format: xml} | format must be json or text",
                "ring: {max_members: 1} | max_members must be between",
            })
    void aSettingThatCannotBeMeantIsRefused(String line, String expected) {
        String message = refused(MINIMAL + line + "\n");
        assertTrue(message.contains(expected), message);
    }

    /** Each of them would fail at the start, or later. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "query_node_grpc_url | 'ftp://node:9090' | gRPC address of a chain node",
                "query_node_grpc_url | 'node:9090/x' | gRPC address of a chain node",
                "query_node_rpc_url | 'grpc://node:26657' | RPC url starts with http",
                "query_node_rpc_url | 'http://no de:26657' | query_node_rpc_url is not a URL",
                "query_node_rpc_url | 'node:26657' | RPC url starts with http"
            })
    void aNodeThatCannotBeReachedAsConfiguredIsRefused(
            String key, String address, String expected) {
        String message = refused(MINIMAL.replaceAll(key + ": \\S+", key + ": \"" + address + "\""));
        assertTrue(message.contains(expected), message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "redis: {url: 'redis://:p#w@h:6379'} | redis.url cannot be used",
                "redis: {url: 'redis://:p@w@h:6379'} | redis.url cannot be used",
                "listen_addr: 'http://0.0.0.0:8080' | listen_addr must have the form host:port",
                "metrics: {addr: ':8080'} | listen_addr and metrics.addr both listen on port 8080",
                "health_check: {addr: '127.0.0.1:9090'} | health_check.addr and metrics.addr both",
                "pprof: {enabled: true, addr: '0.0.0.0:8081'} | health_check.addr and pprof.addr"
            })
    void anAddressThatCannotWorkIsRefused(String line, String expected) {
        String message = refused(MINIMAL + line + "\n");
        assertTrue(message.contains(expected), message);
    }

    @Test
    void listenersOfDifferentAddressesMayShareAPort() {
        parse(MINIMAL + "listen_addr: '127.0.0.1:7000'\nmetrics: {addr: '127.0.0.2:7000'}\n")
                .requireComplete();
        parse(MINIMAL + "listen_addr: ':8081'\nhealth_check: {enabled: false}\n").requireComplete();
    }

    @Test
    void whatIsMissingIsNamed() {
        assertTrue(refused("").contains("services"));
        assertTrue(
                refused(MINIMAL.replace("query_node_rpc_url", "chain_id"))
                        .contains("query_node_rpc_url is required"));
        assertTrue(refused(MINIMAL.replace("keys_file: keys.yaml", "{}")).contains("key source"));
    }

    @Test
    void theOlderLayoutMeansTheSame() {
        RelayerConfig config =
                parse(
                        """
                        relayer:
                          listen_address: ":8080"
                          health_address: ":8081"
                          metrics_address: ":9090"
                          redis:
                            address: "redis:6379"
                          chain:
                            rpc_url: https://rpc.example
                            grpc_address: grpc.example:443
                          backends:
                            eth: {url: "http://node:8545"}
                            chat: {url: "wss://node/ws"}
                            raw: {url: "node:50051"}
                          supplier_keys:
                            - address: %s
                              private_key_hex: "%s"
                        """
                                .formatted(ADDRESS, KEY));
        assertEquals(":8080", config.listenAddr());
        assertEquals(":8081", config.healthCheck().addr());
        assertEquals(":9090", config.metrics().address());
        assertEquals("redis://redis:6379", config.redis().url());
        assertEquals("https://rpc.example", config.pocketNode().queryNodeRpcUrl());
        assertEquals("grpc.example:443", config.pocketNode().queryNodeGrpcUrl());
        assertFalse(config.pocketNode().grpcInsecure());
        assertEquals(List.of(KEY), config.keys().inline());
        assertEquals(
                List.of("jsonrpc", "rest"),
                config.services().get("eth").backends().keySet().stream().toList());
        assertTrue(config.services().get("chat").backends().containsKey("websocket"));
        assertTrue(config.services().get("raw").backends().containsKey("grpc"));
    }

    @Test
    void bothFormsOfOneValueMustAgree() {
        String message = refused(MINIMAL + "listen_addr: ':1'\nlisten_address: ':2'\n");
        assertTrue(message.contains("listen_address and listen_addr"), message);
    }

    @Test
    void aKeyThatIsNotThatOfItsAddressIsRefusedWithoutBeingShown() {
        String yaml =
                """
                relayer:
                  supplier_keys:
                    - {address: pokt1re27pw4llwnatx4sq7rlggqzcm6j3f39epq2wa, private_key_hex: "%s"}
                """
                        .formatted(KEY);
        ConfigException refused = assertThrows(ConfigException.class, () -> parse(yaml));
        assertTrue(refused.getMessage().contains("the key is that of " + ADDRESS));
        assertFalse(refused.getMessage().contains(KEY));
    }

    @Test
    void nothingSecretIsPrinted() {
        RelayerConfig config =
                parse(
                        MINIMAL.replace("keys_file: keys.yaml", "inline: [\"" + KEY + "\"]")
                                        .replace(
                                                "{url: \"http://node:8545\"}",
                                                "{url: \"http://u:hunter2@node:8545\","
                                                    + " authentication: {bearer_token: hunter3}}")
                                + "redis: {url: \"redis://:hunter1@redis:6379\"}\n");
        String printed = ConfigPrinter.effective(config);
        assertFalse(printed.contains("hunter"), printed);
        assertFalse(printed.contains(KEY), printed);
        assertTrue(printed.contains("develop") || printed.contains("eth"));
    }

    @Test
    void theExampleIsComplete() throws IOException {
        RelayerConfig config = parse(Files.readString(repository("docs/examples/relayer.yaml")));
        assertEquals(1, config.services().size());
    }

    @Test
    void theReferencePageListsEveryKey() throws IOException {
        RelayerConfig defaults = RelayerConfig.reader().build().parse("", "defaults").config();
        String table = ConfigPrinter.reference(defaults);
        Path page = repository("docs/configuration-relayer.md");
        if (Boolean.getBoolean("docs.write")) {
            Files.writeString(page, ReferencePage.of(table));
        }
        assertEquals(
                ReferencePage.of(table),
                Files.readString(page),
                "run the test with -Ddocs.write=true to write the page anew");
    }

    private static Path repository(String path) {
        Path here = Path.of("").toAbsolutePath();
        return (here.endsWith("reference-relayer") ? here.getParent() : here).resolve(path);
    }
}
