package io.relayminer.ring;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/**
 * Hostile bytes for everything that decodes: only defined refusals escape, and what is accepted is
 * consistent.
 */
class RingFuzzTest {
    private static final RingVerifier COLD =
            RingVerifier.builder()
                    .policy(new RingPolicy(8, true, false, false))
                    .tableMemory(0)
                    .tableExecutor(Runnable::run)
                    .build();
    private static final RingVerifier WARM =
            RingVerifier.builder()
                    .policy(new RingPolicy(8, true, false, false))
                    .tableMemory(1 << 20)
                    .tableExecutor(Runnable::run)
                    .build();
    private static final Ring EXPECTED =
            Ring.of(
                    List.of(
                            PublicKey.of(
                                    HexFormat.of()
                                            .parseHex(
                                                    "0397896e9b106df70124a856861cc9be52fac9980e2c7a118a36c19d0198692cc5")),
                            PublicKey.of(
                                    HexFormat.of()
                                            .parseHex(
                                                    "02bbbf99abdcddac27350bca272d7146187c091aacfc1c6f90819c9b6daf4fe846"))));

    @FuzzTest(maxDuration = "5m")
    void decodeSignature(byte[] data) {
        try {
            RingSignature signature = RingSignature.decode(data, 64);
            assertArrayEquals(data, signature.encoded());
            assertEquals(
                    RingSignature.HEADER_LENGTH + RingSignature.MEMBER_LENGTH * signature.size(),
                    data.length);
        } catch (MalformedSignatureException e) {
            // A defined refusal.
        }
    }

    /** The first 32 bytes are the message; warm, cold, with and without an expected ring. */
    @FuzzTest(maxDuration = "5m")
    void verifySignature(byte[] data) {
        if (data.length < 32) {
            return;
        }
        byte[] message = Arrays.copyOf(data, 32);
        byte[] signature = Arrays.copyOfRange(data, 32, data.length);
        RingVerdict cold = COLD.verifyAnyRing(message, signature);
        for (int i = 0; i < 3; i++) {
            assertEquals(cold, WARM.verifyAnyRing(message, signature));
        }
        if (WARM.verify(message, signature, EXPECTED).accepted()) {
            assertEquals(RingVerdict.ACCEPTED, cold);
        }
    }

    @FuzzTest(maxDuration = "5m")
    void decodePublicKey(byte[] data) {
        try {
            PublicKey key = PublicKey.ofSec1(data);
            assertEquals(key, PublicKey.of(key.encoded()));
            assertEquals(key.address(), Address.parse(key.address().toString()));
        } catch (MalformedKeyException e) {
            // A defined refusal.
        }
    }

    @FuzzTest(maxDuration = "5m")
    void verifyEcdsa(byte[] data) {
        EXPECTED.members().getFirst().verify(new byte[32], data);
    }

    @FuzzTest(maxDuration = "5m")
    void decodeAddress(byte[] data) {
        String text = new String(data, StandardCharsets.UTF_8);
        try {
            byte[] payload = Bech32.decode(Address.PREFIX, text);
            assertEquals(
                    text.toLowerCase(java.util.Locale.ROOT),
                    Bech32.encode(Address.PREFIX, payload));
        } catch (MalformedAddressException e) {
            // A defined refusal.
        }
    }

    @FuzzTest(maxDuration = "5m")
    void encodeAddress(FuzzedDataProvider data) {
        byte[] payload = data.consumeBytes(Bech32.MAX_PAYLOAD_LENGTH);
        if (payload.length > 0) {
            assertArrayEquals(
                    payload, Bech32.decode(Address.PREFIX, Bech32.encode(Address.PREFIX, payload)));
        }
    }
}
