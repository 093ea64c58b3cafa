package io.relayminer.ring;

import org.jspecify.annotations.Nullable;

import java.math.BigInteger;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;

/**
 * The verification of the specification, section 2, in nothing but {@link BigInteger}: field,
 * curve, scalars and the ring equations, without any table or trick. Slow, and short enough to be
 * read beside the specification.
 */
final class PlainScheme {

    private static final BigInteger P =
            BigInteger.ONE.shiftLeft(256).subtract(new BigInteger("1000003D1", 16));
    private static final BigInteger N =
            new BigInteger("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", 16);
    private static final BigInteger SEVEN = BigInteger.valueOf(7);
    private static final Point G =
            new Point(
                    new BigInteger(
                            "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798", 16),
                    new BigInteger(
                            "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8", 16),
                    BigInteger.ONE);
    private static final Point INFINITY =
            new Point(BigInteger.ONE, BigInteger.ONE, BigInteger.ZERO);

    private PlainScheme() {}

    /** Jacobian coordinates: (x/z², y/z³), the point at infinity where z is zero. */
    private record Point(BigInteger x, BigInteger y, BigInteger z) {

        boolean isInfinity() {
            return z.signum() == 0;
        }

        Point twice() {
            if (isInfinity() || y.signum() == 0) {
                return INFINITY;
            }
            BigInteger yy = square(y);
            BigInteger s = mul(x, yy).shiftLeft(2);
            BigInteger m = square(x).multiply(BigInteger.valueOf(3));
            BigInteger x3 = m.multiply(m).subtract(s.shiftLeft(1)).mod(P);
            BigInteger y3 = m.multiply(s.subtract(x3)).subtract(square(yy).shiftLeft(3)).mod(P);
            return new Point(x3, y3, mul(y, z).shiftLeft(1).mod(P));
        }

        Point plus(Point q) {
            if (isInfinity()) {
                return q;
            }
            if (q.isInfinity()) {
                return this;
            }
            BigInteger zz1 = square(z);
            BigInteger zz2 = square(q.z);
            BigInteger u1 = mul(x, zz2);
            BigInteger s1 = mul(mul(y, zz2), q.z);
            BigInteger h = mul(q.x, zz1).subtract(u1).mod(P);
            BigInteger r = mul(mul(q.y, zz1), z).subtract(s1).mod(P);
            if (h.signum() == 0) {
                return r.signum() == 0 ? twice() : INFINITY;
            }
            BigInteger hh = square(h);
            BigInteger hhh = mul(h, hh);
            BigInteger v = mul(u1, hh);
            BigInteger x3 = r.multiply(r).subtract(hhh).subtract(v.shiftLeft(1)).mod(P);
            BigInteger y3 = r.multiply(v.subtract(x3)).subtract(s1.multiply(hhh)).mod(P);
            return new Point(x3, y3, mul(mul(z, q.z), h));
        }

        byte[] encoded() {
            byte[] out = new byte[33];
            out[0] = 2;
            if (!isInfinity()) {
                BigInteger inverse = z.modInverse(P);
                BigInteger squared = square(inverse);
                if (mul(mul(y, squared), inverse).testBit(0)) {
                    out[0] = 3;
                }
                byte[] abscissa = mul(x, squared).toByteArray();
                int length = Math.min(32, abscissa.length);
                System.arraycopy(abscissa, abscissa.length - length, out, 33 - length, length);
            }
            return out;
        }
    }

    private static BigInteger mul(BigInteger a, BigInteger b) {
        return a.multiply(b).mod(P);
    }

    private static BigInteger square(BigInteger a) {
        return a.multiply(a).mod(P);
    }

    /** a·A + b·B by doubling and adding. */
    private static Point combination(BigInteger a, Point pointA, BigInteger b, Point pointB) {
        Point both = pointA.plus(pointB);
        Point sum = INFINITY;
        for (int bit = Math.max(a.bitLength(), b.bitLength()) - 1; bit >= 0; bit--) {
            sum = sum.twice();
            if (a.testBit(bit)) {
                sum = sum.plus(b.testBit(bit) ? both : pointA);
            } else if (b.testBit(bit)) {
                sum = sum.plus(pointB);
            }
        }
        return sum;
    }

    /** The point with this abscissa and parity, or null if there is none. */
    private static @Nullable Point lift(BigInteger x, boolean odd) {
        BigInteger right = x.multiply(x).multiply(x).add(SEVEN).mod(P);
        BigInteger y = right.modPow(P.add(BigInteger.ONE).shiftRight(2), P);
        if (!square(y).equals(right)) {
            return null;
        }
        return new Point(x, y.testBit(0) == odd ? y : P.subtract(y), BigInteger.ONE);
    }

    private static @Nullable Point decode(byte[] encoded) {
        BigInteger x = new BigInteger(1, Arrays.copyOfRange(encoded, 1, 33));
        boolean compressed = encoded[0] == 2 || encoded[0] == 3;
        return compressed && x.compareTo(P) < 0 ? lift(x, encoded[0] == 3) : null;
    }

    private static Point hashToCurve(byte[] key) {
        byte[] hash = sha3("SHA3-256").digest(key);
        for (int i = 0; i < 128; i++) {
            Point point = lift(new BigInteger(1, hash).mod(P), false);
            if (point != null) {
                return point;
            }
            hash = sha3("SHA3-256").digest(hash);
        }
        throw new AssertionError("no point in 128 hashes");
    }

    private static BigInteger challenge(byte[] message, Point left, Point right) {
        MessageDigest digest = sha3("SHA3-512");
        digest.update(message);
        digest.update(left.encoded());
        digest.update(right.encoded());
        BigInteger n = new BigInteger(1, digest.digest()).mod(N);
        // Aligned at the left of 32 bytes.
        return n.shiftLeft(8 * (32 - (n.bitLength() + 7) / 8)).mod(N);
    }

    private static MessageDigest sha3(String algorithm) {
        try {
            return MessageDigest.getInstance(algorithm);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    /** Whether a signature of consistent length closes its ring. */
    static boolean verify(byte[] message, byte[] signature) {
        Point image = decode(Arrays.copyOfRange(signature, 36, 69));
        BigInteger first = new BigInteger(1, Arrays.copyOfRange(signature, 4, 36)).mod(N);
        BigInteger c = first;
        for (int at = 69; at < signature.length; at += 65) {
            BigInteger s = new BigInteger(1, Arrays.copyOfRange(signature, at, at + 32)).mod(N);
            byte[] encoded = Arrays.copyOfRange(signature, at + 32, at + 65);
            Point key = decode(encoded);
            if (image == null || key == null) {
                return false;
            }
            c =
                    challenge(
                            message,
                            combination(s, G, c, key),
                            combination(s, hashToCurve(encoded), c, image));
        }
        return c.equals(first);
    }
}
