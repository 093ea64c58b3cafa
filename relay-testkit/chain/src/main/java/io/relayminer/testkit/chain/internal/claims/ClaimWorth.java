package io.relayminer.testkit.chain.internal.claims;

import com.google.protobuf.ByteString;

import io.relayminer.testkit.chain.internal.stake.MiningDifficulty;

import java.math.BigInteger;

/**
 * What a claim's root says, in relays, compute units and upokt.
 *
 * @param relays number of leaves, unsigned
 * @param computeUnits sum of the leaves' weights, unsigned
 * @param estimatedComputeUnits {@code computeUnits} scaled by the difficulty, low 64 bits
 * @param estimatedRelays {@code estimatedComputeUnits} divided by the average weight of a leaf
 * @param upokt claimed amount in upokt
 */
public record ClaimWorth(
        long relays,
        long computeUnits,
        long estimatedComputeUnits,
        long estimatedRelays,
        BigInteger upokt) {

    static final int ROOT_LENGTH = 48;

    /** Leaf count in a 48-byte root: the last 8 bytes, big endian. */
    public static long count(ByteString root) {
        return root.asReadOnlyByteBuffer().getLong(ROOT_LENGTH - 8);
    }

    /** Weight sum in a 48-byte root: the 8 bytes before the count, big endian. */
    static long sum(ByteString root) {
        return root.asReadOnlyByteBuffer().getLong(ROOT_LENGTH - 16);
    }

    /**
     * @param root 48 bytes
     * @param target 32 bytes, the difficulty target at the session start
     * @param multiplier compute units to tokens multiplier at the session start
     * @param granularity compute unit cost granularity at the session start, not 0
     * @throws ArithmeticException when target or granularity are zero
     */
    static ClaimWorth of(ByteString root, ByteString target, long multiplier, long granularity) {
        long sum = sum(root);
        long count = count(root);
        BigInteger targetNumber = MiningDifficulty.number(target);
        BigInteger scaled =
                MiningDifficulty.unsigned(sum).multiply(MiningDifficulty.BASE_TARGET_NUMBER);
        long estimated = scaled.divide(targetNumber).longValue();
        BigInteger upokt =
                scaled.multiply(BigInteger.valueOf(multiplier))
                        .divide(targetNumber.multiply(BigInteger.valueOf(granularity)));
        long perRelay = count == 0 ? 0 : Long.divideUnsigned(sum, count);
        long estimatedRelays = perRelay == 0 ? 0 : Long.divideUnsigned(estimated, perRelay);
        return new ClaimWorth(count, sum, estimated, estimatedRelays, upokt);
    }
}
