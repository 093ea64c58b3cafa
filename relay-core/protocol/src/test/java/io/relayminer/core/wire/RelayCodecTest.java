package io.relayminer.core.wire;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;

import io.relayminer.core.wire.proof.Claim;
import io.relayminer.core.wire.proof.MsgCreateClaim;
import io.relayminer.core.wire.proof.MsgSubmitProof;
import io.relayminer.core.wire.service.RelayRequest;
import io.relayminer.core.wire.service.RelayResponse;
import io.relayminer.core.wire.session.SessionHeader;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;

class RelayCodecTest {

    private static final SessionHeader HEADER =
            SessionHeader.newBuilder()
                    .setApplicationAddress("pokt1mrqt5f7qh8uxs27cjm9t7v9e74a9vvdnq5jva4")
                    .setServiceId("svc1")
                    .setSessionId("01")
                    .setSessionStartBlockHeight(21)
                    .setSessionEndBlockHeight(30)
                    .build();
    private static final String SUPPLIER = "pokt19a3t4yunp0dlpfjrp7qwnzwlrzd5fzs2gjaaaj";

    private static RelayRequest request(String payload) {
        RelayRequest.Builder request =
                RelayRequest.newBuilder().setPayload(ByteString.copyFromUtf8(payload));
        request.getMetaBuilder()
                .setSessionHeader(HEADER)
                .setSupplierOperatorAddress(SUPPLIER)
                .setSignature(ByteString.copyFromUtf8("signature"));
        return request.build();
    }

    private static RelayResponse response() {
        RelayResponse.Builder response =
                RelayResponse.newBuilder()
                        .setPayload(ByteString.copyFromUtf8("pong"))
                        .setPayloadHash(ByteString.copyFrom(new byte[32]));
        response.getMetaBuilder()
                .setSessionHeader(HEADER)
                .setSupplierOperatorSignature(ByteString.copyFromUtf8("signature"));
        return response.build();
    }

    @Test
    void theSignableHashIsThatOfTheSignableBytesHoweverTheyAreMade() {
        for (int length : new int[] {0, 1, 127, 128, 16_383, 16_384, 3_000_000}) {
            RelayRequest request = request("x".repeat(length));
            assertArrayEquals(
                    Sha256.of(RelayCodec.signableBytes(request)), RelayCodec.signableHash(request));
        }
        RelayRequest empty = RelayRequest.getDefaultInstance();
        assertArrayEquals(
                Sha256.of(RelayCodec.signableBytes(empty)), RelayCodec.signableHash(empty));
    }

    @Test
    void aLeafMadeOfCanonicalBytesIsTheLeafMadeOfMessages() {
        ReceivedRequest received =
                ReceivedRequest.decode(request("ping").toByteArray(), WireLimits.RELAY);
        byte[] leaf = received.leaf(response());
        assertArrayEquals(RelayCodec.leaf(request("ping"), response()), leaf);
        var relay = RelayCodec.decodeRelay(leaf, WireLimits.RELAY);
        assertEquals(request("ping"), relay.getReq());
        assertTrue(relay.getRes().getPayload().isEmpty());
        assertEquals(response().getPayloadHash(), relay.getRes().getPayloadHash());
        assertEquals(SUPPLIER, received.supplier());
        assertEquals(HEADER, received.header());
        assertEquals("ping", received.payload().toStringUtf8());
    }

