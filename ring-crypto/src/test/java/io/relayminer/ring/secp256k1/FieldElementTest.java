package io.relayminer.ring.secp256k1;

import static io.relayminer.ring.secp256k1.Randoms.P;
import static io.relayminer.ring.secp256k1.Randoms.bytes;
import static io.relayminer.ring.secp256k1.Randoms.field;
import static io.relayminer.ring.secp256k1.Randoms.integer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.math.BigInteger;

/** The field against {@link BigInteger}, with operands of every magnitude the operations allow. */
class FieldElementTest {
    private final Randoms random = new Randoms(52);

    /** An element and the integer it stands for, modulo p. */
    private record Sample(FieldElement element, BigInteger value) {}

    /** A random element of a magnitude of at most {@code magnitude}, as full as possible. */
    private Sample sample(int magnitude) {
        BigInteger value = random.next256();
        FieldElement element = field(value);
        int factor = 1 + random.nextInt(magnitude);
        if (factor > 1 && random.nextInt(2) == 0) {
            element.negate(element, 1);
            value = value.negate();
            factor /= 2;
        }
        if (factor > 1) {
            element.mulSmall(factor);
            value = value.multiply(BigInteger.valueOf(factor));
        }
        return new Sample(element, value.mod(P));
    }

    @Test
    void multiplicationAndSquaringMatchIntegers() {
        FieldElement result = new FieldElement();
        for (int i = 0; i < Randoms.CASES; i++) {
            Sample a = sample(8);
            Sample b = sample(8);
            result.mul(a.element, b.element);
            assertEquals(a.value.multiply(b.value).mod(P), integer(result));
            assertMagnitudeOne(result);
            result.square(a.element);
            assertEquals(a.value.multiply(a.value).mod(P), integer(result));
            assertMagnitudeOne(result);
            result.set(a.element);
            result.mul(result, result);
            assertEquals(a.value.multiply(a.value).mod(P), integer(result));
        }
    }

    /**
     * A product may be multiplied by eight and used again; this drives the worst limbs through the
     * next product.
     */
    @Test
    void productsAtTheMagnitudeBoundMultiplyCorrectly() {
        FieldElement x = field(P.subtract(BigInteger.ONE));
        BigInteger value = P.subtract(BigInteger.ONE);
        for (int i = 0; i < Randoms.CASES; i++) {
            x.mulSmall(8);
            value = value.shiftLeft(3).mod(P);
            FieldElement y = new FieldElement();
            y.negate(field(random.next256()), 1);
            y.mulSmall(4);
            BigInteger other = integer(y);
            x.mul(x, y);
            value = value.multiply(other).mod(P);
            assertEquals(value, integer(x));
        }
    }

    private static void assertMagnitudeOne(FieldElement element) {
        // Adding the negation for magnitude 1 must vanish; it would underflow for a larger one.
        FieldElement negated = new FieldElement();
        negated.negate(element, 1);
        negated.add(element);
        assertTrue(negated.isZero());
    }

    @Test
    void linearOperationsMatchIntegers() {
        FieldElement result = new FieldElement();
        for (int i = 0; i < Randoms.CASES; i++) {
            Sample a = sample(4);
            Sample b = sample(4);
            result.sum(a.element, b.element);
            assertEquals(a.value.add(b.value).mod(P), integer(result));
            result.difference(a.element, b.element, 4);
            assertEquals(a.value.subtract(b.value).mod(P), integer(result));
            result.negate(a.element, 4);
            assertEquals(a.value.negate().mod(P), integer(result));
            result.set(a.element);
            result.half();
            assertEquals(a.value.multiply(BigInteger.TWO.modInverse(P)).mod(P), integer(result));
            result.set(a.element);
            result.normalizeWeak();
            assertEquals(a.value, integer(result));
            assertMagnitudeOne(result);
            result.select(b.element, 0);
            assertEquals(a.value, integer(result));
            result.select(b.element, -1);
            assertEquals(b.value, integer(result));
            result.normalize();
            result.negateIf(0);
            assertEquals(b.value, integer(result));
            result.normalize();
            result.negateIf(-1);
            assertEquals(b.value.negate().mod(P), integer(result));
        }
    }

    @Test
    void normalizationIsCanonical() {
        for (int i = 0; i < Randoms.CASES; i++) {
            Sample a = sample(16);
            a.element.normalize();
            byte[] out = new byte[32];
            a.element.putBytes(out, 0);
            assertArrayEquals(bytes(a.value), out);
            assertEquals(a.value.testBit(0) ? 1 : 0, a.element.parity());
            FieldElement again = field(a.value);
            assertTrue(a.element.sameAs(again));
            long[] words = new long[4];
            a.element.putWords(words, 0);
            again.setWords(words, 0);
            assertTrue(a.element.sameAs(again));
        }
    }

