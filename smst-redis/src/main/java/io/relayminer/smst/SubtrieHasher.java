package io.relayminer.smst;

import org.jspecify.annotations.Nullable;

/**
 * Folds a run of sorted leaves into one digest with a stack of at most 257 subtries: leaves are
 * pushed left to right, and two neighbouring subtries merge as soon as the next leaf is known to
 * part from them at a shallower depth than they part from each other. One sequential pass, no
 * recursion, no allocation per node. Confined to a thread.
 */
final class SubtrieHasher {

    private static final int STACK = Paths.BITS + 1;

    private final SortedLeaves leaves;
    private final @Nullable SubtrieDigests kept;
    private final NodeHasher hasher = new NodeHasher();

    private final byte[] digests = new byte[STACK * NodeHasher.DIGEST];

    /** Depth at which the subtrie branches; BITS for a lone leaf, which never needs lifting. */
    private final int[] branches = new int[STACK];

    /** Index of the first leaf of the subtrie. */
    private final int[] firsts = new int[STACK];

    /** Depth at which the subtrie parts from the one below it on the stack. */
    private final int[] partings = new int[STACK + 1];

    /**
     * A hasher over {@code leaves}.
     *
     * @param kept where to leave the digests of larger subtries, null if nowhere
     */
    SubtrieHasher(SortedLeaves leaves, @Nullable SubtrieDigests kept) {
        this.leaves = leaves;
        this.kept = kept;
    }

    NodeHasher nodes() {
        return hasher;
    }

    /**
     * Digest of the subtrie that holds exactly the leaves {@code [lo, hi)}, as seen from {@code
     * depth}, a depth not below the point where they branch.
     */
    void digest(int lo, int hi, int depth, byte[] out, int offset) {
        if (lo == hi) {
            System.arraycopy(NodeHasher.PLACEHOLDER, 0, out, offset, NodeHasher.DIGEST);
            return;
        }
        int top = -1;
        for (int leaf = lo; leaf < hi; leaf++) {
            top++;
            leaves.digest(leaf, digests, top * NodeHasher.DIGEST);
            branches[top] = Paths.BITS;
            firsts[top] = leaf;
            int next =
                    leaf + 1 < hi
                            ? Paths.commonPrefix(
                                    leaves.paths, leaf * 32, leaves.paths, leaf * 32 + 32)
                            : -1;
            while (top > 0 && partings[top] > next) {
                merge(top - 1, top, partings[top]);
                if (kept != null && leaf + 1 - firsts[top - 1] >= SubtrieDigests.SMALLEST) {
                    kept.put(firsts[top], digests, (top - 1) * NodeHasher.DIGEST);
                }
                top--;
            }
            partings[top + 1] = next;
        }
        lift(0, depth);
        System.arraycopy(digests, 0, out, offset, NodeHasher.DIGEST);
    }

    private void merge(int left, int right, int depth) {
        lift(left, depth + 1);
        lift(right, depth + 1);
        int target = left * NodeHasher.DIGEST;
        hasher.innerDigest(digests, target, digests, right * NodeHasher.DIGEST, digests, target);
        branches[left] = depth;
    }

    private void lift(int entry, int depth) {
        int branch = branches[entry];
        if (branch < Paths.BITS && branch > depth) {
            hasher.expand(
                    leaves.paths,
                    firsts[entry] * 32,
                    depth,
                    branch,
                    digests,
                    entry * NodeHasher.DIGEST);
        }
    }
}
