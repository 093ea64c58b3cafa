package io.relayminer.core.session;

import java.math.BigInteger;

/**
 * What a claim is worth.
 *
 * @param claimedUpokt upokt, rounded down once at the end
 * @param estimatedComputeUnits compute units that the counted ones stand for; the low 64 bits,
 *     unsigned
 * @param estimatedRelays relays that the counted ones stand for; unsigned
 */
public record ClaimAmounts(
        BigInteger claimedUpokt, long estimatedComputeUnits, long estimatedRelays) {

    /**
     * The worth of a claim.
     *
     * @param computeUnits sum of the claim's root, unsigned
     * @param relays count of the claim's root, unsigned
     * @param target difficulty target of the service at the session's start height, 32 bytes
     * @param tokensMultiplier compute units to tokens multiplier at the session's start height
     * @param granularity compute unit cost granularity at the session's start height
     * @throws IllegalArgumentException if the target or the granularity is zero
     */
    public static ClaimAmounts of(
            long computeUnits,
            long relays,
            byte[] target,
            long tokensMultiplier,
            long granularity) {
        if (granularity == 0) {
            throw new IllegalArgumentException("compute unit cost granularity is zero");
        }
        Difficulty.Multiplier multiplier = Difficulty.multiplier(target);
        BigInteger scaled = Difficulty.unsigned(computeUnits).multiply(multiplier.numerator());
        long estimated = floorDivide(scaled, multiplier.denominator()).longValue();
        BigInteger claimed =
                floorDivide(
                        scaled.multiply(BigInteger.valueOf(tokensMultiplier)),
                        multiplier.denominator().multiply(BigInteger.valueOf(granularity)));
        long perRelay = relays == 0 ? 0 : Long.divideUnsigned(computeUnits, relays);
        long estimatedRelays = perRelay == 0 ? 0 : Long.divideUnsigned(estimated, perRelay);
        return new ClaimAmounts(claimed, estimated, estimatedRelays);
    }

    private static BigInteger floorDivide(BigInteger numerator, BigInteger denominator) {
        BigInteger[] parts = numerator.divideAndRemainder(denominator);
        return parts[1].signum() != 0 && (numerator.signum() != denominator.signum())
                ? parts[0].subtract(BigInteger.ONE)
                : parts[0];
    }
}
