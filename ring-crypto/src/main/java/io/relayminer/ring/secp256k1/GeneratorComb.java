package io.relayminer.ring.secp256k1;

/**
 * The table for multiples of the base point G by secret scalars.
 *
 * <p>The scalar's 264 digits are all ±1, as in {@link CombTable}: digit string b stands for 2b −
 * (2^264 − 1), so b is (k + 2^264 − 1)/2 modulo N. Digit i belongs to block i/24, tooth (i/4) mod 6
 * and column i mod 4: eleven blocks have a table of 32 sign patterns of their own, which makes 44
 * additions but only three doublings. All tables together take 22 KiB, so that they stay in the
 * first-level cache although every lookup reads a whole block.
 */
final class GeneratorComb {
    static final int BLOCKS = 11;
    static final int TEETH = 6;
    static final int SPACING = 4;

    /** 2^264 − 1 modulo N. */
    static final Scalar DIGIT_OFFSET = new Scalar();

    private static final int ENTRIES = 1 << (TEETH - 1);
    private static final int WORDS = 8;
    private static final long[] TABLE = new long[BLOCKS * ENTRIES * WORDS];

    static {
        Scalar one = new Scalar();
        one.setSmall(1);
        Scalar power = new Scalar();
        power.setSmall(1);
        for (int i = 0; i < BLOCKS * TEETH * SPACING; i++) {
            power.add(power, power);
        }
        one.negate(one);
        DIGIT_OFFSET.add(power, one);

        JacobianPoint[] powers = new JacobianPoint[BLOCKS * TEETH];
        JacobianPoint p = new JacobianPoint();
        p.set(AffinePoint.generator());
        for (int i = 0; i < powers.length; i++) {
            powers[i] = new JacobianPoint();
            powers[i].set(p);
            for (int j = 0; j < SPACING; j++) {
                p.doublePoint();
            }
        }
        JacobianPoint[] entries = new JacobianPoint[ENTRIES];
        AffinePoint[] affine = new AffinePoint[ENTRIES];
        for (int i = 0; i < ENTRIES; i++) {
            entries[i] = new JacobianPoint();
            affine[i] = new AffinePoint();
        }
        BatchNormalization normalization = new BatchNormalization(ENTRIES);
        JacobianPoint term = new JacobianPoint();
        for (int block = 0; block < BLOCKS; block++) {
            for (int pattern = 0; pattern < ENTRIES; pattern++) {
                entries[pattern].set(powers[block * TEETH + TEETH - 1]);
                for (int tooth = 0; tooth < TEETH - 1; tooth++) {
                    term.set(powers[block * TEETH + tooth]);
                    if ((pattern >>> tooth & 1) == 0) {
                        term.negate();
                    }
                    entries[pattern].addVartime(term);
                }
            }
            normalization.normalize(entries, affine, ENTRIES);
            for (int pattern = 0; pattern < ENTRIES; pattern++) {
                affine[pattern].putWords(TABLE, (block * ENTRIES + pattern) * WORDS);
            }
        }
    }

    private GeneratorComb() {}

    /**
     * Sets {@code out} to the entry of a block for the digits of a column of a secret digit string.
     */
    static void lookupSecret(Scalar digits, int block, int column, AffinePoint out) {
        int pattern = 0;
        for (int tooth = 0; tooth < TEETH; tooth++) {
            int position = (block * TEETH + tooth) * SPACING + column;
            pattern |= bit(digits, position) << tooth;
        }
        int negative = (pattern >>> (TEETH - 1)) - 1;
        int index = (pattern ^ negative) & (ENTRIES - 1);
        SecretLookup.select(TABLE, block * ENTRIES * WORDS, ENTRIES, index, negative, out);
    }

    private static int bit(Scalar digits, int position) {
        long word =
                switch (position >>> 6) {
                    case 0 -> digits.d0;
                    case 1 -> digits.d1;
                    case 2 -> digits.d2;
                    case 3 -> digits.d3;
                    default -> 0;
                };
        return (int) (word >>> position) & 1;
    }
}
