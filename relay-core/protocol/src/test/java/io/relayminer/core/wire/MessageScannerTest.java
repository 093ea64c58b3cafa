package io.relayminer.core.wire;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.UnsafeByteOperations;

import io.relayminer.core.wire.cosmos.tx.ModeInfo;
import io.relayminer.core.wire.cosmos.tx.TxBody;
import io.relayminer.core.wire.sdk.Header;
import io.relayminer.core.wire.sdk.POKTHTTPRequest;
import io.relayminer.core.wire.service.RelayRequest;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayOutputStream;
import java.util.HexFormat;
import java.util.Random;

class MessageScannerTest {

    private static final Descriptor REQUEST = RelayRequest.getDescriptor();

    private static void scan(String hex) {
        MessageScanner.check(HexFormat.of().parseHex(hex), REQUEST, WireLimits.RELAY);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "0a00",
                "120470696e67",
                "0a0212001200",
                // Unknown fields of every wire type, a group inside a group.
                "7801",
                "790102030405060708",
                "7d01020304",
                "7a0141",
                "7b7c",
                "7b0801838001848001120141f8ffffff0f017c",
                // Long forms of a tag, a length and a value.
                "8a0000",
                "0a808000",
                "788180808080808080807f"
            })
    void whatANodeReadsIsRead(String hex) {
        assertDoesNotThrow(() -> scan(hex));
        assertDoesNotThrow(
                () -> RelayCodec.decodeRequest(HexFormat.of().parseHex(hex), WireLimits.RELAY));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0a",
                "0a01",
                "0a0180",
                "12ff",
                "0000",
                "0200",
                "0c",
                "7b",
                "7b080",
                "7b84017c",
                "0e00",
                "0f00",
                // A known field with a wire type it does not have.
                "0801",
                "0d01020304",
                "1001",
                "0a021a",
                "0a0218010a",
                // A length with bits above the 31st, an integer of eleven bytes.
                "12808080801000",
                "12ffffffffffffffffff01",
                "788080808080808080808001",
                // A field number beyond the largest.
                "8080808010",
                "80808080808001"
            })
    void whatANodeRefusesIsRefused(String hex) {
        String even = hex.length() % 2 == 0 ? hex : hex + "0";
        assertThrows(WireException.class, () -> scan(even));
    }

    @Test
    void sizeIsBounded() {
        WireLimits limits = WireLimits.RELAY.withMaxBytes(10);
        byte[] ten = HexFormat.of().parseHex("12080000000000000000");
        assertDoesNotThrow(() -> MessageScanner.check(ten, REQUEST, limits));
        assertThrows(
                MessageLimitException.class,
                () -> MessageScanner.check(new byte[11], REQUEST, limits));
    }

    @Test
    void depthIsBoundedForMessagesAndGroups() {
        ModeInfo nested = ModeInfo.getDefaultInstance();
        for (int i = 0; i < 7; i++) {
            nested =
                    ModeInfo.newBuilder()
                            .setMulti(ModeInfo.Multi.newBuilder().addModeInfos(nested))
                            .build();
        }
        byte[] bytes = nested.toByteArray();
        WireLimits enough = new WireLimits(1000, 15, 1000);
        assertDoesNotThrow(() -> MessageScanner.check(bytes, ModeInfo.getDescriptor(), enough));
        WireLimits less = new WireLimits(1000, 14, 1000);
        assertThrows(
                MessageLimitException.class,
                () -> MessageScanner.check(bytes, ModeInfo.getDescriptor(), less));

        String groups = "7b".repeat(100_000);
        assertThrows(MessageLimitException.class, () -> scan(groups));
        String closed = "7b".repeat(15) + "7c".repeat(15);
        assertDoesNotThrow(() -> scan(closed));
        String deeper = "7b".repeat(16) + "7c".repeat(16);
        assertThrows(MessageLimitException.class, () -> scan(deeper));
    }

    @Test
    void theNumberOfFieldsIsBoundedWhereverTheyAre() {
        WireLimits limits = new WireLimits(1 << 20, 16, 100);
        assertDoesNotThrow(() -> check("1200".repeat(100), limits));
        assertThrows(MessageLimitException.class, () -> check("1200".repeat(101), limits));
        assertThrows(MessageLimitException.class, () -> check("7a00".repeat(101), limits));
        String inGroup = "7b" + "0801".repeat(100) + "7c";
        assertThrows(MessageLimitException.class, () -> check(inGroup, limits));
        POKTHTTPRequest.Builder headers = POKTHTTPRequest.newBuilder();
        for (int i = 0; i < 60; i++) {
            headers.putHeader("h" + i, Header.getDefaultInstance());
        }
        assertThrows(
                MessageLimitException.class,
                () -> HttpMessageCodec.decodeRequest(headers.build().toByteString(), limits));
    }

    private static void check(String hex, WireLimits limits) {
        MessageScanner.check(HexFormat.of().parseHex(hex), REQUEST, limits);
    }

    @Test
    void limitsMustMakeSense() {
        assertThrows(IllegalArgumentException.class, () -> new WireLimits(-1, 1, 1));
        assertThrows(IllegalArgumentException.class, () -> new WireLimits(1, 0, 1));
        assertThrows(IllegalArgumentException.class, () -> new WireLimits(1, 1, -1));
    }

    @Test
    void aTypeWithHighFieldNumbersIsKnown() {
        byte[] bytes =
                TxBody.newBuilder()
                        .addNonCriticalExtensionOptions(
                                com.google.protobuf.Any.getDefaultInstance())
                        .build()
                        .toByteArray();
        assertDoesNotThrow(
                () -> MessageScanner.check(bytes, TxBody.getDescriptor(), WireLimits.RELAY));
        byte[] wrongType = HexFormat.of().parseHex("f87f01");
        assertThrows(
                MalformedMessageException.class,
                () -> MessageScanner.check(wrongType, TxBody.getDescriptor(), WireLimits.RELAY));
    }

    @Test
    void bytesThatTheScannerTakesNeverBreakTheParser() {
        Random random = new Random(1);
        for (int i = 0; i < 20_000; i++) {
            byte[] bytes = new byte[random.nextInt(40)];
            random.nextBytes(bytes);
            if (bytes.length > 2 && random.nextBoolean()) {
                bytes[0] = 0x0A;
                bytes[1] = (byte) (bytes.length - 2);
            }
            try {
                byte[] canonical = RelayCodec.decodeRequest(bytes, WireLimits.RELAY).toByteArray();
                assertEquals(
                        ByteString.copyFrom(canonical),
                        RelayCodec.decodeRequest(canonical, WireLimits.RELAY).toByteString());
            } catch (WireException refused) {
                // The ordinary way for noise to end.
            }
        }
    }

    @Test
    void decodingKeepsSlicesInsteadOfCopies() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes(new byte[] {0x12, (byte) 0x80, 0x08});
        bytes.writeBytes(new byte[1024]);
        byte[] input = bytes.toByteArray();
        RelayRequest request = RelayCodec.decodeRequest(input, WireLimits.RELAY);
        input[10] = 7;
        assertEquals(7, request.getPayload().byteAt(7));
        assertEquals(
                UnsafeByteOperations.unsafeWrap(input).size() - 3, request.getPayload().size());
    }
}
