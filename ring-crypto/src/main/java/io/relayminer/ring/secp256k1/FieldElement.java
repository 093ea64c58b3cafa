package io.relayminer.ring.secp256k1;

/**
 * A mutable element of the secp256k1 base field F_p, p = 2^256 − 2^32 − 977.
 *
 * <h2>Representation</h2>
 *
 * Five limbs of 52 bits, value = n0 + n1·2^52 + n2·2^104 + n3·2^156 + n4·2^208, the top limb
 * holding 48 bits. The twelve spare bits of a 64-bit word make addition and subtraction free of
 * carries: sums simply accumulate and are brought back by the next multiplication. How much has
 * accumulated is the <em>magnitude</em> m of an element: n0..n3 ≤ 2m·(2^52 − 1) and n4 ≤ 2m·(2^48 −
 * 1).
 *
 * <ul>
 *   <li>{@link #mul}, {@link #square} and {@link #set} from bytes or packed words produce magnitude
 *       1;
 *   <li>{@link #add} adds the magnitudes, {@link #mulSmall} multiplies it, {@link #negate} of an
 *       element of magnitude m yields m + 1, {@link #half} of m yields m/2 + 1;
 *   <li>inputs of {@link #mul} and {@link #square} must have magnitude ≤ 8;
 *   <li>{@link #normalize} yields the unique canonical representative. Only a normalized element
 *       may be written out, compared by limbs or asked for its parity.
 * </ul>
 *
 * The magnitude is a static property of the formula that is being evaluated, so it is not tracked
 * at run time; the comments of the group formulas carry it and the tests drive every formula to its
 * bound.
 *
 * <h2>Multiplication on HotSpot</h2>
 *
 * Java has no 128-bit integer. Each limb product is split at bit 52 instead of bit 64: with both
 * operands shifted left by six bits, {@link Math#multiplyHigh} returns exactly ⌊a·b / 2^52⌋ (one
 * machine instruction), and the low half of the same product, shifted right by twelve, is a·b mod
 * 2^52. Each operand is shifted once for all its products, and both halves read the same two
 * registers. A column sums its low and its high parts separately, and no sum comes near 64 bits.
 * All limbs live in local variables for the length of a multiplication, so the compiler sees
 * straight-line code without array bounds checks or carries.
 *
 * <p>A split product costs two multiply instructions, and the processor issues one per cycle, so
 * they are what multiplication has to save. Karatsuba's identity a_i·b_j + a_j·b_i = a_i·b_i +
 * a_j·b_j − (a_i − a_j)(b_i − b_j) forms the 20 mixed products of a 5×5 multiplication from the 5
 * diagonal ones and 10 others: 15 split products instead of 25, as many as squaring needs.
 * Measured, that takes 15% off a multiplication.
 *
 * <h2>Secrets</h2>
 *
 * Every method is free of secret-dependent branches and memory accesses except those whose name
 * ends in {@code Vartime}. Instances are not thread-safe.
 */
public final class FieldElement {
    private static final long M52 = (1L << 52) - 1;
    private static final long M48 = (1L << 48) - 1;

    /** 2^256 mod p. */
    private static final long FOLD_256 = 0x1000003D1L;

    /** 2^260 mod p. */
    private static final long FOLD_260 = 0x1000003D10L;

    private static final long P0 = 0xFFFFEFFFFFC2FL;
    private static final long P4 = M48;

    private long n0;
    private long n1;
    private long n2;
    private long n3;
    private long n4;

    /** Creates the element zero. */
    public FieldElement() {}

    /** Returns a new element equal to a small non-negative integer below 2^52. */
    static FieldElement ofSmall(long value) {
        FieldElement result = new FieldElement();
        result.setSmall(value);
        return result;
    }

    /** Sets this element to a non-negative integer below 2^52. */
    public void setSmall(long value) {
        n0 = value;
        n1 = 0;
        n2 = 0;
        n3 = 0;
        n4 = 0;
    }

