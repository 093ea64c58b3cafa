package io.relayminer.smst;

import java.security.DigestException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * SHA-256 over the node encodings, writing 48-byte digests into caller arrays so that a trie of a
 * million leaves hashes without allocating per node. Holds one {@link MessageDigest} and one
 * scratch encoding: confined to a thread, cheap to create.
 *
 * <p>A digest is {@code SHA-256(encoding) ‖ sum ‖ count}, both numbers as unsigned 64-bit big
 * endian; sums wrap silently. The digest of nothing, the placeholder, is 48 zero bytes.
 */
final class NodeHasher {

    /** Length of a digest and of a root: 32 bytes of hash, 8 of sum, 8 of count. */
    static final int DIGEST = 48;

    static final byte LEAF = 0;
    static final byte INNER = 1;
    static final byte EXTENSION = 2;

    static final int INNER_SIZE = 1 + 2 * DIGEST + 16;
    static final int EXTENSION_SIZE = 3 + Paths.BYTES + DIGEST + 16;

    /** Type byte, path, weight and count around the value. */
    static final int LEAF_OVERHEAD = 1 + Paths.BYTES + 16;

    static final byte[] PLACEHOLDER = new byte[DIGEST];

    private final MessageDigest sha256 = newSha256();
    private final byte[] inner = new byte[INNER_SIZE];

    /** Type and path of a leaf. */
    private final byte[] head = new byte[1 + Paths.BYTES];

    /** Weight and count of a leaf. */
    private final byte[] tail = new byte[16];

    /**
     * Copied instead of looked up among the providers each time, which costs as much as hashing.
     */
    private static final MessageDigest FRESH = lookUp();

    private static MessageDigest lookUp() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(
                    "this Java runtime has no SHA-256, which every Java platform must have", e);
        }
    }

    static MessageDigest newSha256() {
        try {
            return (MessageDigest) FRESH.clone();
        } catch (CloneNotSupportedException e) {
            // Not every provider can.
            return lookUp();
        }
    }

    NodeHasher() {
        Paths.putWord(tail, 8, 1);
    }

    void hash(byte[] input, byte[] out, int offset) {
        sha256.update(input);
        finish(out, offset);
    }

    /** Hash (32 bytes, without sum and count) of the encoding of a leaf with count one. */
    void leafHash(byte[] path, int pathOffset, byte[] value, long weight, byte[] out, int offset) {
        System.arraycopy(path, pathOffset, head, 1, Paths.BYTES);
        Paths.putWord(tail, 0, weight);
        sha256.update(head);
        sha256.update(value);
        sha256.update(tail);
        finish(out, offset);
    }

    /** Digest of any encoding whose last 16 bytes are sum and count: leaf and inner nodes. */
    void digestOf(byte[] encoding, byte[] out, int offset) {
        hash(encoding, out, offset);
        System.arraycopy(encoding, encoding.length - 16, out, offset + 32, 16);
    }

    /** Digest of the inner node with the two children; {@code out} may be one of them. */
    void innerDigest(
            byte[] left, int leftOffset, byte[] right, int rightOffset, byte[] out, int offset) {
        encodeInner(left, leftOffset, right, rightOffset, inner);
        long sum = Paths.word(inner, 97);
        long count = Paths.word(inner, 105);
        sha256.update(inner, 0, INNER_SIZE);
        finish(out, offset);
        Paths.putWord(out, offset + 32, sum);
        Paths.putWord(out, offset + 40, count);
    }

    static void encodeInner(
            byte[] left, int leftOffset, byte[] right, int rightOffset, byte[] encoding) {
        encoding[0] = INNER;
        System.arraycopy(left, leftOffset, encoding, 1, DIGEST);
        System.arraycopy(right, rightOffset, encoding, 1 + DIGEST, DIGEST);
        Paths.putWord(encoding, 97, Paths.word(encoding, 33) + Paths.word(encoding, 81));
        Paths.putWord(encoding, 105, Paths.word(encoding, 41) + Paths.word(encoding, 89));
    }

    /**
     * Lifts the digest at {@code digest[offset]} from depth {@code end} to depth {@code start}
     * through inner nodes with one empty child, on the side that {@code path} does not take. This
     * is what an extension node abbreviates, and why extensions never change a root.
     */
    void expand(byte[] path, int pathOffset, int start, int end, byte[] digest, int offset) {
        for (int depth = end - 1; depth >= start; depth--) {
            if (Paths.bit(path, pathOffset, depth) == 0) {
                innerDigest(digest, offset, PLACEHOLDER, 0, digest, offset);
            } else {
                innerDigest(PLACEHOLDER, 0, digest, offset, digest, offset);
            }
        }
    }

    private void finish(byte[] out, int offset) {
        try {
            sha256.digest(out, offset, 32);
        } catch (DigestException e) {
            throw new IllegalStateException(
                    "digest buffer of " + out.length + " bytes is too short at offset " + offset,
                    e);
        }
    }
}
