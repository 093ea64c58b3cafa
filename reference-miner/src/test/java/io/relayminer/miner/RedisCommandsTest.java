package io.relayminer.miner;

import static io.relayminer.miner.MinerWorld.SUPPLIERS;
import static io.relayminer.miner.MinerWorld.address;
import static io.relayminer.miner.MinerWorld.bytes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lettuce.core.Consumer;
import io.lettuce.core.XReadArgs;
import io.relayminer.core.miner.store.SessionRecord;
import io.relayminer.core.redis.MeterMeta;
import io.relayminer.core.redis.SupplierState;
import io.relayminer.core.wire.session.SessionHeader;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import picocli.CommandLine;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The operator's commands against what a miner has left in Redis in the middle of a session. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RedisCommandsTest {

    private static final String DEAD = "pokt1mrqt5f7qh8uxs27cjm9t7v9e74a9vvdnq5jva4";

    private MinerWorld world;
    private MinerDaemon miner;
    private SessionHeader header;

    @BeforeAll
    void midSession() throws Exception {
        world = new MinerWorld();
        miner =
                MinerDaemon.start(
                        MinerConfig.reader()
                                .build()
                                .parse(world.config(world.redis.uri(), 600, ""), "test")
                                .config());
        world.chain.advanceTo(2);
        world.until("owner", () -> miner.miner().health().suppliers().size() == SUPPLIERS.size());
        header = world.session();
        for (String supplier : SUPPLIERS) {
            for (int i = 0; i < 3; i++) {
                world.relay(header, supplier);
            }
            world.until("leaves", () -> world.leaves(header, supplier) == 3);
        }
        world.chain.advance(1);
        world.until("a block", () -> world.text(world.keys.lastBlock()).isPresent());
    }

    @AfterAll
    void stop() {
        miner.close();
        world.close();
    }

    private String run(int code, String... command) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        List<String> args = new ArrayList<>(List.of("redis"));
        args.addAll(List.of(command));
        args.addAll(List.of("--redis", world.redis.uri()));
        int result =
                new CommandLine(new Main())
                        .setOut(new PrintWriter(out, true))
                        .setErr(new PrintWriter(err, true))
                        .execute(args.toArray(new String[0]));
        assertEquals(code, result, out.toString() + err);
        return out.toString() + err;
    }

    private String run(String... command) {
        return run(0, command);
    }

    @Test
    void sessionsAndTheirTrees() {
        String supplier = address("supplier1");
        String table = run("sessions", "--supplier", supplier);
        assertTrue(table.contains("active") && table.contains("Total: 1 sessions"), table);
        String one = run("sessions", "--supplier", supplier, "--session", header.getSessionId());
        assertTrue(one.contains("relay_count") && one.contains("3"), one);
        assertTrue(
                run("sessions", "--supplier", supplier, "--json").contains("\"state\":\"active\""));
        assertTrue(
                run("sessions", "--supplier", supplier, "--state", "proved")
                        .contains("Total: 0 sessions"));
        String tree =
                run("verify-tree", "--supplier", supplier, "--session", header.getSessionId());
        assertTrue(tree.contains("3 leaves, 3000 units: equal"), tree);
        String nodes = run("smst", "--session", header.getSessionId());
        assertTrue(nodes.contains("3 nodes") && nodes.contains(" bytes"), nodes);
        assertTrue(run("smst", "--session", "none").contains("no tree"));
    }

    @Test
    void streamsAndPendingEntries() {
        assertTrue(run("streams", "--all").contains("ha:relays:" + address("supplier1")));
        String one = run("streams", "--supplier", address("supplier1"));
        assertTrue(one.contains("group ha-miners: 1 consumers, 0 pending"), one);
        assertTrue(run("pending", "--supplier", address("supplier1")).contains("true"));
    }

    @Test
    void entriesOfADeadConsumerAreAppendedAgain() {
        byte[] stream = bytes(world.keys.stream(DEAD));
        var redis = world.connections.sync();
        redis.xgroupCreate(
                XReadArgs.StreamOffset.from(stream, "0"),
                bytes("ha-miners"),
                io.lettuce.core.XGroupCreateArgs.Builder.mkstream());
        String id = redis.xadd(stream, java.util.Map.of(bytes("data"), bytes("x")));
        @SuppressWarnings("unchecked")
        var read =
                redis.xreadgroup(
                        Consumer.from(bytes("ha-miners"), bytes("dead")),
                        XReadArgs.StreamOffset.lastConsumed(stream));
        assertEquals(1, read.size());
        assertTrue(
                run("reclaim", "--supplier", DEAD, "--idle", "0")
                        .contains("1 entries appended again"));
        assertEquals(1, redis.xlen(stream));
        assertEquals(0, redis.xpending(stream, bytes("ha-miners")).getCount());
        assertFalse(
                redis.xrange(stream, io.lettuce.core.Range.unbounded()).get(0).getId().equals(id));
        redis.del(stream);
    }

    @Test
    void leadersLeasesAndSuppliers() {
        String leader = run("leader");
        assertTrue(leader.contains("leader ") && leader.contains("block  "), leader);
        assertTrue(leader.contains("health Healthy"), leader);
        assertTrue(run("lease").contains(address("supplier2")));
        String list = run("supplier", "--list");
        assertTrue(list.contains("active") && !list.contains("MINER"), list);
    }

    /** The leader of this world renews a lease of ten minutes. */
    @Test
    void theVerdictOnTheLeaderIsThatOfItsConfiguredLife(@TempDir Path folder) throws IOException {
        Path config = folder.resolve("miner.yaml");
        Files.writeString(config, "leader_election:\n  leader_ttl_seconds: 3600\n");
        String leader = run("leader", "--config", config.toString());
        assertTrue(leader.contains("health WARNING"), leader);
        Files.writeString(config, "leader_election:\n  leader_ttl_secunds: 3600\n");
        assertTrue(run("leader", "--config", config.toString()).contains("health Healthy"));
        String missing = run(1, "leader", "--config", folder.resolve("none.yaml").toString());
        assertTrue(missing.contains("none.yaml") && !missing.contains("\tat "), missing);
    }

    @ParameterizedTest
    @CsvSource({
        "20001, Healthy",
        "20000, OK",
        "10001, OK",
        "10000, WARNING",
        "1, WARNING",
        "0, CRITICAL",
        "-1, CRITICAL",
        "-2, CRITICAL"
    })
    void whatIsLeftOfALeaseOfThirtySeconds(long left, String verdict) {
        String said = LeaderCommand.verdict(left, Duration.ofSeconds(30));
        assertTrue(said.startsWith(verdict), said);
    }

    @Test
    void suppliersAreSpreadOverMiners() {
        String spread = run("supplier");
        assertTrue(
                spread.contains("2 keys, 2 staked, 0 not staked, 2 owned, 0 without owner, 1"),
                spread);
        assertTrue(spread.contains("fair share 2 to 2"), spread);
        assertTrue(spread.contains(" 2 balanced"), spread);
        assertFalse(spread.contains("nobody claims"), spread);
        assertFalse(spread.contains("Not staked"), spread);
        String owner = world.text(world.keys.lease(address("supplier1"))).orElseThrow();
        assertTrue(
                spread.lines().anyMatch(l -> l.contains(address("supplier2")) && l.contains(owner)),
                spread);
    }

    @Test
    void suppliersThatNobodyWorksForAreListedWithTheReason() {
        var redis = world.connections.sync();
        byte[] state = bytes(world.keys.supplierState(DEAD));
        byte[] lease = bytes(world.keys.lease(DEAD));
        byte[] session = bytes(world.keys.session(DEAD, "lost"));
        byte[] index = bytes(world.keys.sessionIndex(DEAD));
        try {
            redis.set(state, state("active", true).encode());
            redis.set(lease, bytes("gone-replica"));
            String held = run("supplier");
            assertTrue(held.contains("3 staked, 0 not staked, 3 owned, 0 without"), held);
            assertTrue(held.lines().anyMatch(l -> l.matches("gone-replica +1 not alive")), held);

            redis.del(lease);
            String never = run("supplier");
            assertTrue(never.contains("3 staked, 0 not staked, 2 owned, 1 without"), never);
            assertTrue(never.contains("fair share 3 to 3"), never);
            assertTrue(never.contains(" 2 under"), never);
            assertTrue(never.contains(DEAD + ": no miner has worked for it yet"), never);
            assertTrue(never.contains("0 unclaimed sessions with 0 relays"), never);

            redis.sadd(bytes(world.keys.supplierRegistryIndex()), bytes(DEAD));
            SessionRecord record =
                    SessionRecord.started(
                                    "lost",
                                    DEAD,
                                    "svc",
                                    "app",
                                    1,
                                    10,
                                    OffsetDateTime.of(2026, 1, 2, 3, 4, 5, 0, ZoneOffset.UTC))
                            .withCounters(7, 7_000);
            Map<byte[], byte[]> fields = new HashMap<>();
            record.allFields().forEach((name, value) -> fields.put(bytes(name), value));
            redis.hset(session, fields);
            redis.sadd(index, bytes("lost"));
            String lost = run("supplier");
            assertTrue(lost.contains(DEAD + ": given up or lost by its last owner"), lost);
            assertTrue(lost.contains("1 unclaimed sessions with 7 relays"), lost);
            String detail = run("supplier", "--supplier", DEAD);
            assertTrue(detail.contains("unclaimed sessions: 1"), detail);
            assertTrue(detail.lines().anyMatch(l -> l.matches("lost +active +svc +7 +7000 +10")));

            redis.set(state, state(SupplierState.NOT_STAKED, false).encode());
            String unstaked = run("supplier");
            assertTrue(unstaked.contains("2 staked, 1 not staked"), unstaked);
            assertTrue(unstaked.contains(DEAD + ": not staked on the chain, read at 20"), unstaked);
            redis.set(state, bytes("no state"));
            assertTrue(run("supplier").contains("cannot be decoded"));
        } finally {
            redis.srem(bytes(world.keys.supplierRegistryIndex()), bytes(DEAD));
            redis.del(state);
            redis.del(session);
            redis.del(index);
            redis.del(lease);
        }
    }

    private static SupplierState state(String status, boolean staked) {
        return new SupplierState(
                status, staked, List.of("svc"), List.of(), 0, DEAD, "", 1_700_000_000, 0, "test");
    }

    @Test
    void oneSupplierIsShownWithItsUnclaimedSessions() {
        String one = run("supplier", "--supplier", address("supplier1"));
        assertTrue(one.contains("lease  ") && one.contains("unclaimed sessions: 1"), one);
        assertTrue(one.lines().anyMatch(l -> l.contains(" active ") && l.contains(" 3 ")), one);
        String nobody = run("supplier", "--supplier", "pokt1nobody");
        assertTrue(nobody.contains("no state stored") && nobody.contains("lease  - "), nobody);
        assertTrue(nobody.contains("unclaimed sessions: 0"), nobody);
    }

    @Test
    void metersDedupAndSubmissions() {
        MeterMeta meta =
                new MeterMeta("sess1", "app1", "svc1", "sup1", 10, 5000, 1_700_000_000, 0, 7000);
        var redis = world.connections.sync();
        redis.set(bytes(world.keys.meterMeta("sess1", "sup1")), meta.encode());
        redis.set(bytes(world.keys.meterConsumed("sess1", "sup1")), bytes("42"));
        redis.sadd(bytes(world.keys.meterActive()), bytes("sess1|sup1"));
        assertTrue(run("meter").contains("1 live meters"));
        assertTrue(run("meter", "--session", "sess1").contains("consumed 42 upokt"));
        assertTrue(run("meter", "--app", "app1").contains("consumed 42 upokt"));
        assertFalse(run("meter", "--service", "other").contains("consumed"));
        assertTrue(run("meter", "--all").contains("consumed 42 upokt"));
        redis.sadd(bytes(world.keys.dedup("sess1")), new byte[] {(byte) 0xab, 1});
        assertTrue(run("dedup", "--session", "sess1").contains("ab01"));
        assertTrue(run("submissions").contains("OUTCOME"));
    }

    @Test
    void messagesOfAChannel() {
        String heard = run("pubsub", "--channel", world.keys.blockChannel(), "--duration", "1");
        assertTrue(heard.contains("messages"), heard);
    }

    @Test
    void cachesAreShownAndDropped() {
        var redis = world.connections.sync();
        byte[] service = bytes(world.keys.cached("service", "made-up"));
        redis.set(service, bytes("x"));
        redis.sadd(bytes(world.keys.known("services")), bytes("made-up"));
        assertTrue(run("cache", "--type", "service", "--list").contains("made-up"));
        assertTrue(run("cache", "--type", "service", "--key", "made-up").contains("value 78"));
        assertTrue(
                run("cache", "--type", "service", "--invalidate", "--all", "--dry-run")
                        .contains("made-up"));
        assertEquals(1, redis.exists(service));
        run("cache", "--type", "service", "--invalidate", "--key", "made-up");
        assertEquals(0, redis.exists(service));
        assertFalse(redis.sismember(bytes(world.keys.known("services")), bytes("made-up")));
        run(2, "cache", "--type", "service", "--invalidate");
        run(2, "cache", "--type", "service", "--all");
        byte[] lock = bytes(world.keys.cacheLock("service", "x"));
        redis.set(lock, bytes("1"));
        redis.set(service, bytes("x"));
        run("cache", "--type", "all", "--invalidate", "--all", "--yes");
        assertEquals(0, redis.exists(service));
        assertEquals(1, redis.exists(lock), "what is being restored stays locked");
        assertEquals(
                1,
                redis.exists(bytes(world.keys.supplierState(address("supplier1")))),
                "healthy states stay");
        assertEquals(
                1,
                redis.exists(
                        bytes(world.keys.session(address("supplier1"), header.getSessionId()))));
    }

    @Test
    void keysAreListedAndFlushed() {
        var redis = world.connections.sync();
        redis.set(bytes("ha:scratch:1"), bytes("x"));
        redis.set(bytes("ha:scratch:2"), bytes("x"));
        assertTrue(run("keys", "--pattern", "ha:scratch:*", "--stats").contains("string"));
        run(2, "flush");
        assertTrue(run("flush", "--pattern", "ha:scratch:*", "--force").contains("2 keys deleted"));
        assertEquals(0, redis.exists(bytes("ha:scratch:1"), bytes("ha:scratch:2")));
    }
}
