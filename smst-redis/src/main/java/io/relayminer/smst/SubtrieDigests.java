package io.relayminer.smst;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;

/**
 * Digests of the larger subtries, kept from the build so that a proof does not hash the whole trie
 * again.
 *
 * <p>In a sequence of sorted leaves every branching node is named by one number, the index of the
 * first leaf of its right half, and no two nodes share it. That index is the key of this
 * open-addressed table. The value is the digest of the node at the depth where it branches. Filled
 * once by the build, read-only afterwards.
 */
final class SubtrieDigests {

    /**
     * Smaller subtries are hashed again on demand: at most this many leaves per level of a proof.
     */
    static final int SMALLEST = 16;

    private int[] splits = new int[16];
    private byte[] digests = new byte[16 * NodeHasher.DIGEST];
    private int size;

    /** {@code split} is never 0: a right half has a left neighbour. */
    void put(int split, byte[] digest, int offset) {
        if (2 * (size + 1) > splits.length) {
            grow();
        }
        int slot = slotOf(split);
        if (splits[slot] == 0) {
            size++;
        }
        splits[slot] = split;
        System.arraycopy(digest, offset, digests, slot * NodeHasher.DIGEST, NodeHasher.DIGEST);
    }

    byte @Nullable [] get(int split) {
        int slot = slotOf(split);
        if (splits[slot] == 0) {
            return null;
        }
        int from = slot * NodeHasher.DIGEST;
        return Arrays.copyOfRange(digests, from, from + NodeHasher.DIGEST);
    }

    private int slotOf(int split) {
        int mask = splits.length - 1;
        int slot = (split * 0x9E3779B9) >>> 7 & mask;
        while (splits[slot] != 0 && splits[slot] != split) {
            slot = (slot + 1) & mask;
        }
        return slot;
    }

    private void grow() {
        int[] oldSplits = splits;
        byte[] oldDigests = digests;
        splits = new int[oldSplits.length * 2];
        digests = new byte[oldDigests.length * 2];
        size = 0;
        for (int i = 0; i < oldSplits.length; i++) {
            if (oldSplits[i] != 0) {
                put(oldSplits[i], oldDigests, i * NodeHasher.DIGEST);
            }
        }
    }
}
