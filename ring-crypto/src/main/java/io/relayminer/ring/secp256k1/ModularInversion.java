package io.relayminer.ring.secp256k1;

/**
 * Inversion modulo an odd 256-bit modulus by division steps (Bernstein and Yang, "Fast
 * constant-time gcd computation and modular inversion", 2019, with the half-delta variant of Wuille
 * and Pornin's batching).
 *
 * <h2>How it works</h2>
 *
 * A division step maps (δ, f, g), f odd, to a pair with the same gcd and a smaller g by looking at
 * nothing but the lowest bit of g and the sign of δ. Sixty steps depend on the lowest sixty bits
 * only, so they are run on single words and collected in a 2×2 matrix t; then the full-width f and
 * g are multiplied by t / 2^60 (exact) and the Bézout coefficients d and e by t / 2^60 modulo m
 * (made exact by adding multiples of m). When g reaches zero, f is ±1 and d is ± the inverse. This
 * replaces the 270 field multiplications of a Fermat inversion by about a quarter of that time.
 *
 * <h2>Representation</h2>
 *
 * Signed integers in five limbs of 60 bits; the lower four are in [0, 2^60), the top one carries
 * the sign. Sixty instead of the usual 62 bits leaves two spare bits on each factor of a limb
 * product, which lets it be split at bit 60 by {@link Math#multiplyHigh} of both factors shifted
 * left by two, without 128-bit carries.
 *
 * <p>{@link #invertVartime} skips runs of zero bits and stops when g is zero; {@link #invert}
 * always runs 600 steps (590 suffice for 256-bit inputs with the half-delta variant) without
 * branches. Not thread-safe: instances are scratch space.
 *
 * <h2>Jacobi symbol</h2>
 *
 * {@link #isNonResidueVartime} follows (g/f) through the same steps, with two changes. f and g have
 * to stay positive, so a swap does not negate; such steps do not always end with g = 0, but for
 * random input they soon come by f = 1, where the symbol is known. And the lowest three bits of f
 * and the lowest two of g must be right in the last of the sixty steps as well, which is why the
 * low words carry four bits of the next limb. Halving g changes the sign if f is 3 or 5 modulo 8, a
 * swap does if both are 3 modulo 4, adding f to g does not. No coefficients are kept, so a symbol
 * costs about as much as an inversion, a third of the square root it may spare.
 */
final class ModularInversion {
    /** Batches of steps after which a Jacobi symbol is left undecided; eleven are typical. */
    private static final int MAX_JACOBI_BATCHES = 24;

    private static final long M60 = (1L << 60) - 1;

    private final long m0;
    private final long m1;
    private final long m2;
    private final long m3;
    private final long m4;

    /** m^-1 mod 2^60. */
    private final long inverse60;

    private long d0;
    private long d1;
    private long d2;
    private long d3;
    private long d4;
    private long e0;
    private long e1;
    private long e2;
    private long e3;
    private long e4;
    private long f0;
    private long f1;
    private long f2;
    private long f3;
    private long f4;
    private long g0;
    private long g1;
    private long g2;
    private long g3;
    private long g4;

    // The transition matrix of the last batch of sixty steps.
    private long u;
    private long v;
    private long q;
    private long r;

    /** The lowest bit tells whether an odd number of sign changes happened so far. */
    private long negativeSymbol;

    /** Results, as four little-endian 64-bit words. */
    long w0;

    long w1;
    long w2;
    long w3;

    /** Creates scratch space for a modulus given as four little-endian 64-bit words. */
    ModularInversion(long m0, long m1, long m2, long m3) {
        this.m0 = m0 & M60;
        this.m1 = (m0 >>> 60 | m1 << 4) & M60;
        this.m2 = (m1 >>> 56 | m2 << 8) & M60;
        this.m3 = (m2 >>> 52 | m3 << 12) & M60;
        this.m4 = m3 >>> 48;
        long inverse = m0;
        for (int i = 0; i < 5; i++) {
            inverse *= 2 - m0 * inverse;
        }
        this.inverse60 = inverse & M60;
    }

    private void start(long x0, long x1, long x2, long x3) {
        d0 = 0;
        d1 = 0;
        d2 = 0;
        d3 = 0;
        d4 = 0;
        e0 = 1;
        e1 = 0;
        e2 = 0;
        e3 = 0;
        e4 = 0;
        f0 = m0;
        f1 = m1;
        f2 = m2;
        f3 = m3;
        f4 = m4;
        g0 = x0 & M60;
        g1 = (x0 >>> 60 | x1 << 4) & M60;
        g2 = (x1 >>> 56 | x2 << 8) & M60;
        g3 = (x2 >>> 52 | x3 << 12) & M60;
        g4 = x3 >>> 48;
    }

