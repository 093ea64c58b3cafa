package io.relayminer.miner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.relayminer.core.config.ConfigException;
import io.relayminer.core.config.ConfigPrinter;
import io.relayminer.core.miner.Miner;
import io.relayminer.core.miner.MinerSettings;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import picocli.CommandLine;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

class MinerConfigTest {

    private static final String KEY = "keys:\n  inline:\n    - \"" + "11".repeat(32) + "\"\n";

    private static MinerConfig parse(String yaml) {
        return MinerConfig.reader()
                .environment(
                        Map.of(
                                "REDIS_URL",
                                "redis://localhost:6379",
                                "POCKET_RPC_URL",
                                "http://localhost:26657",
                                "POCKET_GRPC_URL",
                                "localhost:9090",
                                "SUPPLIER_KEYS_FILE",
                                "/keys.yaml",
                                "MINER_METRICS",
                                "127.0.0.1:9092"))
                .build()
                .parse(yaml, "test")
                .config();
    }

    @Test
    void defaults() {
        MinerConfig config = parse("");
        assertEquals("redis://localhost:6379", config.redis().url());
        assertEquals("0.0.0.0:9092", config.metrics().address());
        assertEquals(Duration.ofHours(2), config.cacheTtl());
        assertEquals(config.cacheTtl(), config.sessionTtl());
        assertEquals(Duration.ofDays(7), config.submissionTrackingTtl());
        assertEquals("leader", config.assignment());
        assertFalse(config.pprof().isEnabled());
        assertEquals("127.0.0.1:6060", config.pprof().address());
        assertEquals(90, config.supplierClaiming().claimTtlSeconds());
        assertEquals(
                Duration.ofSeconds(10),
                MinerWiring.leaseTimes(
                                config.leaderElection().leaderTtlSeconds(),
                                config.leaderElection().heartbeatRateSeconds(),
                                config.leaderElection().leaderTtlSeconds())
                        .renewEvery());
        assertEquals(
                MinerSettings.ClaimPolicy.EXPECTED_VALUE,
                MinerWiring.settings(config).claimPolicy());
        assertThrows(IllegalArgumentException.class, config::requireComplete);
    }

    @Test
    void monitorsAreWhatTheirSectionsSay() {
        MinerConfig config = parse("");
        assertEquals(Duration.ZERO, MinerWiring.slowBlock(config));
        assertEquals(
                new Miner.BalanceWatch(true, Duration.ofMinutes(5), 1_000_000, 10, 3),
                MinerWiring.balances(config.balanceMonitor()));
        MinerConfig others =
                parse(
                        """
                        block_time_seconds: 10
                        block_health_monitor:
                          enabled: true
                          slowness_threshold: 2.5
                        balance_monitor:
                          enabled: false
                          check_interval_seconds: 60
                          balance_threshold_upokt: 5
                          stake_warning_proof_threshold: 4
                          stake_critical_proof_threshold: 2
                        """);
        assertEquals(Duration.ofSeconds(25), MinerWiring.slowBlock(others));
        assertEquals(
                new Miner.BalanceWatch(false, Duration.ofMinutes(1), 5, 4, 2),
                MinerWiring.balances(others.balanceMonitor()));
    }

