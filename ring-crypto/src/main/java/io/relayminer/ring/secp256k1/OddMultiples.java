package io.relayminer.ring.secp256k1;

/**
 * The points P, 3P, 5P, … 15P of a base that has no {@link CombTable}, in affine form, for windowed
 * multiplication with width-5 non-adjacent forms.
 *
 * <p>This is what a verification falls back to for a base it sees for the first time: eight points,
 * built on the spot by an {@link OddMultiplesBuilder} and reused for the length of one
 * verification. Public points only. Not thread-safe.
 */
public final class OddMultiples {
    static final int WIDTH = 5;
    static final int COUNT = 1 << (WIDTH - 2);

    final AffinePoint[] multiples = new AffinePoint[COUNT];

    /** β times the x coordinates of the multiples: λ·(x, y) = (βx, y). */
    final FieldElement[] endomorphism = new FieldElement[COUNT];

    /** Creates an empty table. */
    public OddMultiples() {
        for (int i = 0; i < COUNT; i++) {
            multiples[i] = new AffinePoint();
            endomorphism[i] = new FieldElement();
        }
    }

    /** Sets {@code out} to digit·P for an odd digit in [−15, 15]. */
    void lookupVartime(int digit, AffinePoint out) {
        AffinePoint multiple = multiples[index(digit)];
        out.x.set(multiple.x);
        setY(multiple, digit, out);
    }

    /** Sets {@code out} to λ·digit·P for an odd digit in [−15, 15]. */
    void lookupEndomorphismVartime(int digit, AffinePoint out) {
        int index = index(digit);
        out.x.set(endomorphism[index]);
        setY(multiples[index], digit, out);
    }

    private static int index(int digit) {
        return (digit > 0 ? digit : -digit) >> 1;
    }

    private static void setY(AffinePoint multiple, int digit, AffinePoint out) {
        if (digit > 0) {
            out.y.set(multiple.y);
        } else {
            out.y.negate(multiple.y, 1); // 2
        }
        out.infinity = multiple.infinity;
    }
}
