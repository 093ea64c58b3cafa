package io.relayminer.ring.secp256k1;

import java.math.BigInteger;
import java.util.SplittableRandom;

/**
 * Seeded random integers that favour the places where carries and reductions go wrong: small, near
 * the modulus, near powers of two, and with long runs of equal bits.
 */
final class Randoms {
    /** Cases of a property test: 2,000 in every build, more with {@code -Dring.cases=100000}. */
    static final int CASES = Integer.getInteger("ring.cases", 2000);

    static final BigInteger P =
            new BigInteger("fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f", 16);
    static final BigInteger N =
            new BigInteger("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", 16);

    private final SplittableRandom random;

    Randoms(long seed) {
        random = new SplittableRandom(seed);
    }

    int nextInt(int bound) {
        return random.nextInt(bound);
    }

    /** Returns 256 bits of one of several shapes, not reduced. */
    BigInteger next256() {
        BigInteger value =
                switch (random.nextInt(8)) {
                    case 0 -> BigInteger.valueOf(random.nextInt(4));
                    case 1 -> P.add(BigInteger.valueOf(random.nextInt(9) - 4));
                    case 2 -> N.add(BigInteger.valueOf(random.nextInt(9) - 4));
                    case 3 ->
                            BigInteger.ONE
                                    .shiftLeft(random.nextInt(256))
                                    .add(BigInteger.valueOf(random.nextInt(5) - 2));
                    case 4 -> runs();
                    default -> uniform();
                };
        return value.mod(BigInteger.ONE.shiftLeft(256));
    }

    private BigInteger uniform() {
        byte[] bytes = new byte[33];
        random.nextBytes(bytes);
        bytes[0] = 0;
        return new BigInteger(bytes);
    }

    private BigInteger runs() {
        BigInteger value = BigInteger.ZERO;
        boolean one = random.nextBoolean();
        for (int bit = 0; bit < 256; ) {
            int length = 1 + random.nextInt(80);
            for (int i = 0; i < length && bit < 256; i++, bit++) {
                if (one) {
                    value = value.setBit(bit);
                }
            }
            one = !one;
        }
        return value;
    }

    static byte[] bytes(BigInteger value) {
        byte[] out = new byte[32];
        byte[] in = value.toByteArray();
        int length = Math.min(32, in.length);
        System.arraycopy(in, in.length - length, out, 32 - length, length);
        return out;
    }

    static FieldElement field(BigInteger value) {
        FieldElement element = new FieldElement();
        element.setBytes(bytes(value), 0);
        return element;
    }

    static Scalar scalar(BigInteger value) {
        Scalar scalar = new Scalar();
        scalar.setBytes(bytes(value), 0);
        return scalar;
    }

    static BigInteger integer(FieldElement element) {
        return new BigInteger(element.toString(), 16);
    }

    static BigInteger integer(Scalar scalar) {
        return new BigInteger(scalar.toHexVartime(), 16);
    }
}
