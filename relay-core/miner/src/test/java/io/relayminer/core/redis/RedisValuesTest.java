package io.relayminer.core.redis;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.InvalidProtocolBufferException;

import io.relayminer.core.miner.store.OutboxEntry;
import io.relayminer.core.miner.store.SessionRecord;
import io.relayminer.core.miner.store.SubmissionReport;
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
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Every stored value and message of the reference, read and written again byte for byte. */
class RedisValuesTest {

    private static final VectorFile FILE = new VectorFile("redis-values.json");
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
        assertEquals(135, tests.size());
        return tests;
    }

    @AfterAll
    static void report() {
        FILE.report(passed);
        assertEquals(FILE.vectors().size(), passed, "every vector of the file must run");
    }

    private static void check(JsonNode v) throws Exception {
        switch (v.get("kind").textValue()) {
            case "stream_entry" -> streamEntry(v);
            case "value", "channel", "set_member", "hash_value" -> value(v);
            case "hash" -> sessionHash(v);
            case "hash_decode" -> sessionDecode(v);
            case "keys" -> keys(v);
            default -> fail("unknown kind " + v.get("kind"));
        }
    }

    private static void streamEntry(JsonNode v) {
        byte[] bytes = hex(v.get("stream_fields").get("data"));
        assertArrayEquals(hex(v.get("bytes")), bytes);
        MinedRelay relay = MinedRelayCodec.decode(bytes);
        JsonNode f = v.get("fields");
        assertArrayEquals(hex(f.get("relay_hash")), relay.relayHash());
        assertArrayEquals(hex(f.get("relay_bytes")), relay.relayBytes());
        assertEquals(
                f.get("compute_units_per_relay").asText(),
                Long.toUnsignedString(relay.computeUnitsPerRelay()));
        assertEquals(f.get("session_id").textValue(), relay.sessionId());
        assertEquals(f.get("session_end_height").longValue(), relay.sessionEndHeight());
        assertEquals(f.get("session_start_height").longValue(), relay.sessionStartHeight());
        assertEquals(f.get("supplier_operator_address").textValue(), relay.supplier());
        assertEquals(f.get("service_id").textValue(), relay.serviceId());
        assertEquals(f.get("application_address").textValue(), relay.application());
        assertEquals(f.get("arrival_block_height").longValue(), relay.arrivalHeight());
        assertEquals(
                f.get("published_at_unix_nano").asText(),
                Long.toString(relay.publishedAtUnixNano()));
        assertArrayEquals(bytes, MinedRelayCodec.encode(relay));
        assertEquals(RedisKeys.plain().stream(relay.supplier()), v.get("key").textValue());
    }

    private static void value(JsonNode v) throws Exception {
        String id = v.get("id").textValue();
        String key = v.get("key").textValue();
        byte[] bytes = hex(v.get("bytes"));
        RedisKeys keys = RedisKeys.plain();
        String[] parts = key.split(":", -1);
        String last = parts[parts.length - 1];
        if (key.startsWith("ha:supplier:")) {
            SupplierState state = SupplierState.decode(bytes);
            assertArrayEquals(bytes, state.encode());
            assertEquals(key, keys.supplierState(last));
            assertEquals(v.get("fields").get("status").textValue(), state.status());
            assertEquals(id.equals("supplier-empty-services"), state.contaminated());
        } else if (key.equals(keys.blockChannel())) {
            BlockEvent event = BlockEvent.decode(bytes);
            assertArrayEquals(bytes, event.encode());
            assertEquals(v.get("fields").get("height").longValue(), event.height());
            assertArrayEquals(hex(v.get("fields").get("hash")), event.hash());
        } else if (key.startsWith("ha:miner:sessions:")) {
            assertEquals(64, v.get("text").textValue().length());
            assertTrue(
                    key.equals(keys.sessionIndex(parts[3]))
                            || key.equals(keys.sessionStateIndex(parts[3], last)));
        } else if (key.startsWith(keys.dedupPrefix())) {
            assertEquals(32, bytes.length);
            assertEquals(key, keys.dedup(last));
        } else if (key.startsWith("ha:miner:claim:")) {
            assertEquals(key, keys.lease(last));
            assertEquals("miner-pod-0-1", text(bytes));
        } else if (key.equals(keys.globalLeader())) {
            assertEquals("miner-0-1", text(bytes));
        } else if (key.startsWith("ha:miner:instance:")) {
            assertEquals(key, keys.instance(last));
            assertEquals(1765432100123456789L, Long.parseLong(text(bytes)));
        } else if (key.startsWith("ha:cache:lock:")) {
            assertEquals(key, keys.cacheLock(parts[3], last));
            assertEquals("1", text(bytes));
        } else if (key.startsWith("ha:sim:replay:")) {
            assertEquals(key, keys.simulationReplay(last));
            assertEquals("1", text(bytes));
        } else if (key.startsWith("ha:smst:") && last.equals("stats")) {
            TreeStats stats = TreeStats.decode(bytes);
            assertEquals(key, keys.smstStats(parts[2], parts[3]));
            assertEquals(
                    v.get("fields").get("count").asText(), Long.toUnsignedString(stats.count()));
            assertEquals(v.get("fields").get("sum").asText(), Long.toUnsignedString(stats.sum()));
            assertArrayEquals(bytes, stats.encode());
        } else if (key.startsWith("ha:smst:")) {
            assertEquals(key, keys.smstRoot(parts[2], parts[3]));
            assertEquals(48, bytes.length);
        } else if (key.startsWith("ha:miner:rebroadcast:")) {
            outbox(v, key, bytes, keys, parts);
        } else if (key.startsWith("ha:tx:track:")) {
            SubmissionReport record = SubmissionReport.decode(bytes);
            assertArrayEquals(bytes, record.encode());
            assertEquals(key, keys.submission(parts[3], Long.parseLong(parts[4]), parts[5]));
            assertEquals(v.get("fields").get("num_relays").longValue(), record.relays());
        } else if (key.startsWith("ha:suppliers:")) {
            assertArrayEquals(bytes, SupplierRegistration.decode(bytes).encode());
            assertEquals(key, keys.supplierRegistryEntry(last));
        } else if (key.equals(keys.supplierUpdateChannel())) {
            SupplierRegistration.Update update = SupplierRegistration.Update.decode(bytes);
            assertArrayEquals(bytes, update.encode());
            assertEquals(v.get("fields").get("action").textValue(), update.action());
        } else if (key.startsWith("ha:meter:")) {
            meter(v, id, key, bytes, keys, parts);
        } else if (key.startsWith("ha:service_factor:")) {
            ServiceFactor factor = ServiceFactor.decode(bytes);
            assertArrayEquals(bytes, factor.encode());
            assertEquals(v.get("fields").get("factor").doubleValue(), factor.factor());
            assertEquals(key, keys.serviceFactor(last));
        } else if (key.equals(keys.rewardableChannel())) {
            assertArrayEquals(bytes, RewardableEvent.decode(bytes).encode());
        } else if (key.equals(keys.heightParamsChannel())) {
            assertEquals(12345, Long.parseLong(text(bytes)));
        } else if (key.endsWith(":invalidate")) {
            invalidation(v, id, key, bytes, keys);
        } else if (key.startsWith("ha:cache:")) {
            cached(v, key, bytes, keys, parts);
        } else {
            fail("no codec for " + key);
        }
    }

    private static void outbox(
            JsonNode v, String key, byte[] bytes, RedisKeys keys, String[] parts) {
        if (parts[parts.length - 1].equals("index")) {
            assertEquals(key, keys.outboxIndex(SubmissionPhase.CLAIM, "any"));
            String member = text(bytes);
            int colon = member.lastIndexOf(':');
            assertEquals(
                    member,
                    keys.outboxMember(
                            member.substring(0, colon),
                            Long.parseLong(member.substring(colon + 1))));
            return;
        }
        assertEquals(key, keys.outbox(SubmissionPhase.CLAIM, parts[4], Long.parseLong(parts[5])));
        OutboxEntry entry = OutboxEntry.decode(bytes);
        assertArrayEquals(bytes, entry.encode());
        assertEquals(v.get("fields").get("h").longValue(), entry.submitHeight());
        byte[] message = entry.message();
        assertArrayEquals(hex(v.get("fields").get("m")), message == null ? new byte[0] : message);
    }

    private static void meter(
            JsonNode v, String id, String key, byte[] bytes, RedisKeys keys, String[] parts) {
        if (id.startsWith("meter-meta")) {
            MeterMeta meta = MeterMeta.decode(bytes);
            assertArrayEquals(bytes, meta.encode());
            assertEquals(key, keys.meterMeta(parts[2], parts[3]));
            assertEquals(
                    v.get("fields").get("created_with_factor").doubleValue(),
                    meta.createdWithFactor());
        } else if (id.startsWith("meter-consumed")) {
            assertEquals(key, keys.meterConsumed(parts[2], parts[3]));
            assertEquals(v.get("text").textValue(), Long.toString(Long.parseLong(text(bytes))));
        } else if (id.startsWith("meter-cleanup-ignored")) {
            assertEquals(Optional.empty(), MeterId.decode(bytes));
        } else {
            assertTrue(key.equals(keys.meterActive()) || key.equals(keys.meterCleanupChannel()));
            assertArrayEquals(bytes, MeterId.decode(bytes).orElseThrow().encode());
        }
    }

    private static void invalidation(
            JsonNode v, String id, String key, byte[] bytes, RedisKeys keys) {
        for (CacheInvalidation.Type type : CacheInvalidation.Type.values()) {
            if (!key.equals(keys.invalidationChannel(type.wire()))) {
                continue;
            }
            CacheInvalidation message = CacheInvalidation.decode(type, bytes);
            byte[] again =
                    switch (message) {
                        case CacheInvalidation.Everything e ->
                                id.endsWith("-cli")
                                        ? CacheInvalidation.oneFromTool(type, type.wire())
                                        : CacheInvalidation.everything();
                        case CacheInvalidation.One(String one) ->
                                id.endsWith("-cli")
                                        ? CacheInvalidation.oneFromTool(type, one)
                                        : CacheInvalidation.one(type, one);
                    };
            assertArrayEquals(bytes, again);
            if (v.has("fields")) {
                assertTrue(message instanceof CacheInvalidation.One);
            }
            return;
        }
        fail("no type for " + key);
    }

    private static void cached(JsonNode v, String key, byte[] bytes, RedisKeys keys, String[] parts)
            throws InvalidProtocolBufferException {
        String last = parts[parts.length - 1];
        switch (parts[2]) {
            case "application" -> {
                assertEquals(key, keys.cached("application", last));
                Application app = Application.parseFrom(bytes);
                assertArrayEquals(bytes, app.toByteArray());
                assertEquals(v.get("fields"), json(GoStyleJson.encode(app)));
            }
            case "service" -> {
                assertEquals(key, keys.cached("service", last));
                Service service = Service.parseFrom(bytes);
                assertArrayEquals(bytes, service.toByteArray());
                assertEquals(v.get("fields").get("id").textValue(), service.getId());
            }
            case "account" -> assertEquals(33, bytes.length);
            case "shared_params" -> {
                assertEquals(key, keys.sharedParams());
                Params params = Params.parseFrom(bytes);
                assertArrayEquals(bytes, params.toByteArray());
                assertEquals(v.get("fields"), json(GoStyleJson.encode(params)));
            }
            case "proof_params" -> {
                assertEquals(key, keys.proofParams());
                var params = io.relayminer.core.wire.proof.Params.parseFrom(bytes);
                assertArrayEquals(bytes, params.toByteArray());
                assertEquals(
                        v.get("fields").get("proof_request_probability").doubleValue(),
                        params.getProofRequestProbability());
            }
            case "params" -> {
                if (parts[3].equals("shared")) {
                    assertEquals(key, keys.sharedParamsAt(Long.parseLong(last)));
                    roundTrip(bytes, Params.newBuilder());
                } else {
                    assertEquals(key, keys.supplierParams());
                    roundTrip(bytes, io.relayminer.core.wire.supplier.Params.newBuilder());
                }
            }
            case "session" -> {
                assertEquals(key, keys.sessionCache(parts[3], parts[4], Long.parseLong(last)));
                roundTrip(bytes, Session.newBuilder());
            }
            default -> fail("no codec for " + key);
        }
    }

    private static void roundTrip(byte[] bytes, com.google.protobuf.Message.Builder builder) {
        GoStyleJson.decode(bytes, builder);
        assertEquals(text(bytes), text(GoStyleJson.encode(builder.build())));
    }

    private static void sessionHash(JsonNode v) {
        Map<String, byte[]> stored = fields(v.get("hash_fields"));
        SessionRecord record = SessionRecord.ofFields(stored).orElseThrow();
        boolean resave = v.get("id").textValue().endsWith("-resave");
        assertEquals(
                printable(stored),
                printable(resave ? record.metadataFields() : record.allFields()));
        assertTrue(record.knownState().isPresent());
        SessionRecord legacy =
                SessionRecord.ofLegacyJson(
                        v.get("legacy_json").textValue().getBytes(StandardCharsets.UTF_8));
        assertEquals(printable(record.allFields()), printable(legacy.allFields()));
        String key = v.get("key").textValue();
        assertEquals(key, RedisKeys.plain().session(record.supplier(), record.sessionId()));
    }

    private static void sessionDecode(JsonNode v) {
        Map<String, byte[]> stored = fields(v.get("hash_fields"));
        if (v.has("error")) {
            RedisStateException.MalformedValue e =
                    assertThrows(
                            RedisStateException.MalformedValue.class,
                            () -> SessionRecord.ofFields(stored));
            String field = v.get("error").textValue().split("[ :]", -1)[1];
            assertTrue(String.valueOf(e.getMessage()).contains(field), e.getMessage());
            return;
        }
        Optional<SessionRecord> record = SessionRecord.ofFields(stored);
        if (v.get("result").isNull()) {
            assertFalse(record.isPresent());
            return;
        }
        JsonNode r = v.get("result");
        SessionRecord s = record.orElseThrow();
        assertEquals(r.get("session_id").textValue(), s.sessionId());
        assertEquals(r.get("supplier_operator_address").textValue(), s.supplier());
        assertEquals(r.get("service_id").textValue(), s.serviceId());
        assertEquals(r.get("application_address").textValue(), s.application());
        assertEquals(r.get("session_start_height").longValue(), s.startHeight());
        assertEquals(r.get("session_end_height").longValue(), s.endHeight());
        assertEquals(r.get("state").textValue(), s.state());
        assertEquals(r.get("relay_count").longValue(), s.relayCount());
        assertEquals(r.get("total_compute_units").longValue(), s.computeUnits());
        assertEquals(r.get("created_at").textValue(), GoTime.format(s.createdAt()));
        assertEquals(r.get("last_updated_at").textValue(), GoTime.format(s.lastUpdatedAt()));
        byte[] root = s.claimedRoot();
        assertEquals(
                r.has("claimed_root_hash") ? r.get("claimed_root_hash").textValue() : null,
                root == null ? null : Base64.getEncoder().encodeToString(root));
    }

    private static void keys(JsonNode v) {
        JsonNode n = v.get("namespace");
        RedisKeys k =
                new RedisKeys(
                        new RedisNamespace(
                                n.get("base_prefix").textValue(),
                                n.get("cache_prefix").textValue(),
                                n.get("events_prefix").textValue(),
                                n.get("streams_prefix").textValue(),
                                n.get("miner_prefix").textValue(),
                                n.get("supplier_prefix").textValue(),
                                n.get("meter_prefix").textValue(),
                                n.get("params_prefix").textValue(),
                                n.get("consumer_group_prefix").textValue()),
                        KeyLayout.PLAIN);
        Map<String, String> ours = new LinkedHashMap<>();
        ours.put("cache application k1", k.cached("application", "k1"));
        ours.put("cache lock application k1", k.cacheLock("application", "k1"));
        ours.put("known applications", k.known("applications"));
        ours.put("invalidate supplier", k.invalidationChannel("supplier"));
        ours.put("stream prefix", k.streamPrefix());
        ours.put("consumer group", k.consumerGroup());
        ours.put("session hash sup1 sess1", k.session("sup1", "sess1"));
        ours.put("session index sup1", k.sessionIndex("sup1"));
        ours.put("session state index sup1 proved", k.sessionStateIndex("sup1", "proved"));
        ours.put("supplier key prefix", k.supplierPrefix());
        ours.put("supplier state pokt1a", k.supplierState("pokt1a"));
        ours.put("supplier state pattern", k.supplierStatePattern());
        ours.put("suppliers registry prefix", k.supplierRegistryPrefix());
        ours.put("suppliers registry index", k.supplierRegistryIndex());
        ours.put("cache prefix", k.cachePrefix());
        ours.put("events cache prefix", k.eventsCachePrefix());
        ours.put("sessions prefix", k.sessionsPrefix());
        ours.put("global leader", k.globalLeader());
        ours.put("leader prefix", k.leaderPrefix());
        ours.put("proof params", k.proofParams());
        ours.put("proof params lock", k.proofParamsLock());
        ours.put("shared params", k.sharedParams());
        ours.put("shared params lock", k.sharedParamsLock());
        ours.put("session params", k.sessionParams());
        ours.put("meter cleanup channel", k.meterCleanupChannel());
        ours.put("meter active sessions", k.meterActive());
        ours.put("simulation replay ab12", k.simulationReplay("ab12"));
        ours.put("supplier update channel", k.supplierUpdateChannel());
        ours.put("block channel", k.blockChannel());
        ours.put("smst nodes sup1 sess1", k.smstNodes("sup1", "sess1"));
        ours.put("smst nodes pattern", k.smstNodesPattern());
        ours.put("smst nodes prefix", k.smstPrefix());
        ours.put("smst root sup1 sess1", k.smstRoot("sup1", "sess1"));
        ours.put("smst stats sup1 sess1", k.smstStats("sup1", "sess1"));
        ours.put("smst live root sup1 sess1", k.smstLiveRoot("sup1", "sess1"));
        ours.put("smst session nodes pattern sess1", k.smstNodesPattern("sess1"));
        ours.put("smst session all pattern sup1 sess1", k.smstPattern("sup1", "sess1"));
        ours.put("service factor default", k.serviceFactorDefault());
        ours.put("service factor svc1", k.serviceFactor("svc1"));
        ours.put("lease sup1", k.lease("sup1"));
        ours.put("active miners", k.activeMiners());
        ours.put("instance inst1", k.instance("inst1"));
        ours.put("supplier params invalidate channel", k.supplierParamsChannel());
        ours.put("height params invalidate channel", k.heightParamsChannel());
        ours.put("session rewardable channel", k.rewardableChannel());
        ours.put("dedup prefix", k.dedupPrefix());
        ours.put("dedup session sess1", k.dedup("sess1"));
        ours.put("tx track sup1 100 sess1", k.submission("sup1", 100, "sess1"));
        ours.put("tx track pattern sup1", k.submissionPattern("sup1"));
        ours.put("tx track all pattern", k.submissionPattern());
        ours.put("all keys pattern", k.everythingPattern());
        ours.put("rebroadcast claim sup1 100", k.outbox(SubmissionPhase.CLAIM, "sup1", 100));
        ours.put("rebroadcast proof sup1 100", k.outbox(SubmissionPhase.PROOF, "sup1", 100));
        ours.put("rebroadcast index claim", k.outboxIndex(SubmissionPhase.CLAIM, "sup1"));
        ours.put("rebroadcast index proof", k.outboxIndex(SubmissionPhase.PROOF, "sup1"));
        ours.put("meter session sess1", k.legacyMeter("sess1"));
        ours.put("app stake app1", k.legacyAppStake("app1"));
        ours.put("service compute units svc1", k.legacyServiceComputeUnits("svc1"));
        ours.put("legacy params shared", k.legacySharedParams());
        ours.put("legacy params pattern", k.legacyParamsPattern());
        Map<String, String> expected = new TreeMap<>();
        v.get("keys").properties().forEach(e -> expected.put(e.getKey(), e.getValue().textValue()));
        assertEquals(expected, new TreeMap<>(ours));
        for (String name : ours.values()) {
            assertFalse(name.contains("::") || name.startsWith(":"), name);
        }
    }

    private static Map<String, byte[]> fields(JsonNode hexFields) {
        Map<String, byte[]> fields = new LinkedHashMap<>();
        hexFields.properties().forEach(e -> fields.put(e.getKey(), hex(e.getValue())));
        return fields;
    }

    private static Map<String, String> printable(Map<String, byte[]> fields) {
        Map<String, String> printable = new TreeMap<>();
        fields.forEach((name, value) -> printable.put(name, HexFormat.of().formatHex(value)));
        return printable;
    }

    private static JsonNode json(byte[] bytes) {
        return GoJsonReader.parse("value", bytes).node();
    }

    private static byte[] hex(JsonNode node) {
        assertNotNull(node);
        return HexFormat.of().parseHex(node.textValue());
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
