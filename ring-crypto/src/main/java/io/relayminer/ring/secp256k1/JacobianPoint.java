package io.relayminer.ring.secp256k1;

/**
 * A mutable point in Jacobian coordinates: (X, Y, Z) stands for (X/Z², Y/Z³), with a separate flag
 * for the point at infinity.
 *
 * <p>Coordinates have magnitude at most 4 for x and y and 1 for z between operations; each formula
 * notes the magnitudes it passes through. The {@code Vartime} operations handle equal, opposite and
 * infinite operands by branching. {@link #addSecret} handles all of them without a branch and is
 * the only addition that may see a point derived from a secret. Not thread-safe.
 */
public final class JacobianPoint {
    final FieldElement x = new FieldElement();
    final FieldElement y = new FieldElement();
    final FieldElement z = new FieldElement();
    boolean infinity = true;

    // Scratch.
    private final FieldElement t0 = new FieldElement();
    private final FieldElement t1 = new FieldElement();
    private final FieldElement t2 = new FieldElement();
    private final FieldElement t3 = new FieldElement();
    private final FieldElement t4 = new FieldElement();
    private final FieldElement t5 = new FieldElement();
    private final FieldElement t6 = new FieldElement();

    /** Creates the point at infinity. */
    public JacobianPoint() {}

    /** Returns whether this is the point at infinity. */
    public boolean isInfinity() {
        return infinity;
    }

    /** Sets this point to infinity. */
    public void setInfinity() {
        infinity = true;
        x.setSmall(0);
        y.setSmall(0);
        z.setSmall(0);
    }

    /** Copies an affine point. */
    public void set(AffinePoint a) {
        x.set(a.x);
        y.set(a.y);
        z.setSmall(1);
        infinity = a.infinity;
    }

    /** Copies another point. */
    public void set(JacobianPoint a) {
        x.set(a.x);
        y.set(a.y);
        z.set(a.z);
        infinity = a.infinity;
    }

    /** Negates this point. */
    public void negate() {
        y.normalizeWeak();
        y.negate(y, 1);
    }

    /**
     * Doubles this point: 3M + 4S. With the curve's coefficient a = 0, L = 3X²/2, S = Y², T = −S·X:
     * X' = L² + 2T, Y' = −(L·(X' + T) + S²), Z' = Y·Z. A point of odd order never doubles to
     * infinity, so the only special case is infinity itself, and that needs no branch: its
     * coordinates stay meaningless.
     */
    public void doublePoint() {
        FieldElement s = t0;
        FieldElement l = t1;
        FieldElement t = t2;
        z.mul(y, z);
        s.square(y);
        l.square(x);
        l.mulSmall(3);
        l.half(); // magnitude 2
        t.negate(s, 1); // 2
        t.mul(t, x); // 1
        x.square(l);
        x.add(t);
        x.add(t); // 3
        s.square(s);
        t.add(x); // 4
        t.mul(t, l);
        t.add(s); // 2
        y.negate(t, 2); // 3
    }

    /**
     * Adds an affine point with coordinates of magnitude at most 3: 8M + 3S. For public points
     * only.
     */
    public void addVartime(AffinePoint b) {
        if (b.infinity) {
            return;
        }
        if (infinity) {
            set(b);
            return;
        }
        FieldElement zz = t0;
        FieldElement h = t1;
        FieldElement i = t2;
        FieldElement h2 = t3;
        FieldElement h3 = t4;
        FieldElement u1 = t5;
        zz.square(z);
        h.mul(b.x, zz);
        i.mul(b.y, zz);
        i.mul(i, z);
        h.difference(h, x, 3); // 1 + 4
        i.difference(y, i, 1); // 3 + 2
        if (h.isZeroVartime()) {
            if (i.isZeroVartime()) {
                doublePoint();
            } else {
                setInfinity();
            }
            return;
        }
        finishAddition(h, i, h2, h3, u1);
    }

    /**
     * Common tail of additions: with u1 = x (already scaled), s1 = y, h = u2 − u1, i = s1 − s2. Z'
     * = Z·h, X' = i² − h³ − 2·u1·h², Y' = i·(X' − u1·h²)·(−1)… written with h2 = −h².
     */
    private void finishAddition(
            FieldElement h, FieldElement i, FieldElement h2, FieldElement h3, FieldElement t) {
        z.mul(z, h);
        h2.square(h);
        h2.negate(h2, 1); // 2
        h3.mul(h2, h); // −h³
        t.mul(x, h2); // −u1·h²
        x.square(i);
        x.add(h3);
        x.add(t);
        x.add(t); // 4
        t.add(x); // 5
        t.mul(t, i);
        h3.mul(h3, y);
        y.sum(t, h3); // 2
        x.normalizeWeak();
    }

