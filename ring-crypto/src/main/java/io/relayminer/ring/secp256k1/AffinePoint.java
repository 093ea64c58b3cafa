package io.relayminer.ring.secp256k1;

/**
 * A mutable point of y² = x³ + 7 in affine coordinates, or the point at infinity.
 *
 * <p>The wire form is 33 bytes of SEC 1: {@code 02} for even y or {@code 03} for odd y, then x
 * big-endian. The curve has prime order, so every decoded point generates the whole group and no
 * subgroup check exists. Infinity has no wire form and cannot be decoded; {@link #encode} writes it
 * as {@code 02} and 32 zero bytes, which is how it enters a ring challenge.
 *
 * <p>The coordinate formulas of this package do not depend on the constant 7; tests use that to run
 * them exhaustively on curves y² = x³ + b over the same field that have a subgroup of a few points.
 * Not thread-safe.
 */
public final class AffinePoint {
    /** Length of the compressed form in bytes. */
    public static final int ENCODED_LENGTH = 33;

    /** Outcome of {@link #decode}. */
    public enum Decoding {
        /** The point was decoded. */
        OK,
        /** The first byte is neither 02 nor 03. */
        BAD_PREFIX,
        /** x is not below the field prime. */
        X_OUT_OF_RANGE,
        /** No point of the curve has this x. */
        NOT_ON_CURVE
    }

    final FieldElement x = new FieldElement();
    final FieldElement y = new FieldElement();
    boolean infinity = true;

    /** Creates the point at infinity. */
    public AffinePoint() {}

    /** Returns whether this is the point at infinity. */
    public boolean isInfinity() {
        return infinity;
    }

    /** Returns a new copy of the base point G. */
    public static AffinePoint generator() {
        AffinePoint g = new AffinePoint();
        g.x.setWords(
                0x59F2815B16F81798L, 0x029BFCDB2DCE28D9L, 0x55A06295CE870B07L, 0x79BE667EF9DCBBACL);
        g.y.setWords(
                0x9C47D08FFB10D4B8L, 0xFD17B448A6855419L, 0x5DA4FBFC0E1108A8L, 0x483ADA7726A3C465L);
        g.infinity = false;
        return g;
    }

    /** Copies another point. */
    public void set(AffinePoint a) {
        x.set(a.x);
        y.set(a.y);
        infinity = a.infinity;
    }

    /** Decodes 33 bytes; the point is unspecified unless the result is {@link Decoding#OK}. */
    public Decoding decode(byte[] bytes, int offset) {
        byte prefix = bytes[offset];
        if (prefix != 2 && prefix != 3) {
            return Decoding.BAD_PREFIX;
        }
        if (!x.setBytes(bytes, offset + 1)) {
            return Decoding.X_OUT_OF_RANGE;
        }
        return liftX(prefix & 1) ? Decoding.OK : Decoding.NOT_ON_CURVE;
    }

    /**
     * Sets this point from two 32-byte coordinates.
     *
     * @return {@link Decoding#X_OUT_OF_RANGE} if either is not below the field prime, {@link
     *     Decoding#NOT_ON_CURVE} if they do not satisfy the curve equation; the point is then
     *     unspecified
     */
    public Decoding decodeCoordinates(byte[] bytes, int offset) {
        if (!x.setBytes(bytes, offset) || !y.setBytes(bytes, offset + 32)) {
            return Decoding.X_OUT_OF_RANGE;
        }
        FieldElement right = new FieldElement();
        right.square(x);
        right.mul(right, x);
        right.add(FieldElement.ofSmall(7));
        FieldElement left = new FieldElement();
        left.square(y);
        left.difference(left, right, 2);
        if (!left.isZero()) {
            return Decoding.NOT_ON_CURVE;
        }
        infinity = false;
        return Decoding.OK;
    }

    /**
     * Sets this point to the one with even y whose x is the 32 big-endian bytes modulo p. Made for
     * bytes that are as likely to have no such point: then no square root is tried.
     *
     * @param scratch used to recognize a y² that is no square
     * @return whether there is such a point; otherwise this point is unspecified
     */
    public boolean decodeEven(byte[] bytes, int offset, FieldInversion scratch) {
        x.setBytes(bytes, offset);
        x.normalize();
        FieldElement right = curveEquation();
        return !scratch.isNonSquareVartime(right) && complete(right, 0);
    }

    /**
     * Completes x (normalized) to the curve point whose y has the given parity; false if there is
     * none.
     */
    boolean liftX(int parity) {
        return complete(curveEquation(), parity);
    }

    /** Returns x³ + 7. */
    private FieldElement curveEquation() {
        FieldElement right = new FieldElement();
        right.square(x);
        right.mul(right, x);
        right.add(FieldElement.ofSmall(7));
        right.normalizeWeak();
        return right;
    }

    private boolean complete(FieldElement right, int parity) {
        if (!y.sqrt(right)) {
            return false;
        }
        y.normalize();
        if (y.parity() != parity) {
            y.negate(y, 1);
            y.normalize();
        }
        infinity = false;
        return true;
    }

    /** Writes the 33-byte compressed form; coordinates are normalized in passing. */
    public void encode(byte[] bytes, int offset) {
        if (infinity) {
            bytes[offset] = 2;
            java.util.Arrays.fill(bytes, offset + 1, offset + ENCODED_LENGTH, (byte) 0);
            return;
        }
        x.normalize();
        y.normalize();
        bytes[offset] = (byte) (2 | y.parity());
        x.putBytes(bytes, offset + 1);
    }

    /**
     * Reads a table entry of eight words; all zero in y means infinity, as no point of odd order
     * has y = 0.
     */
    void setWords(long[] words, int offset) {
        x.setWords(words, offset);
        y.setWords(words, offset + 4);
        infinity =
                (words[offset + 4] | words[offset + 5] | words[offset + 6] | words[offset + 7])
                        == 0;
    }

    /** Writes a table entry of eight words; coordinates are normalized in passing. */
    void putWords(long[] words, int offset) {
        if (infinity) {
            java.util.Arrays.fill(words, offset, offset + 8, 0L);
            return;
        }
        x.normalize();
        y.normalize();
        x.putWords(words, offset);
        y.putWords(words, offset + 4);
    }
}
