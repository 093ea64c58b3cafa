package io.relayminer.ring.secp256k1;

/**
 * A scalar k written as k ≡ k1 + k2·λ (mod N) with signed halves |k1|, |k2| < 2^128.
 *
 * <p>With the short lattice vectors (a1, b1), (a2, b2), a_i + b_i·λ ≡ 0, the halves are k1 = k −
 * c1·a1 − c2·a2 and k2 = −c1·b1 − c2·b2 where c1 and c2 are b2·k/N and −b1·k/N rounded; the
 * quotients come from a multiplication by a precomputed reciprocal and a shift. Because the results
 * are known to be short, they are computed as plain integers modulo 2^192, not modulo N.
 *
 * <p>{@link #splitForComb} additionally prepares the halves for a comb whose digits are all ±1: an
 * n-bit string with bits b_i stands for Σ (2b_i − 1)·2^i = 2b − (2^n − 1). Asking that k1 and k2
 * have this form and solving for b1 + λ·b2 gives (k + (2^n − 1)(1 + λ))/2; splitting instead (k − 1
 * − λ)/2 into d1 and d2 and adding 2^(n−1) to both satisfies it for every n > 128, and the addition
 * is a flip of the top bit of the two's complement form. So digit i is the sign given by bit i of d
 * (1 is plus), except the top digit, which is minus if that bit is set.
 *
 * <p>No branches on the value. Not thread-safe.
 */
final class SplitScalar {
    /** Halves in two's complement: two words and a sign word that is 0 or −1. */
    long low1;

    long middle1;
    long sign1;
    long low2;
    long middle2;
    long sign2;

    private final Scalar shifted = new Scalar();

    // Reciprocals scaled by 2^320 (three words each), and the lattice vectors.
    private static final long Z10 = 0x3DAA8A1471E8CA7FL;
    private static final long Z11 = 0xE86C90E49284EB15L;
    private static final long Z12 = 0x3086D221A7D46BCDL;
    private static final long Z20 = 0x221208AC9DF506C6L;
    private static final long Z21 = 0x6F547FA90ABFE4C4L;
    private static final long Z22 = 0xE4437ED6010E8828L;
    private static final long A10 = 0xE86C90E49284EB15L;
    private static final long A11 = 0x3086D221A7D46BCDL;
    private static final long A20 = 0x57C1108D9D44CFD8L;
    private static final long A21 = 0x14CA50F7A8E2F3F6L;

    /** −b1; b2 equals a1. */
    private static final long B10 = 0x6F547FA90ABFE4C3L;

    private static final long B11 = 0xE4437ED6010E8828L;

    // Rounded quotient of the last call of quotient.
    private long c0;
    private long c1;

    /** Splits k into k1 + k2·λ. */
    void split(Scalar k) {
        quotient(k, Z10, Z11, Z12);
        long p0 = c0;
        long p1 = c1;
        quotient(k, Z20, Z21, Z22);
        long q0 = c0;
        long q1 = c1;

        // k1 = k − p·a1 − q·a2 modulo 2^192.
        long t0 = p0 * A10;
        long t1 = high(p0, A10);
        long s = p0 * A11;
        t1 += s;
        long t2 = high(p0, A11) + Scalar.carry(t1 - s, s, t1);
        s = p1 * A10;
        t1 += s;
        t2 += high(p1, A10) + Scalar.carry(t1 - s, s, t1) + p1 * A11;
        long r0 = k.d0 - t0;
        long borrow = Scalar.borrow(k.d0, t0, r0);
        long r1 = k.d1 - t1 - borrow;
        borrow = Scalar.borrow(k.d1, t1, r1);
        long r2 = k.d2 - t2 - borrow;
        t0 = q0 * A20;
        t1 = high(q0, A20);
        s = q0 * A21;
        t1 += s;
        t2 = high(q0, A21) + Scalar.carry(t1 - s, s, t1) + q0;
        s = q1 * A20;
        t1 += s;
        t2 += high(q1, A20) + Scalar.carry(t1 - s, s, t1) + q1 * A21;
        low1 = r0 - t0;
        borrow = Scalar.borrow(r0, t0, low1);
        middle1 = r1 - t1 - borrow;
        borrow = Scalar.borrow(r1, t1, middle1);
        sign1 = r2 - t2 - borrow;

        // k2 = p·(−b1) − q·b2 modulo 2^192.
        r0 = p0 * B10;
        r1 = high(p0, B10);
        s = p0 * B11;
        r1 += s;
        r2 = high(p0, B11) + Scalar.carry(r1 - s, s, r1);
        s = p1 * B10;
        r1 += s;
        r2 += high(p1, B10) + Scalar.carry(r1 - s, s, r1) + p1 * B11;
        t0 = q0 * A10;
        t1 = high(q0, A10);
        s = q0 * A11;
        t1 += s;
        t2 = high(q0, A11) + Scalar.carry(t1 - s, s, t1);
        s = q1 * A10;
        t1 += s;
        t2 += high(q1, A10) + Scalar.carry(t1 - s, s, t1) + q1 * A11;
        low2 = r0 - t0;
        borrow = Scalar.borrow(r0, t0, low2);
        middle2 = r1 - t1 - borrow;
        borrow = Scalar.borrow(r1, t1, middle2);
        sign2 = r2 - t2 - borrow;
    }