    /** Copies another element, magnitude included. */
    public void set(FieldElement a) {
        n0 = a.n0;
        n1 = a.n1;
        n2 = a.n2;
        n3 = a.n3;
        n4 = a.n4;
    }

    /**
     * Reads 32 big-endian bytes.
     *
     * @return whether the value was below p; if it was not, the element still holds the value,
     *     unreduced, with magnitude 1
     */
    public boolean setBytes(byte[] bytes, int offset) {
        setWords(
                BigEndian.getLong(bytes, offset + 24),
                BigEndian.getLong(bytes, offset + 16),
                BigEndian.getLong(bytes, offset + 8),
                BigEndian.getLong(bytes, offset));
        return !(n4 == P4 && (n3 & n2 & n1) == M52 && n0 >= P0);
    }

    /** Sets this element from four little-endian 64-bit words; the result has magnitude 1. */
    void setWords(long w0, long w1, long w2, long w3) {
        n0 = w0 & M52;
        n1 = (w0 >>> 52 | w1 << 12) & M52;
        n2 = (w1 >>> 40 | w2 << 24) & M52;
        n3 = (w2 >>> 28 | w3 << 36) & M52;
        n4 = w3 >>> 16;
    }

    /** Reads four little-endian 64-bit words of a table, see {@link #putWords}. */
    void setWords(long[] words, int offset) {
        setWords(words[offset], words[offset + 1], words[offset + 2], words[offset + 3]);
    }

    /** Writes four little-endian 64-bit words. The element must be normalized. */
    void putWords(long[] words, int offset) {
        words[offset] = n0 | n1 << 52;
        words[offset + 1] = n1 >>> 12 | n2 << 40;
        words[offset + 2] = n2 >>> 24 | n3 << 28;
        words[offset + 3] = n3 >>> 36 | n4 << 16;
    }

    /** Writes 32 big-endian bytes. The element must be normalized. */
    public void putBytes(byte[] bytes, int offset) {
        BigEndian.putLong(bytes, offset + 24, n0 | n1 << 52);
        BigEndian.putLong(bytes, offset + 16, n1 >>> 12 | n2 << 40);
        BigEndian.putLong(bytes, offset + 8, n2 >>> 24 | n3 << 28);
        BigEndian.putLong(bytes, offset, n3 >>> 36 | n4 << 16);
    }

    /** Adds {@code a} to this element; magnitudes add up. */
    public void add(FieldElement a) {
        n0 += a.n0;
        n1 += a.n1;
        n2 += a.n2;
        n3 += a.n3;
        n4 += a.n4;
    }

    /** Sets this element to {@code a + b}; magnitudes add up. */
    public void sum(FieldElement a, FieldElement b) {
        n0 = a.n0 + b.n0;
        n1 = a.n1 + b.n1;
        n2 = a.n2 + b.n2;
        n3 = a.n3 + b.n3;
        n4 = a.n4 + b.n4;
    }

    /**
     * Sets this element to {@code −a} where {@code a} has at most magnitude {@code m}; the result
     * has m + 1.
     */
    public void negate(FieldElement a, int m) {
        long k = 2L * (m + 1);
        n0 = P0 * k - a.n0;
        n1 = M52 * k - a.n1;
        n2 = M52 * k - a.n2;
        n3 = M52 * k - a.n3;
        n4 = P4 * k - a.n4;
    }

    /**
     * Sets this element to {@code a − b} where {@code b} has at most magnitude {@code m}; the
     * result has the magnitude of {@code a} plus m + 1.
     */
    public void difference(FieldElement a, FieldElement b, int m) {
        long k = 2L * (m + 1);
        n0 = P0 * k + a.n0 - b.n0;
        n1 = M52 * k + a.n1 - b.n1;
        n2 = M52 * k + a.n2 - b.n2;
        n3 = M52 * k + a.n3 - b.n3;
        n4 = P4 * k + a.n4 - b.n4;
    }

