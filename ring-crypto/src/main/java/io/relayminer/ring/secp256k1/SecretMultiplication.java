package io.relayminer.ring.secp256k1;

/**
 * Multiplies a secret scalar by a point: the same sequence of field operations and the same memory
 * accesses for every scalar. Table entries are selected by reading the whole table, additions use
 * the unified formula, inversion runs a fixed number of division steps.
 *
 * <p>Scratch space, wiped after each multiplication; not thread-safe.
 */
public final class SecretMultiplication {
    /**
     * Teeth of tables that are scanned: more teeth save additions but cost reading 2^(teeth−1)
     * entries for each.
     */
    public static final int TEETH = 6;

    private final SplitScalar split = new SplitScalar();
    private final Scalar digits = new Scalar();
    private final JacobianPoint accumulator = new JacobianPoint();
    private final AffinePoint entry = new AffinePoint();

    /** Creates scratch space. */
    public SecretMultiplication() {}

    /** Sets {@code out} to k·G, normalized, or infinity for k = 0. */
    public void multiplyGenerator(Scalar k, AffinePoint out) {
        digits.add(k, GeneratorComb.DIGIT_OFFSET);
        digits.half();
        accumulator.setInfinity();
        for (int column = GeneratorComb.SPACING - 1; column >= 0; column--) {
            accumulator.doublePoint();
            for (int block = 0; block < GeneratorComb.BLOCKS; block++) {
                GeneratorComb.lookupSecret(digits, block, column, entry);
                accumulator.addSecret(entry);
            }
        }
        accumulator.toAffineSecret(out);
        clear();
    }

    /** Sets {@code out} to k times the point of the table, normalized, or infinity for k = 0. */
    public void multiply(CombTable table, Scalar k, AffinePoint out) {
        split.splitForComb(k);
        accumulator.setInfinity();
        for (int column = table.spacing() - 1; column >= 0; column--) {
            accumulator.doublePoint();
            table.lookupSecret(
                    table.pattern(column, split.low1, split.middle1, split.sign1), entry);
            accumulator.addSecret(entry);
            table.lookupSecret(
                    table.pattern(column, split.low2, split.middle2, split.sign2), entry);
            entry.x.mul(entry.x, Endomorphism.BETA);
            accumulator.addSecret(entry);
        }
        accumulator.toAffineSecret(out);
        clear();
    }

    private void clear() {
        accumulator.clear();
        split.clear();
        digits.clear();
        entry.x.setSmall(0);
        entry.y.setSmall(0);
    }
}
