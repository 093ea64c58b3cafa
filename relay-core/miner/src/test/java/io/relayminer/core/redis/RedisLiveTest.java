package io.relayminer.core.redis;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.InvalidProtocolBufferException;

import io.relayminer.core.miner.store.OutboxEntry;
import io.relayminer.core.miner.store.SessionRecord;
import io.relayminer.core.miner.store.SubmissionReport;
import io.relayminer.core.wire.RelayCodec;
import io.relayminer.core.wire.application.Application;
import io.relayminer.core.wire.session.Session;
import io.relayminer.core.wire.shared.Params;
import io.relayminer.core.wire.shared.Service;
import io.relayminer.testkit.vectors.VectorFile;
import io.relayminer.transport.MinedRelay;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;

/**
 * What a running fleet of the reference kept in Redis and sent to it: every key is one of ours,
 * every value is read and written again unchanged, and every message is understood.
 */
class RedisLiveTest {

    private static final VectorFile FILE = new VectorFile("redis-live.json");
    private static final RedisKeys KEYS = RedisKeys.plain();
    private static int passed;

    @TestFactory
    List<DynamicTest> everyVector() {
        List<DynamicTest> tests = new ArrayList<>();
        for (JsonNode vector : FILE.vectors()) {
            tests.add(
                    DynamicTest.dynamicTest(
                            vector.get("id").textValue(),
                            () -> {
                                check(vector);
                                passed++;
                            }));
        }
        assertEquals(25, tests.size());
        return tests;
    }

    @AfterAll
    static void report() {
        FILE.report(passed);
        assertEquals(FILE.vectors().size(), passed, "every vector of the file must run");
    }

    private static void check(JsonNode v) throws Exception {
        switch (v.get("kind").textValue()) {
            case "snapshot" -> {
                for (JsonNode key : v.get("keys")) {
                    snapshotKey(key);
                }
            }
            case "commands" -> {
                for (JsonNode command : v.get("commands")) {
                    command(command);
                }
            }
            case "command_counts" -> {
                for (JsonNode count : v.get("counts")) {
                    String target = count.get(2).asText();
                    if (target.startsWith("ha:")) {
                        assertTrue(known(target), target);
                    }
                }
            }
            case "pubsub" -> {
                for (JsonNode message : v.get("messages")) {
                    message(message.get(1).textValue(), bytes(message.get(2)));
                }
            }
            default -> fail("unknown kind " + v.get("kind"));
        }
    }

    // ---- snapshots -----------------------------------------------------------------------------

    private static void snapshotKey(JsonNode node) throws Exception {
        String key = node.get("key").textValue();
        assertTrue(known(key), key);
        switch (node.get("type").textValue()) {
            case "string" -> value(key, bytes(node.get("value")));
            case "hash" -> hash(key, node.get("fields"));
            case "set" -> {
                for (JsonNode member : node.get("members")) {
                    member(key, bytes(member));
                }
            }
            case "stream" -> {
                for (JsonNode entry : node.get("entries")) {
                    assertEquals("data", entry.get("fields").get(0).textValue());
                    relay(key, bytes(entry.get("fields").get(1)));
                }
                for (JsonNode group : node.get("groups")) {
                    assertEquals(KEYS.consumerGroup(), group.get("name").textValue());
                }
            }
            default -> fail("type " + node.get("type"));
        }
    }

    private static void relay(String key, byte[] entry) {
        MinedRelay relay = MinedRelayCodec.decode(entry);
        assertEquals(key, KEYS.stream(relay.supplier()));
        assertArrayEquals(relay.relayHash(), RelayCodec.relayHash(relay.relayBytes()));
        assertArrayEquals(entry, MinedRelayCodec.encode(relay));
    }

