package io.relayminer.ring.secp256k1;

/** Inversion and Jacobi symbol of field elements; scratch space, not thread-safe. */
public final class FieldInversion {
    /** Creates scratch space. */
    public FieldInversion() {}

    private final ModularInversion inversion =
            new ModularInversion(
                    0xFFFFFFFEFFFFFC2FL,
                    0xFFFFFFFFFFFFFFFFL,
                    0xFFFFFFFFFFFFFFFFL,
                    0xFFFFFFFFFFFFFFFFL);
    private final long[] words = new long[4];
    private final FieldElement input = new FieldElement();

    /** Sets {@code out} to 1/a, or zero if a is zero, without secret-dependent branches. */
    public void invert(FieldElement out, FieldElement a) {
        load(a);
        inversion.invert(words[0], words[1], words[2], words[3]);
        out.setWords(inversion.w0, inversion.w1, inversion.w2, inversion.w3);
        inversion.clear();
        java.util.Arrays.fill(words, 0);
        input.setSmall(0);
    }

    /** Sets {@code out} to 1/a, or zero if a is zero; a is public. */
    public void invertVartime(FieldElement out, FieldElement a) {
        load(a);
        inversion.invertVartime(words[0], words[1], words[2], words[3]);
        out.setWords(inversion.w0, inversion.w1, inversion.w2, inversion.w3);
    }

    /**
     * Returns whether a, which is public, is proven to have no square root. A false answer proves
     * nothing, though all but very few non-squares are recognized; less than a third of the cost of
     * a {@link FieldElement#sqrt}.
     */
    public boolean isNonSquareVartime(FieldElement a) {
        load(a);
        return inversion.isNonResidueVartime(words[0], words[1], words[2], words[3]);
    }

    private void load(FieldElement a) {
        input.set(a);
        input.normalize();
        input.putWords(words, 0);
    }
}
