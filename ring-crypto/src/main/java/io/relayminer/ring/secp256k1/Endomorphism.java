package io.relayminer.ring.secp256k1;

/**
 * The endomorphism λ·(x, y) = (βx, y) of curves y² = x³ + b, with β³ = 1 in F_p and λ³ = 1 modulo
 * N, and the lattice constants that split a scalar with it (Gallant, Lambert, Vanstone).
 */
final class Endomorphism {
    /** 7ae96a2b657c0710 6e64479eac3434e9 9cf0497512f58995 c1396c28719501ee. */
    static final FieldElement BETA = new FieldElement();

    /**
     * λ = 5363ad4cc05c30e0 a5261c028812645a 122e22ea20816678 df02967c1b23bd72, plus one, negated
     * mod N.
     */
    static final Scalar MINUS_LAMBDA_MINUS_ONE = new Scalar();

    static {
        BETA.setWords(
                0xC1396C28719501EEL, 0x9CF0497512F58995L, 0x6E64479EAC3434E9L, 0x7AE96A2B657C0710L);
        Scalar lambdaPlusOne = new Scalar();
        lambdaPlusOne.d0 = 0xDF02967C1B23BD73L;
        lambdaPlusOne.d1 = 0x122E22EA20816678L;
        lambdaPlusOne.d2 = 0xA5261C028812645AL;
        lambdaPlusOne.d3 = 0x5363AD4CC05C30E0L;
        MINUS_LAMBDA_MINUS_ONE.negate(lambdaPlusOne);
    }

    private Endomorphism() {}
}