    private static void value(String key, byte[] value) throws InvalidProtocolBufferException {
        String[] parts = key.split(":", -1);
        if (key.startsWith("ha:supplier:")) {
            SupplierState state = SupplierState.decode(value);
            assertEquals(key, KEYS.supplierState(state.operatorAddress()));
            assertFalse(state.contaminated());
            assertArrayEquals(value, state.encode());
        } else if (key.startsWith("ha:suppliers:")) {
            assertArrayEquals(value, SupplierRegistration.decode(value).encode());
        } else if (key.startsWith("ha:cache:account:")) {
            assertEquals(33, value.length);
        } else if (key.startsWith("ha:cache:application:")) {
            assertEquals(
                    key, KEYS.cached("application", Application.parseFrom(value).getAddress()));
        } else if (key.startsWith("ha:cache:service:")) {
            assertEquals(key, KEYS.cached("service", Service.parseFrom(value).getId()));
        } else if (key.startsWith("ha:cache:params:shared:")) {
            Params.Builder params = Params.newBuilder();
            GoStyleJson.decode(value, params);
            assertEquals(text(value), text(GoStyleJson.encode(params.build())));
        } else if (key.equals(KEYS.supplierParams())) {
            var params = io.relayminer.core.wire.supplier.Params.newBuilder();
            GoStyleJson.decode(value, params);
            assertEquals(text(value), text(GoStyleJson.encode(params.build())));
        } else if (key.startsWith("ha:cache:session:")) {
            Session.Builder session = Session.newBuilder();
            GoStyleJson.decode(value, session);
            assertEquals(
                    key,
                    KEYS.sessionCache(
                            session.getHeader().getApplicationAddress(),
                            session.getHeader().getServiceId(),
                            session.getHeader().getSessionStartBlockHeight()));
            assertEquals(text(value), text(GoStyleJson.encode(session.build())));
        } else if (key.equals(KEYS.sharedParams())) {
            assertArrayEquals(value, Params.parseFrom(value).toByteArray());
        } else if (key.equals(KEYS.proofParams())) {
            assertArrayEquals(
                    value, io.relayminer.core.wire.proof.Params.parseFrom(value).toByteArray());
        } else if (key.endsWith(":meta")) {
            MeterMeta meta = MeterMeta.decode(value);
            assertEquals(key, KEYS.meterMeta(meta.sessionId(), meta.supplierAddress()));
            assertArrayEquals(value, meta.encode());
        } else if (key.endsWith(":consumed")) {
            assertEquals(key, KEYS.meterConsumed(parts[2], parts[3]));
            Long.parseLong(text(value));
        } else if (key.startsWith("ha:miner:claim:")) {
            assertEquals(key, KEYS.lease(parts[3]));
        } else if (key.startsWith("ha:miner:instance:")) {
            Long.parseLong(text(value));
        } else if (key.endsWith(":root") || key.endsWith(":live_root")) {
            assertEquals(SessionRecord.ROOT_LENGTH, value.length);
        } else if (key.endsWith(":stats")) {
            assertArrayEquals(value, TreeStats.decode(value).encode());
        } else if (key.startsWith("ha:tx:track:")) {
            SubmissionReport record = SubmissionReport.decode(value);
            assertEquals(
                    key,
                    KEYS.submission(record.supplier(), record.sessionEnd(), record.sessionId()));
            assertArrayEquals(value, record.encode());
        } else {
            assertEquals(KEYS.globalLeader(), key);
        }
    }

    private static void hash(String key, JsonNode fields) {
        if (key.startsWith("ha:miner:sessions:")) {
            Map<String, byte[]> stored = new LinkedHashMap<>();
            fields.properties().forEach(f -> stored.put(f.getKey(), bytes(f.getValue())));
            SessionRecord record = SessionRecord.ofFields(stored).orElseThrow();
            assertEquals(key, KEYS.session(record.supplier(), record.sessionId()));
            assertTrue(record.knownState().isPresent());
            Map<String, byte[]> again = record.allFields();
            assertEquals(stored.keySet(), again.keySet());
            stored.forEach((name, value) -> assertArrayEquals(value, again.get(name), name));
        } else if (key.startsWith("ha:miner:rebroadcast:")) {
            fields.properties()
                    .forEach(
                            f -> {
                                byte[] value = bytes(f.getValue());
                                assertArrayEquals(value, OutboxEntry.decode(value).encode());
                            });
        } else {
            assertTrue(key.startsWith(KEYS.smstPrefix()) && key.endsWith(":nodes"), key);
            fields.properties().forEach(f -> assertEquals(96, f.getKey().length()));
        }
    }

    private static void member(String key, byte[] member) {
        if (key.startsWith(KEYS.dedupPrefix())) {
            assertEquals(32, member.length);
        } else if (key.equals(KEYS.meterActive())) {
            assertArrayEquals(member, MeterId.decode(member).orElseThrow().encode());
        } else {
            assertFalse(text(member).isEmpty());
        }
    }

    // ---- commands and messages -----------------------------------------------------------------

    private static void command(JsonNode command) throws Exception {
        List<JsonNode> args = new ArrayList<>();
        command.forEach(args::add);
        String name = args.get(3).asText().toLowerCase(Locale.ROOT);
        for (int i = 4; i < args.size(); i++) {
            String text = args.get(i).asText();
            if (text.startsWith("ha:") && !name.equals("keys") && !name.equals("scan")) {
                assertTrue(known(text), text);
            }
        }
        if (name.equals("publish") && args.get(5).isTextual()) {
            message(args.get(4).textValue(), bytes(args.get(5)));
        } else if (name.equals("xadd")) {
            assertEquals("*", args.get(5).asText());
            assertEquals("data", args.get(6).asText());
        } else if (name.equals("set") && args.get(5).isTextual()) {
            String key = args.get(4).textValue();
            if (!key.contains(":lock:") && !key.endsWith("root")) {
                value(key, bytes(args.get(5)));
            }
        }
    }