    @Test
    void theOlderLayoutMeansTheSame() {
        MinerConfig older =
                parse(
                        """
                        miner:
                          redis:
                            address: "redis:6379"
                          chain:
                            rpc_url: "https://rpc.example"
                            grpc_address: "grpc.example:443"
                          metrics_address: ":9092"
                        """);
        assertEquals("redis://redis:6379", older.redis().url());
        assertEquals("https://rpc.example", older.pocketNode().queryNodeRpcUrl());
        assertEquals("grpc.example:443", older.pocketNode().queryNodeGrpcUrl());
        assertEquals(":9092", older.metrics().address());
        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, older::requireComplete);
        assertTrue(String.valueOf(e.getMessage()).contains("keys"), e.getMessage());
    }

    @Test
    void bothFormsOfOneValueWithDifferentContents() {
        ConfigException e =
                assertThrows(
                        ConfigException.class,
                        () ->
                                parse(
                                        """
                                        redis:
                                          address: "a:1"
                                          url: "redis://b:1"
                                        """));
        assertTrue(String.valueOf(e.getMessage()).contains("redis.url"), e.getMessage());
    }

    @Test
    void namesOfReplicasAndReclaimAreFoundUnderRedisToo() {
        MinerConfig config =
                parse("redis:\n  consumer_name: alpha\n  claim_idle_timeout_ms: 30000\n");
        assertEquals("alpha", config.consumerName());
        assertEquals(30_000, config.claimIdleTimeoutMs());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "batch_sise: 5",
                "batch_size: 0",
                "assignment: both",
                "claims:\n  policy: sometimes",
                "leader_election:\n  leader_ttl_seconds: 9\n  heartbeat_rate_seconds: 9",
                "supplier_claiming:\n  claim_ttl_seconds: 9\n  renew_rate_seconds: 4",
                "transaction:\n  gas_price: cheap",
                "transaction:\n  gas_adjustment: 0.5",
                "transaction:\n  tx_timeout_max_seconds: 700",
                "default_service_factor: -1",
                "service_factors:\n  eth: 0",
                "session_ttl: yesterday",
                "metrics:\n  addr: nowhere",
                "pprof:\n  addr: nowhere",
                "balance_monitor:\n  check_interval_seconds: 0",
                "balance_monitor:\n  balance_threshold_upokt: -1",
                "block_health_monitor:\n  slowness_threshold: 1",
                "suppliers: []",
                "session_tree:\n  storage_type: badger"
            })
    void refusesWhatItCannotUse(String yaml) {
        ConfigException e = assertThrows(ConfigException.class, () -> parse(yaml));
        assertFalse(e.problems().isEmpty());
    }

    @Test
    void anUnknownKeyNamesTheNearestOne() {
        ConfigException e = assertThrows(ConfigException.class, () -> parse("batch_sise: 5"));
        assertTrue(String.valueOf(e.getMessage()).contains("batch_size"), e.getMessage());
    }

    @Test
    void secretsAreMasked() {
        MinerConfig config = parse("redis:\n  url: \"redis://:hunter2@h:1\"\n" + KEY);
        String printed = ConfigPrinter.effective(config);
        assertFalse(printed.contains("hunter2"), printed);
        assertFalse(printed.contains("11".repeat(32)), printed);
    }

    @Test
    void validateSaysWhetherTheMinerWouldStart(@TempDir Path folder) throws IOException {
        Path good = folder.resolve("good.yaml");
        Files.writeString(
                good,
                "pocket_node:\n  query_node_rpc_url: \"http://h:1\"\n  query_node_grpc_url:"
                        + " \"h:2\"\n"
                        + KEY);
        assertEquals("config OK: " + good + " would start", run("validate", good).strip());
        Path bad = folder.resolve("bad.yaml");
        Files.writeString(bad, KEY);
        assertTrue(run("validate", bad).startsWith("config is INVALID:"));
    }

    private static String run(String command, Path file) {
        StringWriter out = new StringWriter();
        CommandLine line = new CommandLine(new Main());
        line.setOut(new PrintWriter(out, true)).setErr(new PrintWriter(out, true));
        line.execute(command, "--config", file.toString());
        return out.toString();
    }

    @Test
    void theExampleIsComplete() throws IOException {
        MinerConfig config = parse(Files.readString(repository("docs/examples/miner.yaml")));
        config.requireComplete();
        assertEquals(10, config.blockTimeSeconds());
    }

    @Test
    void theReferencePageListsEveryKey() throws IOException {
        String table = ConfigPrinter.reference(parse(""));
        Path page = repository("docs/configuration-miner.md");
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
        return (here.endsWith("reference-miner") ? here.getParent() : here).resolve(path);
    }
}
