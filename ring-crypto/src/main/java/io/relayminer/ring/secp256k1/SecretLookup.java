package io.relayminer.ring.secp256k1;

/**
 * Selection of a table entry by a secret index: every entry is read, the wanted one is kept by
 * masks.
 */
final class SecretLookup {
    private static final int WORDS = 8;

    private SecretLookup() {}

    /**
     * Sets {@code out} to an entry of {@code count} affine points that start at {@code offset},
     * none of them infinity.
     *
     * @param index entry to take, in [0, count)
     * @param negative −1 to negate it, 0 to leave it
     */
    static void select(
            long[] words, int offset, int count, int index, int negative, AffinePoint out) {
        long x0 = 0;
        long x1 = 0;
        long x2 = 0;
        long x3 = 0;
        long y0 = 0;
        long y1 = 0;
        long y2 = 0;
        long y3 = 0;
        for (int i = 0, at = offset; i < count; i++, at += WORDS) {
            long mask = ((i ^ index) - 1L) >> 63;
            x0 |= words[at] & mask;
            x1 |= words[at + 1] & mask;
            x2 |= words[at + 2] & mask;
            x3 |= words[at + 3] & mask;
            y0 |= words[at + 4] & mask;
            y1 |= words[at + 5] & mask;
            y2 |= words[at + 6] & mask;
            y3 |= words[at + 7] & mask;
        }
        out.x.setWords(x0, x1, x2, x3);
        out.y.setWords(y0, y1, y2, y3);
        out.y.negateIf(negative);
        out.infinity = false;
    }
}