    private static void message(String channel, byte[] message) {
        if (channel.equals(KEYS.blockChannel())) {
            assertArrayEquals(message, BlockEvent.decode(message).encode());
        } else if (channel.equals(KEYS.meterCleanupChannel())) {
            assertTrue(MeterId.decode(message).isPresent());
        } else if (channel.equals(KEYS.supplierUpdateChannel())) {
            assertArrayEquals(message, SupplierRegistration.Update.decode(message).encode());
        } else if (channel.equals(KEYS.supplierParamsChannel())) {
            assertEquals("refresh", text(message));
        } else {
            for (CacheInvalidation.Type type : CacheInvalidation.Type.values()) {
                if (channel.equals(KEYS.invalidationChannel(type.wire()))) {
                    CacheInvalidation read = CacheInvalidation.decode(type, message);
                    assertArrayEquals(
                            message,
                            read instanceof CacheInvalidation.One(String key)
                                    ? CacheInvalidation.one(type, key)
                                    : CacheInvalidation.everything());
                    return;
                }
            }
            fail("unknown channel " + channel);
        }
    }

    /** Whether a key or channel is one that this product builds for some arguments. */
    private static boolean known(String key) {
        String[] p = key.split(":", -1);
        TreeSet<String> ours = new TreeSet<>();
        String last = p[p.length - 1];
        String third = p.length > 2 ? p[2] : "";
        String fourth = p.length > 3 ? p[3] : "";
        String fifth = p.length > 4 ? p[4] : "";
        ours.add(KEYS.supplierState(last));
        ours.add(KEYS.supplierRegistryEntry(last));
        ours.add(KEYS.supplierRegistryIndex());
        ours.add(KEYS.cached(third, fourth));
        ours.add(KEYS.cacheLock(fourth, fifth));
        ours.add(KEYS.known(last));
        ours.add(KEYS.sharedParams());
        ours.add(KEYS.sharedParamsLock());
        ours.add(KEYS.proofParams());
        ours.add(KEYS.proofParamsLock());
        ours.add(KEYS.supplierParams());
        ours.add(KEYS.supplierParamsLock());
        ours.add(KEYS.supplierParamsChannel());
        ours.add(KEYS.heightParamsChannel());
        ours.add(KEYS.rewardableChannel());
        ours.add(KEYS.blockChannel());
        ours.add(KEYS.supplierUpdateChannel());
        ours.add(KEYS.meterCleanupChannel());
        ours.add(KEYS.meterActive());
        ours.add(KEYS.meterMeta(third, fourth));
        ours.add(KEYS.meterConsumed(third, fourth));
        ours.add(KEYS.globalLeader());
        ours.add(KEYS.activeMiners());
        ours.add(KEYS.instance(last));
        ours.add(KEYS.lease(last));
        ours.add(KEYS.stream(last));
        ours.add(KEYS.dedup(last));
        ours.add(KEYS.session(fourth, fifth));
        ours.add(KEYS.sessionIndex(fourth));
        ours.add(KEYS.sessionStateIndex(fourth, last));
        ours.add(KEYS.smstNodes(third, fourth));
        ours.add(KEYS.smstRoot(third, fourth));
        ours.add(KEYS.smstStats(third, fourth));
        ours.add(KEYS.smstLiveRoot(third, fourth));
        ours.add(KEYS.serviceFactorDefault());
        ours.add(KEYS.serviceFactor(last));
        ours.add(KEYS.invalidationChannel(fourth));
        for (SubmissionPhase phase : SubmissionPhase.values()) {
            ours.add(KEYS.outboxIndex(phase, ""));
            if (last.matches("\\d+")) {
                ours.add(KEYS.outbox(phase, fifth, Long.parseLong(last)));
            }
        }
        if (last.matches("\\d+")) {
            ours.add(KEYS.sharedParamsAt(Long.parseLong(last)));
            ours.add(KEYS.sharedParamsAtLock(Long.parseLong(last)));
            ours.add(KEYS.sessionCache(fourth, fifth, Long.parseLong(last)));
        }
        if (fifth.matches("\\d+")) {
            ours.add(KEYS.submission(fourth, Long.parseLong(fifth), last));
        }
        return ours.contains(key);
    }

    private static byte[] bytes(JsonNode node) {
        return node.isObject()
                ? HexFormat.of().parseHex(node.get("hex").textValue())
                : node.asText().getBytes(StandardCharsets.UTF_8);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
