package io.relayminer.core.meter;

import java.math.BigInteger;

/**
 * What one relay costs, as an exact fraction of upokt: {@code parts / partsPerUpokt}, which is
 * compute units × multiplier ÷ granularity in lowest terms.
 *
 * <p>Many services cost less than one upokt a relay. Rounded down they would be free and could
 * never reach their limit, rounded up they would reach it many times too early; so the meter counts
 * parts and exchanges whole upokt with the shared counter.
 *
 * @param parts not negative; 0 for a relay that costs nothing
 * @param partsPerUpokt positive, at most 2³¹
 */
public record RelayPrice(long parts, long partsPerUpokt) {

    /** Costs nothing. */
    public static final RelayPrice FREE = new RelayPrice(0, 1);

    private static final int MAX_BITS = 31;

    /** No more parts than this are asked for at once. */
    private static final long MOST_PARTS = Long.MAX_VALUE / 2;

    /** Checks the ranges. */
    public RelayPrice {
        if (parts < 0 || partsPerUpokt < 1 || partsPerUpokt > 1L << MAX_BITS) {
            throw new IllegalArgumentException(
                    "not the price of a relay: " + parts + "/" + partsPerUpokt + " upokt");
        }
    }

    /**
     * Price of one relay. Where it cannot be represented it is rounded up, to {@link
     * Long#MAX_VALUE} upokt at most.
     *
     * @param computeUnits compute units per relay of the service at the session's start
     * @param multiplier {@code compute_units_to_tokens_multiplier} at the session's start, unsigned
     * @param granularity {@code compute_unit_cost_granularity} at the session's start, unsigned,
     *     not 0
     * @throws ArithmeticException if {@code granularity} is 0
     */
    public static RelayPrice of(long computeUnits, long multiplier, long granularity) {
        if (granularity == 0) {
            throw new ArithmeticException("compute_unit_cost_granularity is 0");
        }
        BigInteger product = unsigned(computeUnits).multiply(unsigned(multiplier));
        if (product.signum() == 0) {
            return FREE;
        }
        BigInteger common = product.gcd(unsigned(granularity));
        BigInteger parts = product.divide(common);
        BigInteger perUpokt = unsigned(granularity).divide(common);
        int excess = perUpokt.bitLength() - MAX_BITS;
        if (excess > 0) {
            parts = parts.subtract(BigInteger.ONE).shiftRight(excess).add(BigInteger.ONE);
            perUpokt = perUpokt.shiftRight(excess);
        }
        if (parts.bitLength() < Long.SIZE) {
            return new RelayPrice(parts.longValueExact(), perUpokt.longValueExact());
        }
        BigInteger whole = parts.subtract(BigInteger.ONE).divide(perUpokt).add(BigInteger.ONE);
        return new RelayPrice(
                whole.bitLength() < Long.SIZE ? whole.longValueExact() : Long.MAX_VALUE, 1);
    }

    private static BigInteger unsigned(long value) {
        return value >= 0
                ? BigInteger.valueOf(value)
                : new BigInteger(Long.toUnsignedString(value));
    }

    /** Upokt that pay for a number of relays, rounded up; saturated. */
    long upoktFor(long relays) {
        long most = Math.max(parts, MOST_PARTS);
        long all = relays == 0 || parts <= most / relays ? parts * relays : most;
        return Math.ceilDiv(all, partsPerUpokt);
    }

    /**
     * Upokt of which budget is given in multiples: those of one relay where they are whole, so that
     * nothing is left over.
     */
    long step() {
        return partsPerUpokt == 1 ? Math.max(1, parts) : 1;
    }
}
