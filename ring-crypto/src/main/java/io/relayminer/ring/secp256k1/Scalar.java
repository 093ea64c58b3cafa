package io.relayminer.ring.secp256k1;

import java.util.HexFormat;

/**
 * A mutable integer modulo the group order N of secp256k1, always fully reduced, in four 64-bit
 * words.
 *
 * <p>N = 2^256 − C with a 129-bit C, so a product of 512 bits is reduced by folding its upper half
 * down twice and subtracting N at most once. Carries are computed from sign bits rather than
 * comparisons: no method branches on or indexes by a scalar, except those whose name ends in {@code
 * Vartime}.
 *
 * <p>Instances are not thread-safe. A scalar that held a secret is wiped with {@link #clear}.
 */
public final class Scalar {
    static final long N0 = 0xBFD25E8CD0364141L;
    static final long N1 = 0xBAAEDCE6AF48A03BL;
    static final long N2 = 0xFFFFFFFFFFFFFFFEL;
    static final long N3 = 0xFFFFFFFFFFFFFFFFL;

    /** C = 2^256 − N; its third word is one. */
    private static final long C0 = 0x402DA1732FC9BEBFL;

    private static final long C1 = 0x4551231950B75FC4L;

    // ⌊N/2⌋.
    private static final long H0 = 0xDFE92F46681B20A0L;
    private static final long H1 = 0x5D576E7357A4501DL;
    private static final long H2 = 0xFFFFFFFFFFFFFFFFL;
    private static final long H3 = 0x7FFFFFFFFFFFFFFFL;

    long d0;
    long d1;
    long d2;
    long d3;

    /** Creates the scalar zero. */
    public Scalar() {}

    /** Copies another scalar. */
    public void set(Scalar a) {
        d0 = a.d0;
        d1 = a.d1;
        d2 = a.d2;
        d3 = a.d3;
    }

    /** Sets this scalar to a non-negative integer below 2^63. */
    public void setSmall(long value) {
        d0 = value;
        d1 = 0;
        d2 = 0;
        d3 = 0;
    }

    /** Overwrites this scalar with zero. */
    public void clear() {
        setSmall(0);
    }

    /**
     * Reads 32 big-endian bytes and reduces them modulo N.
     *
     * @return whether the value was below N already
     */
    public boolean setBytes(byte[] bytes, int offset) {
        d0 = BigEndian.getLong(bytes, offset + 24);
        d1 = BigEndian.getLong(bytes, offset + 16);
        d2 = BigEndian.getLong(bytes, offset + 8);
        d3 = BigEndian.getLong(bytes, offset);
        return reduceOnce(0) == 0;
    }

    /** Reads 64 big-endian bytes and reduces them modulo N. */
    public void setWideBytes(byte[] bytes, int offset) {
        reduce(
                BigEndian.getLong(bytes, offset + 56),
                BigEndian.getLong(bytes, offset + 48),
                BigEndian.getLong(bytes, offset + 40),
                BigEndian.getLong(bytes, offset + 32),
                BigEndian.getLong(bytes, offset + 24),
                BigEndian.getLong(bytes, offset + 16),
                BigEndian.getLong(bytes, offset + 8),
                BigEndian.getLong(bytes, offset));
    }

    /** Writes 32 big-endian bytes. */
    public void putBytes(byte[] bytes, int offset) {
        BigEndian.putLong(bytes, offset + 24, d0);
        BigEndian.putLong(bytes, offset + 16, d1);
        BigEndian.putLong(bytes, offset + 8, d2);
        BigEndian.putLong(bytes, offset, d3);
    }

    /** Returns whether this scalar is zero. */
    public boolean isZero() {
        return (d0 | d1 | d2 | d3) == 0;
    }

    /** Returns whether two scalars are equal, in constant time. */
    public boolean sameAs(Scalar a) {
        return ((d0 ^ a.d0) | (d1 ^ a.d1) | (d2 ^ a.d2) | (d3 ^ a.d3)) == 0;
    }

    /** Returns whether this scalar exceeds ⌊N/2⌋. */
    public boolean isHigh() {
        long borrow = borrow(H0, d0, H0 - d0);
        borrow = borrowOut(H1, d1, borrow);
        borrow = borrowOut(H2, d2, borrow);
        return borrowOut(H3, d3, borrow) != 0;
    }

