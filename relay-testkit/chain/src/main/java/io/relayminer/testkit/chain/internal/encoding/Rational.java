package io.relayminer.testkit.chain.internal.encoding;

import java.math.BigDecimal;
import java.math.BigInteger;

/**
 * A non-negative exact fraction.
 *
 * @param numerator not negative
 * @param denominator positive
 */
public record Rational(BigInteger numerator, BigInteger denominator) {

    /**
     * The fraction that the shortest decimal text of {@code value} denotes: 0.975 is 39/40, not the
     * nearby binary fraction.
     */
    public static Rational of(double value) {
        BigDecimal decimal = new BigDecimal(Double.toString(value)).stripTrailingZeros();
        if (decimal.scale() <= 0) {
            return new Rational(decimal.toBigIntegerExact(), BigInteger.ONE);
        }
        return new Rational(decimal.unscaledValue(), BigInteger.TEN.pow(decimal.scale()));
    }

    boolean isZero() {
        return numerator.signum() == 0;
    }

    /** Floor of {@code amount} times this. */
    public BigInteger floorOf(BigInteger amount) {
        return amount.multiply(numerator).divide(denominator);
    }

    /** Ceiling of {@code amount} times this. */
    public BigInteger ceilOf(BigInteger amount) {
        BigInteger[] parts = amount.multiply(numerator).divideAndRemainder(denominator);
        return parts[1].signum() == 0 ? parts[0] : parts[0].add(BigInteger.ONE);
    }

    /** Floor of {@code amount} divided by one plus this. */
    public BigInteger floorOfDividedByOnePlus(BigInteger amount) {
        return amount.multiply(denominator).divide(denominator.add(numerator));
    }
}