    /** Adds another Jacobian point: 12M + 4S. For public points only. */
    public void addVartime(JacobianPoint b) {
        if (b.infinity) {
            return;
        }
        if (infinity) {
            set(b);
            return;
        }
        FieldElement zz = t0;
        FieldElement h = t1;
        FieldElement i = t2;
        FieldElement bzz = t6;
        zz.square(z);
        bzz.square(b.z);
        h.mul(b.x, zz);
        i.mul(b.y, zz);
        i.mul(i, z);
        x.mul(x, bzz);
        bzz.mul(bzz, b.z);
        y.mul(y, bzz);
        h.difference(h, x, 1);
        i.difference(y, i, 1);
        if (h.isZeroVartime()) {
            if (i.isZeroVartime()) {
                // x and y were scaled by b.z; scale z alike so that this is the same point again.
                z.mul(z, b.z);
                doublePoint();
            } else {
                setInfinity();
            }
            return;
        }
        z.mul(z, b.z);
        finishAddition(h, i, t3, t4, t5);
    }

    /**
     * Adds a finite affine point without branching on any value: 7M + 5S and selections (Brier and
     * Joye's unified formula). The slope is (x1² + x1·x2 + x2²)/(y1 + y2), which also covers
     * doubling, unless y1 = −y2; then it is (y1 − y2)/(x1 − x2), and if x1 = x2 as well, the result
     * is infinity. This point may be infinite, which is a selection at the end.
     */
    void addSecret(AffinePoint b) {
        FieldElement zz = t0;
        FieldElement u2 = t1;
        FieldElement s2 = t2;
        FieldElement t = t3;
        FieldElement m = t4;
        FieldElement r = t5;
        FieldElement mAlt = t6;
        long wasInfinity = infinity ? -1L : 0L;

        zz.square(z);
        x.normalizeWeak();
        y.normalizeWeak();
        u2.mul(b.x, zz);
        s2.mul(b.y, zz);
        s2.mul(s2, z);
        t.sum(x, u2); // 2
        m.sum(y, s2); // 2
        r.square(t);
        mAlt.negate(u2, 1); // 2
        zz.mul(x, mAlt);
        r.add(zz); // 2: (x1+x2)² − x1·x2
        long degenerate = m.isZero() ? -1L : 0L;
        // The other slope: numerator y1 − y2 = 2·y1, denominator x1 − x2.
        zz.sum(y, y); // 2
        mAlt.add(x); // 3
        r.select(zz, degenerate);
        FieldElement d = u2;
        d.set(m);
        d.select(mAlt, degenerate); // ≤ 3: the denominator in use
        s2.square(d); // d²
        t.negate(t, 2); // 3
        t.mul(t, s2); // q = −(u1 + u2)·d²
        s2.square(s2); // d⁴
        s2.select(m, degenerate); // m³·d, which is zero in the degenerate case
        z.mul(z, d);
        x.square(r);
        x.add(t); // 2
        zz.sum(x, x); // 4
        zz.add(t); // 5
        zz.mul(zz, r);
        zz.add(s2); // ≤ 3
        y.negate(zz, 3); // 4
        y.half(); // 3
        z.normalizeWeak();

        FieldElement one = u2;
        one.setSmall(1);
        x.select(b.x, wasInfinity);
        y.select(b.y, wasInfinity);
        z.select(one, wasInfinity);
        infinity = z.isZero();
    }

    /**
     * Converts to affine coordinates with one inversion; the result is normalized. This point is
     * used up. For public points only.
     */
    public void toAffineVartime(AffinePoint out) {
        if (infinity) {
            out.infinity = true;
            return;
        }
        FieldInversion inversion = new FieldInversion();
        inversion.invertVartime(z, z);
        scaleInto(out);
    }

    /**
     * Converts to affine coordinates without secret-dependent branches; the result is normalized.
     */
    void toAffineSecret(AffinePoint out) {
        FieldInversion inversion = new FieldInversion();
        inversion.invert(z, z);
        scaleInto(out);
        out.infinity = infinity;
    }

    /** Sets {@code out} to (x·z², y·z³) where z already holds the inverse of Z. */
    void scaleInto(AffinePoint out) {
        t0.square(z);
        out.x.mul(x, t0);
        t0.mul(t0, z);
        out.y.mul(y, t0);
        out.x.normalize();
        out.y.normalize();
        out.infinity = false;
    }

    /** Overwrites all coordinates and scratch values. */
    void clear() {
        setInfinity();
        t0.setSmall(0);
        t1.setSmall(0);
        t2.setSmall(0);
        t3.setSmall(0);
        t4.setSmall(0);
        t5.setSmall(0);
        t6.setSmall(0);
    }
}
