package io.relayminer.core.session;

import java.math.BigInteger;
import java.util.Arrays;

/**
 * Relay mining difficulty. A relay counts if its hash, read as a number, is below the target of its
 * service; with the easiest target practically every relay does. Each counted relay stands for as
 * many as the target lets through on average.
 */
public final class Difficulty {

    /** Length of targets and relay hashes, in bytes. */
    public static final int BYTES = 32;

    /** The largest value a target can have, 2<sup>256</sup> − 1, which is also the easiest. */
    public static final BigInteger BASE = BigInteger.ONE.shiftLeft(256).subtract(BigInteger.ONE);

    private static final int MANTISSA_BITS = 64;

    /**
     * The double closest to 0.1, exactly: numerator over 2^55. It has the weight of the newest
     * sample.
     */
    private static final BigInteger ALPHA = BigInteger.valueOf(3602879701896397L);

    private static final int ALPHA_SHIFT = 55;
    private static final BigInteger ONE_MINUS_ALPHA =
            BigInteger.ONE.shiftLeft(ALPHA_SHIFT).subtract(ALPHA);

    private static final BigInteger MAX_UINT64 =
            BigInteger.ONE.shiftLeft(64).subtract(BigInteger.ONE);

    private Difficulty() {}

    /** The easiest target: 32 bytes of {@code ff}. */
    public static byte[] baseTarget() {
        byte[] target = new byte[BYTES];
        Arrays.fill(target, (byte) 0xFF);
        return target;
    }

    /** Whether a relay hash is strictly below a target, both big endian and of 32 bytes. */
    public static boolean isMet(byte[] relayHash, byte[] target) {
        return Arrays.compareUnsigned(relayHash, target) < 0;
    }

    /**
     * The target at which about {@code wanted} of {@code average} relays per session are counted.
     *
     * @param wanted relays to count, of the service module's parameters; unsigned
     * @param average smoothed number of relays; unsigned. 0 gives the easiest target
     */
    public static byte[] target(long wanted, long average) {
        BigInteger ema = unsigned(average);
        if (ema.signum() == 0 || wanted == average) {
            return baseTarget();
        }
        BigInteger target = BASE.multiply(unsigned(wanted)).divide(ema);
        return target.bitLength() > 8 * BYTES ? baseTarget() : toBytes(target);
    }

    /**
     * How many relays a counted relay stands for.
     *
     * @throws IllegalArgumentException if the target is zero or not 32 bytes
     */
    public static Multiplier multiplier(byte[] target) {
        if (target.length != BYTES) {
            throw new IllegalArgumentException("difficulty target of " + target.length + " bytes");
        }
        BigInteger value = new BigInteger(1, target);
        if (value.signum() == 0) {
            throw new IllegalArgumentException("difficulty target is zero");
        }
        BigInteger common = BASE.gcd(value);
        return new Multiplier(BASE.divide(common), value.divide(common));
    }

    /**
     * The smoothed number of relays after another sample: a tenth of the sample and nine tenths of
     * what it was. The chain computes with 64-bit mantissas, rounding each product and the sum to
     * nearest even, and cuts the fraction off at the end; so does this.
     *
     * @param previous smoothed number so far; unsigned
     * @param relays relays counted in this block; unsigned
     */
    public static long average(long previous, long relays) {
        // All values are integers times 2^-55, so rounding to 64 significant bits is all there is
        // to do.
        BigInteger fresh = round(ALPHA.multiply(unsigned(relays)));
        BigInteger kept = round(ONE_MINUS_ALPHA.multiply(unsigned(previous)));
        BigInteger sum = round(fresh.add(kept)).shiftRight(ALPHA_SHIFT);
        return sum.min(MAX_UINT64).longValue();
    }

    /**
     * A ratio in lowest terms, at least 1.
     *
     * @param numerator numerator
     * @param denominator denominator, positive
     */
    public record Multiplier(BigInteger numerator, BigInteger denominator) {

        /** The ratio rounded down. */
        public BigInteger floor() {
            return numerator.divide(denominator);
        }

        /** The chance of a relay to be counted, for display only. */
        public float probability() {
            return new java.math.BigDecimal(denominator)
                    .divide(new java.math.BigDecimal(numerator), java.math.MathContext.DECIMAL64)
                    .floatValue();
        }
    }

    static BigInteger unsigned(long value) {
        BigInteger signed = BigInteger.valueOf(value & Long.MAX_VALUE);
        return value < 0 ? signed.setBit(63) : signed;
    }

    private static BigInteger round(BigInteger value) {
        int excess = value.bitLength() - MANTISSA_BITS;
        if (excess <= 0) {
            return value;
        }
        BigInteger kept = value.shiftRight(excess);
        boolean half = value.testBit(excess - 1);
        boolean more = half && value.getLowestSetBit() < excess - 1;
        if (half && (more || kept.testBit(0))) {
            kept = kept.add(BigInteger.ONE);
        }
        return kept.shiftLeft(excess);
    }

    private static byte[] toBytes(BigInteger value) {
        byte[] signed = value.toByteArray();
        byte[] bytes = new byte[BYTES];
        int length = Math.min(signed.length, BYTES);
        System.arraycopy(signed, signed.length - length, bytes, BYTES - length, length);
        return bytes;
    }
}
