package io.relayminer.testkit.chain.internal.stake;

import com.google.protobuf.ByteString;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Arrays;

/**
 * Relay mining difficulty: which relays count, how much one of them stands for, and how the target
 * follows the volume.
 *
 * <p>A target is 32 bytes read as an unsigned big-endian number; a relay counts when its SHA-256 is
 * strictly below. The easiest target is 32 bytes of ff.
 */
public final class MiningDifficulty {
    public static final int TARGET_LENGTH = 32;
    public static final BigInteger BASE_TARGET_NUMBER =
            BigInteger.ONE.shiftLeft(256).subtract(BigInteger.ONE);
    static final ByteString BASE_TARGET = bytes(BASE_TARGET_NUMBER);

    private static final BigDecimal ALPHA =
            new BigDecimal("0.1000000000000000055511151231257827021181583404541015625");
    private static final BigDecimal ONE_MINUS_ALPHA = BigDecimal.ONE.subtract(ALPHA);
    private static final BigInteger MAX_U64 = BigInteger.ONE.shiftLeft(64).subtract(BigInteger.ONE);

    private MiningDifficulty() {}

    public static boolean isMined(byte[] relayHash, ByteString target) {
        return Arrays.compareUnsigned(relayHash, target.toByteArray()) < 0;
    }

    /**
     * The next exponential moving average of relays per session, alpha being the double 0.1.
     *
     * <p>Both products and the sum are rounded to 64 significant bits, ties to even, and the sum is
     * truncated.
     *
     * @param previous unsigned 64-bit
     * @param relays unsigned 64-bit
     */
    public static long nextAverage(long previous, long relays) {
        BigDecimal weightedRelays = round64(ALPHA.multiply(new BigDecimal(unsigned(relays))));
        BigDecimal weightedPrevious =
                round64(ONE_MINUS_ALPHA.multiply(new BigDecimal(unsigned(previous))));
        BigInteger average = round64(weightedRelays.add(weightedPrevious)).toBigInteger();
        return average.min(MAX_U64).longValue();
    }

    /** Rounds a non-negative number to a 64-bit binary mantissa, ties to even. */
    private static BigDecimal round64(BigDecimal value) {
        if (value.signum() == 0) {
            return value;
        }
        int exponent = 0;
        BigDecimal two = BigDecimal.valueOf(2);
        BigDecimal low = new BigDecimal(BigInteger.ONE.shiftLeft(63));
        BigDecimal high = new BigDecimal(BigInteger.ONE.shiftLeft(64));
        BigDecimal mantissa = value;
        while (mantissa.compareTo(high) >= 0) {
            mantissa = mantissa.divide(two);
            exponent++;
        }
        while (mantissa.compareTo(low) < 0) {
            mantissa = mantissa.multiply(two);
            exponent--;
        }
        BigDecimal rounded = mantissa.setScale(0, RoundingMode.HALF_EVEN);
        return exponent >= 0
                ? rounded.multiply(two.pow(exponent))
                : rounded.divide(two.pow(-exponent), MathContext.UNLIMITED);
    }

    /**
     * The target for an average of {@code average} relays when {@code targetRelays} are wanted
     * (both unsigned). Always scaled from the easiest target; an average of 0, which cannot come
     * about, gives the easiest.
     */
    public static ByteString target(long targetRelays, long average) {
        if (average == 0 || targetRelays == average) {
            return BASE_TARGET;
        }
        BigInteger scaled =
                BASE_TARGET_NUMBER.multiply(unsigned(targetRelays)).divide(unsigned(average));
        return scaled.bitLength() > 256 ? BASE_TARGET : bytes(scaled);
    }

    public static BigInteger number(ByteString target) {
        return new BigInteger(1, target.toByteArray());
    }

    public static BigInteger unsigned(long value) {
        return value >= 0 ? BigInteger.valueOf(value) : BigInteger.valueOf(value).and(MAX_U64);
    }

    private static ByteString bytes(BigInteger number) {
        byte[] raw = number.toByteArray();
        byte[] fixed = new byte[TARGET_LENGTH];
        int length = Math.min(raw.length, TARGET_LENGTH);
        System.arraycopy(raw, raw.length - length, fixed, TARGET_LENGTH - length, length);
        return ByteString.copyFrom(fixed);
    }
}
