package io.relayminer.smst;

import java.util.Arrays;
import java.util.HexFormat;

/**
 * The 48 bytes that a claim carries: {@code hash[32] ‖ sum ‖ count}. The sum (total weight, that is
 * compute units) comes before the count (number of leaves, that is relays); both are unsigned
 * 64-bit big endian. The empty trie has the root of 48 zero bytes.
 *
 * <p>Immutable value; equal when all 48 bytes are. Safe for use by any thread.
 */
public final class MerkleSumRoot {

    /** Length of a root in bytes. */
    public static final int BYTES = NodeHasher.DIGEST;

    /** Root of the trie without leaves. */
    public static final MerkleSumRoot EMPTY = new MerkleSumRoot(NodeHasher.PLACEHOLDER);

    private final byte[] bytes;

    private MerkleSumRoot(byte[] bytes) {
        this.bytes = bytes;
    }

    /**
     * Reads a root.
     *
     * @param bytes 48 bytes, copied
     * @return the root
     * @throws MalformedRootException if the length is not 48
     */
    public static MerkleSumRoot of(byte[] bytes) {
        if (bytes.length != BYTES) {
            throw new MalformedRootException(
                    "a root has "
                            + BYTES
                            + " bytes (hash, sum, count) but this has "
                            + bytes.length);
        }
        return new MerkleSumRoot(bytes.clone());
    }

    /** Takes ownership of 48 bytes. */
    static MerkleSumRoot owning(byte[] bytes) {
        return new MerkleSumRoot(bytes);
    }

    /**
     * The hash part.
     *
     * @return 32 bytes, a copy
     */
    public byte[] hash() {
        return Arrays.copyOf(bytes, 32);
    }

    /**
     * Sum of the weights of all leaves modulo 2^64: the claimed compute units.
     *
     * @return the sum as an unsigned 64-bit pattern
     */
    public long sum() {
        return Paths.word(bytes, 32);
    }

    /**
     * Number of leaves: the claimed relays.
     *
     * @return the count as an unsigned 64-bit pattern
     */
    public long count() {
        return Paths.word(bytes, 40);
    }

    /**
     * Whether this is the root of the trie without leaves.
     *
     * @return true if all 48 bytes are zero
     */
    public boolean isEmpty() {
        return Arrays.equals(bytes, NodeHasher.PLACEHOLDER);
    }

    /**
     * The root as it is stored and claimed.
     *
     * @return 48 bytes, a copy
     */
    public byte[] toBytes() {
        return bytes.clone();
    }

    boolean matches(byte[] digest) {
        return Arrays.equals(bytes, digest);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof MerkleSumRoot root && Arrays.equals(bytes, root.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    /** Lower-case hex of the 48 bytes. */
    @Override
    public String toString() {
        return HexFormat.of().formatHex(bytes);
    }
}
