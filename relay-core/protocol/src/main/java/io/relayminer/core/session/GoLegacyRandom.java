package io.relayminer.core.session;

import java.util.Arrays;

/*
 * The generator is a lagged Fibonacci register of 607 words: each draw adds the words 607 and 273 draws back. Seeding fills the register
 * from a Lehmer generator and masks it with a constant table, which is the register of the same recurrence after 7.8 * 10^12 draws.
 *
 * The table is computed instead of copied. Drawing is multiplication by x in the ring of polynomials with 64-bit coefficients modulo
 * x^607 = x^334 + 1, so that many draws are one power of x, found by 43 squarings, and each word of the table is a combination of the
 * words at the start. That takes a few milliseconds, once.
 */

/**
 * The pseudo-random sequence of Go's original {@code math/rand} source, bit for bit. The chain
 * seeds it with a hash to decide whether a claim has to be proved, so a miner has to draw the same
 * number. Not for secrets, not for anything else.
 *
 * <p>Confined to a thread. Creating one costs some 1,900 multiplications.
 */
public final class GoLegacyRandom {

    private static final int LENGTH = 607;
    private static final int TAP = 273;
    private static final int FEED = LENGTH - TAP;
    private static final int LEHMER_MODULUS = Integer.MAX_VALUE;
    private static final int LEHMER_FACTOR = 48271;
    private static final int WARM_UP = 20;
    private static final int ZERO_SEED = 89482311;

    private final long[] register = new long[LENGTH];
    private int tap;
    private int feed = FEED;

    /**
     * A generator at the start of the sequence of {@code seed}.
     *
     * @param seed any value; reduced modulo 2^31 − 1
     */
    public GoLegacyRandom(long seed) {
        long reduced = Math.floorMod(seed, (long) LEHMER_MODULUS);
        fill(register, reduced == 0 ? ZERO_SEED : reduced, 40, 20);
        for (int i = 0; i < LENGTH; i++) {
            register[i] ^= Table.WORDS[i];
        }
    }

    /**
     * The next number of 63 bits.
     *
     * @return 0 to 2^63 − 1
     */
    public long nextInt63() {
        tap = tap == 0 ? LENGTH - 1 : tap - 1;
        feed = feed == 0 ? LENGTH - 1 : feed - 1;
        long drawn = register[feed] + register[tap];
        register[feed] = drawn;
        return drawn & Long.MAX_VALUE;
    }

    /**
     * The next number in [0, 1): 63 bits rounded to the nearest double, drawn again in the rare
     * case that this gives 1.
     *
     * @return the number
     */
    public double nextFloat64() {
        double number;
        do {
            number = nextInt63() / 0x1p63;
        } while (number == 1.0);
        return number;
    }

    private static void fill(long[] words, long seed, int firstShift, int secondShift) {
        long x = seed;
        for (int i = 0; i < WARM_UP; i++) {
            x = lehmer(x);
        }
        for (int i = 0; i < LENGTH; i++) {
            x = lehmer(x);
            long word = x << firstShift;
            x = lehmer(x);
            word ^= x << secondShift;
            x = lehmer(x);
            words[i] = word ^ x;
        }
    }

    private static long lehmer(long x) {
        return x * LEHMER_FACTOR % LEHMER_MODULUS;
    }

    /** The constant table, computed on first use. */
    private static final class Table {

        private static final long DRAWS = 7_800_000_000_000L;

        static final long[] WORDS = compute();

        private static long[] compute() {
            long[] start = new long[LENGTH];
            fill(start, 1, 20, 10);
            long[] power = powerOfX(DRAWS);
            long[] words = new long[LENGTH];
            // Draw k stands in word (FEED - k) mod LENGTH; the last LENGTH draws are the register.
            for (int t = 0; t < LENGTH; t++) {
                long drawn = 0;
                for (int j = 0; j < LENGTH; j++) {
                    drawn += power[j] * start[wordOf(j - (LENGTH - 1))];
                }
                words[wordOf(DRAWS - (LENGTH - 1) + t)] = drawn;
                timesX(power);
            }
            return words;
        }

        private static int wordOf(long draw) {
            return Math.floorMod(FEED - draw, LENGTH);
        }

        private static long[] powerOfX(long exponent) {
            long[] power = new long[LENGTH];
            power[0] = 1;
            for (int bit = 63 - Long.numberOfLeadingZeros(exponent); bit >= 0; bit--) {
                power = square(power);
                if ((exponent >>> bit & 1) == 1) {
                    timesX(power);
                }
            }
            return power;
        }

        private static long[] square(long[] polynomial) {
            long[] wide = new long[2 * LENGTH - 1];
            for (int i = 0; i < LENGTH; i++) {
                for (int j = 0; j < LENGTH; j++) {
                    wide[i + j] += polynomial[i] * polynomial[j];
                }
            }
            for (int i = 2 * LENGTH - 2; i >= LENGTH; i--) {
                wide[i - LENGTH] += wide[i];
                wide[i - TAP] += wide[i];
            }
            return Arrays.copyOf(wide, LENGTH);
        }

        private static void timesX(long[] polynomial) {
            long carried = polynomial[LENGTH - 1];
            System.arraycopy(polynomial, 0, polynomial, 1, LENGTH - 1);
            polynomial[0] = carried;
            polynomial[FEED] += carried;
        }
    }
}