    /**
     * Computes the inverse of a value in [0, m), given as four little-endian words, into {@link
     * #w0} … {@link #w3}; zero yields zero. Time does not depend on the value.
     */
    void invert(long x0, long x1, long x2, long x3) {
        start(x0, x1, x2, x3);
        long zeta = -1;
        for (int i = 0; i < 10; i++) {
            zeta = steps(zeta, f0, g0);
            updateCoefficients();
            updateValues();
        }
        finish();
    }

    /** Same as {@link #invert} for public values; time depends on the value. */
    void invertVartime(long x0, long x1, long x2, long x3) {
        start(x0, x1, x2, x3);
        long eta = -1;
        while ((g0 | g1 | g2 | g3 | g4) != 0) {
            eta = stepsVartime(eta, f0, g0);
            updateCoefficients();
            updateValues();
        }
        finish();
    }

    /**
     * Returns whether a value in [0, m), given as four little-endian words, is proven to have
     * Jacobi symbol −1, so that no square is congruent to it; public values only. For zero, and for
     * the rare values whose symbol is not found in bounded time, the answer is false.
     */
    boolean isNonResidueVartime(long x0, long x1, long x2, long x3) {
        start(x0, x1, x2, x3);
        negativeSymbol = 0;
        long eta = -1;
        for (int i = 0; i < MAX_JACOBI_BATCHES; i++) {
            eta = positiveStepsVartime(eta, f0 | f1 << 60, g0 | g1 << 60);
            updateValues();
            if (((f0 ^ 1) | f1 | f2 | f3 | f4) == 0) {
                return (negativeSymbol & 1) != 0;
            }
        }
        return false;
    }

    /** Sixty branch-free division steps on the low words. zeta is −(δ + 1/2). */
    private long steps(long zeta, long fLow, long gLow) {
        long a = 1;
        long b = 0;
        long c = 0;
        long d = 1;
        long f = fLow;
        long g = gLow;
        for (int i = 0; i < 60; i++) {
            long negative = zeta >> 63;
            long odd = -(g & 1);
            g += (f ^ negative) - negative & odd;
            c += (a ^ negative) - negative & odd;
            d += (b ^ negative) - negative & odd;
            long swap = negative & odd;
            zeta = (zeta ^ swap) - 1;
            f += g & swap;
            a += c & swap;
            b += d & swap;
            g >>= 1;
            a <<= 1;
            b <<= 1;
        }
        u = a;
        v = b;
        q = c;
        r = d;
        return zeta;
    }

    /** Sixty division steps on the low words, runs of zero bits of g taken at once. eta is −δ. */
    private long stepsVartime(long eta, long fLow, long gLow) {
        long a = 1;
        long b = 0;
        long c = 0;
        long d = 1;
        long f = fLow;
        long g = gLow;
        int left = 60;
        while (true) {
            int zeros = Long.numberOfTrailingZeros(g | -1L << left);
            g >>= zeros;
            a <<= zeros;
            b <<= zeros;
            eta -= zeros;
            left -= zeros;
            if (left == 0) {
                break;
            }
            long w;
            if (eta < 0) {
                eta = -eta;
                long t = f;
                f = g;
                g = -t;
                t = a;
                a = c;
                c = -t;
                t = b;
                b = d;
                d = -t;
                // Cancel up to six low bits of g by a multiple of f, but no more than eta + 1 or
                // what is left.
                int limit = (int) Math.min(eta + 1, left);
                w = f * g * (f * f - 2) & -1L >>> (64 - limit) & 63;
            } else {
                int limit = (int) Math.min(eta + 1, left);
                w = f + ((f + 1 & 4) << 1);
                w = -w * g & -1L >>> (64 - limit) & 15;
            }
            g += f * w;
            c += a * w;
            d += b * w;
        }
        u = a;
        v = b;
        q = c;
        r = d;
        return eta;
    }

