package io.relayminer.testkit.chain.internal.claims;

import com.google.protobuf.ByteString;

import io.relayminer.testkit.chain.internal.encoding.Hashes;

/**
 * The draw that decides whether a claim below the threshold needs a proof.
 *
 * <p>The claim's bytes (validation status included) and the hash of the seed block are hashed; the
 * hash is read as a signed varint; that number seeds the legacy Go generator and the claim's sample
 * is its first {@code Float64}. Half of all hashes start with a byte below 128 and give one of only
 * 128 seeds, so the effective probability differs from the parameter: this is how the network
 * behaves and how it has to be here.
 *
 * <p>The generator is an additive lagged Fibonacci generator over 607 words. Only its first output
 * is ever needed, and that is the sum of two words of the seeded table, each of which is three
 * elements of a Lehmer sequence XORed with a constant. So instead of the table four words suffice:
 * two for the first output and two for the second, which is drawn only when rounding makes the
 * first one equal 1.
 */
public final class ProofLottery {
    private static final long MODULUS = 0x7fffffffL;
    private static final long ZERO_SEED = 89_482_311L;

    private ProofLottery() {}

    /**
     * A word of the seeded table: its constant and the powers of the Lehmer multiplier that reach
     * its elements.
     */
    private record Word(long constant, long power1, long power2, long power3) {
        long value(long seed) {
            return ((power1 * seed % MODULUS) << 40)
                    ^ ((power2 * seed % MODULUS) << 20)
                    ^ (power3 * seed % MODULUS)
                    ^ constant;
        }
    }

    private static final Word WORD_332 =
            new Word(0x3b7fc3ad0d1cd36bL, 1_150_153_374L, 158_790_463L, 605_303_330L);
    private static final Word WORD_333 =
            new Word(0xbfb2f4d968b759c3L, 2_082_024_995L, 1_341_337_692L, 1_079_773_482L);
    private static final Word WORD_605 =
            new Word(0x7e57a19b735ef03bL, 12_551_063L, 261_973_619L, 1_344_849_213L);
    private static final Word WORD_606 =
            new Word(0x39a00a3a31c025c6L, 933_195_560L, 665_897_288L, 2_140_244_399L);

    /**
     * The sample of a claim, in [0, 1).
     *
     * @param claim canonical bytes of the claim, with its validation status
     * @param seedBlockHash hash of the seed block, 32 bytes (empty when the chain does not know it)
     */
    public static double sample(ByteString claim, ByteString seedBlockHash) {
        byte[] claimHash = Hashes.sha256(claim.toByteArray());
        return firstFloat(signedVarint(Hashes.sha256(claimHash, seedBlockHash.toByteArray())));
    }

    /**
     * Little-endian base 128, then zigzag; 0 when the number does not end or does not fit 64 bits.
     */
    static long signedVarint(byte[] bytes) {
        long unsigned = 0;
        int shift = 0;
        for (int i = 0; i < bytes.length; i++) {
            int b = bytes[i] & 0xff;
            if (i == 9 && b > 1) {
                return 0;
            }
            if (b < 0x80) {
                unsigned |= (long) b << shift;
                long value = unsigned >>> 1;
                return (unsigned & 1) != 0 ? ~value : value;
            }
            if (i == 9) {
                return 0;
            }
            unsigned |= (long) (b & 0x7f) << shift;
            shift += 7;
        }
        return 0;
    }

    /** First {@code Float64} of a legacy Go generator seeded with {@code seed}. */
    static double firstFloat(long seed) {
        double first = toFloat(draw(seed, WORD_333, WORD_606));
        return first == 1.0 ? toFloat(draw(seed, WORD_332, WORD_605)) : first;
    }

    /** First 63-bit output of a legacy Go generator seeded with {@code seed}. */
    static long firstInt63(long seed) {
        return draw(seed, WORD_333, WORD_606);
    }

    private static long draw(long seed, Word one, Word other) {
        long reduced = seed % MODULUS;
        if (reduced < 0) {
            reduced += MODULUS;
        }
        if (reduced == 0) {
            reduced = ZERO_SEED;
        }
        return (one.value(reduced) + other.value(reduced)) & Long.MAX_VALUE;
    }

    private static double toFloat(long int63) {
        return (double) int63 / 0x1p63;
    }

    /**
     * Path that the closest-leaf proof of a session must have: SHA-256 of seed block hash and
     * session id text. 32 bytes.
     */
    public static ByteString proofPath(ByteString seedBlockHash, String sessionId) {
        return Hashes.sha256(seedBlockHash.concat(ByteString.copyFromUtf8(sessionId)));
    }
}
