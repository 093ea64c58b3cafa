package io.relayminer.miner;

import static io.relayminer.miner.MinerWorld.SUPPLIERS;
import static io.relayminer.miner.MinerWorld.address;
import static io.relayminer.miner.MinerWorld.bytes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lettuce.core.Consumer;
import io.lettuce.core.XReadArgs;
import io.relayminer.core.redis.MeterMeta;
import io.relayminer.core.wire.session.SessionHeader;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

import picocli.CommandLine;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;

/** The operator's commands against what a miner has left in Redis in the middle of a session. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RedisCommandsTest {

    private static final String DEAD = "pokt1mrqt5f7qh8uxs27cjm9t7v9e74a9vvdnq5jva4";

    private MinerWorld world;
    private MinerProcess miner;
    private SessionHeader header;

    @BeforeAll
    void midSession() throws Exception {
        world = new MinerWorld();
        miner =
                MinerProcess.start(
                        MinerConfig.reader()
                                .build()
                                .parse(world.config(world.redis.uri(), 600, ""), "test")
                                .config());
        world.chain.advanceTo(2);
        world.until("owner", () -> miner.node().suppliers().size() == SUPPLIERS.size());
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
        assertTrue(run("lease").contains(address("supplier2")));
        assertTrue(run("supplier").contains("2 staked, 0 without owner, 1 miners"));
        assertTrue(run("supplier", "--list").contains("active"));
        assertTrue(run("supplier", "--supplier", address("supplier1")).contains("lease  "));
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