    /**
     * Sixty division steps without negation on the low 64 bits; the lowest bit of {@link
     * #negativeSymbol} flips whenever the Jacobi symbol (g/f) changes its sign.
     */
    private long positiveStepsVartime(long eta, long fLow, long gLow) {
        long a = 1;
        long b = 0;
        long c = 0;
        long d = 1;
        long f = fLow;
        long g = gLow;
        long symbol = negativeSymbol;
        int left = 60;
        while (true) {
            int zeros = Long.numberOfTrailingZeros(g | -1L << left);
            g >>>= zeros;
            a <<= zeros;
            b <<= zeros;
            eta -= zeros;
            left -= zeros;
            symbol ^= zeros & (f >> 1 ^ f >> 2);
            if (left == 0) {
                break;
            }
            long w;
            if (eta < 0) {
                eta = -eta;
                long t = f;
                f = g;
                g = t;
                t = a;
                a = c;
                c = t;
                t = b;
                b = d;
                d = t;
                symbol ^= (f & g) >> 1;
                int limit = (int) Math.min(eta + 1, left);
                w = f * g * (f * f - 2) & -1L >>> (64 - limit) & 63;
            } else {
                int limit = (int) Math.min(eta + 1, left);
                w = f + ((f + 1 & 4) << 1);
                w = -w * g & -1L >>> (64 - limit) & 15;
            }
            g += f * w;
            c += a * w;
            d += b * w;
        }
        u = a;
        v = b;
        q = c;
        r = d;
        negativeSymbol = symbol;
        return eta;
    }

    /** (f, g) ← t·(f, g) / 2^60, exact. */
    private void updateValues() {
        long a = u << 2;
        long b = v << 2;
        long c = q << 2;
        long d = r << 2;
        long x = f0 << 2;
        long y = g0 << 2;
        // Entries of t are at most 2^60 in absolute value and limbs below 2^60: shifted left by
        // two, the high
        // half of their product is the product shifted right by 60.
        long fh = high(a, x) + high(b, y);
        long gh = high(c, x) + high(d, y);
        long fc = ((u * f0 + v * g0 - (fh << 60)) >> 60) + fh;
        long gc = ((q * f0 + r * g0 - (gh << 60)) >> 60) + gh;
        x = f1 << 2;
        y = g1 << 2;
        fh = high(a, x) + high(b, y);
        gh = high(c, x) + high(d, y);
        long ft = u * f1 + v * g1 - (fh << 60) + fc;
        long gt = q * f1 + r * g1 - (gh << 60) + gc;
        f0 = ft & M60;
        g0 = gt & M60;
        fc = (ft >> 60) + fh;
        gc = (gt >> 60) + gh;
        x = f2 << 2;
        y = g2 << 2;
        fh = high(a, x) + high(b, y);
        gh = high(c, x) + high(d, y);
        ft = u * f2 + v * g2 - (fh << 60) + fc;
        gt = q * f2 + r * g2 - (gh << 60) + gc;
        f1 = ft & M60;
        g1 = gt & M60;
        fc = (ft >> 60) + fh;
        gc = (gt >> 60) + gh;
        x = f3 << 2;
        y = g3 << 2;
        fh = high(a, x) + high(b, y);
        gh = high(c, x) + high(d, y);
        ft = u * f3 + v * g3 - (fh << 60) + fc;
        gt = q * f3 + r * g3 - (gh << 60) + gc;
        f2 = ft & M60;
        g2 = gt & M60;
        fc = (ft >> 60) + fh;
        gc = (gt >> 60) + gh;
        // The top limbs are short (the values fit 257 bits), their products fit a word.
        ft = u * f4 + v * g4;
        gt = q * f4 + r * g4;
        x = f4 << 2;
        y = g4 << 2;
        fh = high(a, x) + high(b, y);
        gh = high(c, x) + high(d, y);
        ft = ft - (fh << 60) + fc;
        gt = gt - (gh << 60) + gc;
        f3 = ft & M60;
        g3 = gt & M60;
        f4 = (ft >> 60) + fh;
        g4 = (gt >> 60) + gh;
    }