    /** Splits k for an all-±1 comb, see the class comment. */
    void splitForComb(Scalar k) {
        shifted.add(k, Endomorphism.MINUS_LAMBDA_MINUS_ONE);
        shifted.half();
        split(shifted);
    }

    /** (c0, c1) ← (k·z + 2^319) >> 320. */
    private void quotient(Scalar k, long z0, long z1, long z2) {
        long k0 = k.d0;
        long k1 = k.d1;
        long k2 = k.d2;
        long k3 = k.d3;
        long carry = high(k0, z0);
        long t = k1 * z0;
        long p1 = t + carry;
        carry = high(k1, z0) + Scalar.carry(t, carry, p1);
        t = k2 * z0;
        long p2 = t + carry;
        carry = high(k2, z0) + Scalar.carry(t, carry, p2);
        t = k3 * z0;
        long p3 = t + carry;
        long p4 = high(k3, z0) + Scalar.carry(t, carry, p3);

        t = k0 * z1;
        long s = t + p1;
        carry = high(k0, z1) + Scalar.carry(t, p1, s);
        t = k1 * z1;
        s = t + p2;
        long c = Scalar.carry(t, p2, s);
        p2 = s + carry;
        carry = high(k1, z1) + c + Scalar.carry(s, carry, p2);
        t = k2 * z1;
        s = t + p3;
        c = Scalar.carry(t, p3, s);
        p3 = s + carry;
        carry = high(k2, z1) + c + Scalar.carry(s, carry, p3);
        t = k3 * z1;
        s = t + p4;
        c = Scalar.carry(t, p4, s);
        p4 = s + carry;
        long p5 = high(k3, z1) + c + Scalar.carry(s, carry, p4);

        t = k0 * z2;
        s = t + p2;
        carry = high(k0, z2) + Scalar.carry(t, p2, s);
        t = k1 * z2;
        s = t + p3;
        c = Scalar.carry(t, p3, s);
        p3 = s + carry;
        carry = high(k1, z2) + c + Scalar.carry(s, carry, p3);
        t = k2 * z2;
        s = t + p4;
        c = Scalar.carry(t, p4, s);
        p4 = s + carry;
        carry = high(k2, z2) + c + Scalar.carry(s, carry, p4);
        t = k3 * z2;
        s = t + p5;
        c = Scalar.carry(t, p5, s);
        p5 = s + carry;
        long p6 = high(k3, z2) + c + Scalar.carry(s, carry, p5);

        long round = p4 >>> 63;
        c0 = p5 + round;
        c1 = p6 + Scalar.carry(p5, round, c0);
    }

    private static long high(long a, long b) {
        return Math.unsignedMultiplyHigh(a, b);
    }

    /** Overwrites the halves, for callers that split a secret. */
    void clear() {
        low1 = 0;
        middle1 = 0;
        sign1 = 0;
        low2 = 0;
        middle2 = 0;
        sign2 = 0;
        c0 = 0;
        c1 = 0;
        shifted.clear();
    }
}