    /** Sets this scalar to {@code a + b}. */
    public void add(Scalar a, Scalar b) {
        long s0 = a.d0 + b.d0;
        long carry = carry(a.d0, b.d0, s0);
        long s1 = a.d1 + b.d1 + carry;
        carry = carry(a.d1, b.d1, s1);
        long s2 = a.d2 + b.d2 + carry;
        carry = carry(a.d2, b.d2, s2);
        long s3 = a.d3 + b.d3 + carry;
        carry = carry(a.d3, b.d3, s3);
        d0 = s0;
        d1 = s1;
        d2 = s2;
        d3 = s3;
        reduceOnce(carry);
    }

    /** Sets this scalar to {@code −a}. */
    public void negate(Scalar a) {
        long nonZero = a.d0 | a.d1 | a.d2 | a.d3;
        long mask = (nonZero | -nonZero) >> 63;
        long s0 = N0 - a.d0;
        long borrow = borrow(N0, a.d0, s0);
        long s1 = N1 - a.d1 - borrow;
        borrow = borrow(N1, a.d1, s1);
        long s2 = N2 - a.d2 - borrow;
        borrow = borrow(N2, a.d2, s2);
        long s3 = N3 - a.d3 - borrow;
        d0 = s0 & mask;
        d1 = s1 & mask;
        d2 = s2 & mask;
        d3 = s3 & mask;
    }

    /** Negates this scalar if {@code mask} is −1 and leaves it if {@code mask} is 0. */
    public void negateIf(long mask) {
        long a0 = d0;
        long a1 = d1;
        long a2 = d2;
        long a3 = d3;
        negate(this);
        d0 = a0 ^ ((a0 ^ d0) & mask);
        d1 = a1 ^ ((a1 ^ d1) & mask);
        d2 = a2 ^ ((a2 ^ d2) & mask);
        d3 = a3 ^ ((a3 ^ d3) & mask);
    }

    /** Halves this scalar modulo N. */
    void half() {
        long odd = -(d0 & 1);
        long s0 = d0 + (N0 & odd);
        long carry = carry(d0, N0 & odd, s0);
        long s1 = d1 + (N1 & odd) + carry;
        carry = carry(d1, N1 & odd, s1);
        long s2 = d2 + (N2 & odd) + carry;
        carry = carry(d2, N2 & odd, s2);
        long s3 = d3 + (N3 & odd) + carry;
        carry = carry(d3, N3 & odd, s3);
        d0 = s0 >>> 1 | s1 << 63;
        d1 = s1 >>> 1 | s2 << 63;
        d2 = s2 >>> 1 | s3 << 63;
        d3 = s3 >>> 1 | carry << 63;
    }

    /** Sets this scalar to {@code a·b}. */
    public void mul(Scalar a, Scalar b) {
        long a0 = a.d0;
        long a1 = a.d1;
        long a2 = a.d2;
        long a3 = a.d3;
        long b0 = b.d0;
        long b1 = b.d1;
        long b2 = b.d2;
        long b3 = b.d3;

        // Row by row: (carry, word) ← a_i·b_j + word + carry never exceeds two words.
        long p0 = a0 * b0;
        long k = high(a0, b0);
        long t = a0 * b1;
        long p1 = t + k;
        k = high(a0, b1) + carry(t, k, p1);
        t = a0 * b2;
        long p2 = t + k;
        k = high(a0, b2) + carry(t, k, p2);
        t = a0 * b3;
        long p3 = t + k;
        long p4 = high(a0, b3) + carry(t, k, p3);

        t = a1 * b0;
        long s = t + p1;
        k = high(a1, b0) + carry(t, p1, s);
        p1 = s;
        t = a1 * b1;
        s = t + p2;
        long c = carry(t, p2, s);
        p2 = s + k;
        k = high(a1, b1) + c + carry(s, k, p2);
        t = a1 * b2;
        s = t + p3;
        c = carry(t, p3, s);
        p3 = s + k;
        k = high(a1, b2) + c + carry(s, k, p3);
        t = a1 * b3;
        s = t + p4;
        c = carry(t, p4, s);
        p4 = s + k;
        long p5 = high(a1, b3) + c + carry(s, k, p4);

        t = a2 * b0;
        s = t + p2;
        k = high(a2, b0) + carry(t, p2, s);
        p2 = s;
        t = a2 * b1;
        s = t + p3;
        c = carry(t, p3, s);
        p3 = s + k;
        k = high(a2, b1) + c + carry(s, k, p3);
        t = a2 * b2;
        s = t + p4;
        c = carry(t, p4, s);
        p4 = s + k;
        k = high(a2, b2) + c + carry(s, k, p4);
        t = a2 * b3;
        s = t + p5;
        c = carry(t, p5, s);
        p5 = s + k;
        long p6 = high(a2, b3) + c + carry(s, k, p5);

        t = a3 * b0;
        s = t + p3;
        k = high(a3, b0) + carry(t, p3, s);
        p3 = s;
        t = a3 * b1;
        s = t + p4;
        c = carry(t, p4, s);
        p4 = s + k;
        k = high(a3, b1) + c + carry(s, k, p4);
        t = a3 * b2;
        s = t + p5;
        c = carry(t, p5, s);
        p5 = s + k;
        k = high(a3, b2) + c + carry(s, k, p5);
        t = a3 * b3;
        s = t + p6;
        c = carry(t, p6, s);
        p6 = s + k;
        long p7 = high(a3, b3) + c + carry(s, k, p6);

        reduce(p0, p1, p2, p3, p4, p5, p6, p7);
    }