    /**
     * Negates this element, of magnitude 1, if {@code mask} is −1, and leaves it if 0; the result
     * has magnitude 2.
     */
    void negateIf(long mask) {
        n0 = (n0 ^ mask) + (((P0 << 2) + 1) & mask);
        n1 = (n1 ^ mask) + (((M52 << 2) + 1) & mask);
        n2 = (n2 ^ mask) + (((M52 << 2) + 1) & mask);
        n3 = (n3 ^ mask) + (((M52 << 2) + 1) & mask);
        n4 = (n4 ^ mask) + (((P4 << 2) + 1) & mask);
    }

    /** Multiplies this element by a small positive integer; the magnitude is multiplied as well. */
    public void mulSmall(int factor) {
        n0 *= factor;
        n1 *= factor;
        n2 *= factor;
        n3 *= factor;
        n4 *= factor;
    }

    /** Halves this element modulo p; magnitude m becomes m/2 + 1. */
    public void half() {
        long odd = -(n0 & 1) >>> 12;
        long t0 = n0 + (P0 & odd);
        long t1 = n1 + odd;
        long t2 = n2 + odd;
        long t3 = n3 + odd;
        long t4 = n4 + (odd >>> 4);
        n0 = (t0 >>> 1) + ((t1 & 1) << 51);
        n1 = (t1 >>> 1) + ((t2 & 1) << 51);
        n2 = (t2 >>> 1) + ((t3 & 1) << 51);
        n3 = (t3 >>> 1) + ((t4 & 1) << 51);
        n4 = t4 >>> 1;
    }

    /** Sets this element to {@code a·b}. Either operand may be this element. */
    public void mul(FieldElement a, FieldElement b) {
        long a0 = a.n0 << 6;
        long a1 = a.n1 << 6;
        long a2 = a.n2 << 6;
        long a3 = a.n3 << 6;
        long a4 = a.n4 << 6;
        long b0 = b.n0 << 6;
        long b1 = b.n1 << 6;
        long b2 = b.n2 << 6;
        long b3 = b.n3 << 6;
        long b4 = b.n4 << 6;

        // Column k of the product is hk·2^52 + rk, with rk between −2^53 and 5·2^52 before hk−1 is
        // added to it. low and high are the diagonal products of the column, Σ a_i·b_i.
        long low0 = low(a0, b0);
        long low1 = low(a1, b1);
        long low2 = low(a2, b2);
        long low3 = low(a3, b3);
        long low4 = low(a4, b4);
        long high0 = high(a0, b0);
        long high1 = high(a1, b1);
        long high2 = high(a2, b2);
        long high3 = high(a3, b3);
        long high4 = high(a4, b4);

        long h0 = high0;
        // The bias 2^262 − 4·(2^260 mod p) is zero modulo p and keeps the sum positive.
        long r0 = low0 - 4 * FOLD_260;

        long u = a0 - a1;
        long v = b0 - b1;
        long low = low0 + low1;
        long high = high0 + high1;
        long h1 = high - high(u, v);
        long r1 = low - low(u, v) + h0;

        u = a0 - a2;
        v = b0 - b2;
        low += low2;
        high += high2;
        long h2 = high - high(u, v);
        long r2 = low - low(u, v) + h1;

        u = a0 - a3;
        v = b0 - b3;
        long w = a1 - a2;
        long x = b1 - b2;
        low += low3;
        high += high3;
        long h3 = high - high(u, v) - high(w, x);
        long r3 = low - low(u, v) - low(w, x) + h2;

        u = a0 - a4;
        v = b0 - b4;
        w = a1 - a3;
        x = b1 - b3;
        low += low4;
        high += high4;
        long h4 = high - high(u, v) - high(w, x);
        long r4 = low - low(u, v) - low(w, x) + h3 + (1L << 54);

        u = a1 - a4;
        v = b1 - b4;
        w = a2 - a3;
        x = b2 - b3;
        low -= low0;
        high -= high0;
        long h5 = high - high(u, v) - high(w, x);
        long r5 = low - low(u, v) - low(w, x) + h4;

        u = a2 - a4;
        v = b2 - b4;
        low -= low1;
        high -= high1;
        long h6 = high - high(u, v);
        long r6 = low - low(u, v) + h5;

        u = a3 - a4;
        v = b3 - b4;
        low -= low2;
        high -= high2;
        long h7 = high - high(u, v);
        long r7 = low - low(u, v) + h6;

        reduce(r0, r1, r2, r3, r4, r5, r6, r7, low4 + h7, high4);
    }

