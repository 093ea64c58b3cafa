package io.relayminer.ring.secp256k1;

import static io.relayminer.ring.secp256k1.Randoms.N;
import static io.relayminer.ring.secp256k1.Randoms.bytes;
import static io.relayminer.ring.secp256k1.Randoms.integer;
import static io.relayminer.ring.secp256k1.Randoms.scalar;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.math.BigInteger;

/** Scalars, their splitting and recoding, against {@link BigInteger}. */
class ScalarTest {
    private static final BigInteger LAMBDA =
            new BigInteger("5363ad4cc05c30e0a5261c028812645a122e22ea20816678df02967c1b23bd72", 16);

    private final Randoms random = new Randoms(64);

    @Test
    void arithmeticMatchesIntegers() {
        Scalar result = new Scalar();
        for (int i = 0; i < Randoms.CASES; i++) {
            BigInteger x = random.next256();
            BigInteger y = random.next256();
            Scalar a = new Scalar();
            assertEquals(x.compareTo(N) < 0, a.setBytes(bytes(x), 0));
            assertEquals(x.mod(N), integer(a));
            Scalar b = scalar(y);
            result.mul(a, b);
            assertEquals(x.multiply(y).mod(N), integer(result));
            result.add(a, b);
            assertEquals(x.add(y).mod(N), integer(result));
            result.negate(a);
            assertEquals(x.negate().mod(N), integer(result));
            result.set(a);
            result.negateIf(0);
            assertEquals(x.mod(N), integer(result));
            result.negateIf(-1);
            assertEquals(x.negate().mod(N), integer(result));
            result.set(a);
            result.half();
            assertEquals(x.multiply(BigInteger.TWO.modInverse(N)).mod(N), integer(result));
            assertEquals(x.mod(N).compareTo(N.shiftRight(1)) > 0, a.isHigh());
            assertEquals(x.mod(N).equals(y.mod(N)), a.sameAs(b));
            BigInteger inverse = x.mod(N).signum() == 0 ? BigInteger.ZERO : x.modInverse(N);
            result.invert(a);
            assertEquals(inverse, integer(result));
            result.invertVartime(a);
            assertEquals(inverse, integer(result));
        }
    }

    @Test
    void theHalfwayPointIsNotHigh() {
        BigInteger half = N.shiftRight(1);
        assertFalse(scalar(half).isHigh());
        assertTrue(scalar(half.add(BigInteger.ONE)).isHigh());
        assertFalse(scalar(BigInteger.ZERO).isHigh());
    }

    @Test
    void wideValuesAreReduced() {
        byte[] wide = new byte[64];
        Scalar result = new Scalar();
        for (int i = 0; i < Randoms.CASES; i++) {
            BigInteger high = random.next256();
            BigInteger low = random.next256();
            System.arraycopy(bytes(high), 0, wide, 0, 32);
            System.arraycopy(bytes(low), 0, wide, 32, 32);
            result.setWideBytes(wide, 0);
            assertEquals(high.shiftLeft(256).add(low).mod(N), integer(result));
        }
    }

    @Test
    void leftAlignmentShiftsByWholeBytes() {
        for (int i = 0; i < Randoms.CASES; i++) {
            BigInteger value = random.next256().mod(N).shiftRight(8 * random.nextInt(32));
            Scalar scalar = scalar(value);
            int length = (value.bitLength() + 7) / 8;
            assertEquals(32 - length, scalar.leadingZeroBytesVartime());
            scalar.shiftLeftBytes(32 - length);
            assertEquals(value.shiftLeft(8 * (32 - length)).mod(N), integer(scalar));
        }
    }

    @Test
    void splitHalvesAreShortAndRecombine() {
        SplitScalar split = new SplitScalar();
        for (int i = 0; i < Randoms.CASES; i++) {
            BigInteger k = random.next256().mod(N);
            split.split(scalar(k));
            BigInteger k1 = signed(split.low1, split.middle1, split.sign1);
            BigInteger k2 = signed(split.low2, split.middle2, split.sign2);
            assertTrue(k1.abs().bitLength() <= 128 && k2.abs().bitLength() <= 128);
            assertEquals(k, k1.add(k2.multiply(LAMBDA)).mod(N));

            split.splitForComb(scalar(k));
            // All-±1 digits: a half stands for 2d + 1.
            k1 = signed(split.low1, split.middle1, split.sign1).shiftLeft(1).add(BigInteger.ONE);
            k2 = signed(split.low2, split.middle2, split.sign2).shiftLeft(1).add(BigInteger.ONE);
            assertEquals(k, k1.add(k2.multiply(LAMBDA)).mod(N));
        }
    }

    @Test
    void combPatternsAreTheDigitsOfTheHalf() {
        for (int teeth = CombTable.MIN_TEETH; teeth <= 12; teeth++) {
            CombTable table = CombTable.build(AffinePoint.generator(), teeth);
            int spacing = table.spacing();
            SplitScalar split = new SplitScalar();
            for (int i = 0; i < 50; i++) {
                split.splitForComb(scalar(random.next256()));
                BigInteger sum = BigInteger.ZERO;
                for (int column = 0; column < spacing; column++) {
                    int pattern = table.pattern(column, split.low1, split.middle1, split.sign1);
                    for (int tooth = 0; tooth < teeth; tooth++) {
                        BigInteger digit = BigInteger.ONE.shiftLeft(column + tooth * spacing);
                        sum = (pattern >>> tooth & 1) == 1 ? sum.add(digit) : sum.subtract(digit);
                    }
                }
                BigInteger half = signed(split.low1, split.middle1, split.sign1);
                assertEquals(half.shiftLeft(1).add(BigInteger.ONE), sum);
            }
        }
    }

    @Test
    void nonAdjacentFormsAreOddShortAndRecombine() {
        RecodedScalar recoded = new RecodedScalar();
        for (int i = 0; i < Randoms.CASES; i++) {
            BigInteger k = random.next256().mod(N);
            recoded.set(scalar(k));
            BigInteger k1 = digits(recoded.window1());
            BigInteger k2 = digits(recoded.window2());
            assertEquals(k, k1.add(k2.multiply(LAMBDA)).mod(N));
        }
    }

    private static BigInteger digits(byte[] form) {
        BigInteger sum = BigInteger.ZERO;
        int last = -OddMultiples.WIDTH;
        for (int position = 0; position < form.length; position++) {
            if (form[position] != 0) {
                assertTrue((form[position] & 1) == 1 && Math.abs(form[position]) <= 15);
                assertTrue(position - last >= OddMultiples.WIDTH);
                last = position;
                sum = sum.add(BigInteger.valueOf(form[position]).shiftLeft(position));
            }
        }
        return sum;
    }

    static BigInteger signed(long low, long middle, long sign) {
        assertTrue(sign == 0 || sign == -1);
        BigInteger mask = BigInteger.ONE.shiftLeft(64).subtract(BigInteger.ONE);
        return BigInteger.valueOf(sign)
                .shiftLeft(128)
                .add(BigInteger.valueOf(middle).and(mask).shiftLeft(64))
                .add(BigInteger.valueOf(low).and(mask));
    }

    @Test
    void textFormRevealsNothing() {
        assertFalse(scalar(BigInteger.valueOf(0xabcdef)).toString().contains("abcdef"));
    }
}
