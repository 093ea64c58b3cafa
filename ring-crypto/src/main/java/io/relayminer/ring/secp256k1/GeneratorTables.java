package io.relayminer.ring.secp256k1;

/** The tables of the base point G that all verifications share. Built once, when first needed. */
public final class GeneratorTables {
    /**
     * 256 KiB, ten columns: it serves every relay, so it may be larger than the tables of single
     * keys.
     */
    private static final int VERIFICATION_TEETH = 13;

    private GeneratorTables() {}

    /** Returns the comb for public scalars. */
    public static CombTable verification() {
        return Verification.TABLE;
    }

    private static final class Verification {
        static final CombTable TABLE = CombTable.build(AffinePoint.generator(), VERIFICATION_TEETH);
    }
}