    /** Sets this element to {@code a²}. The operand may be this element. */
    public void square(FieldElement a) {
        long a0 = a.n0 << 6;
        long a1 = a.n1 << 6;
        long a2 = a.n2 << 6;
        long a3 = a.n3 << 6;
        long a4 = a.n4 << 6;
        // Twice a limb, so that a mixed product counts twice; below 2^63 still.
        long b0 = a0 << 1;
        long b1 = a1 << 1;
        long b2 = a2 << 1;
        long b3 = a3 << 1;

        long h5 = high(b1, a4) + high(b2, a3);
        long r5 = low(b1, a4) + low(b2, a3);
        long h6 = high(b2, a4) + high(a3, a3);
        long r6 = low(b2, a4) + low(a3, a3) + h5;
        long h7 = high(b3, a4);
        long r7 = low(b3, a4) + h6;
        long h8 = high(a4, a4);
        long r8 = low(a4, a4) + h7;
        long h4 = high(b0, a4) + high(b1, a3) + high(a2, a2);
        long r4 = low(b0, a4) + low(b1, a3) + low(a2, a2);
        r5 += h4;
        long h3 = high(b0, a3) + high(b1, a2);
        long r3 = low(b0, a3) + low(b1, a2);
        r4 += h3;
        long h2 = high(b0, a2) + high(a1, a1);
        long r2 = low(b0, a2) + low(a1, a1);
        r3 += h2;
        long h1 = high(b0, a1);
        long r1 = low(b0, a1);
        r2 += h1;
        r1 += high(a0, a0);
        reduce(low(a0, a0), r1, r2, r3, r4, r5, r6, r7, r8, h8);
    }

    /**
     * Returns ⌊a·b / 2^52⌋ of limbs or differences of limbs that are given shifted left by six bits
     * (a shifted value is below 2^63 in absolute value).
     */
    private static long high(long a, long b) {
        return Math.multiplyHigh(a, b);
    }

    /** Returns a·b mod 2^52 of limbs that are given shifted left by six bits. */
    private static long low(long a, long b) {
        return (a * b) >>> 12;
    }

    /** Returns ⌊a·(2^260 mod p) / 2^52⌋. */
    private static long highOfFold(long a) {
        return Math.multiplyHigh(a, FOLD_260 << 12);
    }

    /**
     * Reduces Σ r_k·2^(52k), k = 0..9, each column below 2^63 in absolute value, to magnitude 1:
     * the upper five columns are folded down with 2^260 ≡ 2^36 + 0x3D10, whose products with a
     * column of 63 bits are split at bit 52 like any other. The sum of the columns is positive even
     * if single ones are not; shifts are signed for the sake of those.
     */
    private void reduce(
            long r0,
            long r1,
            long r2,
            long r3,
            long r4,
            long r5,
            long r6,
            long r7,
            long r8,
            long r9) {
        long h5 = highOfFold(r5);
        r0 += r5 * FOLD_260 - (h5 << 52);
        long h6 = highOfFold(r6);
        r1 += r6 * FOLD_260 - (h6 << 52) + h5;
        long h7 = highOfFold(r7);
        r2 += r7 * FOLD_260 - (h7 << 52) + h6;
        long h8 = highOfFold(r8);
        r3 += r8 * FOLD_260 - (h8 << 52) + h7;
        long h9 = highOfFold(r9);
        r4 += r9 * FOLD_260 - (h9 << 52) + h8;

        // h9, below 2^48, counts multiples of 2^260.
        long h10 = highOfFold(h9);
        r0 += h9 * FOLD_260 - (h10 << 52);
        r1 += h10;
        settle(r0, r1, r2, r3, r4);
    }

