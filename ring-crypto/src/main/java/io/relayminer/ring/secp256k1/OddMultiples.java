package io.relayminer.ring.secp256k1;

/**
 * The points P, 3P, 5P, … 15P of a base that has no {@link CombTable}, in affine form, for windowed
 * multiplication with width-5 non-adjacent forms.
 *
 * <p>This is what a verification falls back to for a base it sees for the first time: eight points,
 * built on the spot and reused for the length of one verification. Public points only. Not
 * thread-safe.
 */
public final class OddMultiples {
    static final int WIDTH = 5;
    private static final int COUNT = 1 << (WIDTH - 2);

    private final AffinePoint[] multiples = new AffinePoint[COUNT];
    private final JacobianPoint[] jacobian = new JacobianPoint[COUNT];
    private final BatchNormalization normalization = new BatchNormalization(COUNT);
    private final AffinePoint twice = new AffinePoint();

    /** Creates an empty table. */
    public OddMultiples() {
        for (int i = 0; i < COUNT; i++) {
            multiples[i] = new AffinePoint();
            jacobian[i] = new JacobianPoint();
        }
    }

    /** Fills the table with the odd multiples of a point. */
    public void build(AffinePoint point) {
        jacobian[0].set(point);
        jacobian[0].doublePoint();
        jacobian[0].toAffineVartime(twice);
        jacobian[0].set(point);
        for (int i = 1; i < COUNT; i++) {
            jacobian[i].set(jacobian[i - 1]);
            jacobian[i].addVartime(twice);
        }
        normalization.normalize(jacobian, multiples, COUNT);
    }

    /** Sets {@code out} to digit·P for an odd digit in [−15, 15]. */
    void lookupVartime(int digit, AffinePoint out) {
        if (digit > 0) {
            out.set(multiples[digit >> 1]);
        } else {
            out.setNegated(multiples[-digit >> 1]);
        }
    }
}
