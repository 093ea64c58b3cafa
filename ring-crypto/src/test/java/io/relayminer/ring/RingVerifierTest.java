package io.relayminer.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.math.BigInteger;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Membership, policy, bounds and verdicts of a verifier that expects a ring. */
class RingVerifierTest {
    private static final byte[] MESSAGE =
            "pocket-relay-signable-hash-32byt".getBytes(java.nio.charset.StandardCharsets.US_ASCII);

    private final SecureRandom random = new SecureRandom();
    private final List<PrivateKey> keys = new ArrayList<>();
    private final RingVerifier verifier =
            RingVerifier.builder().tableExecutor(Runnable::run).build();

    RingVerifierTest() {
        for (int i = 1; i <= 4; i++) {
            byte[] bytes = new byte[32];
            Arrays.fill(bytes, (byte) i);
            keys.add(PrivateKey.of(bytes));
        }
    }

    private PublicKey key(int i) {
        return keys.get(i).publicKey();
    }

    private Ring ring(int... members) {
        return Ring.of(Arrays.stream(members).mapToObj(this::key).toList());
    }

    private byte[] sign(int signer, Ring ring) {
        try (RingSigner ringSigner = new RingSigner(keys.get(signer), random)) {
            return ringSigner.sign(MESSAGE, ring).encoded();
        }
    }

    private void assertRejected(RingRejection reason, byte[] signature, Ring expected) {
        assertEquals(RingVerdict.rejected(reason), verifier.verify(MESSAGE, signature, expected));
    }

    private void assertAccepted(byte[] signature, Ring expected) {
        assertEquals(RingVerdict.ACCEPTED, verifier.verify(MESSAGE, signature, expected));
    }

    @Test
    void orderRepetitionAndSubsetsOfTheExpectedRingAreAccepted() {
        Ring expected = ring(0, 1, 2);
        assertAccepted(sign(0, ring(0, 1, 2)), expected);
        assertAccepted(sign(2, ring(2, 0, 1)), expected);
        assertAccepted(sign(1, ring(1, 0)), expected);
        assertAccepted(sign(0, ring(0, 0)), expected);
        assertAccepted(sign(1, ring(1, 0, 1)), expected);
        assertAccepted(sign(0, ring(0, 0)), Ring.expected(key(0), List.of()));
    }

    @Test
    void anApplicationWithoutGatewaysMaySignWithThePlaceholderAsCompany() {
        Ring expected = Ring.expected(key(0), List.of());
        assertEquals(List.of(key(0), Ring.PLACEHOLDER), expected.members());
        assertEquals(List.of(key(0), key(0)), Ring.signing(key(0), List.of()).members());
        assertAccepted(sign(0, Ring.signing(key(0), List.of())), expected);
        assertAccepted(sign(0, expected), expected);
        assertAccepted(sign(0, Ring.of(List.of(Ring.PLACEHOLDER, key(0)))), expected);
        assertEquals(List.of(key(0), key(1)), Ring.expected(key(0), List.of(key(1))).members());
    }

