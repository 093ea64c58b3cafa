package io.relayminer.ring.secp256k1;

/**
 * Adds many pairs of affine points with one field inversion.
 *
 * <p>An affine addition is 2M + 1S and one inversion of the difference of the x coordinates.
 * Montgomery's trick turns n inversions into one and 3(n − 1) multiplications, so an addition costs
 * 5M + 1S where mixed Jacobian coordinates cost 8M + 3S. The additions of one batch must be
 * independent of each other; sums are therefore arranged as trees, level by level.
 *
 * <p>Special operands are handled one by one within the batch: infinity is copied around, equal
 * points contribute 2y as their denominator and double, opposite points yield infinity. Variable
 * time: public points only. Scratch space, not thread-safe.
 */
final class BatchAddition {
    private static final byte ADD = 0;
    private static final byte DOUBLE = 1;
    private static final byte COPY_FIRST = 2;
    private static final byte COPY_SECOND = 3;
    private static final byte INFINITE = 4;

    private final FieldElement[] denominators;
    private final FieldElement[] prefixes;
    private final byte[] kinds;
    private final FieldInversion inversion = new FieldInversion();
    private final FieldElement suffix = new FieldElement();
    private final FieldElement slope = new FieldElement();
    private final FieldElement t = new FieldElement();

    BatchAddition(int capacity) {
        denominators = new FieldElement[capacity];
        prefixes = new FieldElement[capacity];
        kinds = new byte[capacity];
        for (int i = 0; i < capacity; i++) {
            denominators[i] = new FieldElement();
            prefixes[i] = new FieldElement();
        }
    }

    int capacity() {
        return kinds.length;
    }

    /**
     * Sets {@code out[i]} to {@code a[i] + b[i]} for i in [0, count). Inputs have x of magnitude 1
     * and y of magnitude at most 3, and so have outputs. {@code out[i]} may be {@code a[i]} or
     * {@code b[i]}.
     */
    void add(AffinePoint[] a, AffinePoint[] b, AffinePoint[] out, int count) {
        FieldElement product = null;
        for (int i = 0; i < count; i++) {
            AffinePoint p = a[i];
            AffinePoint q = b[i];
            if (p.infinity) {
                kinds[i] = COPY_SECOND;
                continue;
            }
            if (q.infinity) {
                kinds[i] = COPY_FIRST;
                continue;
            }
            FieldElement denominator = denominators[i];
            denominator.difference(q.x, p.x, 1); // 3
            if (denominator.isZeroVartime()) {
                t.sum(p.y, q.y); // 6
                if (t.isZeroVartime()) {
                    kinds[i] = INFINITE;
                    continue;
                }
                kinds[i] = DOUBLE;
                denominator.sum(p.y, p.y); // 6
            } else {
                kinds[i] = ADD;
            }
            if (product == null) {
                prefixes[i].set(denominator);
            } else {
                prefixes[i].mul(product, denominator);
            }
            product = prefixes[i];
        }
        if (product != null) {
            inversion.invertVartime(suffix, product);
        }
        for (int i = count - 1; i >= 0; i--) {
            switch (kinds[i]) {
                case ADD, DOUBLE -> addWithInverse(a[i], b[i], out[i], i);
                case COPY_FIRST -> out[i].set(a[i]);
                case COPY_SECOND -> out[i].set(b[i]);
                default -> out[i].infinity = true;
            }
        }
    }

    /** Uses suffix = 1/(d_0 … d_i) and moves it on to 1/(d_0 … d_(i−1)). */
    private void addWithInverse(AffinePoint p, AffinePoint q, AffinePoint r, int i) {
        int previous = i - 1;
        while (previous >= 0 && kinds[previous] > DOUBLE) {
            previous--;
        }
        FieldElement inverse = t;
        if (previous >= 0) {
            inverse.mul(suffix, prefixes[previous]);
            suffix.mul(suffix, denominators[i]);
        } else {
            inverse.set(suffix);
        }
        if (kinds[i] == ADD) {
            slope.difference(q.y, p.y, 3); // 7
        } else {
            slope.square(p.x);
            slope.mulSmall(3);
        }
        slope.mul(slope, inverse);
        FieldElement x3 = t;
        x3.square(slope);
        denominators[i].sum(p.x, q.x); // 2
        x3.difference(x3, denominators[i], 2); // 4
        x3.normalizeWeak();
        denominators[i].difference(p.x, x3, 1); // 3
        slope.mul(slope, denominators[i]);
        r.y.difference(slope, p.y, 3); // 5
        r.y.normalizeWeak();
        r.x.set(x3);
        r.infinity = false;
    }
}