    /**
     * Stores the positive sum Σ r_k·2^(52k), k = 0..4, with magnitude 1: carries to 52 bits, then
     * folds what exceeds 2^256 with 2^256 ≡ 2^32 + 977, which leaves the lowest limb below 2^52 +
     * 2^48.
     */
    private void settle(long r0, long r1, long r2, long r3, long r4) {
        r1 += r0 >> 52;
        r2 += r1 >> 52;
        r3 += r2 >> 52;
        r4 += r3 >> 52;
        n0 = (r0 & M52) + (r4 >> 48) * FOLD_256;
        n1 = r1 & M52;
        n2 = r2 & M52;
        n3 = r3 & M52;
        n4 = r4 & M48;
    }

    /** Brings this element to magnitude 1 without making it canonical. */
    public void normalizeWeak() {
        long t0 = n0 + (n4 >>> 48) * FOLD_256;
        long t1 = n1 + (t0 >>> 52);
        long t2 = n2 + (t1 >>> 52);
        long t3 = n3 + (t2 >>> 52);
        n0 = t0 & M52;
        n1 = t1 & M52;
        n2 = t2 & M52;
        n3 = t3 & M52;
        n4 = (n4 & M48) + (t3 >>> 52);
    }

    /** Brings this element to its unique canonical representative in [0, p). */
    public void normalize() {
        long t0 = n0 + (n4 >>> 48) * FOLD_256;
        long t1 = n1 + (t0 >>> 52);
        long t2 = n2 + (t1 >>> 52);
        long t3 = n3 + (t2 >>> 52);
        long t4 = (n4 & M48) + (t3 >>> 52);
        t0 &= M52;
        t1 &= M52;
        t2 &= M52;
        t3 &= M52;
        // Now the value is below 2^256 + 2^244; one conditional subtraction of p, as an addition of
        // 2^256 − p.
        long allOnes = (t1 & t2 & t3) - M52 | (t4 & M48) - M48;
        long excess = t4 >>> 48 | (isZeroBit(allOnes) & ~((t0 - P0) >>> 63));
        t0 += (excess & 1) * FOLD_256;
        t1 += t0 >>> 52;
        t2 += t1 >>> 52;
        t3 += t2 >>> 52;
        n0 = t0 & M52;
        n1 = t1 & M52;
        n2 = t2 & M52;
        n3 = t3 & M52;
        n4 = t4 + (t3 >>> 52) & M48;
    }

    /**
     * Returns whether this element is zero modulo p, whatever its magnitude. Does not change it.
     */
    public boolean isZero() {
        long t0 = n0 + (n4 >>> 48) * FOLD_256;
        long t1 = n1 + (t0 >>> 52);
        long t2 = n2 + (t1 >>> 52);
        long t3 = n3 + (t2 >>> 52);
        long t4 = (n4 & M48) + (t3 >>> 52);
        t0 &= M52;
        t1 &= M52;
        t2 &= M52;
        t3 &= M52;
        long zero = t0 | t1 | t2 | t3 | t4;
        long p = (t0 ^ P0) | (t1 ^ M52) | (t2 ^ M52) | (t3 ^ M52) | (t4 ^ P4);
        return (isZeroBit(zero) | isZeroBit(p)) != 0;
    }

