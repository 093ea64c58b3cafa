package io.relayminer.core.wire;

import static io.relayminer.testkit.vectors.VectorFile.hex;
import static io.relayminer.testkit.vectors.VectorFile.uint64;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;

import io.relayminer.core.MessageTypes;
import io.relayminer.core.wire.ha.MinedRelayMessage;
import io.relayminer.core.wire.proof.Claim;
import io.relayminer.core.wire.service.Relay;
import io.relayminer.core.wire.service.RelayRequest;
import io.relayminer.core.wire.service.RelayResponse;
import io.relayminer.testkit.vectors.VectorFile;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Relays, claims and HTTP messages against the bytes and hashes of the reference. */
class RelayHashVectorsTest {

    private static final WireLimits LIMITS = WireLimits.RELAY;

    @Test
    void everyRelay() throws IOException {
        new VectorFile("relay-hash.json").runAll(RelayHashVectorsTest::check);
    }

    private static void check(JsonNode vector) {
        switch (vector.get("kind").asText()) {
            case "encode" -> encodes(vector);
            case "decode" -> decodes(vector);
            case "payload_hash" -> payloadHash(vector);
            case "claim" -> {
                Claim claim = (Claim) build(Claim.getDefaultInstance(), vector.get("fields"));
                assertEquals(vector.get("bytes").asText(), hex(claim.toByteArray()));
                assertEquals(vector.get("claim_hash").asText(), hex(RelayCodec.claimHash(claim)));
            }
            case "mined_relay" -> {
                Message mined = build(MinedRelayMessage.getDefaultInstance(), vector.get("fields"));
                assertEquals(vector.get("bytes").asText(), hex(mined.toByteArray()));
                assertEquals(mined, RelayCodec.decodeMined(hex(vector.get("bytes")), LIMITS));
            }
            case "http" -> http(vector);
            default -> throw new AssertionError("unknown kind " + vector.get("kind"));
        }
    }

    private static void encodes(JsonNode vector) {
        Message built =
                build(
                        MessageTypes.named("pocket.service." + vector.get("type").asText()),
                        vector.get("fields"));
        switch (built) {
            case RelayRequest request -> request(vector, ReceivedRequest.of(request));
            case RelayResponse response ->
                    response(
                            vector,
                            ReceivedResponse.of(
                                    response, !vector.get("fields").get("payload_hash").isNull()));
            case Relay relay -> relay(vector, RelayCodec.canonical(relay));
            default -> throw new AssertionError(built.getClass());
        }
    }

    private static void decodes(JsonNode vector) {
        byte[] input = hex(vector.get("input"));
        String type = vector.get("type").asText();
        switch (vector.get("required").asText()) {
            case "reject" -> assertThrows(WireException.class, () -> canonicalBytes(type, input));
            case "either" -> {
                // Nothing but a refusal may escape, and what is accepted has one encoding.
                try {
                    byte[] accepted = canonicalBytes(type, input);
                    assertEquals(hex(accepted), hex(canonicalBytes(type, accepted)));
                } catch (WireException refused) {
                    assertFalse(refused.getMessage().isBlank());
                }
            }
            default -> {
                switch (type) {
                    case "RelayRequest" -> request(vector, ReceivedRequest.decode(input, LIMITS));
                    case "RelayResponse" ->
                            response(vector, ReceivedResponse.decode(input, LIMITS));
                    default -> relay(vector, RelayCodec.decodeRelay(input, LIMITS));
                }
            }
        }
    }

    private static byte[] canonicalBytes(String type, byte[] input) {
        return switch (type) {
            case "RelayRequest" -> ReceivedRequest.decode(input, LIMITS).canonicalBytes();
            case "RelayResponse" -> ReceivedResponse.decode(input, LIMITS).message().toByteArray();
            default -> RelayCodec.decodeRelay(input, LIMITS).toByteArray();
        };
    }

    private static void request(JsonNode vector, ReceivedRequest request) {
        assertEquals(vector.get("bytes").asText(), hex(request.canonicalBytes()));
        assertEquals(vector.get("sha256").asText(), hex(Sha256.of(request.canonicalBytes())));
        assertEquals(
                vector.get("signable_bytes").asText(),
                hex(RelayCodec.signableBytes(request.message())));
        assertEquals(vector.get("signable_hash").asText(), hex(request.signableHash()));
        if (vector.get("validate_basic").asText().isEmpty()) {
            assertDoesNotThrow(() -> BasicRules.check(request.message()));
        } else {
            assertThrows(InvalidMessageException.class, () -> BasicRules.check(request.message()));
        }
    }

