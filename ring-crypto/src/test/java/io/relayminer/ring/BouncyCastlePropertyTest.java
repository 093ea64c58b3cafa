package io.relayminer.ring;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.relayminer.ring.secp256k1.AffinePoint;
import io.relayminer.ring.secp256k1.CombTable;
import io.relayminer.ring.secp256k1.GeneratorTables;
import io.relayminer.ring.secp256k1.MultiMultiplication;
import io.relayminer.ring.secp256k1.OddMultiples;
import io.relayminer.ring.secp256k1.OddMultiplesBuilder;
import io.relayminer.ring.secp256k1.RecodedScalar;
import io.relayminer.ring.secp256k1.Scalar;
import io.relayminer.ring.secp256k1.SecretMultiplication;

import org.bouncycastle.asn1.x9.X9ECParameters;
import org.bouncycastle.crypto.digests.SHA256Digest;
import org.bouncycastle.crypto.ec.CustomNamedCurves;
import org.bouncycastle.crypto.params.ECDomainParameters;
import org.bouncycastle.crypto.params.ECPrivateKeyParameters;
import org.bouncycastle.crypto.params.ECPublicKeyParameters;
import org.bouncycastle.crypto.signers.ECDSASigner;
import org.bouncycastle.crypto.signers.HMacDSAKCalculator;
import org.bouncycastle.math.ec.ECPoint;
import org.junit.jupiter.api.Test;

import java.math.BigInteger;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Everything that has a result, against an implementation that shares no line of code with ours:
 * Bouncy Castle's points, scalars and digests, and the ring equations written down as they are
 * defined. 2,000 cases in every build, more with {@code -Dring.cases=100000}.
 */
class BouncyCastlePropertyTest {
    private static final int CASES = Integer.getInteger("ring.cases", 2000);
    private static final X9ECParameters CURVE = CustomNamedCurves.getByName("secp256k1");
    private static final BigInteger N = CURVE.getN();
    private static final BigInteger P = CURVE.getCurve().getField().getCharacteristic();

    private final SplittableRandom random = new SplittableRandom(256);

    private BigInteger scalar() {
        byte[] bytes = new byte[32];
        random.nextBytes(bytes);
        BigInteger value = new BigInteger(1, bytes);
        return switch (random.nextInt(12)) {
            case 0 -> BigInteger.valueOf(random.nextInt(3));
            case 1 -> N.subtract(BigInteger.valueOf(random.nextInt(3))).mod(N);
            case 2 -> BigInteger.ONE.shiftLeft(random.nextInt(256)).mod(N);
            case 3 -> value.shiftRight(random.nextInt(256));
            default -> value.mod(N);
        };
    }

    private BigInteger nonZeroScalar() {
        BigInteger value = scalar();
        return value.signum() == 0 ? BigInteger.TWO : value;
    }

    private static byte[] bytes(BigInteger value) {
        byte[] out = new byte[32];
        byte[] in = value.toByteArray();
        int length = Math.min(32, in.length);
        System.arraycopy(in, in.length - length, out, 32 - length, length);
        return out;
    }

    private static byte[] encode(ECPoint point) {
        return point.isInfinity() ? Arrays.copyOf(new byte[] {2}, 33) : point.getEncoded(true);
    }

    private static byte[] encode(AffinePoint point) {
        byte[] out = new byte[33];
        point.encode(out, 0);
        return out;
    }

    private static ECPoint generator(BigInteger k) {
        return CURVE.getG().multiply(k).normalize();
    }

    private static AffinePoint point(ECPoint point) {
        AffinePoint out = new AffinePoint();
        assertEquals(AffinePoint.Decoding.OK, out.decode(point.getEncoded(true), 0));
        return out;
    }

    private static RecodedScalar recoded(BigInteger value) {
        RecodedScalar out = new RecodedScalar();
        out.set(ours(value));
        return out;
    }

    private static Scalar ours(BigInteger value) {
        Scalar scalar = new Scalar();
        assertTrue(scalar.setBytes(bytes(value), 0));
        return scalar;
    }

