package io.relayminer.core.meter;

import java.math.BigInteger;

/**
 * The arithmetic of the meter, exact and in upokt.
 *
 * <p>A relay costs {@code floor(compute units × multiplier ÷ granularity)}. A supplier's share of
 * an application's stake in one session is the stake, divided by the suppliers of a session,
 * divided by the number of sessions whose claims can be pending at once; both divisions drop the
 * remainder.
 */
public final class MeterPrice {

    private MeterPrice() {}

    /**
     * Price of one relay.
     *
     * @param computeUnits compute units per relay of the service at the session's start
     * @param multiplier {@code compute_units_to_tokens_multiplier} at the session's start, unsigned
     * @param granularity {@code compute_unit_cost_granularity} at the session's start, unsigned,
     *     not 0
     * @return upokt, capped at {@link Long#MAX_VALUE}
     * @throws ArithmeticException if {@code granularity} is 0
     */
    public static long ofRelay(long computeUnits, long multiplier, long granularity) {
        if (granularity == 0) {
            throw new ArithmeticException("compute_unit_cost_granularity is 0");
        }
        return clamp(
                unsigned(computeUnits)
                        .multiply(unsigned(multiplier))
                        .divide(unsigned(granularity)));
    }

    /**
     * Budget of one supplier in one session when no service factor is configured.
     *
     * @param applicationStake upokt
     * @param suppliersPerSession {@code num_suppliers_per_session}; 0 counts as 1
     * @param windowBlocks sum of the four window offsets; 0 counts as 1
     * @param blocksPerSession {@code num_blocks_per_session}; 0 counts as 1
     * @return upokt
     */
    public static long baseLimit(
            long applicationStake,
            long suppliersPerSession,
            long windowBlocks,
            long blocksPerSession) {
        long suppliers = Math.max(1, suppliersPerSession);
        long blocks = Math.max(1, blocksPerSession);
        long window = Math.max(1, windowBlocks);
        long pendingSessions = Math.ceilDiv(window, blocks) + 1;
        return applicationStake / suppliers / pendingSessions;
    }

    private static BigInteger unsigned(long value) {
        return value >= 0
                ? BigInteger.valueOf(value)
                : new BigInteger(Long.toUnsignedString(value));
    }

    private static long clamp(BigInteger value) {
        return value.bitLength() < Long.SIZE ? value.longValueExact() : Long.MAX_VALUE;
    }
}
