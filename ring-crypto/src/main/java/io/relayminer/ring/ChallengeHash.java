package io.relayminer.ring;

import io.relayminer.ring.secp256k1.AffinePoint;
import io.relayminer.ring.secp256k1.FieldInversion;
import io.relayminer.ring.secp256k1.Scalar;

import org.bouncycastle.crypto.digests.SHA3Digest;

/**
 * The two hash functions of the ring signature scheme: challenges to scalars, and keys to curve
 * points. Scratch space, not thread-safe.
 *
 * <p>Both are FIPS 202 SHA-3, not the older Keccak. The implementation is Bouncy Castle's because
 * it writes a digest without allocating; the platform's creates an array for each digest, which
 * only sometimes is optimized away.
 */
final class ChallengeHash {
    /** Length of the signed message in bytes. */
    static final int MESSAGE_LENGTH = 32;

    private static final int LEFT_OFFSET = MESSAGE_LENGTH;
    private static final int RIGHT_OFFSET = MESSAGE_LENGTH + AffinePoint.ENCODED_LENGTH;
    private static final int INPUT_LENGTH = MESSAGE_LENGTH + 2 * AffinePoint.ENCODED_LENGTH;
    private static final int MAX_ROUNDS = 128;

    private final SHA3Digest sha3of512 = new SHA3Digest(512);
    private final SHA3Digest sha3of256 = new SHA3Digest(256);
    private final FieldInversion inversion = new FieldInversion();
    private final byte[] input = new byte[INPUT_LENGTH];
    private final byte[] output = new byte[64];
    private boolean rightAligned;
    private boolean sawShort;

    /** Starts a signature over a message of 32 bytes. */
    void start(byte[] message) {
        System.arraycopy(message, 0, input, 0, MESSAGE_LENGTH);
        rightAligned = false;
        sawShort = false;
    }

    /** Computes what a library that right-aligns short challenges would compute, from now on. */
    void useRightAlignment() {
        rightAligned = true;
    }

    /**
     * Returns whether some challenge since {@link #start} had a leading zero byte, so that
     * alignment matters.
     */
    boolean sawShort() {
        return sawShort;
    }

    /**
     * Sets {@code out} to the challenge of two commitments: SHA3-512 of the message and both
     * compressed points, reduced and left-aligned, see {@link #toScalar}. Infinity is compressed to
     * 02 and 32 zero bytes.
     */
    void challenge(AffinePoint left, AffinePoint right, Scalar out) {
        left.encode(input, LEFT_OFFSET);
        right.encode(input, RIGHT_OFFSET);
        toScalar(input, INPUT_LENGTH, out);
    }

    /**
     * Hashes bytes to a scalar the way the network does: n = SHA3-512 mod N is written as its
     * shortest big-endian byte string, that string is copied to the <em>left</em> end of 32 zero
     * bytes, and the result is read as an integer. For one input in 256 this is n·256 or more, not
     * n; right-aligning disagrees with the network there.
     */
    void toScalar(byte[] bytes, int length, Scalar out) {
        sha3of512.update(bytes, 0, length);
        sha3of512.doFinal(output, 0);
        out.setWideBytes(output, 0);
        int zeros = out.leadingZeroBytesVartime();
        if (zeros != 0 && zeros < 32) {
            sawShort = true;
            if (!rightAligned) {
                out.shiftLeftBytes(zeros);
            }
        }
    }

    /**
     * Hashes a key's 33 bytes to a curve point: SHA3-256 gives x (reduced modulo p); if no point
     * has that x, the digest is hashed again. The point with even y is taken. Two rounds are
     * expected; 128 failures, the limit, have probability 2^-128.
     */
    void toCurve(byte[] key, AffinePoint out) {
        sha3of256.update(key, 0, PublicKey.LENGTH);
        for (int i = 0; i < MAX_ROUNDS; i++) {
            sha3of256.doFinal(output, 0);
            if (out.decodeEven(output, 0, inversion)) {
                return;
            }
            sha3of256.update(output, 0, 32);
        }
        throw new IllegalStateException("no curve point after 128 rounds of hashing a key");
    }
}
