package io.relayminer.ring.secp256k1;

import org.jspecify.annotations.Nullable;

/**
 * Computes the two commitments of a ring member, L = s·G + c·P and R = s·H + c·I, together.
 *
 * <h2>Why together</h2>
 *
 * L and R need the same scalars in different combinations, so the recodings are shared; and all
 * table points of both are known before the first addition, so their additions can share
 * inversions:
 *
 * <ol>
 *   <li>every column of every comb contributes two points, T[k1 pattern] and λT[k2 pattern]: they
 *       are added in pairs by one {@link BatchAddition} (about fifty additions with ten-tooth
 *       tables);
 *   <li>columns with the same index of the two bases of a side are added by a second batch (about
 *       twenty-three);
 *   <li>what is left is one point per column and side, folded by Horner's rule in Jacobian
 *       coordinates: twelve doublings and twelve additions per side;
 *   <li>both results become affine with one inversion.
 * </ol>
 *
 * That is about 920 field operations and three inversions per member, where separate
 * multiplications would take 8,000. A base without a comb joins the Horner loop with a non-adjacent
 * form instead, which then starts at its highest digit, at most the 129th; any mixture of the two
 * works.
 *
 * <p>Public values only. Scratch space of a few tens of kilobytes; not thread-safe, meant to be
 * pooled.
 */
public final class MultiMultiplication {
    private static final int MAX_SPACING = CombTable.spacing(CombTable.MIN_TEETH);
    private static final int TERMS = 4;

    private final BatchAddition batch = new BatchAddition(TERMS * MAX_SPACING);
    private final AffinePoint[] first = newPoints(TERMS * MAX_SPACING);
    private final AffinePoint[] second = newPoints(TERMS * MAX_SPACING);

    // Operands of the second level; elements alias those of first.
    private final AffinePoint[] mergeFirst = new AffinePoint[2 * MAX_SPACING];
    private final AffinePoint[] mergeSecond = new AffinePoint[2 * MAX_SPACING];

    /** Column sums per side, aliasing elements of first; null where a side has no comb so long. */
    private final @Nullable AffinePoint[][] columns = new AffinePoint[2][MAX_SPACING];

    private final JacobianPoint[] accumulators = {new JacobianPoint(), new JacobianPoint()};
    private final BatchNormalization normalization = new BatchNormalization(2);
    private final AffinePoint[] results = new AffinePoint[2];
    private final AffinePoint point = new AffinePoint();
    private int used;
    private int merges;
    private int length;

    /** Creates scratch space. */
    public MultiMultiplication() {}

    private static AffinePoint[] newPoints(int count) {
        AffinePoint[] points = new AffinePoint[count];
        for (int i = 0; i < count; i++) {
            points[i] = new AffinePoint();
        }
        return points;
    }

    /**
     * Sets {@code left} to s·G + c·P and {@code right} to s·H + c·I, both normalized or infinity.
     * Of each base either the comb is given or the odd multiples are used; unused odd multiples may
     * be anything.
     */
    public void commitments(
            RecodedScalar s,
            RecodedScalar c,
            CombTable g,
            @Nullable CombTable p,
            OddMultiples pMultiples,
            @Nullable CombTable h,
            OddMultiples hMultiples,
            @Nullable CombTable i,
            OddMultiples iMultiples,
            AffinePoint left,
            AffinePoint right) {
        begin();
        int gStart = gather(g, s);
        int pStart = gather(p, c);
        int hStart = gather(h, s);
        int iStart = gather(i, c);
        batch.add(first, second, first, used);
        arrange(columns[0], gStart, g, pStart, p);
        arrange(columns[1], hStart, h, iStart, i);
        batch.add(mergeFirst, mergeSecond, mergeFirst, merges);

        int digits = length;
        if (p == null || i == null) {
            digits = Math.max(digits, c.windowLength());
        }
        if (h == null) {
            digits = Math.max(digits, s.windowLength());
        }
        for (int position = digits - 1; position >= 0; position--) {
            accumulators[0].doublePoint();
            accumulators[1].doublePoint();
            if (position < length) {
                addColumn(0, position);
                addColumn(1, position);
            }
            if (p == null) {
                addWindow(accumulators[0], c, pMultiples, position);
            }
            if (h == null) {
                addWindow(accumulators[1], s, hMultiples, position);
            }
            if (i == null) {
                addWindow(accumulators[1], c, iMultiples, position);
            }
        }
        results[0] = left;
        results[1] = right;
        normalization.normalize(accumulators, results, 2);
    }

