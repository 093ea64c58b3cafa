package io.relayminer.core.wire;

import static io.relayminer.testkit.vectors.VectorFile.hex;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.Message;

import io.relayminer.core.MessageTypes;
import io.relayminer.testkit.vectors.VectorFile;

import org.junit.jupiter.api.Test;

import java.io.IOException;

/** Every message type against the bytes of a chain node. */
class WireVectorsTest {

    private static final WireLimits LIMITS = new WireLimits(1 << 20, 20, 10_000);

    @Test
    void everyMessage() throws IOException {
        new VectorFile("wire.json").runAll(WireVectorsTest::check);
    }

    private static void check(JsonNode vector) throws Exception {
        switch (vector.get("kind").asText()) {
            case "auto", "sample" -> encodes(vector);
            case "reencode" -> reencodes(vector);
            case "signable" -> signable(vector);
            case "leaf" -> leaf(vector);
            default -> throw new AssertionError("unknown kind " + vector.get("kind"));
        }
    }

    private static void encodes(JsonNode vector) throws Exception {
        Message type = MessageTypes.named(vector.get("type").asText());
        Message message = MessageTypes.parseJson(type, vector.get("json").toString());
        byte[] bytes = CanonicalForm.encode(CanonicalForm.of(message));
        assertEquals(vector.get("hex").asText(), hex(bytes));
        if (vector.has("sha256")) {
            assertEquals(vector.get("sha256").asText(), hex(Sha256.of(bytes)));
        }
        Message decoded = decode(type, bytes);
        assertEquals(
                vector.get("hex").asText(),
                hex(CanonicalForm.encode(decoded)),
                "decoding and encoding again");
    }

    private static void reencodes(JsonNode vector) {
        Message type = MessageTypes.named(vector.get("type").asText());
        byte[] input = hex(vector.get("input"));
        if (vector.has("error")) {
            assertThrows(WireException.class, () -> decode(type, input));
            return;
        }
        assertEquals(vector.get("output").asText(), hex(CanonicalForm.encode(decode(type, input))));
    }

    private static Message decode(Message type, byte[] bytes) {
        boolean http = type.getDescriptorForType().getFile().getPackage().equals("sdk.types");
        if (!http) {
            return CanonicalForm.decode(bytes, type, LIMITS);
        }
        // HTTP messages keep unknown fields and check strings; they have a codec of their own.
        return switch (type.getDescriptorForType().getName()) {
            case "POKTHTTPRequest" ->
                    HttpMessageCodec.decodeRequest(RelayCodec.wrap(bytes), LIMITS);
            case "POKTHTTPResponse" ->
                    HttpMessageCodec.decodeResponse(RelayCodec.wrap(bytes), LIMITS);
            default -> CanonicalForm.decode(bytes, type, LIMITS);
        };
    }

    private static void signable(JsonNode vector) {
        byte[] input = hex(vector.get("input"));
        byte[] signable;
        byte[] hash;
        if (vector.get("type").asText().endsWith("RelayRequest")) {
            ReceivedRequest request = ReceivedRequest.decode(input, LIMITS);
            signable = RelayCodec.signableBytes(request.message());
            hash = request.signableHash();
        } else {
            assertTrue(vector.get("type").asText().endsWith("RelayResponse"));
            ReceivedResponse response = ReceivedResponse.decode(input, LIMITS);
            signable = response.signableBytes();
            hash = response.signableHash();
        }
        assertEquals(vector.get("output").asText(), hex(signable));
        assertEquals(vector.get("sha256").asText(), hex(hash));
    }

    private static void leaf(JsonNode vector) {
        var relay = RelayCodec.decodeRelay(hex(vector.get("input")), LIMITS);
        byte[] leaf = RelayCodec.leaf(relay.getReq(), relay.getRes());
        assertEquals(vector.get("output").asText(), hex(leaf));
        assertEquals(vector.get("output").asText(), hex(RelayCodec.leafOf(relay).toByteArray()));
        assertEquals(vector.get("sha256").asText(), hex(RelayCodec.relayHash(leaf)));
    }
}