    @Test
    void zeroIsRecognisedInEveryForm() {
        for (int magnitude = 1; magnitude <= 16; magnitude++) {
            for (BigInteger value :
                    new BigInteger[] {BigInteger.ZERO, P, BigInteger.ONE, P.add(BigInteger.ONE)}) {
                FieldElement element = field(value);
                element.mulSmall(magnitude);
                boolean zero = value.mod(P).signum() == 0;
                assertEquals(zero, element.isZero());
                assertEquals(zero, element.isZeroVartime());
            }
        }
        for (int i = 0; i < Randoms.CASES; i++) {
            Sample a = sample(7);
            FieldElement difference = new FieldElement();
            difference.difference(a.element, a.element, 8);
            assertTrue(difference.isZero());
            assertTrue(difference.isZeroVartime());
            assertEquals(a.value.signum() == 0, a.element.isZeroVartime());
        }
    }

    @Test
    void bytesAtOrAboveTheModulusAreReported() {
        FieldElement element = new FieldElement();
        for (int i = 0; i < Randoms.CASES; i++) {
            BigInteger value = random.next256();
            assertEquals(value.compareTo(P) < 0, element.setBytes(bytes(value), 0));
            assertEquals(value.mod(P), integer(element));
        }
    }

    @Test
    void inversesMatchIntegers() {
        FieldInversion inversion = new FieldInversion();
        FieldElement result = new FieldElement();
        for (int i = 0; i < Randoms.CASES; i++) {
            Sample a = sample(8);
            BigInteger expected = a.value.signum() == 0 ? BigInteger.ZERO : a.value.modInverse(P);
            inversion.invertVartime(result, a.element);
            assertEquals(expected, integer(result));
            inversion.invert(result, a.element);
            assertEquals(expected, integer(result));
        }
    }

    @Test
    void squareRootsExistExactlyForSquares() {
        FieldElement result = new FieldElement();
        FieldElement square = new FieldElement();
        int roots = 0;
        for (int i = 0; i < Math.max(500, Randoms.CASES / 4); i++) {
            BigInteger value = random.next256().mod(P);
            boolean isSquare =
                    value.signum() == 0 || value.modPow(P.shiftRight(1), P).equals(BigInteger.ONE);
            assertEquals(isSquare, result.sqrt(field(value)));
            square.square(result);
            assertEquals(isSquare ? value : value.negate().mod(P), integer(square));
            roots += isSquare ? 1 : 0;
        }
        assertTrue(roots > 100);
        assertFalse(result.sqrt(field(BigInteger.valueOf(7))));
    }

    /** The proof never errs for a square; of other values it may miss very few. */
    @Test
    void nonSquaresAreRecognizedWithoutARoot() {
        FieldInversion inversion = new FieldInversion();
        BigInteger half = P.shiftRight(1);
        int proven = 0;
        int missed = 0;
        for (int i = 0; i < Randoms.CASES; i++) {
            Sample a = sample(8);
            boolean square =
                    a.value.signum() == 0 || a.value.modPow(half, P).equals(BigInteger.ONE);
            boolean nonSquare = inversion.isNonSquareVartime(a.element);
            assertFalse(square && nonSquare, a.value.toString(16));
            proven += nonSquare ? 1 : 0;
            missed += square || nonSquare ? 0 : 1;
        }
        assertTrue(proven > Randoms.CASES / 3);
        assertTrue(missed <= Randoms.CASES / 1000, missed + " missed");
        for (int bits = 0; bits < 256; bits++) {
            for (int distance = -40; distance <= 40; distance++) {
                BigInteger value =
                        BigInteger.ONE.shiftLeft(bits).add(BigInteger.valueOf(distance)).mod(P);
                boolean square =
                        value.signum() == 0 || value.modPow(half, P).equals(BigInteger.ONE);
                boolean nonSquare = inversion.isNonSquareVartime(field(value));
                assertFalse(square && nonSquare, value.toString(16));
            }
        }
        assertFalse(inversion.isNonSquareVartime(field(BigInteger.ZERO)));
        assertFalse(inversion.isNonSquareVartime(field(BigInteger.ONE)));
        assertTrue(inversion.isNonSquareVartime(field(P.subtract(BigInteger.ONE))));
    }
}