    /**
     * L = s·G + c·P and R = s·H + c·I with related and unrelated points, and every mixture of
     * tables.
     */
    @Test
    void commitments() {
        MultiMultiplication multiplication = new MultiMultiplication();
        OddMultiplesBuilder builder = new OddMultiplesBuilder();
        OddMultiples pm = new OddMultiples();
        OddMultiples hm = new OddMultiples();
        OddMultiples im = new OddMultiples();
        AffinePoint left = new AffinePoint();
        AffinePoint right = new AffinePoint();
        for (int i = 0; i < CASES; i++) {
            BigInteger s = scalar();
            BigInteger c = scalar();
            ECPoint p = generator(nonZeroScalar());
            ECPoint h = random.nextInt(8) == 0 ? p : generator(nonZeroScalar());
            ECPoint image = random.nextInt(8) == 0 ? h.negate() : generator(nonZeroScalar());
            if (random.nextInt(8) == 0) {
                c = s;
            }
            builder.add(point(p), pm);
            builder.add(point(h), hm);
            builder.add(point(image), im);
            builder.build();
            int mixture = random.nextInt(8);
            multiplication.commitments(
                    recoded(s),
                    recoded(c),
                    GeneratorTables.verification(),
                    (mixture & 1) == 0 ? null : CombTable.build(point(p), 4 + random.nextInt(3)),
                    pm,
                    (mixture & 2) == 0 ? null : CombTable.build(point(h), 4 + random.nextInt(3)),
                    hm,
                    (mixture & 4) == 0
                            ? null
                            : CombTable.build(point(image), 4 + random.nextInt(3)),
                    im,
                    left,
                    right);
            assertArrayEquals(encode(generator(s).add(p.multiply(c)).normalize()), encode(left));
            assertArrayEquals(
                    encode(h.multiply(s).add(image.multiply(c)).normalize()), encode(right));
        }
    }

    @Test
    void secretMultiples() {
        SecretMultiplication multiplication = new SecretMultiplication();
        AffinePoint out = new AffinePoint();
        for (int i = 0; i < CASES; i++) {
            BigInteger k = scalar();
            multiplication.multiplyGenerator(ours(k), out);
            assertArrayEquals(encode(generator(k)), encode(out));
            if (i % 4 == 0) {
                ECPoint base = generator(nonZeroScalar());
                CombTable table = CombTable.build(point(base), SecretMultiplication.TEETH);
                multiplication.multiply(table, ours(k), out);
                assertArrayEquals(encode(base.multiply(k).normalize()), encode(out));
            }
        }
    }

    @Test
    void keysAndEcdsaSignatures() {
        ECDomainParameters domain =
                new ECDomainParameters(CURVE.getCurve(), CURVE.getG(), N, CURVE.getH());
        for (int i = 0; i < CASES; i++) {
            BigInteger x = nonZeroScalar();
            byte[] message = new byte[random.nextInt(100)];
            random.nextBytes(message);
            SHA256Digest sha = new SHA256Digest();
            sha.update(message, 0, message.length);
            byte[] digest = new byte[32];
            sha.doFinal(digest, 0);
            ECDSASigner signer = new ECDSASigner(new HMacDSAKCalculator(new SHA256Digest()));
            signer.init(true, new ECPrivateKeyParameters(x, domain));
            BigInteger[] rs = signer.generateSignature(digest);
            BigInteger lowS = rs[1].min(N.subtract(rs[1]));
            try (PrivateKey key = PrivateKey.of(bytes(x))) {
                assertArrayEquals(encode(generator(x)), key.publicKey().encoded());
                byte[] signature = key.sign(message);
                assertArrayEquals(bytes(rs[0]), Arrays.copyOf(signature, 32));
                assertArrayEquals(bytes(lowS), Arrays.copyOfRange(signature, 32, 64));
                assertTrue(key.publicKey().verify(message, signature));

                // A damaged signature or message: the verdicts agree, which is nearly always a
                // refusal.
                signature[random.nextInt(64)] ^= (byte) (1 << random.nextInt(8));
                signer.init(
                        false,
                        new ECPublicKeyParameters(
                                CURVE.getCurve().decodePoint(key.publicKey().encoded()), domain));
                BigInteger r = new BigInteger(1, Arrays.copyOf(signature, 32));
                BigInteger s = new BigInteger(1, Arrays.copyOfRange(signature, 32, 64));
                boolean expected =
                        s.compareTo(N.shiftRight(1)) <= 0 && signer.verifySignature(digest, r, s);
                assertEquals(expected, key.publicKey().verify(message, signature));
            }
        }
    }

