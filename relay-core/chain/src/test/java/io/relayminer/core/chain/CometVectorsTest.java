package io.relayminer.core.chain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.ByteString;

import io.relayminer.core.wire.tendermint.types.Header;
import io.relayminer.testkit.vectors.VectorFile;

import org.junit.jupiter.api.Test;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;

/** What CometBFT says, read by this client. */
class CometVectorsTest {

    private static final HexFormat HEX = HexFormat.of().withUpperCase();

    @Test
    void everyAnswer() throws IOException {
        new VectorFile("cometbft.json").runAll(CometVectorsTest::check);
    }

    private static void check(JsonNode vector) throws Exception {
        switch (vector.get("kind").asText()) {
            case "rpc" ->
                    answer(
                            vector.get("request"),
                            vector.path("path").asText(),
                            vector.get("response"));
            case "ws_event" -> event(vector.get("response"));
            case "header_hash" -> headerHash(vector);
            case "data_hash" -> dataHash(vector);
            default -> throw new AssertionError("unknown kind " + vector.get("kind"));
        }
    }

    /** Reads an answer the way the client reads it, and compares with the JSON itself. */
    static void answer(JsonNode request, String path, JsonNode response) {
        if (response == null || response.isNull()) {
            // A notification has no answer.
            return;
        }
        if (response.isTextual()) {
            assertThrows(ChainException.class, () -> readOne(response.asText()));
            return;
        }
        if (response.isArray()) {
            response.forEach(one -> answer(null, "", one));
            return;
        }
        if (response.has("error")) {
            ChainRefusedException e =
                    assertThrows(
                            ChainRefusedException.class,
                            () -> CometJson.result("question", response));
            JsonNode error = response.get("error");
            assertEquals("RPC " + error.get("code").asInt(), e.status());
            String expected =
                    error.has("data") ? error.get("data").asText() : error.get("message").asText();
            assertTrue(
                    expected.replaceAll("[\\x00-\\x1f]", " ").startsWith(e.reason()), e.reason());
            return;
        }
        JsonNode result = CometJson.result("question", response);
        String method =
                request != null && request.isObject()
                        ? request.path("method").asText()
                        : path.replaceFirst("^/", "").replaceFirst("\\?.*$", "");
        switch (method) {
            case "block" -> block(result);
            case "block_results" -> results(response, result);
            case "status" ->
                    assertEquals(
                            result.get("node_info").get("network").asText(),
                            result.path("node_info").path("network").asText());
            default -> assertNotNull(result);
        }
    }

    private static void readOne(String text) {
        CometJson.result("question", CometJson.tree(text));
    }

    private static void block(JsonNode result) {
        JsonNode header = result.path("block").path("header");
        if (header.isMissingNode()) {
            assertThrows(ChainAnswerException.class, () -> CometJson.block(result));
            return;
        }
        Block block = CometJson.block(result);
        assertEquals(header.get("height").asText(), Long.toString(block.height()));
        assertEquals(
                result.get("block_id").get("hash").asText(),
                HEX.formatHex(block.hash().toByteArray()));
        assertEquals(
                block.hash(), HeaderHash.of(CometJson.header(header)).orElseThrow(), "own hash");
        assertEquals(header.get("time").asText(), goTime(block));
    }

    /** Fractions of a second are written without trailing zeros. */
    private static String goTime(Block block) {
        String text = block.time().toString();
        int point = text.indexOf('.');
        return point < 0 ? text : text.substring(0, text.length() - 1).replaceAll("0+$", "") + "Z";
    }

    private static void results(JsonNode response, JsonNode result) {
        Set<String> types =
                Set.of(
                        "pocket.tokenomics.EventClaimSettled",
                        "pocket.tokenomics.EventClaimExpired",
                        "pocket.proof.EventClaimCreated",
                        "tx");
        List<ChainEvent> expected = new ArrayList<>();
        result.path("txs_results").forEach(tx -> collect(tx.path("events"), types, expected));
        collect(result.path("finalize_block_events"), types, expected);
        byte[] json = response.toString().getBytes(StandardCharsets.UTF_8);
        assertEquals(expected, CometJson.events("results", new ByteArrayInputStream(json), types));
    }

    private static void collect(JsonNode events, Set<String> types, List<ChainEvent> into) {
        for (JsonNode event : events) {
            if (types.contains(event.get("type").asText())) {
                java.util.Map<String, String> attributes = new java.util.HashMap<>();
                event.path("attributes")
                        .forEach(
                                a ->
                                        attributes.put(
                                                a.get("key").asText(), a.path("value").asText()));
                into.add(new ChainEvent(event.get("type").asText(), attributes));
            }
        }
    }

    static void event(JsonNode frame) {
        if (frame.has("error")) {
            assertThrows(
                    ChainRefusedException.class, () -> CometJson.result("subscription", frame));
            return;
        }
        JsonNode data = frame.path("result").path("data");
        Header header = CometJson.newHeader(frame);
        if (data.path("type").asText().equals("tendermint/event/NewBlockHeader")) {
            assertNotNull(header);
            assertEquals(
                    data.get("value").get("header").get("height").asText(),
                    Long.toString(header.getHeight()));
            assertTrue(HeaderHash.of(header).isPresent());
        } else {
            assertNull(header);
        }
    }

    private static void headerHash(JsonNode vector) {
        Header header = CometJson.header(vector.get("header"));
        List<String> leaves = new ArrayList<>();
        vector.path("leaves").forEach(leaf -> leaves.add(leaf.asText()));
        if (!leaves.isEmpty()) {
            assertEquals(
                    leaves,
                    HeaderHash.leaves(header).stream()
                            .map(leaf -> VectorFile.hex(leaf.toByteArray()))
                            .toList());
        }
        assertEquals(
                vector.get("hash").isNull() ? "" : vector.get("hash").asText(),
                HeaderHash.of(header).map(hash -> HEX.formatHex(hash.toByteArray())).orElse(""));
    }

    private static void dataHash(JsonNode vector) throws Exception {
        List<ByteString> leaves = new ArrayList<>();
        for (JsonNode tx : vector.get("txs")) {
            leaves.add(
                    ByteString.copyFrom(
                            MessageDigest.getInstance("SHA-256").digest(VectorFile.hex(tx))));
        }
        assertEquals(
                vector.get("hash").asText(),
                HEX.formatHex(HeaderHash.merkleRoot(leaves).toByteArray()));
    }
}