    /**
     * Same as {@link #isZero} but leaves early for nearly every non-zero element. For public data
     * only.
     */
    public boolean isZeroVartime() {
        // The lowest limb after the fold decides in all but 2^-51 of the cases.
        long t0 = n0 + (n4 >>> 48) * FOLD_256 & M52;
        if (t0 != 0 && t0 != P0) {
            return false;
        }
        return isZero();
    }

    private static long isZeroBit(long value) {
        return ~(value | -value) >>> 63;
    }

    /** Returns the parity of this element, which must be normalized: 0 or 1. */
    public int parity() {
        return (int) n0 & 1;
    }

    /** Compares two normalized elements. */
    public boolean sameAs(FieldElement a) {
        return ((n0 ^ a.n0) | (n1 ^ a.n1) | (n2 ^ a.n2) | (n3 ^ a.n3) | (n4 ^ a.n4)) == 0;
    }

    /**
     * Replaces this element by {@code a} if {@code mask} is −1 and leaves it if {@code mask} is 0.
     */
    void select(FieldElement a, long mask) {
        n0 ^= (n0 ^ a.n0) & mask;
        n1 ^= (n1 ^ a.n1) & mask;
        n2 ^= (n2 ^ a.n2) & mask;
        n3 ^= (n3 ^ a.n3) & mask;
        n4 ^= (n4 ^ a.n4) & mask;
    }

    /**
     * Sets this element to a square root of {@code a} (magnitude 1), if there is one.
     *
     * <p>p ≡ 3 mod 4, so the candidate is a^((p+1)/4); the exponent is 223 ones, a zero, 22 ones,
     * and 00001100. The addition chain builds blocks of 2, 3, 6, 9, 11, 22, 44, 88, 176, 220 and
     * 223 ones.
     *
     * @return whether {@code a} is a square; otherwise this element holds a root of {@code −a}
     */
    public boolean sqrt(FieldElement a) {
        FieldElement base = new FieldElement();
        base.set(a);
        FieldElement x22 = new FieldElement();
        FieldElement x2 = new FieldElement();
        FieldElement t = powerOf223Ones(base, x2, x22);
        t.squareTimes(23);
        t.mul(t, x22);
        t.squareTimes(6);
        t.mul(t, x2);
        t.squareTimes(2);
        set(t);
        t.square(t);
        base.negate(base, 1);
        t.add(base);
        return t.isZero();
    }

    /** Returns base^(2^223 − 1), and in passing x2 = base^(2^2 − 1) and x22 = base^(2^22 − 1). */
    private static FieldElement powerOf223Ones(
            FieldElement base, FieldElement x2, FieldElement x22) {
        FieldElement t = new FieldElement();
        x2.square(base);
        x2.mul(x2, base);
        FieldElement x3 = new FieldElement();
        x3.square(x2);
        x3.mul(x3, base);
        t.set(x3);
        t.squareTimes(3);
        t.mul(t, x3);
        t.squareTimes(3);
        t.mul(t, x3);
        t.squareTimes(2);
        t.mul(t, x2);
        x22.set(t);
        x22.squareTimes(11);
        x22.mul(x22, t);
        FieldElement x44 = new FieldElement();
        x44.set(x22);
        x44.squareTimes(22);
        x44.mul(x44, x22);
        FieldElement x88 = new FieldElement();
        x88.set(x44);
        x88.squareTimes(44);
        x88.mul(x88, x44);
        t.set(x88);
        t.squareTimes(88);
        t.mul(t, x88);
        t.squareTimes(44);
        t.mul(t, x44);
        t.squareTimes(3);
        t.mul(t, x3);
        return t;
    }

    private void squareTimes(int count) {
        for (int i = 0; i < count; i++) {
            square(this);
        }
    }

    @Override
    public String toString() {
        FieldElement copy = new FieldElement();
        copy.set(this);
        copy.normalize();
        byte[] bytes = new byte[32];
        copy.putBytes(bytes, 0);
        return java.util.HexFormat.of().formatHex(bytes);
    }
}