    /**
     * Sets {@code out} to a·G + b·P, normalized or infinity: the combination of an ECDSA
     * verification. If {@code p} is null the odd multiples are used instead.
     */
    public void combination(
            RecodedScalar a,
            CombTable g,
            RecodedScalar b,
            @Nullable CombTable p,
            OddMultiples pMultiples,
            AffinePoint out) {
        begin();
        int gStart = gather(g, a);
        int pStart = gather(p, b);
        batch.add(first, second, first, used);
        arrange(columns[0], gStart, g, pStart, p);
        batch.add(mergeFirst, mergeSecond, mergeFirst, merges);
        int digits = p == null ? Math.max(length, b.windowLength()) : length;
        for (int position = digits - 1; position >= 0; position--) {
            accumulators[0].doublePoint();
            if (position < length) {
                addColumn(0, position);
            }
            if (p == null) {
                addWindow(accumulators[0], b, pMultiples, position);
            }
        }
        accumulators[0].toAffineVartime(out);
    }

    private void begin() {
        used = 0;
        merges = 0;
        length = 0;
        accumulators[0].setInfinity();
        accumulators[1].setInfinity();
    }

    /**
     * Reads both points of every column of a comb into the operand arrays; returns where they
     * start.
     */
    private int gather(@Nullable CombTable table, RecodedScalar scalar) {
        if (table == null) {
            return -1;
        }
        SplitScalar halves = scalar.comb();
        int start = used;
        int spacing = table.spacing();
        // All loads first, arithmetic later: the table entries are scattered over memory, and cache
        // misses overlap only
        // if nothing long lies between them.
        for (int column = 0; column < spacing; column++) {
            table.lookupVartime(
                    table.pattern(column, halves.low1, halves.middle1, halves.sign1),
                    first[start + column]);
            table.lookupVartime(
                    table.pattern(column, halves.low2, halves.middle2, halves.sign2),
                    second[start + column]);
        }
        for (int column = 0; column < spacing; column++) {
            FieldElement x = second[start + column].x;
            x.mul(x, Endomorphism.BETA);
        }
        used += spacing;
        length = Math.max(length, spacing);
        return start;
    }

    /**
     * Lines up the column sums of the two bases of a side and queues the additions of columns both
     * have.
     */
    private void arrange(
            @Nullable AffinePoint[] side,
            int startA,
            @Nullable CombTable a,
            int startB,
            @Nullable CombTable b) {
        int lengthA = a == null ? 0 : a.spacing();
        int lengthB = b == null ? 0 : b.spacing();
        for (int column = 0; column < length; column++) {
            if (column < lengthA && column < lengthB) {
                mergeFirst[merges] = first[startA + column];
                mergeSecond[merges] = first[startB + column];
                side[column] = mergeFirst[merges];
                merges++;
            } else if (column < lengthA) {
                side[column] = first[startA + column];
            } else if (column < lengthB) {
                side[column] = first[startB + column];
            } else {
                side[column] = null;
            }
        }
    }

    private void addColumn(int side, int column) {
        AffinePoint sum = columns[side][column];
        if (sum != null) {
            accumulators[side].addVartime(sum);
        }
    }

    private void addWindow(
            JacobianPoint accumulator, RecodedScalar scalar, OddMultiples multiples, int position) {
        int digit = scalar.window1()[position];
        if (digit != 0) {
            multiples.lookupVartime(digit, point);
            accumulator.addVartime(point);
        }
        digit = scalar.window2()[position];
        if (digit != 0) {
            multiples.lookupEndomorphismVartime(digit, point);
            accumulator.addVartime(point);
        }
    }
}
