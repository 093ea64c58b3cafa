package io.relayminer.ring.secp256k1;

/**
 * Converts many Jacobian points to affine ones with one inversion. Public points only; scratch
 * space.
 */
final class BatchNormalization {
    private final FieldElement[] prefixes;
    private final FieldInversion inversion = new FieldInversion();
    private final FieldElement suffix = new FieldElement();
    private final FieldElement t = new FieldElement();

    BatchNormalization(int capacity) {
        prefixes = new FieldElement[capacity];
        for (int i = 0; i < capacity; i++) {
            prefixes[i] = new FieldElement();
        }
    }

    /** Sets {@code out[i]} to {@code in[i]}, normalized; the z of {@code in[i]} is overwritten. */
    void normalize(JacobianPoint[] in, AffinePoint[] out, int count) {
        FieldElement product = null;
        for (int i = 0; i < count; i++) {
            if (in[i].infinity) {
                continue;
            }
            if (product == null) {
                prefixes[i].set(in[i].z);
            } else {
                prefixes[i].mul(product, in[i].z);
            }
            product = prefixes[i];
        }
        if (product != null) {
            inversion.invertVartime(suffix, product);
        }
        for (int i = count - 1; i >= 0; i--) {
            if (in[i].infinity) {
                out[i].infinity = true;
                continue;
            }
            int previous = i - 1;
            while (previous >= 0 && in[previous].infinity) {
                previous--;
            }
            if (previous >= 0) {
                t.mul(suffix, in[i].z);
                in[i].z.mul(suffix, prefixes[previous]);
                suffix.set(t);
            } else {
                in[i].z.set(suffix);
            }
            in[i].scaleInto(out[i]);
        }
    }
}