    private static void response(JsonNode vector, ReceivedResponse response) {
        byte[] bytes = response.message().toByteArray();
        assertEquals(vector.get("bytes").asText(), hex(bytes));
        assertEquals(vector.get("sha256").asText(), hex(Sha256.of(bytes)));
        assertEquals(vector.get("signable_bytes").asText(), hex(response.signableBytes()));
        assertEquals(vector.get("signable_hash").asText(), hex(response.signableHash()));
        if (vector.get("validate_basic").asText().isEmpty()) {
            assertDoesNotThrow(() -> BasicRules.check(response.message()));
        } else {
            assertThrows(InvalidMessageException.class, () -> BasicRules.check(response.message()));
        }
    }

    private static void relay(JsonNode vector, Relay relay) {
        assertEquals(vector.get("bytes").asText(), hex(relay.toByteArray()));
        assertEquals(
                vector.get("relay_hash").asText(), hex(RelayCodec.relayHash(relay.toByteArray())));
    }

    private static void payloadHash(JsonNode vector) {
        ByteString payload = ByteString.copyFrom(hex(vector.get("payload")));
        if (vector.get("ok").asBoolean()) {
            assertEquals(vector.get("payload_hash").asText(), hex(RelayCodec.payloadHash(payload)));
        } else {
            assertThrows(InvalidMessageException.class, () -> RelayCodec.payloadHash(payload));
        }
    }

    private static void http(JsonNode vector) {
        JsonNode fields = vector.get("fields");
        Map<String, List<String>> headers = new LinkedHashMap<>();
        fields.get("header")
                .properties()
                .forEach(
                        header -> {
                            List<String> values = new ArrayList<>();
                            header.getValue().forEach(value -> values.add(value.asText()));
                            headers.put(header.getKey(), values);
                        });
        ByteString body = ByteString.copyFrom(hex(fields.get("body_bz")));
        ByteString bytes;
        if (vector.get("type").asText().equals("POKTHTTPRequest")) {
            var request =
                    HttpMessageCodec.request(
                            fields.get("method").asText(),
                            fields.get("url").asText(),
                            headers,
                            body);
            bytes = HttpMessageCodec.encode(request);
            assertEquals(request, HttpMessageCodec.decodeRequest(bytes, WireLimits.HTTP));
        } else {
            var response =
                    HttpMessageCodec.response(fields.get("status_code").asInt(), headers, body);
            bytes = HttpMessageCodec.encode(response);
            assertEquals(response, HttpMessageCodec.decodeResponse(bytes, WireLimits.HTTP));
        }
        assertEquals(vector.get("bytes").asText(), hex(bytes.toByteArray()));
        assertEquals(vector.get("sha256").asText(), hex(Sha256.of(bytes.toByteArray())));
    }

    /** Builds a message from fields with hex bytes and null for what is absent. */
    private static Message build(Message type, JsonNode fields) {
        Message.Builder builder = type.newBuilderForType();
        fields.properties()
                .forEach(
                        entry -> {
                            FieldDescriptor field =
                                    type.getDescriptorForType().findFieldByName(entry.getKey());
                            assertTrue(field != null, entry::getKey);
                            if (!entry.getValue().isNull()) {
                                builder.setField(field, value(builder, field, entry.getValue()));
                            }
                        });
        return builder.build();
    }

    private static Object value(Message.Builder parent, FieldDescriptor field, JsonNode node) {
        return switch (field.getJavaType()) {
            case MESSAGE ->
                    build(parent.newBuilderForField(field).getDefaultInstanceForType(), node);
            case BYTE_STRING -> ByteString.copyFrom(hex(node));
            case LONG -> uint64(node);
            case INT -> node.intValue();
            case ENUM -> field.getEnumType().findValueByNumberCreatingIfUnknown(node.intValue());
            case STRING -> node.asText();
            default -> throw new AssertionError(field);
        };
    }
}
