package io.relayminer.miner;

import static io.relayminer.miner.MinerWorld.PATIENCE;
import static io.relayminer.miner.MinerWorld.SERVICE;
import static io.relayminer.miner.MinerWorld.SUPPLIERS;
import static io.relayminer.miner.MinerWorld.address;
import static io.relayminer.miner.MinerWorld.bytes;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lettuce.core.RedisClient;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import io.relayminer.core.miner.store.OutboxEntry;
import io.relayminer.core.miner.store.SessionRecord;
import io.relayminer.core.miner.store.SubmissionReport;
import io.relayminer.core.redis.BlockEvent;
import io.relayminer.core.redis.SubmissionPhase;
import io.relayminer.core.redis.SupplierRegistration;
import io.relayminer.core.redis.SupplierState;
import io.relayminer.core.session.SessionWindows;
import io.relayminer.core.wire.CoinAmount;
import io.relayminer.core.wire.proof.MsgCreateClaim;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.core.wire.shared.Params;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What a miner leaves in Redis, says on channels and shows in a scrape, looked at as the programs
 * do that share Redis with it: relayers and miners of other make, dashboards and alerts.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MinerContractTest {

    private static final int RELAYS = 12;
    private static final String MONITORS =
            """
            balance_monitor:
              check_interval_seconds: 1
            block_health_monitor:
              enabled: true
            pprof:
              enabled: true
              addr: "127.0.0.1:0"
            """;
    private static final Pattern SAMPLE =
            Pattern.compile("([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\\{(.*)})? \\S+");
    private static final Pattern LABEL = Pattern.compile("([a-zA-Z_][a-zA-Z0-9_]*)=\"");

    private record Heard(String channel, String message) {}

    private final List<Heard> heard = new CopyOnWriteArrayList<>();
    private MinerWorld world;
    private RedisClient listener;
    private MinerDaemon miner;
    private SessionHeader header;
    private OutboxEntry claimEntry;
    private Map<String, byte[]> claimedRecord;
    private Set<String> claimIndex;
    private String scrape;

    @BeforeAll
    void aWholeLife() throws Exception {
        world = new MinerWorld();
        listener = RedisClient.create(world.redis.uri());
        var channel = listener.connectPubSub();
        channel.addListener(
                new RedisPubSubAdapter<>() {
                    @Override
                    public void message(String pattern, String from, String message) {
                        heard.add(new Heard(from, message));
                    }
                });
        channel.sync().psubscribe("ha:*");
        miner =
                MinerDaemon.start(
                        MinerConfig.reader()
                                .build()
                                .parse(world.config(world.redis.uri(), 30, MONITORS), "test")
                                .config());
        world.chain.advanceTo(2);
        world.until("owner", () -> miner.miner().health().suppliers().size() == SUPPLIERS.size());
        header = world.session();
        for (String supplier : SUPPLIERS) {
            byte[] stream = bytes(world.keys.stream(address(supplier)));
            world.connections.sync().xadd(stream, Map.of(bytes("data"), bytes("no relay")));
            world.connections.sync().xadd(stream, Map.of(bytes("other"), bytes("field")));
            for (int i = 0; i < RELAYS; i++) {
                world.relayTwice(header, supplier);
            }
            world.until("leaves", () -> world.leaves(header, supplier) == RELAYS);
            world.until("nothing waits", () -> world.connections.sync().xlen(stream) == 0);
        }
        SessionWindows windows =
                SessionWindows.of(world.chain.sharedParams(), header.getSessionEndBlockHeight());
        advanceTo(windows.claimOpen() + 4);
        world.until(
                "claims are sent",
                () -> world.chain.mempoolSize() + world.claims(header) >= SUPPLIERS.size());
        String first = address(SUPPLIERS.get(0));
        byte[] outbox =
                bytes(
                        world.keys.outbox(
                                SubmissionPhase.CLAIM, first, header.getSessionEndBlockHeight()));
        world.until(
                "the claim is recorded as sent",
                () ->
                        world.record(header, SUPPLIERS.get(0))
                                .orElseThrow()
                                .state()
                                .equals("claimed"));
        claimEntry =
                OutboxEntry.decode(
                        world.connections.sync().hget(outbox, bytes(header.getSessionId())));
        claimIndex =
                world
                        .connections
                        .sync()
                        .smembers(bytes(world.keys.outboxIndex(SubmissionPhase.CLAIM, first)))
                        .stream()
                        .map(MinerContractTest::text)
                        .collect(Collectors.toSet());
        claimedRecord = hash(world.keys.session(first, header.getSessionId()));
        advanceTo(windows.claimOpen() + 5);
        world.until("claims are on chain", () -> world.claims(header) == SUPPLIERS.size());
        advanceTo(windows.proofOpen());
        world.until(
                "proofs are sent",
                () ->
                        world.chain.mempoolSize() + world.chain.proofChecks().size()
                                >= SUPPLIERS.size());
        advanceTo(windows.proofClose() + 1);
        for (String supplier : SUPPLIERS) {
            world.until(
                    "over",
                    () -> world.record(header, supplier).orElseThrow().state().equals("proved"));
        }
        world.until(
                "balances are shown",
                () -> {
                    String text = scrape();
                    return SUPPLIERS.stream()
                            .allMatch(
                                    s ->
                                            value(text, "supplier_balance_upokt", s)
                                                    == world.chain
                                                            .balance(address(s))
                                                            .doubleValue());
                });
        scrape = scrape();
    }

    /** Value of a gauge of a supplier, negative if there is none. */
    private static double value(String text, String name, String supplier) {
        String sample = "ha_miner_" + name + "{supplier=\"" + address(supplier) + "\"} ";
        return text.lines()
                .filter(line -> line.startsWith(sample))
                .mapToDouble(line -> Double.parseDouble(line.substring(sample.length())))
                .findFirst()
                .orElse(-1);
    }

    @AfterAll
    void stop() {
        miner.close();
        listener.shutdown();
        world.close();
    }

    private void advanceTo(long height) {
        while (world.chain.height() < height) {
            long now = world.chain.advance(1);
            world.until("block " + now, () -> miner.miner().health().height() >= now);
        }
    }

    private static String text(byte[] value) {
        return new String(value, StandardCharsets.UTF_8);
    }

    private Map<String, byte[]> hash(String key) {
        Map<String, byte[]> fields = new TreeMap<>();
        world.connections.sync().hgetall(bytes(key)).forEach((k, v) -> fields.put(text(k), v));
        return fields;
    }

    private List<String> heardOn(String channel) {
        return heard.stream().filter(h -> h.channel().equals(channel)).map(Heard::message).toList();
    }

    // ---- Redis ---------------------------------------------------------------------------------

    @Test
    void oneNameIsLeaseConsumerAndMember() {
        String owner = world.text(world.keys.lease(address("supplier1"))).orElseThrow();
        assertEquals(owner, world.text(world.keys.lease(address("supplier2"))).orElseThrow());
        Set<String> active =
                world.connections.sync().smembers(bytes("ha:miner:active")).stream()
                        .map(MinerContractTest::text)
                        .collect(Collectors.toSet());
        assertEquals(Set.of(owner), active);
        long beat = Long.parseLong(world.text("ha:miner:instance:" + owner).orElseThrow());
        assertTrue(beat > 1_000_000_000_000_000_000L, "nanoseconds");
        assertTrue(world.connections.sync().pttl(bytes("ha:miner:instance:" + owner)) > 0);
        List<String> consumers = new ArrayList<>();
        for (Object consumer :
                world.connections
                        .sync()
                        .xinfoConsumers(
                                bytes("ha:relays:" + address("supplier1")), bytes("ha-miners"))) {
            consumers.add(text((byte[]) ((List<?>) consumer).get(1)));
        }
        assertEquals(List.of(owner), consumers);
        String leader = world.text("ha:miner:global_leader").orElseThrow();
        assertTrue(leader.matches(".+-[^-]+"), leader);
    }

    @Test
    void relayersLearnOfTheSuppliers() {
        for (String supplier : SUPPLIERS) {
            byte[] stored = world.connections.sync().get(bytes("ha:supplier:" + address(supplier)));
            SupplierState state = SupplierState.decode(stored);
            assertTrue(state.staked());
            assertTrue(state.activeFor(SERVICE));
            assertArrayEquals(stored, state.encode());
            assertTrue(
                    heardOn("ha:events:cache:supplier:invalidate")
                            .contains("{\"operator_address\": \"" + address(supplier) + "\"}"));
            assertEquals(
                    "active",
                    SupplierRegistration.decode(
                                    world.connections
                                            .sync()
                                            .get(bytes("ha:suppliers:" + address(supplier))))
                            .status());
        }
        assertTrue(
                heardOn("ha:events:supplier_update").stream()
                        .allMatch(m -> m.startsWith("{\"action\":\"add\",\"operator_addr\":\"")));
    }

    @Test
    void relayersLearnOfBlocks() {
        List<Long> heights =
                heardOn("ha:events:blocks").stream()
                        .map(m -> BlockEvent.decode(bytes(m)).height())
                        .toList();
        assertEquals(heights.stream().sorted().distinct().toList(), heights);
        long last = heights.get(heights.size() - 1);
        assertEquals(world.chain.height(), last);
        String stored = world.text(world.keys.lastBlock()).orElseThrow();
        assertEquals(stored, heardOn("ha:events:blocks").get(heights.size() - 1));
        assertArrayEquals(
                world.chain.blockHash(last).toByteArray(), BlockEvent.decode(bytes(stored)).hash());
    }

    @Test
    void relayersDropTheirMetersOncePerSession() {
        assertEquals(
                SUPPLIERS.stream()
                        .map(s -> header.getSessionId() + "|" + address(s))
                        .sorted()
                        .toList(),
                heardOn("ha:meter:cleanup").stream().sorted().toList());
    }

    @Test
    void cachesAreFilledAndAnnounced() throws Exception {
        assertEquals(
                world.chain.sharedParams(),
                Params.parseFrom(world.connections.sync().get(bytes("ha:cache:shared_params"))));
        assertEquals(Set.of("{}"), Set.copyOf(heardOn("ha:events:cache:shared_params:invalidate")));
        assertEquals(Set.of("{}"), Set.copyOf(heardOn("ha:events:cache:proof_params:invalidate")));
        assertEquals(
                Set.of("refresh"),
                Set.copyOf(heardOn("ha:events:cache:invalidate:supplier_params")));
        assertEquals(
                Set.of("{\"address\": \"" + header.getApplicationAddress() + "\"}"),
                Set.copyOf(heardOn("ha:events:cache:application:invalidate")));
        assertEquals(
                Set.of("{\"service_id\": \"" + SERVICE + "\"}"),
                Set.copyOf(heardOn("ha:events:cache:service:invalidate")));
        for (String key :
                List.of(
                        "ha:cache:application:" + header.getApplicationAddress(),
                        "ha:cache:service:" + SERVICE,
                        "ha:cache:proof_params",
                        "ha:cache:params:supplier")) {
            assertTrue(world.connections.sync().pttl(bytes(key)) > 0, key);
        }
    }

    @Test
    void anotherMinerCouldGoOnFromTheClaim() throws Exception {
        SessionRecord record = SessionRecord.ofFields(claimedRecord).orElseThrow();
        assertEquals("claimed", record.state());
        assertEquals(RELAYS, record.relayCount());
        assertEquals(RELAYS * 1000, record.computeUnits());
        assertEquals(48, Objects.requireNonNull(record.claimedRoot()).length);
        assertEquals(claimEntry.latestTxHash(), record.claimTxHash());
        assertEquals(claimEntry.latestTxHash(), claimEntry.originalTxHash());
        assertEquals(SERVICE, claimEntry.serviceId());
        MsgCreateClaim message = MsgCreateClaim.parseFrom(claimEntry.message());
        assertArrayEquals(record.claimedRoot(), message.getRootHash().toByteArray());
        assertEquals(header, message.getSessionHeader());
        assertTrue(
                claimIndex.contains(
                        address(SUPPLIERS.get(0)) + ":" + header.getSessionEndBlockHeight()));
    }

    @Test
    void whatIsOverIsKeptForAWhileAndForgotten() {
        for (String supplier : SUPPLIERS) {
            String key = world.keys.session(address(supplier), header.getSessionId());
            assertTrue(world.connections.sync().pttl(bytes(key)) > 0, "the record expires");
            assertEquals(
                    0,
                    world.connections
                            .sync()
                            .exists(
                                    bytes(
                                            world.keys.smstNodes(
                                                    address(supplier), header.getSessionId())),
                                    bytes(
                                            world.keys.smstRoot(
                                                    address(supplier), header.getSessionId()))));
            assertEquals(
                    -1, world.connections.sync().pttl(bytes("ha:relays:" + address(supplier))));
            SubmissionReport submission =
                    SubmissionReport.decode(
                            world.connections
                                    .sync()
                                    .get(
                                            bytes(
                                                    world.keys.submission(
                                                            address(supplier),
                                                            header.getSessionEndBlockHeight(),
                                                            header.getSessionId()))));
            assertEquals(SubmissionReport.FOUND, submission.claim().outcome());
            assertEquals(SubmissionReport.FOUND, submission.proof().outcome());
            assertEquals(RELAYS, submission.relays());
        }
    }

    @Test
    void whatIsNoRelayIsSetAside() {
        for (String supplier : SUPPLIERS) {
            String dead = world.keys.deadLetters(address(supplier));
            assertEquals(2, world.connections.sync().xlen(bytes(dead)));
        }
    }

    // ---- metrics -------------------------------------------------------------------------------

    private record Entry(boolean required, String type, Set<String> labels) {}

    /** Virtual threads are where a miner works, and no other tool of an operator shows them. */
    @Test
    void theDebugPagesShowTheThreadsOfSuppliers() throws Exception {
        String threads = get(miner.debugAddress(), "/debug/threads");
        for (String supplier : SUPPLIERS) {
            assertTrue(threads.contains("supplier-" + address(supplier)), supplier);
        }
        assertTrue(get(miner.debugAddress(), "/debug/pprof/").contains("/debug/heapdump"));
    }

    private String scrape() throws IOException, InterruptedException {
        return get(miner.adminAddress(), "/metrics");
    }

    private static String get(InetSocketAddress server, String path)
            throws IOException, InterruptedException {
        try (HttpClient client =
                HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build()) {
            URI uri = URI.create("http://127.0.0.1:" + server.getPort() + path);
            return client.send(
                            HttpRequest.newBuilder(uri).timeout(PATIENCE).build(),
                            HttpResponse.BodyHandlers.ofString())
                    .body();
        }
    }

    private static Map<String, Entry> catalogue() throws IOException {
        Map<String, Entry> all = new TreeMap<>();
        try (InputStream in =
                Objects.requireNonNull(
                        MinerContractTest.class.getResourceAsStream("/metrics-catalogue.txt"))) {
            for (String line : text(in.readAllBytes()).lines().toList()) {
                if (line.isBlank() || line.startsWith("#")) {
                    continue;
                }
                List<String> words = List.of(line.split(" "));
                String type =
                        Map.of("c", "counter", "g", "gauge", "h", "histogram").get(words.get(2));
                all.put(
                        words.get(1),
                        new Entry(
                                words.get(0).equals("+"),
                                type,
                                Set.copyOf(words.subList(3, words.size()))));
            }
        }
        return all;
    }

    /** Families that begin with ha_: type and the one set of labels all their samples have. */
    private static Map<String, Entry> families(String text) {
        Map<String, String> types = new HashMap<>();
        Map<String, Entry> all = new TreeMap<>();
        for (String line : text.lines().toList()) {
            if (line.startsWith("# TYPE ")) {
                String[] words = line.split(" ");
                types.put(words[2], words[3]);
                continue;
            }
            Matcher sample = SAMPLE.matcher(line);
            if (line.startsWith("#") || !line.startsWith("ha_") || !sample.matches()) {
                continue;
            }
            String name = sample.group(1);
            String family = name.replaceAll("_(bucket|count|sum|max)$", "");
            if (!types.getOrDefault(family, "").equals("histogram")) {
                family = name;
            }
            Set<String> labels = new TreeSet<>();
            Matcher label = LABEL.matcher(sample.group(2) == null ? "" : sample.group(2));
            while (label.find()) {
                labels.add(label.group(1));
            }
            labels.remove("le");
            Entry entry = new Entry(true, types.getOrDefault(family, "?"), labels);
            Entry before = all.putIfAbsent(family, entry);
            assertTrue(before == null || before.equals(entry), family + " has labels of two kinds");
        }
        return all;
    }

    private static Set<String> missing(Map<String, Entry> found) throws IOException {
        Set<String> missing = new TreeSet<>();
        catalogue()
                .forEach(
                        (name, entry) -> {
                            if (entry.required() && !found.containsKey(name)) {
                                missing.add(name);
                            }
                        });
        return missing;
    }

    @Test
    void theScrapeIsThatOfTheCatalogue() throws IOException {
        Map<String, Entry> found = families(scrape);
        Map<String, Entry> known = catalogue();
        assertEquals(Set.of(), missing(found));
        found.forEach(
                (name, entry) -> {
                    Entry expected = known.get(name);
                    assertTrue(expected != null, name + " is not in the catalogue");
                    assertEquals(expected.type(), entry.type(), name);
                    assertEquals(expected.labels(), entry.labels(), name);
                });
    }

    @Test
    void balancesAndStakesAreThoseOfTheChain() {
        for (String supplier : SUPPLIERS) {
            BigInteger stake =
                    world.chain.genesis().suppliers().stream()
                            .filter(s -> s.getOperatorAddress().equals(address(supplier)))
                            .map(s -> CoinAmount.of(s.getStake()))
                            .findFirst()
                            .orElseThrow();
            assertEquals(
                    stake.doubleValue(), value(scrape, "supplier_stake_upokt", supplier), supplier);
            assertEquals(2, value(scrape, "supplier_balance_health_status", supplier), supplier);
        }
    }

    @Test
    void theUsualMetricsOfAJvmAreThere() {
        for (String name :
                List.of(
                        "jvm_memory_used_bytes",
                        "jvm_threads_live_threads",
                        "process_uptime_seconds",
                        "process_cpu_usage")) {
            assertTrue(scrape.contains("\n" + name), name);
        }
        assertTrue(scrape.contains("ha_build_info{"));
        assertTrue(scrape.contains("component=\"miner\""));
    }
}