    @Test
    void thePlaceholderIsNotAnAcceptableSigner() throws Exception {
        byte[] secret =
                MessageDigest.getInstance("SHA-256")
                        .digest(
                                "placeholder_ring_key_for_apps_without_gateways"
                                        .getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        BigInteger order =
                new BigInteger(
                        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", 16);
        byte[] scalar =
                new BigInteger(1, secret)
                        .mod(order.subtract(BigInteger.ONE))
                        .add(BigInteger.ONE)
                        .toByteArray();
        Ring expected = Ring.expected(key(0), List.of());
        try (PrivateKey placeholder = PrivateKey.of(scalar);
                RingSigner signer = new RingSigner(placeholder, random);
                RingVerifier lenient =
                        RingVerifier.builder()
                                .policy(RingPolicy.DEFAULT.withPlaceholderSignerRefused(false))
                                .build()) {
            assertEquals(Ring.PLACEHOLDER, placeholder.publicKey());
            byte[] forged = signer.sign(MESSAGE, expected).encoded();
            assertRejected(RingRejection.PLACEHOLDER_SIGNER, forged, expected);
            assertEquals(RingVerdict.ACCEPTED, lenient.verify(MESSAGE, forged, expected));
        }
    }

    @Test
    void foreignKeysAreRefusedBeforeAnyCurveWork() {
        byte[] signature = sign(0, ring(0, 3));
        assertRejected(RingRejection.NOT_A_MEMBER, signature, ring(0, 1));
        // Bytes that are no point at all are just not a member.
        Arrays.fill(signature, signature.length - 33, signature.length, (byte) 0xff);
        assertRejected(RingRejection.NOT_A_MEMBER, signature, ring(0, 3));
        assertEquals(
                RingVerdict.rejected(RingRejection.MEMBER_KEY),
                verifier.verifyAnyRing(MESSAGE, signature));
    }

    @Test
    void theRingIsNoLargerThanTheExpectedSetAndThePolicyAllow() {
        assertRejected(RingRejection.TOO_MANY_MEMBERS, sign(0, ring(0, 1, 0)), ring(0, 1));
        assertAccepted(sign(0, ring(0, 0)), ring(0));
        byte[] three = sign(0, ring(0, 1, 2));
        try (RingVerifier strict =
                RingVerifier.builder().policy(RingPolicy.DEFAULT.withMaxMembers(2)).build()) {
            assertEquals(
                    RingVerdict.rejected(RingRejection.TOO_MANY_MEMBERS),
                    strict.verify(MESSAGE, three, ring(0, 1, 2)));
        }
        assertThrows(IllegalArgumentException.class, () -> RingPolicy.DEFAULT.withMaxMembers(0));
    }

    @Test
    void claimedCountsAreCheckedAgainstTheLength() {
        byte[] signature = sign(0, ring(0, 1));
        for (int length : new int[] {0, 1, 3, 4, 68, 69, 134, 198, 200}) {
            assertFalse(
                    verifier.verify(MESSAGE, Arrays.copyOf(signature, length), ring(0, 1))
                            .accepted());
        }
        for (int count : new int[] {0, 1, 3, 6, 7, 200, Integer.MIN_VALUE, -1}) {
            byte[] changed = signature.clone();
            changed[0] = (byte) (count >>> 24);
            changed[1] = (byte) (count >>> 16);
            changed[2] = (byte) (count >>> 8);
            changed[3] = (byte) count;
            assertFalse(verifier.verify(MESSAGE, changed, ring(0, 1)).accepted());
            assertFalse(verifier.verifyAnyRing(MESSAGE, changed).accepted());
            assertThrows(
                    MalformedSignatureException.class, () -> RingSignature.decode(changed, 64));
        }
        assertRejected(RingRejection.NO_MEMBERS, new byte[69], ring(0, 1));
        assertRejected(RingRejection.LENGTH, new byte[68], ring(0, 1));
    }

    @Test
    void everyDamagedBitIsNoticed() {
        Ring expected = ring(0, 1);
        byte[] signature = sign(1, expected);
        for (int bit = 0; bit < signature.length * 8; bit++) {
            byte[] damaged = signature.clone();
            damaged[bit / 8] ^= (byte) (1 << bit % 8);
            assertFalse(verifier.verify(MESSAGE, damaged, expected).accepted());
        }
        byte[] other = MESSAGE.clone();
        other[31] ^= 1;
        assertEquals(
                RingVerdict.rejected(RingRejection.CHALLENGE),
                verifier.verify(other, signature, expected));
        assertAccepted(signature, expected);
    }

    @Test
    void badImagesAreNamed() {
        Ring expected = ring(0, 1);
        for (int prefix : new int[] {0, 4, 5, 6, 7, 0x82}) {
            byte[] signature = sign(1, expected);
            signature[36] = (byte) prefix;
            assertRejected(RingRejection.KEY_IMAGE, signature, expected);
        }
        byte[] beyond = sign(1, expected);
        Arrays.fill(beyond, 37, 69, (byte) 0xff);
        assertRejected(RingRejection.KEY_IMAGE, beyond, expected);
        byte[] infinity = sign(1, expected);
        infinity[36] = 2;
        Arrays.fill(infinity, 37, 69, (byte) 0);
        assertRejected(RingRejection.KEY_IMAGE, infinity, expected);
        byte[] negated = sign(1, expected);
        negated[36] ^= 1;
        assertRejected(RingRejection.CHALLENGE, negated, expected);
    }

    @Test
    void aSignerThatRightAlignsShortChallengesIsTold() {
        // Search for a right-aligned signature in which alignment matters, as one in 128 is.
        Ring ring = ring(0, 1);
        ForeignSigner foreign = new ForeignSigner(keys.get(0));
        boolean found = false;
        for (int i = 0; i < 10_000 && !found; i++) {
            byte[] signature = foreign.sign(MESSAGE, key(1), random);
            RingVerdict verdict = verifier.verify(MESSAGE, signature, ring);
            if (!verdict.accepted()) {
                assertEquals(
                        RingVerdict.rejected(RingRejection.FOREIGN_CHALLENGE_ENCODING), verdict);
                // Damaged, it is just wrong.
                signature[68] ^= 1;
                assertNotEquals(
                        RingVerdict.rejected(RingRejection.FOREIGN_CHALLENGE_ENCODING),
                        verifier.verify(MESSAGE, signature, ring));
                found = true;
            }
        }
        assertTrue(found);
    }

    @Test
    void theMessageIsAHash() {
        byte[] signature = sign(0, ring(0, 1));
        assertThrows(
                IllegalArgumentException.class,
                () -> verifier.verify(new byte[31], signature, ring(0, 1)));
    }

    @Test
    void decodedSignaturesVerifyAndLink() {
        Ring expected = ring(0, 1, 2);
        RingSignature a = RingSignature.decode(sign(0, expected), 64);
        RingSignature b = RingSignature.decode(sign(0, ring(3, 0)), 64);
        RingSignature c = RingSignature.decode(sign(1, expected), 64);
        assertEquals(RingVerdict.ACCEPTED, verifier.verify(MESSAGE, a, expected));
        assertTrue(a.linkedTo(b));
        assertFalse(a.linkedTo(c));
        assertNotEquals(a, b);
        assertEquals(a, RingSignature.decode(a.encoded(), 3));
        assertThrows(MalformedSignatureException.class, () -> RingSignature.decode(a.encoded(), 2));
        assertThrows(IndexOutOfBoundsException.class, () -> a.memberKey(3));
        assertThrows(IndexOutOfBoundsException.class, () -> a.response(-1));
        assertEquals(key(2), PublicKey.of(a.memberKey(2)));
    }

    @Test
    void scalarsBeyondTheOrderAreMalformed() {
        byte[] signature = sign(0, ring(0, 1));
        Arrays.fill(signature, 69, 101, (byte) 0xff);
        assertRejected(RingRejection.SCALAR_RANGE, signature, ring(0, 1));
        MalformedSignatureException e =
                assertThrows(
                        MalformedSignatureException.class,
                        () -> RingSignature.decode(signature, 64));
        assertEquals(RingRejection.SCALAR_RANGE, e.reason());
    }

    @Test
    void signersRefuseRingsTheyCannotSignFor() {
        RingSigner signer = new RingSigner(keys.get(0), random);
        assertReason(RingSigningException.Reason.SIGNER_NOT_IN_RING, signer, ring(1, 2));
        assertReason(RingSigningException.Reason.RING_TOO_SMALL, signer, ring(0));
        assertThrows(IllegalArgumentException.class, () -> signer.sign(new byte[33], ring(0, 1)));
        signer.close();
        assertReason(RingSigningException.Reason.CLOSED, signer, ring(0, 1));
    }

    private static void assertReason(
            RingSigningException.Reason reason, RingSigner signer, Ring ring) {
        assertEquals(
                reason,
                assertThrows(RingSigningException.class, () -> signer.sign(MESSAGE, ring))
                        .reason());
    }

    @Test
    void signingSurvivesTheClosingOfTheKeyItCameFrom() {
        byte[] bytes = new byte[32];
        bytes[31] = 9;
        PrivateKey key = PrivateKey.of(bytes);
        try (RingSigner signer = new RingSigner(key, random)) {
            key.close();
            Ring ring = Ring.of(List.of(key.publicKey(), key(0)));
            assertAccepted(signer.sign(MESSAGE, ring).encoded(), ring);
            assertFalse(signer.toString().contains("0000000009"));
        }
    }
}