    /** (d, e) ← t·(d, e) / 2^60 mod m; both stay in (−2m, m). */
    private void updateCoefficients() {
        long ds = d4 >> 63;
        long es = e4 >> 63;
        // Start from multiples of m that keep the results in range if d or e is negative, then make
        // the low
        // sixty bits vanish.
        long md = (u & ds) + (v & es);
        long me = (q & ds) + (r & es);
        md -= inverse60 * (u * d0 + v * e0) + md & M60;
        me -= inverse60 * (q * d0 + r * e0) + me & M60;
        long a = u << 2;
        long b = v << 2;
        long c = q << 2;
        long d = r << 2;
        long mds = md << 2;
        long mes = me << 2;

        long x = d0 << 2;
        long y = e0 << 2;
        long z = m0 << 2;
        long dh = high(a, x) + high(b, y) + high(mds, z);
        long eh = high(c, x) + high(d, y) + high(mes, z);
        long dc = ((u * d0 + v * e0 + md * m0 - (dh << 60)) >> 60) + dh;
        long ec = ((q * d0 + r * e0 + me * m0 - (eh << 60)) >> 60) + eh;
        x = d1 << 2;
        y = e1 << 2;
        z = m1 << 2;
        dh = high(a, x) + high(b, y) + high(mds, z);
        eh = high(c, x) + high(d, y) + high(mes, z);
        long dt = u * d1 + v * e1 + md * m1 - (dh << 60) + dc;
        long et = q * d1 + r * e1 + me * m1 - (eh << 60) + ec;
        d0 = dt & M60;
        e0 = et & M60;
        dc = (dt >> 60) + dh;
        ec = (et >> 60) + eh;
        x = d2 << 2;
        y = e2 << 2;
        z = m2 << 2;
        dh = high(a, x) + high(b, y) + high(mds, z);
        eh = high(c, x) + high(d, y) + high(mes, z);
        dt = u * d2 + v * e2 + md * m2 - (dh << 60) + dc;
        et = q * d2 + r * e2 + me * m2 - (eh << 60) + ec;
        d1 = dt & M60;
        e1 = et & M60;
        dc = (dt >> 60) + dh;
        ec = (et >> 60) + eh;
        x = d3 << 2;
        y = e3 << 2;
        z = m3 << 2;
        dh = high(a, x) + high(b, y) + high(mds, z);
        eh = high(c, x) + high(d, y) + high(mes, z);
        dt = u * d3 + v * e3 + md * m3 - (dh << 60) + dc;
        et = q * d3 + r * e3 + me * m3 - (eh << 60) + ec;
        d2 = dt & M60;
        e2 = et & M60;
        dc = (dt >> 60) + dh;
        ec = (et >> 60) + eh;
        x = d4 << 2;
        y = e4 << 2;
        z = m4 << 2;
        dh = high(a, x) + high(b, y) + high(mds, z);
        eh = high(c, x) + high(d, y) + high(mes, z);
        dt = u * d4 + v * e4 + md * m4 - (dh << 60) + dc;
        et = q * d4 + r * e4 + me * m4 - (eh << 60) + ec;
        d3 = dt & M60;
        e3 = et & M60;
        d4 = (dt >> 60) + dh;
        e4 = (et >> 60) + eh;
    }

    private static long high(long a, long b) {
        return Math.multiplyHigh(a, b);
    }

    /** Result = d·sign(f), brought from (−2m, m) to [0, m). */
    private void finish() {
        long sign = f4 >> 63;
        long t0 = d0;
        long t1 = d1;
        long t2 = d2;
        long t3 = d3;
        long t4 = d4;
        // First into (−m, m): add m if negative; then apply the sign; then add m if negative again.
        long add = t4 >> 63;
        t0 += m0 & add;
        t1 += m1 & add;
        t2 += m2 & add;
        t3 += m3 & add;
        t4 += m4 & add;
        t0 = (t0 ^ sign) - sign;
        t1 = (t1 ^ sign) - sign;
        t2 = (t2 ^ sign) - sign;
        t3 = (t3 ^ sign) - sign;
        t4 = (t4 ^ sign) - sign;
        t1 += t0 >> 60;
        t0 &= M60;
        t2 += t1 >> 60;
        t1 &= M60;
        t3 += t2 >> 60;
        t2 &= M60;
        t4 += t3 >> 60;
        t3 &= M60;
        add = t4 >> 63;
        t0 += m0 & add;
        t1 += m1 & add;
        t2 += m2 & add;
        t3 += m3 & add;
        t4 += m4 & add;
        t1 += t0 >> 60;
        t0 &= M60;
        t2 += t1 >> 60;
        t1 &= M60;
        t3 += t2 >> 60;
        t2 &= M60;
        t4 += t3 >> 60;
        t3 &= M60;
        w0 = t0 | t1 << 60;
        w1 = t1 >>> 4 | t2 << 56;
        w2 = t2 >>> 8 | t3 << 52;
        w3 = t3 >>> 12 | t4 << 48;
    }

    /** Overwrites all intermediate values, for callers that inverted a secret. */
    void clear() {
        start(0, 0, 0, 0);
        f0 = 0;
        f1 = 0;
        f2 = 0;
        f3 = 0;
        f4 = 0;
        u = 0;
        v = 0;
        q = 0;
        r = 0;
        w0 = 0;
        w1 = 0;
        w2 = 0;
        w3 = 0;
    }
}