    /** Sets this scalar to the 512-bit integer of the given words modulo N. */
    private void reduce(long p0, long p1, long p2, long p3, long p4, long p5, long p6, long p7) {
        // Fold 1: p0..p3 + (p4..p7)·(C0, C1, 1), below 2^386: seven words.
        long t = p4 * C0;
        long r0 = p0 + t;
        long k = high(p4, C0) + carry(p0, t, r0);
        t = p5 * C0;
        long s = p1 + t;
        long c = carry(p1, t, s);
        long r1 = s + k;
        k = high(p5, C0) + c + carry(s, k, r1);
        t = p6 * C0;
        s = p2 + t;
        c = carry(p2, t, s);
        long r2 = s + k;
        k = high(p6, C0) + c + carry(s, k, r2);
        t = p7 * C0;
        s = p3 + t;
        c = carry(p3, t, s);
        long r3 = s + k;
        long r4 = high(p7, C0) + c + carry(s, k, r3);

        t = p4 * C1;
        s = r1 + t;
        k = high(p4, C1) + carry(r1, t, s);
        r1 = s;
        t = p5 * C1;
        s = r2 + t;
        c = carry(r2, t, s);
        r2 = s + k;
        k = high(p5, C1) + c + carry(s, k, r2);
        t = p6 * C1;
        s = r3 + t;
        c = carry(r3, t, s);
        r3 = s + k;
        k = high(p6, C1) + c + carry(s, k, r3);
        t = p7 * C1;
        s = r4 + t;
        c = carry(r4, t, s);
        r4 = s + k;
        long r5 = high(p7, C1) + c + carry(s, k, r4);

        s = r2 + p4;
        c = carry(r2, p4, s);
        r2 = s;
        s = r3 + p5 + c;
        c = carry(r3, p5, s);
        r3 = s;
        s = r4 + p6 + c;
        c = carry(r4, p6, s);
        r4 = s;
        s = r5 + p7 + c;
        long r6 = carry(r5, p7, s);
        r5 = s;

        // Fold 2: the upper part is r4 + r5·2^64 + r6·2^128 with r6 ≤ 1 (r6·2^128·C has no low word
        // products
        // beyond adding C shifted by two words).
        t = r4 * C0;
        long q0 = r0 + t;
        k = high(r4, C0) + carry(r0, t, q0);
        t = r5 * C0;
        s = r1 + t;
        c = carry(r1, t, s);
        long q1 = s + k;
        k = high(r5, C0) + c + carry(s, k, q1);
        t = C0 & -r6;
        s = r2 + t;
        c = carry(r2, t, s);
        long q2 = s + k;
        k = c + carry(s, k, q2);
        long q3 = r3 + k;
        long q4 = carry(r3, k, q3);

        t = r4 * C1;
        s = q1 + t;
        k = high(r4, C1) + carry(q1, t, s);
        q1 = s;
        t = r5 * C1;
        s = q2 + t;
        c = carry(q2, t, s);
        q2 = s + k;
        k = high(r5, C1) + c + carry(s, k, q2);
        t = C1 & -r6;
        s = q3 + t;
        c = carry(q3, t, s);
        q3 = s + k;
        q4 += c + carry(s, k, q3);

        s = q2 + r4;
        c = carry(q2, r4, s);
        q2 = s;
        s = q3 + r5 + c;
        c = carry(q3, r5, s);
        q3 = s;
        q4 += r6 + c;

        // Fold 3: q4 is at most 3.
        t = q4 * C0;
        d0 = q0 + t;
        k = high(q4, C0) + carry(q0, t, d0);
        t = q4 * C1;
        s = q1 + t;
        c = carry(q1, t, s);
        d1 = s + k;
        k = high(q4, C1) + c + carry(s, k, d1) + q4;
        d2 = q2 + k;
        k = carry(q2, k, d2);
        d3 = q3 + k;
        reduceOnce(carry(q3, k, d3));
    }

