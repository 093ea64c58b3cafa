package io.relayminer.smst;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.Comparator;

/**
 * The leaves of a trie in path order, in flat arrays: 32 bytes of path, 32 of leaf hash and 8 of
 * weight per leaf, plus 4 for the insertion rank if that is known and a reference to the value if
 * that is retained. Immutable after construction.
 */
final class SortedLeaves {

    final int size;
    final byte[] paths;
    final byte[] hashes;
    final long[] weights;
    private final byte @Nullable [][] values;
    private final int @Nullable [] ranks;

    private SortedLeaves(
            int size,
            byte[] paths,
            byte[] hashes,
            long[] weights,
            byte @Nullable [][] values,
            int @Nullable [] ranks) {
        this.size = size;
        this.paths = paths;
        this.hashes = hashes;
        this.weights = weights;
        this.values = values;
        this.ranks = ranks;
    }

    /**
     * Sorts {@code n} leaves given in insertion order. Of several leaves with one path the last one
     * counts, as a later update replaces an earlier one, but its insertion rank is that of the
     * first.
     */
    static SortedLeaves sort(
            int n,
            byte[] paths,
            byte[] hashes,
            long[] weights,
            byte @Nullable [][] values,
            boolean ranked) {
        int[] order = order(n, paths);
        int[] firsts = new int[n];
        int size = 0;
        for (int i = 0; i < n; i++) {
            int index = order[i];
            if (size > 0 && Paths.compare(paths, order[size - 1] * 32, paths, index * 32) == 0) {
                order[size - 1] = index;
            } else {
                order[size] = index;
                firsts[size] = index;
                size++;
            }
        }
        byte[] sortedPaths = new byte[size * 32];
        byte[] sortedHashes = new byte[size * 32];
        long[] sortedWeights = new long[size];
        byte[][] sortedValues = values == null ? null : new byte[size][];
        for (int i = 0; i < size; i++) {
            int from = order[i];
            System.arraycopy(paths, from * 32, sortedPaths, i * 32, 32);
            System.arraycopy(hashes, from * 32, sortedHashes, i * 32, 32);
            sortedWeights[i] = weights[from];
            if (sortedValues != null && values != null) {
                sortedValues[i] = values[from];
            }
        }
        int[] ranks = ranked ? Arrays.copyOf(firsts, size) : null;
        return new SortedLeaves(
                size, sortedPaths, sortedHashes, sortedWeights, sortedValues, ranks);
    }

    /**
     * Indexes in path order, equal paths in insertion order. One primitive sort of words that hold
     * the leading path bits above the index settles nearly everything; runs that agree in those
     * bits, which hashed paths do not have, are sorted in full.
     */
    private static int[] order(int n, byte[] paths) {
        int indexBits = 32 - Integer.numberOfLeadingZeros(Math.max(1, n - 1));
        long indexMask = (1L << indexBits) - 1;
        long[] words = new long[n];
        for (int i = 0; i < n; i++) {
            // Flipping the top bit makes the signed sort order unsigned words.
            words[i] = ((Paths.word(paths, i * 32) & ~indexMask) | i) ^ Long.MIN_VALUE;
        }
        Arrays.sort(words);
        int[] order = new int[n];
        int runStart = 0;
        for (int i = 0; i < n; i++) {
            order[i] = (int) (words[i] & indexMask);
            if ((words[i] & ~indexMask) != (words[runStart] & ~indexMask)) {
                sortRun(order, runStart, i, paths);
                runStart = i;
            }
        }
        sortRun(order, runStart, n, paths);
        return order;
    }

    private static void sortRun(int[] order, int from, int to, byte[] paths) {
        if (to - from < 2) {
            return;
        }
        Integer[] run = new Integer[to - from];
        for (int i = from; i < to; i++) {
            run[i - from] = order[i];
        }
        Comparator<Integer> byPath = (a, b) -> Paths.compare(paths, a * 32, paths, b * 32);
        Arrays.sort(run, byPath.thenComparing(Comparator.naturalOrder()));
        for (int i = from; i < to; i++) {
            order[i] = run[i - from];
        }
    }

    boolean retainsValues() {
        return values != null;
    }

    byte[] path(int leaf) {
        return Arrays.copyOfRange(paths, leaf * 32, leaf * 32 + 32);
    }

    void digest(int leaf, byte[] out, int offset) {
        System.arraycopy(hashes, leaf * 32, out, offset, 32);
        Paths.putWord(out, offset + 32, weights[leaf]);
        Paths.putWord(out, offset + 40, 1);
    }

    byte[] digest(int leaf) {
        byte[] digest = new byte[NodeHasher.DIGEST];
        digest(leaf, digest, 0);
        return digest;
    }

    /** Encoding of a leaf whose value is retained. */
    byte[] encoding(int leaf) {
        if (values == null) {
            throw new IllegalStateException(
                    "this trie was built from digests and does not hold leaf values");
        }
        return LeafNode.encode(paths, leaf * 32, values[leaf], weights[leaf]);
    }

    /** First bit in which the leaves of {@code [lo, hi)} differ; at least two leaves. */
    int branchDepth(int lo, int hi) {
        return Paths.commonPrefix(paths, lo * 32, paths, (hi - 1) * 32);
    }

    /**
     * Index of the first leaf in {@code [lo, hi)} that has bit {@code depth} set; the leaves agree
     * before that bit.
     */
    int split(int lo, int hi, int depth) {
        int low = lo;
        int high = hi - 1;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (Paths.bit(paths, middle * 32, depth) == 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /** The leaf with this path, or -1. */
    int find(byte[] path) {
        int low = 0;
        int high = size - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            int order = Paths.compare(paths, middle * 32, path, 0);
            if (order == 0) {
                return middle;
            }
            if (order < 0) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return -1;
    }

    /**
     * The leaf of {@code [lo, hi)} that was inserted second: its path stands in the extension node
     * above this subtrie, because inserting it is what created the extension. Without ranks the
     * second in path order takes its place.
     */
    int secondInserted(int lo, int hi) {
        if (ranks == null) {
            return lo + 1;
        }
        int first = lo;
        int second = -1;
        for (int i = lo + 1; i < hi; i++) {
            if (ranks[i] < ranks[first]) {
                second = first;
                first = i;
            } else if (second < 0 || ranks[i] < ranks[second]) {
                second = i;
            }
        }
        return second;
    }
}
