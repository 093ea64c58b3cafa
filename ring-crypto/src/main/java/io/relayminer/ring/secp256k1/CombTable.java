package io.relayminer.ring.secp256k1;

/**
 * A precomputed table of a long-lived point, from which any multiple of it is the sum of a few
 * entries.
 *
 * <h2>Structure</h2>
 *
 * A comb with t teeth and spacing w looks at t·w ≥ 129 digits of a scalar half in w columns: column
 * c consists of the digits c, c + w, c + 2w, …. All digits are ±1 (see {@link SplitScalar}), so a
 * column is one of 2^t sign patterns of the t points 2^(jw)·P, and half of the patterns are
 * negatives of the other half. The table holds the 2^(t−1) patterns whose highest digit is plus. A
 * multiple then is
 *
 * <pre>  k·P = Σ_c 2^c · (±T[pattern of c in k1] ± λT[pattern of c in k2])</pre>
 *
 * that is w − 1 doublings and 2w table points, where a ladder needs 256 doublings. The endomorphism
 * makes the same table serve both halves at the price of one multiplication by β for each entry of
 * the second half.
 *
 * <p>Teeth trade memory for time: 6 teeth take 2 KiB and 22 columns, 8 take 8 KiB and 17, 10 take
 * 32 KiB and 13, 12 take 128 KiB and 11. Since entries are affine (64 bytes) and independent of
 * each other, the two points of each column can be added in one {@link BatchAddition}.
 *
 * <p>There is no zero digit, hence no entry is infinity for a point of full order: a pattern is an
 * odd integer below 2^(tw) in absolute value times P, and that never is a multiple of N for t·w
 * &lt; 256. Infinity is nevertheless representable, for the small groups of the tests.
 *
 * <p>Immutable once built, safe for concurrent use.
 */
public final class CombTable {
    /** Digits that a scalar half occupies: 128 bits and the sign. */
    static final int DIGITS = 129;

    /** Fewest teeth of a table. */
    public static final int MIN_TEETH = 4;

    /** Most teeth of a table: 16 MiB. */
    public static final int MAX_TEETH = 18;

    private static final int WORDS = 8;
    private static final int BATCH = 64;

    private final int teeth;
    private final int spacing;
    private final long[] words;

    // Per column: the bits of the low and the middle word that belong to it, where the middle and
    // the sign bits go
    // in the pattern, and the flip of the top digit.
    private final long[] lowMasks;
    private final long[] middleMasks;
    private final int[] middleShifts;
    private final int[] signShifts;
    private final int[] flips;

    private CombTable(int teeth, long[] words) {
        this.teeth = teeth;
        this.spacing = spacing(teeth);
        this.words = words;
        lowMasks = new long[spacing];
        middleMasks = new long[spacing];
        middleShifts = new int[spacing];
        signShifts = new int[spacing];
        flips = new int[spacing];
        for (int column = 0; column < spacing; column++) {
            for (int position = column; position < 128; position += spacing) {
                if (position < 64) {
                    lowMasks[column] |= 1L << position;
                    middleShifts[column]++;
                } else {
                    middleMasks[column] |= 1L << position;
                }
                signShifts[column]++;
            }
        }
        flips[spacing - 1] = 1 << (teeth - 1);
    }

    static int spacing(int teeth) {
        return (DIGITS + teeth - 1) / teeth;
    }

    /** Returns the memory a table of so many teeth occupies, in bytes. */
    public static long sizeInBytes(int teeth) {
        return 16L + (((long) WORDS * Long.BYTES) << (teeth - 1));
    }

