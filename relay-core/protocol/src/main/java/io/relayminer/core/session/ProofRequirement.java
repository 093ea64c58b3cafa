package io.relayminer.core.session;

import io.relayminer.core.wire.RelayCodec;
import io.relayminer.core.wire.proof.Claim;

import java.math.BigInteger;

/**
 * Whether the chain wants a claim proved. Large claims always, the others by lot: a number between
 * 0 and 1 is drawn from the claim and the seed block, and compared with a probability.
 *
 * <p>The draw is part of consensus down to its oddities. The seed is a variable-length integer read
 * from the start of a hash, so that half of all seeds are between −64 and 63, and the generator is
 * the one of Go's first {@code math/rand}. The validation status is part of the claim's bytes: the
 * chain draws again, with another result, once it has checked a proof.
 */
public final class ProofRequirement {

    private static final int MAX_VARINT_BYTES = 10;

    /** Result of the decision. */
    public enum Outcome {
        /** The claim is large. */
        THRESHOLD,
        /** The lot fell on the claim. */
        PROBABILISTIC,
        /** No proof is wanted; the chain refuses one. */
        NOT_REQUIRED;

        /** Whether a proof is wanted. */
        public boolean isRequired() {
            return this != NOT_REQUIRED;
        }
    }

    private ProofRequirement() {}

    /**
     * Decides.
     *
     * @param claim the claim exactly as the chain stores it, status included
     * @param claimedUpokt its worth, of session-start prices and difficulty
     * @param seedBlockHash hash of the block at {@link SessionWindows#seedHeight}, 32 bytes
     * @param threshold proof requirement threshold in upokt, of the proof parameters in force now
     * @param probability proof request probability, of the proof parameters in force now
     */
    public static Outcome of(
            Claim claim,
            BigInteger claimedUpokt,
            byte[] seedBlockHash,
            BigInteger threshold,
            double probability) {
        if (claimedUpokt.compareTo(threshold) >= 0) {
            return Outcome.THRESHOLD;
        }
        return sample(claim, seedBlockHash) <= probability
                ? Outcome.PROBABILISTIC
                : Outcome.NOT_REQUIRED;
    }

    /** The number drawn for a claim, at least 0 and below 1. */
    public static double sample(Claim claim, byte[] seedBlockHash) {
        return new GoLegacyRandom(seed(RelayCodec.claimHash(claim), seedBlockHash)).nextFloat64();
    }

    /** The seed made of byte strings: the signed varint at the start of their SHA-256. */
    static long seed(byte[]... parts) {
        return varint(Sha.sha256(parts));
    }

    /** A signed varint as Go reads it; 0 if it does not end or does not fit 64 bits. */
    static long varint(byte[] bytes) {
        long value = 0;
        for (int i = 0; i < bytes.length && i < MAX_VARINT_BYTES; i++) {
            byte b = bytes[i];
            if (b >= 0) {
                if (i == MAX_VARINT_BYTES - 1 && b > 1) {
                    return 0;
                }
                value |= (long) b << (7 * i);
                return (value >>> 1) ^ -(value & 1);
            }
            value |= (b & 0x7FL) << (7 * i);
        }
        return 0;
    }
}