    /** Subtracts N if this value plus overflow·2^256 is at least N; returns 1 if it did. */
    private long reduceOnce(long overflow) {
        // Adding C and looking for a carry out of 2^256 is the comparison with N.
        long s0 = d0 + C0;
        long carry = carry(d0, C0, s0);
        long s1 = d1 + C1 + carry;
        carry = carry(d1, C1, s1);
        long s2 = d2 + 1 + carry;
        carry = carry(d2, 1, s2);
        long s3 = d3 + carry;
        carry = carry(d3, 0, s3);
        long reduce = carry | overflow;
        long mask = -reduce;
        d0 ^= (d0 ^ s0) & mask;
        d1 ^= (d1 ^ s1) & mask;
        d2 ^= (d2 ^ s2) & mask;
        d3 ^= (d3 ^ s3) & mask;
        return reduce;
    }

    /**
     * Sets this scalar to the inverse of {@code a} (zero for zero) without secret-dependent
     * branches.
     */
    public void invert(Scalar a) {
        ModularInversion inversion = new ModularInversion(N0, N1, N2, N3);
        inversion.invert(a.d0, a.d1, a.d2, a.d3);
        take(inversion);
        inversion.clear();
    }

    /** Sets this scalar to the inverse of a public {@code a}; zero for zero. */
    public void invertVartime(Scalar a) {
        ModularInversion inversion = new ModularInversion(N0, N1, N2, N3);
        inversion.invertVartime(a.d0, a.d1, a.d2, a.d3);
        take(inversion);
    }

    private void take(ModularInversion inversion) {
        d0 = inversion.w0;
        d1 = inversion.w1;
        d2 = inversion.w2;
        d3 = inversion.w3;
    }

    /** Shifts this scalar left by whole bytes, then reduces it modulo N. */
    public void shiftLeftBytes(int count) {
        for (int i = 0; i < count; i++) {
            long overflow = d3 >>> 56;
            long t0 = d0 << 8;
            long t1 = d1 << 8 | d0 >>> 56;
            long t2 = d2 << 8 | d1 >>> 56;
            long t3 = d3 << 8 | d2 >>> 56;
            reduce(t0, t1, t2, t3, overflow, 0, 0, 0);
        }
    }

    /**
     * Returns the number of leading zero bytes of the 32-byte form, 32 for zero. For public values
     * only.
     */
    public int leadingZeroBytesVartime() {
        if (d3 != 0) {
            return Long.numberOfLeadingZeros(d3) >>> 3;
        }
        if (d2 != 0) {
            return 8 + (Long.numberOfLeadingZeros(d2) >>> 3);
        }
        if (d1 != 0) {
            return 16 + (Long.numberOfLeadingZeros(d1) >>> 3);
        }
        return 24 + (Long.numberOfLeadingZeros(d0) >>> 3);
    }

    /** Carry out of s = a + b (+ carry in), from the sign bits. */
    static long carry(long a, long b, long s) {
        return ((a & b) | ((a | b) & ~s)) >>> 63;
    }

    /** Borrow out of s = a − b (− borrow in), from the sign bits. */
    static long borrow(long a, long b, long s) {
        return ((~a & b) | ((~a | b) & s)) >>> 63;
    }

    private static long borrowOut(long a, long b, long borrowIn) {
        return borrow(a, b, a - b - borrowIn);
    }

    static long high(long a, long b) {
        return Math.unsignedMultiplyHigh(a, b);
    }

    /** Public scalars only; a secret's text form must never exist. */
    String toHexVartime() {
        byte[] bytes = new byte[32];
        putBytes(bytes, 0);
        return HexFormat.of().formatHex(bytes);
    }

    /** Reveals nothing, since any scalar might be a secret. */
    @Override
    public String toString() {
        return "Scalar[masked]";
    }
}