    /**
     * Builds the table of a public point. Takes 2^(teeth−1) affine additions and about 129
     * doublings.
     */
    public static CombTable build(AffinePoint point, int teeth) {
        if (teeth < MIN_TEETH || teeth > MAX_TEETH) {
            throw new IllegalArgumentException(
                    "a comb has " + MIN_TEETH + " to " + MAX_TEETH + " teeth, not " + teeth);
        }
        int spacing = spacing(teeth);
        AffinePoint[] steps = new AffinePoint[teeth];
        AffinePoint first = patternOfMinusSigns(point, teeth, spacing, steps);

        long[] words = new long[WORDS << (teeth - 1)];
        first.putWords(words, 0);
        BatchAddition addition = new BatchAddition(BATCH);
        AffinePoint[] a = new AffinePoint[BATCH];
        AffinePoint[] b = new AffinePoint[BATCH];
        for (int i = 0; i < BATCH; i++) {
            a[i] = new AffinePoint();
        }
        // Turning digit j from minus to plus adds 2·2^(jw)·P: double the finished part of the table
        // per tooth.
        for (int j = 0; j < teeth - 1; j++) {
            int done = 1 << j;
            java.util.Arrays.fill(b, steps[j]);
            for (int from = 0; from < done; from += BATCH) {
                int count = Math.min(BATCH, done - from);
                for (int i = 0; i < count; i++) {
                    a[i].setWords(words, (from + i) * WORDS);
                }
                addition.add(a, b, a, count);
                for (int i = 0; i < count; i++) {
                    a[i].putWords(words, (done + from + i) * WORDS);
                }
            }
        }
        return new CombTable(teeth, words);
    }

    /**
     * Returns 2^((t−1)w)·P − Σ_{j &lt; t−1} 2^(jw)·P and fills {@code steps[j]} with 2·2^(jw)·P for
     * j &lt; t − 1.
     */
    private static AffinePoint patternOfMinusSigns(
            AffinePoint point, int teeth, int spacing, AffinePoint[] steps) {
        JacobianPoint[] powers = new JacobianPoint[2 * teeth];
        JacobianPoint power = new JacobianPoint();
        power.set(point);
        JacobianPoint sum = new JacobianPoint();
        for (int j = 0; j < teeth; j++) {
            if (j < teeth - 1) {
                sum.addVartime(power);
            }
            powers[j] = new JacobianPoint();
            for (int i = 0; i < spacing && j < teeth - 1; i++) {
                power.doublePoint();
                if (i == 0) {
                    powers[j].set(power);
                }
            }
        }
        sum.negate();
        sum.addVartime(power);
        powers[teeth - 1].set(sum);
        AffinePoint[] affine = new AffinePoint[teeth];
        for (int j = 0; j < teeth; j++) {
            affine[j] = new AffinePoint();
        }
        new BatchNormalization(teeth).normalize(powers, affine, teeth);
        System.arraycopy(affine, 0, steps, 0, teeth - 1);
        return affine[teeth - 1];
    }

    int teeth() {
        return teeth;
    }

    int spacing() {
        return spacing;
    }

    /** Returns the memory this table occupies, in bytes. */
    public long sizeInBytes() {
        return sizeInBytes(teeth);
    }

    /**
     * Collects the digits of a column of a scalar half: bit j of the result is bit {@code column +
     * j·spacing} of the two's complement number (low, middle, sign), with the very top digit
     * flipped.
     */
    int pattern(int column, long low, long middle, long sign) {
        long pattern =
                Long.compress(low, lowMasks[column])
                        | (Long.compress(middle, middleMasks[column]) << middleShifts[column])
                        | (sign << signShifts[column]);
        return ((int) pattern & ((1 << teeth) - 1)) ^ flips[column];
    }

    /** Sets {@code out} to the signed entry of a pattern. For public scalars only. */
    void lookupVartime(int pattern, AffinePoint out) {
        int top = 1 << (teeth - 1);
        if ((pattern & top) != 0) {
            out.setWords(words, (pattern ^ top) * WORDS);
        } else {
            out.setWords(words, (pattern ^ top - 1) * WORDS);
            out.y.negate(out.y, 1);
        }
    }

    /**
     * Sets {@code out} to the signed entry of a secret pattern by reading every entry of the table.
     */
    void lookupSecret(int pattern, AffinePoint out) {
        int negative = (pattern >>> (teeth - 1)) - 1;
        int index = (pattern ^ negative) & ((1 << (teeth - 1)) - 1);
        SecretLookup.select(words, 0, 1 << (teeth - 1), index, negative, out);
    }
}