    /**
     * Ring signatures made by the definition, valid and damaged, warm and cold: the verdicts always
     * agree, ours with that of Bouncy Castle's points and with that of plain integers.
     */
    @Test
    void ringSignatures() {
        RingPolicy lenient = new RingPolicy(16, true, false, false);
        try (RingVerifier warm =
                        RingVerifier.builder()
                                .policy(lenient)
                                .tableExecutor(Runnable::run)
                                .tableMemory(4 << 20)
                                .build();
                RingVerifier cold = RingVerifier.builder().policy(lenient).tableMemory(0).build()) {
            List<BigInteger> keys = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                keys.add(nonZeroScalar());
            }
            int accepted = 0;
            for (int i = 0; i < CASES; i++) {
                int size = 1 + random.nextInt(i % 16 == 0 ? 8 : 3);
                List<BigInteger> ring = new ArrayList<>();
                for (int j = 0; j < size; j++) {
                    ring.add(keys.get(random.nextInt(keys.size())));
                }
                byte[] message = new byte[32];
                random.nextBytes(message);
                byte[] signature = sign(message, ring, random.nextInt(size));
                boolean damaged = random.nextBoolean();
                if (damaged) {
                    signature[4 + random.nextInt(signature.length - 4)] ^=
                            (byte) (1 << random.nextInt(8));
                }
                boolean expected = verify(message, signature);
                assertTrue(expected || damaged);
                assertEquals(expected, PlainScheme.verify(message, signature));
                assertEquals(expected, warm.verifyAnyRing(message, signature).accepted());
                assertEquals(expected, cold.verifyAnyRing(message, signature).accepted());
                accepted += expected ? 1 : 0;
            }
            assertTrue(accepted > CASES / 3 && accepted < CASES);
        }
    }

    /** Signs as the scheme is defined. The nonce may be zero, as no honest signer's would be. */
    private byte[] sign(byte[] message, List<BigInteger> ring, int signer) {
        int n = ring.size();
        BigInteger x = ring.get(signer);
        ECPoint h = hashToCurve(generator(x).getEncoded(true));
        ECPoint image = h.multiply(x).normalize();
        BigInteger[] s = new BigInteger[n];
        BigInteger[] c = new BigInteger[n];
        BigInteger u = scalar();
        c[(signer + 1) % n] = challenge(message, generator(u), h.multiply(u).normalize());
        for (int step = 1; step < n; step++) {
            int k = (signer + step) % n;
            s[k] = scalar();
            ECPoint key = generator(ring.get(k));
            c[(k + 1) % n] =
                    challenge(
                            message,
                            generator(s[k]).add(key.multiply(c[k])).normalize(),
                            hashToCurve(key.getEncoded(true))
                                    .multiply(s[k])
                                    .add(image.multiply(c[k]))
                                    .normalize());
        }
        s[signer] = u.subtract(c[signer].multiply(x)).mod(N);
        byte[] out = new byte[69 + 65 * n];
        out[3] = (byte) n;
        System.arraycopy(bytes(c[0]), 0, out, 4, 32);
        System.arraycopy(encode(image), 0, out, 36, 33);
        for (int k = 0; k < n; k++) {
            System.arraycopy(bytes(s[k]), 0, out, 69 + 65 * k, 32);
            System.arraycopy(encode(generator(ring.get(k))), 0, out, 101 + 65 * k, 33);
        }
        return out;
    }

    private static boolean verify(byte[] message, byte[] signature) {
        try {
            ECPoint image = CURVE.getCurve().decodePoint(Arrays.copyOfRange(signature, 36, 69));
            BigInteger first = new BigInteger(1, Arrays.copyOfRange(signature, 4, 36)).mod(N);
            BigInteger c = first;
            for (int at = 69; at < signature.length; at += 65) {
                BigInteger s = new BigInteger(1, Arrays.copyOfRange(signature, at, at + 32)).mod(N);
                byte[] encoded = Arrays.copyOfRange(signature, at + 32, at + 65);
                ECPoint key = CURVE.getCurve().decodePoint(encoded);
                c =
                        challenge(
                                message,
                                generator(s).add(key.multiply(c)).normalize(),
                                hashToCurve(encoded)
                                        .multiply(s)
                                        .add(image.multiply(c))
                                        .normalize());
            }
            return c.equals(first);
        } catch (IllegalArgumentException e) {
            // Not a point.
            return false;
        }
    }

    private static BigInteger challenge(byte[] message, ECPoint left, ECPoint right) {
        MessageDigest digest = sha3("SHA3-512");
        digest.update(message);
        digest.update(encode(left));
        digest.update(encode(right));
        BigInteger n = new BigInteger(1, digest.digest()).mod(N);
        int length = (n.bitLength() + 7) / 8;
        return n.shiftLeft(8 * (32 - length)).mod(N);
    }

    /** The platform's SHA-3, independent of the one under test. */
    private static MessageDigest sha3(String algorithm) {
        try {
            return MessageDigest.getInstance(algorithm);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    private static ECPoint hashToCurve(byte[] key) {
        byte[] hash = sha3("SHA3-256").digest(key);
        while (true) {
            BigInteger x = new BigInteger(1, hash).mod(P);
            BigInteger right = x.modPow(BigInteger.valueOf(3), P).add(BigInteger.valueOf(7));
            BigInteger y = right.modPow(P.add(BigInteger.ONE).shiftRight(2), P);
            if (y.multiply(y).subtract(right).mod(P).signum() == 0) {
                return CURVE.getCurve().createPoint(x, y.testBit(0) ? P.subtract(y) : y);
            }
            hash = sha3("SHA3-256").digest(hash);
        }
    }

    @Test
    void hashToCurveMatches() {
        ChallengeHash hash = new ChallengeHash();
        AffinePoint out = new AffinePoint();
        for (int i = 0; i < CASES; i++) {
            byte[] key = new byte[33];
            random.nextBytes(key);
            hash.toCurve(key, out);
            assertArrayEquals(encode(hashToCurve(key)), encode(out));
            assertFalse(out.isInfinity());
        }
    }
}
