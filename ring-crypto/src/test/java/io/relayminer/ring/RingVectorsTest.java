package io.relayminer.ring;

import static io.relayminer.ring.GoldenVectors.bytes;
import static io.relayminer.ring.GoldenVectors.hex;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import com.fasterxml.jackson.databind.JsonNode;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;

/**
 * Ring signatures: every vector is verified cold, by a verifier that remembers nothing, and warm,
 * by one that has seen the same keys before and builds tables at once.
 */
class RingVectorsTest {
    private static final GoldenVectors VECTORS = new GoldenVectors("ring");

    /**
     * A forged placeholder signature is mathematically valid; refusing it is a switch of its own.
     */
    private static final RingPolicy POLICY = RingPolicy.DEFAULT.withPlaceholderSignerRefused(false);

    private static final RingVerifier WARM = verifier(POLICY, 256L << 20);

    private static RingVerifier verifier(RingPolicy policy, long memory) {
        return RingVerifier.builder()
                .policy(policy)
                .tableMemory(memory)
                .tableExecutor(Runnable::run)
                .build();
    }

    @TestFactory
    Stream<DynamicTest> vectors() {
        return VECTORS.tests(RingVectorsTest::check);
    }

    @AfterAll
    static void allRan() throws IOException {
        VECTORS.conclude();
    }

    private static void check(JsonNode vector) {
        byte[] message = bytes(vector, "message");
        byte[] signature = bytes(vector, "signature");
        String required = vector.get("required").textValue();
        switch (required) {
            case "valid" -> accepted(POLICY, message, signature, vector);
            case "invalid" -> refused(message, signature);
            case "policy:single-member" -> {
                rejected(RingRejection.SINGLE_MEMBER, message, signature);
                accepted(POLICY.withSingleMemberAllowed(true), message, signature, vector);
            }
            case "policy:ring-bound" -> {
                rejected(RingRejection.TOO_MANY_MEMBERS, message, signature);
                accepted(POLICY.withMaxMembers(1000), message, signature, vector);
            }
            case "policy:scalar-range" -> {
                rejected(RingRejection.SCALAR_RANGE, message, signature);
                accepted(POLICY.withScalarsCanonical(false), message, signature, vector);
            }
            default -> fail("unknown requirement " + required);
        }
        if (vector.get("kind").textValue().equals("sign")) {
            sign(vector, message);
        }
        if (vector.has("right_aligned_verdict")) {
            assertEquals("false", vector.get("right_aligned_verdict").textValue());
        }
    }

    private static void accepted(
            RingPolicy policy, byte[] message, byte[] signature, JsonNode vector) {
        List<PublicKey> members = new ArrayList<>();
        if (vector.has("pubkeys")) {
            RingSignature decoded = RingSignature.decode(signature, 1000);
            assertEquals(vector.get("n").intValue(), decoded.size());
            assertEquals(vector.get("key_image").textValue(), hex(decoded.keyImage()));
            assertEquals(vector.get("c0").textValue(), hex(decoded.challenge()));
            assertArrayEquals(signature, decoded.encoded());
            for (int i = 0; i < decoded.size(); i++) {
                assertEquals(vector.get("pubkeys").get(i).textValue(), hex(decoded.memberKey(i)));
            }
        }
        for (int i = 0; i < RingSignature.count(signature); i++) {
            int offset = RingSignature.memberOffset(i) + RingSignature.KEY_OFFSET_IN_MEMBER;
            members.add(PublicKey.of(java.util.Arrays.copyOfRange(signature, offset, offset + 33)));
        }
        try (RingVerifier cold = verifier(policy, 0)) {
            assertEquals(RingVerdict.ACCEPTED, cold.verifyAnyRing(message, signature));
        }
        try (RingVerifier own = verifier(policy, 64L << 20)) {
            RingVerifier warm = policy.equals(POLICY) ? WARM : own;
            // Only rings without repetitions can be their own expected ring at every size.
            Ring ring = Ring.of(members);
            for (int i = 0; i < 3; i++) {
                assertEquals(RingVerdict.ACCEPTED, warm.verifyAnyRing(message, signature));
            }
            if (ring.distinctSize() == ring.size() || ring.size() == 2) {
                assertEquals(RingVerdict.ACCEPTED, warm.verify(message, signature, ring));
            }
        }
    }

    private static void refused(byte[] message, byte[] signature) {
        try (RingVerifier cold = verifier(POLICY, 0)) {
            assertInstanceOf(RingVerdict.Rejected.class, cold.verifyAnyRing(message, signature));
        }
        for (int i = 0; i < 3; i++) {
            assertInstanceOf(RingVerdict.Rejected.class, WARM.verifyAnyRing(message, signature));
        }
    }

    private static void rejected(RingRejection reason, byte[] message, byte[] signature) {
        assertEquals(RingVerdict.rejected(reason), WARM.verifyAnyRing(message, signature));
    }

    /** A signer that is given the vector's nonce and decoys produces the vector's bytes. */
    private static void sign(JsonNode vector, byte[] message) {
        List<PublicKey> members = new ArrayList<>();
        for (JsonNode key : vector.get("pubkeys")) {
            members.add(PublicKey.of(hex(key.textValue())));
        }
        int size = members.size();
        try (PrivateKey key = PrivateKey.of(bytes(vector, "private_key"))) {
            int signer = members.indexOf(key.publicKey());
            assertEquals(vector.get("signer_index").intValue(), signer);
            ByteArrayOutputStream draws = new ByteArrayOutputStream();
            draws.writeBytes(bytes(vector, "u"));
            for (int step = 1; step < size; step++) {
                draws.writeBytes(hex(vector.get("decoys").get((signer + step) % size).textValue()));
            }
            boolean zeroNonce = vector.get("u").textValue().equals("00".repeat(32));
            if (zeroNonce) {
                // Such a signature reveals the key: our signer draws again, so one more draw is
                // needed.
                draws.writeBytes(bytes(vector, "private_key"));
            }
            RingSigner ringSigner = new RingSigner(key, scripted(draws.toByteArray()));
            if (size < 2) {
                assertThrows(
                        RingSigningException.class,
                        () -> ringSigner.sign(message, Ring.of(members)));
                return;
            }
            RingSignature signature = ringSigner.sign(message, Ring.of(members));
            if (zeroNonce) {
                assertNotEquals(vector.get("signature").textValue(), hex(signature.encoded()));
                assertEquals(
                        RingVerdict.ACCEPTED, WARM.verify(message, signature, Ring.of(members)));
                return;
            }
            assertEquals(vector.get("signature").textValue(), hex(signature.encoded()));
            assertArrayEquals(bytes(vector, "key_image"), ringSigner.keyImage());
            assertTrue(signature.linkedTo(signature));
        }
    }

    private static RandomGenerator scripted(byte[] draws) {
        return new RandomGenerator() {
            private int position;

            @Override
            public void nextBytes(byte[] bytes) {
                System.arraycopy(draws, position, bytes, 0, bytes.length);
                position += bytes.length;
            }

            @Override
            public long nextLong() {
                throw new UnsupportedOperationException("a signer draws bytes");
            }
        };
    }
}
