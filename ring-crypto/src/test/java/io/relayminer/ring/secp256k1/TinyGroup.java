package io.relayminer.ring.secp256k1;

import java.math.BigInteger;

/**
 * A subgroup of a few points on y² = x³ + b over the field of secp256k1. It has the same
 * endomorphism and runs through the same formulas, but every exceptional case is met all the time.
 * Elements are numbered by their discrete logarithm.
 */
final class TinyGroup {
    /** The subgroup of order 13 of y² = x³ + 2. */
    static final TinyGroup ORDER_13 =
            new TinyGroup(
                    13,
                    9,
                    "e3c9b3d1054f4b9560bf61c1d169663c88fe5c8fddce6ca1823ca3622cd8c7d9",
                    "942536cba3e494923a701cc3ee3e443fdf182aa915b8aa6a166d3b19ba84b045");

    /** The subgroup of order 199 of y² = x³ + 4. */
    static final TinyGroup ORDER_199 =
            new TinyGroup(
                    199,
                    92,
                    "76f42cdba579cef63a67dfd3283340026ac156e20c56601d0c3cbde69d1e7582",
                    "84eb9641f7868e7f48acc06f84f380895d34537e778861b1ba419ad16801f62f");

    final int order;

    /** λ·P = (βx, y) multiplies by this. */
    final int lambda;

    private final AffinePoint[] points;

    private TinyGroup(int order, int lambda, String x, String y) {
        this.order = order;
        this.lambda = lambda;
        BigInteger gx = new BigInteger(x, 16);
        points = new AffinePoint[order];
        points[0] = new AffinePoint();
        BigInteger gy = new BigInteger(y, 16);
        BigInteger px = gx;
        BigInteger py = gy;
        BigInteger p = Randoms.P;
        for (int i = 1; i < order; i++) {
            points[i] = new AffinePoint();
            points[i].x.set(Randoms.field(px));
            points[i].y.set(Randoms.field(py));
            points[i].infinity = false;
            if (i == order - 1) {
                break;
            }
            BigInteger slope =
                    i == 1
                            ? px.multiply(px)
                                    .multiply(BigInteger.valueOf(3))
                                    .multiply(py.shiftLeft(1).modInverse(p))
                            : gy.subtract(py).multiply(gx.subtract(px).mod(p).modInverse(p));
            BigInteger nx = slope.multiply(slope).subtract(px).subtract(gx).mod(p);
            py = slope.multiply(px.subtract(nx)).subtract(py).mod(p);
            px = nx;
        }
    }

    /** Returns a copy of the point with a discrete logarithm, taken modulo the order. */
    AffinePoint point(long logarithm) {
        AffinePoint copy = new AffinePoint();
        copy.set(points[(int) Math.floorMod(logarithm, (long) order)]);
        return copy;
    }

    /** Returns the discrete logarithm of a point of the group. */
    int logarithm(AffinePoint point) {
        if (point.infinity) {
            return 0;
        }
        AffinePoint copy = new AffinePoint();
        copy.set(point);
        copy.x.normalize();
        copy.y.normalize();
        for (int i = 1; i < order; i++) {
            if (points[i].x.sameAs(copy.x) && points[i].y.sameAs(copy.y)) {
                return i;
            }
        }
        throw new AssertionError("not a point of the group");
    }

    int logarithm(JacobianPoint point) {
        JacobianPoint copy = new JacobianPoint();
        copy.set(point);
        AffinePoint affine = new AffinePoint();
        copy.toAffineVartime(affine);
        return logarithm(affine);
    }

    /**
     * Returns the point in Jacobian coordinates with some z, which decides nothing but must not
     * matter.
     */
    JacobianPoint jacobian(long logarithm, FieldElement z) {
        JacobianPoint point = new JacobianPoint();
        point.set(point(logarithm));
        if (!point.infinity) {
            FieldElement power = new FieldElement();
            power.square(z);
            point.x.mul(point.x, power);
            power.mul(power, z);
            point.y.mul(point.y, power);
            point.z.set(z);
        }
        return point;
    }
}