    @Test
    void theClaimHashDependsOnTheStatus() {
        Claim claim = Claim.newBuilder().setSupplierOperatorAddress(SUPPLIER).build();
        assertFalse(
                java.util.Arrays.equals(
                        RelayCodec.claimHash(claim),
                        RelayCodec.claimHash(
                                claim.toBuilder().setProofValidationStatusValue(1).build())));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "Z", "0", "svc-1_X", "develop-http"})
    void serviceIds(String id) {
        assertTrue(BasicRules.isServiceId(id));
    }

    @Test
    void whatIsNoServiceId() {
        assertTrue(BasicRules.isServiceId("a".repeat(42)));
        for (String id : List.of("", "a b", "a.b", "é", "a".repeat(43), "a\n")) {
            assertFalse(BasicRules.isServiceId(id), id);
        }
    }

    private static ByteString root(long sum, long count) {
        return ByteString.copyFrom(ByteBuffer.allocate(48).putLong(32, sum).putLong(40, count));
    }

    @Test
    void claimsAndProofsAreCheckedAsTheChainDoes() {
        MsgCreateClaim claim =
                MsgCreateClaim.newBuilder()
                        .setSupplierOperatorAddress(SUPPLIER)
                        .setSessionHeader(HEADER)
                        .setRootHash(root(5000, 5))
                        .build();
        assertDoesNotThrow(() -> BasicRules.check(claim));
        // Both counters are unsigned.
        assertDoesNotThrow(
                () -> BasicRules.check(claim.toBuilder().setRootHash(root(-1, -1)).build()));
        for (MsgCreateClaim bad :
                List.of(
                        claim.toBuilder().setSupplierOperatorAddress("pokt1xyz").build(),
                        claim.toBuilder().clearSessionHeader().build(),
                        claim.toBuilder()
                                .setSessionHeader(SessionHeader.getDefaultInstance())
                                .build(),
                        claim.toBuilder().clearRootHash().build(),
                        claim.toBuilder().setRootHash(root(5, 5).substring(1)).build(),
                        claim.toBuilder()
                                .setRootHash(root(5, 5).concat(ByteString.copyFrom(new byte[1])))
                                .build(),
                        claim.toBuilder().setRootHash(root(0, 5)).build(),
                        claim.toBuilder().setRootHash(root(5, 0)).build())) {
            assertThrows(InvalidMessageException.class, () -> BasicRules.check(bad));
        }
        MsgSubmitProof proof =
                MsgSubmitProof.newBuilder()
                        .setSupplierOperatorAddress(SUPPLIER)
                        .setSessionHeader(HEADER)
                        .setProof(ByteString.copyFromUtf8("proof"))
                        .build();
        assertDoesNotThrow(() -> BasicRules.check(proof));
        for (MsgSubmitProof bad :
                List.of(
                        proof.toBuilder().clearSupplierOperatorAddress().build(),
                        proof.toBuilder().clearSessionHeader().build(),
                        proof.toBuilder().clearProof().build())) {
            assertThrows(InvalidMessageException.class, () -> BasicRules.check(bad));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "content-type, Content-Type",
        "CONTENT-TYPE, Content-Type",
        "te, Te",
        "x-b3-traceid, X-B3-Traceid",
        "Grpc-Status, Grpc-Status",
        "etag, Etag",
        "a--b, A--B",
        "-x, -X",
        "'', ''",
        "bad name, bad name",
        "bäd, bäd",
        "x:y, x:y"
    })
    void headerNamesHaveOneForm(String name, String canonical) {
        assertEquals(canonical, HttpMessageCodec.canonicalName(name));
    }

    @Test
    void httpMessagesWithStringsThatAreNotUtf8AreRefused() {
        ByteString bad = ByteString.copyFrom(new byte[] {0x0A, 1, (byte) 0xFF});
        assertThrows(
                MalformedMessageException.class,
                () -> HttpMessageCodec.decodeRequest(bad, WireLimits.HTTP));
        assertEquals(
                "", HttpMessageCodec.decodeRequest(ByteString.EMPTY, WireLimits.HTTP).getMethod());
        var response =
                HttpMessageCodec.response(
                        200, Map.of("B", List.of("1"), "A", List.of("2")), ByteString.EMPTY);
        String text = HttpMessageCodec.encode(response).toStringUtf8();
        assertTrue(text.indexOf('A') < text.indexOf('B'), "headers are written in order");
    }

    @Test
    void typedValuesAreNamedWithASlash() {
        Any packed = TypeUrls.pack(Claim.getDefaultInstance());
        assertEquals("/pocket.proof.Claim", packed.getTypeUrl());
        assertEquals(
                Claim.getDefaultInstance(),
                TypeUrls.unpack(packed, Claim.getDefaultInstance(), WireLimits.RELAY));
        assertThrows(
                MalformedMessageException.class,
                () ->
                        TypeUrls.unpack(
                                packed, MsgCreateClaim.getDefaultInstance(), WireLimits.RELAY));
    }

    @Test
    void messagesOfFailuresSayNothingOfTheContent() {
        byte[] bytes = "0a05secret".getBytes(java.nio.charset.StandardCharsets.UTF_8);
        WireException e =
                assertThrows(
                        WireException.class,
                        () -> RelayCodec.decodeRequest(bytes, WireLimits.RELAY));
        assertFalse(e.getMessage().contains("secret"));
    }
}
