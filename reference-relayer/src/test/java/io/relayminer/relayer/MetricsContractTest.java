package io.relayminer.relayer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.relayminer.core.redis.SupplierState;
import io.relayminer.core.wire.service.RelayRequest;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Names, types and labels of a scrape against the checked-in catalogue. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MetricsContractTest {

    private static final Pattern SAMPLE =
            Pattern.compile("([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\\{(.*)})? \\S+");
    private static final Pattern LABEL = Pattern.compile("([a-zA-Z_][a-zA-Z0-9_]*)=\"");

    private record Entry(boolean required, String type, Set<String> labels) {}

    private record Found(String type, Set<Set<String>> labels) {}

    private final Map<String, Entry> catalogue = catalogue();
    private Fixture fixture;
    private Map<String, Found> scraped;

    @BeforeAll
    void runTraffic() throws IOException {
        fixture =
                new Fixture()
                        .start(
                                yaml ->
                                        fixtureSimulation(yaml)
                                                .replace(
                                                        "      jsonrpc:\n",
                                                        """
                                                              jsonrpc:
                                                                health_check:
                                                                  enabled: true
                                                                  endpoint: /
                                                                  interval_seconds: 1
                                                                  unhealthy_threshold: 1000
                                                        """));
        fixture.backend.script(request -> ScriptedBackend.ok(Fixture.ANSWER));
        Await.until(() -> sum("ha_relayer_health_check_successes_total") > 0);
        fixture.backend.script(
                request -> ScriptedBackend.response(500, "text/plain", new byte[] {'x'}));
        Await.until(() -> sum("ha_relayer_health_check_failures_total") > 0);
        assertEquals(500, fixture.send(fixture.relay()).status());
        fixture.backend.script(request -> ScriptedBackend.ok(Fixture.ANSWER));
        fixture.forget(fixture.supplier);
        Await.until(
                () -> {
                    assertEquals(200, fixture.send(fixture.relay()).status());
                    return sum("ha_relayer_relays_served_optimistically_total") > 0;
                });
        fixture.write(
                new SupplierState(
                        "active",
                        true,
                        List.of(Fixture.SERVICE),
                        List.of(new SupplierState.StakedEndpoint(Fixture.SERVICE, "websocket")),
                        0,
                        fixture.supplier,
                        "",
                        1_700_000_000,
                        0,
                        "test"));
        Await.until(
                () -> {
                    assertEquals(200, fixture.send(fixture.relay()).status());
                    return sum("ha_relayer_undeclared_transport_served_total") > 0;
                });
        fixture.state(fixture.otherSupplier, "active", true);
        Await.until(
                () -> {
                    fixture.send(fixture.relay(fixture.session(), fixture.otherSupplier));
                    return sum("ha_cache_supplier_contaminated_total") > 0;
                });
        RelayRequest relay = fixture.relay();
        RelayRequest forged =
                relay.toBuilder()
                        .setPayload(Fixture.http("POST", "/other", Map.of("X-Other", List.of("1"))))
                        .build();
        assertEquals(403, fixture.send(forged).status());
        assertEquals(503, fixture.send(fixture.relay(), "Rpc-Type", "4").status());
        assertEquals(
                403, fixture.send(fixture.relay(), "Pocket-Simulation-Key-Id", "nobody").status());
        fixture.height(26);
        Await.until(() -> sum("ha_relayer_relay_meter_sessions_active") > 0);
        scraped = parse(fixture.relayer().scrape());
    }

    private static String fixtureSimulation(String yaml) {
        return yaml + SimulatedRelayTest.SIMULATION;
    }

    @AfterAll
    void stop() throws IOException {
        fixture.close();
    }

    private double sum(String name) {
        return fixture.relayer()
                .scrape()
                .lines()
                .filter(line -> line.startsWith(name + "{") || line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    @Test
    void everyRequiredMetricIsThere() {
        Set<String> missing = new TreeSet<>();
        catalogue.forEach(
                (name, entry) -> {
                    if (entry.required() && !scraped.containsKey(name)) {
                        missing.add(name);
                    }
                });
        assertEquals(Set.of(), missing);
    }

    @Test
    void nothingIsExposedThatTheCatalogueDoesNotHave() {
        Set<String> unknown = new TreeSet<>();
        for (String name : scraped.keySet()) {
            if (name.startsWith("ha_") && !catalogue.containsKey(name)) {
                unknown.add(name);
            }
        }
        assertEquals(Set.of(), unknown);
    }

    @Test
    void typesAndLabelsAreThoseOfTheCatalogue() {
        Map<String, Found> expected = new TreeMap<>();
        Map<String, Found> actual = new TreeMap<>();
        scraped.forEach(
                (name, found) -> {
                    Entry entry = catalogue.get(name);
                    if (entry != null) {
                        expected.put(name, new Found(entry.type(), Set.of(entry.labels())));
                        actual.put(name, found);
                    }
                });
        assertEquals(expected, actual);
    }

    @Test
    void theUsualMetricsOfAJvmAndAProcessAreThere() {
        for (String name :
                List.of(
                        "jvm_memory_used_bytes",
                        "jvm_threads_live_threads",
                        "process_uptime_seconds",
                        "process_cpu_usage",
                        "process_files_open_files")) {
            assertTrue(scraped.containsKey(name), name);
        }
    }

    /** Read at the scrape from what is counted anyway, so both must say the same. */
    @Test
    void whatIsRememberedOfTheChainIsShown() {
        String application = "client=\"application\"";
        assertTrue(sample("ha_query_cache_hits_total", application) > 0);
        assertTrue(sample("ha_query_cache_misses_total", application) > 0);
        assertTrue(sample("ha_query_cache_size", application) > 0);
    }

    private double sample(String name, String label) {
        return fixture.relayer()
                .scrape()
                .lines()
                .filter(line -> line.startsWith(name + "{") && line.contains(label))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    @Test
    void labelsFromRequestsAreOfAFixedSet() throws IOException {
        fixture.send(fixture.relay(), "Rpc-Type", "made-up");
        fixture.send(
                fixture.relay(
                        fixture.session().toBuilder().setServiceId("made-up").build(),
                        fixture.supplier));
        assertTrue(!fixture.relayer().scrape().contains("made-up"));
    }

    private static Map<String, Entry> catalogue() {
        Map<String, Entry> all = new TreeMap<>();
        try (InputStream in =
                Objects.requireNonNull(
                        MetricsContractTest.class.getResourceAsStream("/metrics-catalogue.txt"))) {
            for (String line :
                    new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList()) {
                if (line.isBlank() || line.startsWith("#")) {
                    continue;
                }
                List<String> words = List.of(line.split(" "));
                all.put(
                        words.get(1),
                        new Entry(
                                words.get(0).equals("+"),
                                switch (words.get(2)) {
                                    case "c" -> "counter";
                                    case "g" -> "gauge";
                                    case "h" -> "histogram";
                                    default -> throw new IllegalArgumentException(line);
                                },
                                Set.copyOf(words.subList(3, words.size()))));
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return all;
    }

    private static Map<String, Found> parse(String text) {
        Map<String, String> types = new HashMap<>();
        Map<String, Found> all = new TreeMap<>();
        for (String line : text.lines().toList()) {
            if (line.startsWith("# TYPE ")) {
                String[] words = line.split(" ");
                types.put(words[2], words[3]);
            } else if (!line.startsWith("#") && !line.isBlank()) {
                Matcher sample = SAMPLE.matcher(line);
                assertTrue(sample.matches(), line);
                String name = family(sample.group(1), types);
                Set<String> labels = new TreeSet<>();
                Matcher label = LABEL.matcher(sample.group(2) == null ? "" : sample.group(2));
                while (label.find()) {
                    labels.add(label.group(1));
                }
                labels.remove("le");
                all.computeIfAbsent(
                                name,
                                n ->
                                        new Found(
                                                types.getOrDefault(n, "?"),
                                                new java.util.HashSet<>()))
                        .labels()
                        .add(labels);
            }
        }
        return all;
    }

    private static String family(String sample, Map<String, String> types) {
        for (String suffix : List.of("_bucket", "_count", "_sum", "_max")) {
            if (sample.endsWith(suffix)) {
                String name = sample.substring(0, sample.length() - suffix.length());
                if (types.getOrDefault(name, "").equals("histogram")) {
                    return name;
                }
            }
        }
        return sample;
    }
}
