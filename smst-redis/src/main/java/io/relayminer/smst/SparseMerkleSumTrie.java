package io.relayminer.smst;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/*
 * What the trie is. Leaves hang at the ends of 256-bit paths in a binary trie. A node's digest is the SHA-256 of its children's digests
 * followed by the sum of their weights and the number of their leaves, so that 48 bytes at the top commit to every relay, to the total
 * of compute units and to the number of relays at once. A lone leaf sits at the depth where it became alone. A chain of inner nodes with
 * one empty child each hashes as what it is, a chain; the node store abbreviates it as one extension node, which is a matter of storage
 * and leaves no trace in the root.
 *
 * Why it is built in bulk. The root is a function of the set of leaves alone: the order of insertion never changes it. Hence nothing is
 * gained by keeping inner nodes up to date while relays arrive; an updatable trie rewrites about log2(n) + 2 nodes for each relay, and
 * each of those writes can be lost. Here a session is a set of leaves until it is claimed. Then they are sorted by path, and one pass
 * over neighbours folds them into the root (see SubtrieHasher): a million leaves in about a second, most of it hashing the relays.
 *
 * What is kept. Flat arrays in path order: path, leaf hash and weight, 72 bytes per leaf. A subtrie is an index range in them, and its
 * two halves are found by binary search for the first path with the branching bit set. Of the inner digests only those above 16 leaves
 * are kept, about 5 bytes per leaf, so that a proof hashes a few dozen nodes instead of all.
 *
 * Where the insertion order does show. The encoding of an extension node carries a full path, of which only the bits between its two
 * depths mean anything; the others are those of the leaf whose insertion created it, that is the second leaf ever inserted below it. A
 * proof shows such an encoding when the sibling of the proved leaf is an extension. A trie that knows its insertion order reproduces
 * these bytes; one loaded from a hash, which has no order, takes the second leaf in path order. Verification does not look at them.
 */

/**
 * An immutable sparse Merkle sum trie over SHA-256 with 256-bit paths, unhashed values and a count
 * of one per leaf: the trie of a session's relays. Its root is what a claim carries; its closest
 * proofs are what the chain asks for. Roots, node encodings and proof bytes equal those of the
 * chain's own library.
 *
 * <p>Safe for use by any thread. The memory of a trie is about 80 bytes per leaf, plus the values
 * if they are retained.
 *
 * <pre>{@code
 * SparseMerkleSumTrie trie = SparseMerkleSumTrie.builder()
 *         .add(relayHash, relayBytes, computeUnits)
 *         .build();
 * MerkleSumRoot root = trie.root();
 * byte[] proof = trie.proveClosest(path).compact().encode();
 * }</pre>
 */
public final class SparseMerkleSumTrie {

    /** Most leaves that one trie can hold. */
    public static final int MAX_LEAVES = (Integer.MAX_VALUE - 8) / Paths.BYTES;

    private final SortedLeaves leaves;
    private final SubtrieDigests large = new SubtrieDigests();
    private final MerkleSumRoot root;

    private SparseMerkleSumTrie(SortedLeaves leaves) {
        this.leaves = leaves;
        byte[] digest = new byte[NodeHasher.DIGEST];
        new SubtrieHasher(leaves, large).digest(0, leaves.size, 0, digest, 0);
        this.root = MerkleSumRoot.owning(digest);
    }

    /**
     * A builder of a trie that retains the values of its leaves and can therefore prove by itself.
     *
     * @return an empty builder
     */
    public static Builder builder() {
        return new Builder(16, true);
    }

    /**
     * A builder of a trie that keeps digests only: 72 bytes per leaf whatever the size of the
     * relays. Its proofs read the one or two leaves they show from a {@link LeafNodeSource}.
     *
     * @param expectedLeaves a guess at the number of leaves; more are accepted
     * @return an empty builder
     */
    public static Builder digestBuilder(int expectedLeaves) {
        return new Builder(Math.max(1, Math.min(expectedLeaves, MAX_LEAVES)), false);
    }

    /**
     * The root of all leaves.
     *
     * @return the root; {@link MerkleSumRoot#EMPTY} if there is no leaf
     */
    public MerkleSumRoot root() {
        return root;
    }

    /**
     * Number of leaves with distinct paths.
     *
     * @return the number, equal to the count of the root
     */
    public int size() {
        return leaves.size;
    }

    /**
     * Whether a leaf is filed under {@code key}.
     *
     * @param key key of the leaf, for a relay its hash
     * @return true if the trie has a leaf with the path SHA-256(key)
     */
    public boolean contains(byte[] key) {
        return leaves.find(NodeHasher.newSha256().digest(key)) >= 0;
    }

    /**
     * Proves the leaf closest to {@code path} out of retained values.
     *
     * @param path 32 bytes, for a session proof the hash of seed block and session id
     * @return the proof, which verifies against {@link #root()} unless the closest leaf has an
     *     empty value and weight 0, the one leaf that cannot be told from an absent one
     * @throws IllegalArgumentException if the path does not have 32 bytes
     * @throws IllegalStateException if the trie was built by {@link #digestBuilder}
     */
    public ClosestProof proveClosest(byte[] path) {
        return proveClosest(
                path,
                digests -> {
                    throw new IllegalStateException(
                            "this trie was built from digests: prove with a LeafNodeSource");
                });
    }

    /**
     * Proves the leaf closest to {@code path}, reading the leaves it has to show from {@code
     * source} if the trie does not retain them.
     *
     * @param path 32 bytes
     * @param source asked once, for one or two leaves; not asked if values are retained or the trie
     *     is empty
     * @return the proof
     * @throws IllegalArgumentException if the path does not have 32 bytes
     * @throws MalformedNodeException if the source gave bytes that do not hash to the digest asked
     *     for
     * @throws SmstStoreException if the source cannot read a leaf
     */
    public ClosestProof proveClosest(byte[] path, LeafNodeSource source) {
        if (path.length != Paths.BYTES) {
            throw new IllegalArgumentException(
                    "a path has " + Paths.BYTES + " bytes but this has " + path.length);
        }
        if (leaves.size == 0) {
            return ClosestProof.ofEmptyTrie(path);
        }
        SubtrieHasher hasher = new SubtrieHasher(leaves, null);
        int lo = 0;
        int hi = leaves.size;
        int depth = 0;
        int[] flipped = new int[Paths.BITS];
        int flips = 0;
        List<byte[]> sides = new ArrayList<>();
        int siblingLo = 0;
        int siblingHi = 0;
        while (hi - lo > 1) {
            int branch = leaves.branchDepth(lo, hi);
            for (; depth < branch; depth++) {
                // All leaves go the same way here. A path that goes the other way is turned round.
                if (Paths.bit(path, depth) != Paths.bit(leaves.paths, lo * 32, depth)) {
                    flipped[flips++] = depth;
                }
                sides.add(NodeHasher.PLACEHOLDER);
            }
            int middle = leaves.split(lo, hi, branch);
            boolean right = Paths.bit(path, branch) == 1;
            siblingLo = right ? lo : middle;
            siblingHi = right ? middle : hi;
            lo = right ? middle : lo;
            hi = right ? hi : middle;
            depth = branch + 1;
            sides.add(subtrieDigest(hasher, siblingLo, siblingHi, depth));
        }
        List<byte[]> shown = shownLeaves(lo, siblingLo, siblingHi, source);
        byte[] leaf = shown.get(0);
        byte[] siblingData =
                switch (siblingHi - siblingLo) {
                    case 0 -> null;
                    case 1 -> shown.get(1);
                    default -> encodeSubtrie(hasher, siblingLo, siblingHi, depth);
                };
        return new ClosestProof(
                path.clone(),
                Arrays.copyOf(flipped, flips),
                depth,
                leaves.path(lo),
                Arrays.copyOfRange(leaf, 1 + Paths.BYTES, leaf.length),
                sides.reversed(),
                null,
                siblingData);
    }

    /** Encodings of the proved leaf and, if its sibling is a leaf too, of that. */
    private List<byte[]> shownLeaves(
            int leaf, int siblingLo, int siblingHi, LeafNodeSource source) {
        boolean both = siblingHi - siblingLo == 1;
        if (leaves.retainsValues()) {
            return both
                    ? List.of(leaves.encoding(leaf), leaves.encoding(siblingLo))
                    : List.of(leaves.encoding(leaf));
        }
        List<byte[]> digests =
                both
                        ? List.of(leaves.digest(leaf), leaves.digest(siblingLo))
                        : List.of(leaves.digest(leaf));
        List<byte[]> nodes = source.leafNodes(digests);
        if (nodes.size() != digests.size()) {
            throw new MalformedNodeException(
                    "the leaf source was asked for "
                            + digests.size()
                            + " leaves and gave "
                            + nodes.size());
        }
        NodeHasher hasher = new NodeHasher();
        for (int i = 0; i < nodes.size(); i++) {
            LeafNode.check(nodes.get(i));
            byte[] digest = new byte[NodeHasher.DIGEST];
            hasher.digestOf(nodes.get(i), digest, 0);
            if (!Arrays.equals(digest, digests.get(i))) {
                throw new MalformedNodeException(
                        "the leaf source gave a leaf with another digest than the one it was asked"
                                + " for");
            }
        }
        return nodes;
    }

    /** Digest of the leaves {@code [lo, hi)} seen from {@code depth}. */
    private byte[] subtrieDigest(SubtrieHasher hasher, int lo, int hi, int depth) {
        byte[] digest = new byte[NodeHasher.DIGEST];
        if (hi - lo >= SubtrieDigests.SMALLEST) {
            int branch = leaves.branchDepth(lo, hi);
            byte[] kept = large.get(leaves.split(lo, hi, branch));
            if (kept != null) {
                hasher.nodes().expand(leaves.paths, lo * 32, depth, branch, kept, 0);
                return kept;
            }
        }
        hasher.digest(lo, hi, depth, digest, 0);
        return digest;
    }

    /**
     * Encoding of the node above the leaves {@code [lo, hi)}, at least two, at {@code depth}:
     * inner, or extension.
     */
    private byte[] encodeSubtrie(SubtrieHasher hasher, int lo, int hi, int depth) {
        int branch = leaves.branchDepth(lo, hi);
        if (branch > depth) {
            return encodeExtension(lo, hi, depth, branch, subtrieDigest(hasher, lo, hi, branch));
        }
        return encodeInner(hasher, lo, hi, branch);
    }

    private byte[] encodeInner(SubtrieHasher hasher, int lo, int hi, int branch) {
        int middle = leaves.split(lo, hi, branch);
        byte[] encoding = new byte[NodeHasher.INNER_SIZE];
        NodeHasher.encodeInner(
                subtrieDigest(hasher, lo, middle, branch + 1),
                0,
                subtrieDigest(hasher, middle, hi, branch + 1),
                0,
                encoding);
        return encoding;
    }

    private byte[] encodeExtension(int lo, int hi, int start, int end, byte[] child) {
        byte[] encoding = new byte[NodeHasher.EXTENSION_SIZE];
        encoding[0] = NodeHasher.EXTENSION;
        encoding[1] = (byte) start;
        encoding[2] = (byte) end;
        System.arraycopy(
                leaves.paths, leaves.secondInserted(lo, hi) * 32, encoding, 3, Paths.BYTES);
        System.arraycopy(child, 0, encoding, 35, NodeHasher.DIGEST);
        System.arraycopy(child, 32, encoding, 83, 16);
        return encoding;
    }

    /**
     * Shows every node that a complete node store of this trie holds: leaves, inner nodes, and
     * extensions in place of chains. Meant for handing a sealed tree to software that walks nodes;
     * claiming and proving do not need it. Children come before parents.
     *
     * @param visitor takes each node once
     * @throws IllegalStateException if the trie was built by {@link #digestBuilder} and does not
     *     hold leaf values
     */
    public void forEachNode(NodeVisitor visitor) {
        if (leaves.size > 0) {
            visit(new SubtrieHasher(leaves, null), 0, leaves.size, 0, visitor);
        }
    }

    private void visit(SubtrieHasher hasher, int lo, int hi, int depth, NodeVisitor visitor) {
        if (hi - lo == 1) {
            visitor.node(leaves.digest(lo), leaves.encoding(lo));
            return;
        }
        int branch = leaves.branchDepth(lo, hi);
        int middle = leaves.split(lo, hi, branch);
        visit(hasher, lo, middle, branch + 1, visitor);
        visit(hasher, middle, hi, branch + 1, visitor);
        byte[] digest = subtrieDigest(hasher, lo, hi, branch);
        visitor.node(digest, encodeInner(hasher, lo, hi, branch));
        if (branch > depth) {
            byte[] extension = encodeExtension(lo, hi, depth, branch, digest);
            visitor.node(subtrieDigest(hasher, lo, hi, depth), extension);
        }
    }

    /**
     * Collects leaves. Adding a path a second time replaces value and weight, as a later update
     * does. Confined to a thread; usable again after {@link #build()}, which copies.
     */
    public static final class Builder {

        private final NodeHasher hasher = new NodeHasher();
        private int size;
        private byte[] paths;
        private byte[] hashes;
        private long[] weights;
        private byte @Nullable [][] values;
        private boolean insertionOrder = true;

        private Builder(int capacity, boolean retainValues) {
            paths = new byte[capacity * 32];
            hashes = new byte[capacity * 32];
            weights = new long[capacity];
            values = retainValues ? new byte[capacity][] : null;
        }

        /**
         * Says that the order of adding means nothing, because the leaves come out of a hash. The
         * bytes of extension nodes in proofs then depend on the set of leaves alone.
         *
         * @return this builder
         */
        public Builder withoutInsertionOrder() {
            insertionOrder = false;
            return this;
        }

        /**
         * Adds a leaf under the path SHA-256(key).
         *
         * @param key any length, for a relay its 32-byte hash
         * @param value for a relay its marshalled bytes. If values are retained the array is kept,
         *     not copied: leave it alone
         * @param weight for a relay the compute units; unsigned
         * @return this builder
         */
        public Builder add(byte[] key, byte[] value, long weight) {
            int slot = nextSlot();
            hasher.hash(key, paths, slot * 32);
            return put(slot, value, weight);
        }

        /**
         * Adds a leaf that was decoded from a store.
         *
         * @param leaf the leaf
         * @return this builder
         */
        public Builder add(LeafNode leaf) {
            return addAt(leaf.path(), leaf.value(), leaf.weight());
        }

        /**
         * Adds a leaf in its encoding, hashing it once, and tells its digest.
         *
         * @param encoding encoding of a leaf; not kept
         * @return the digest of the leaf, 48 bytes
         * @throws MalformedNodeException if the bytes are not a leaf; nothing is added
         */
        public byte[] addEncoded(byte[] encoding) {
            byte[] digest = new byte[NodeHasher.DIGEST];
            LeafNode.check(encoding);
            hasher.digestOf(encoding, digest, 0);
            putEncoded(encoding, digest);
            return digest;
        }

        /**
         * Adds a leaf out of a store in which nodes are named by their digests, hashing it once, if
         * its name is right.
         *
         * @param digest name of the leaf, 48 bytes
         * @param encoding encoding of a leaf; not kept
         * @return false if the leaf has another digest; nothing is added then
         * @throws MalformedNodeException if the bytes are not a leaf; nothing is added
         */
        public boolean addStored(byte[] digest, byte[] encoding) {
            byte[] computed = new byte[NodeHasher.DIGEST];
            LeafNode.check(encoding);
            hasher.digestOf(encoding, computed, 0);
            if (!Arrays.equals(digest, computed)) {
                return false;
            }
            putEncoded(encoding, computed);
            return true;
        }

        private void putEncoded(byte[] encoding, byte[] digest) {
            int slot = nextSlot();
            System.arraycopy(encoding, 1, paths, slot * 32, 32);
            System.arraycopy(digest, 0, hashes, slot * 32, 32);
            weights[slot] = Paths.word(encoding, encoding.length - 16);
            if (values != null) {
                values[slot] = Arrays.copyOfRange(encoding, 33, encoding.length - 16);
            }
            size++;
        }

        /** Adds a leaf at a chosen path. */
        Builder addAt(byte[] path, byte[] value, long weight) {
            int slot = nextSlot();
            System.arraycopy(path, 0, paths, slot * 32, 32);
            return put(slot, value, weight);
        }

        private Builder put(int slot, byte[] value, long weight) {
            hasher.leafHash(paths, slot * 32, value, weight, hashes, slot * 32);
            weights[slot] = weight;
            if (values != null) {
                values[slot] = value;
            }
            size++;
            return this;
        }

        private int nextSlot() {
            if (size == weights.length) {
                if (size == MAX_LEAVES) {
                    throw new IllegalStateException(
                            "a trie holds at most " + MAX_LEAVES + " leaves");
                }
                int capacity = (int) Math.min(MAX_LEAVES, size * 2L);
                paths = Arrays.copyOf(paths, capacity * 32);
                hashes = Arrays.copyOf(hashes, capacity * 32);
                weights = Arrays.copyOf(weights, capacity);
                if (values != null) {
                    values = Arrays.copyOf(values, capacity);
                }
            }
            return size;
        }

        /**
         * Number of leaves added, repeated paths included.
         *
         * @return the number of calls that added a leaf
         */
        public int size() {
            return size;
        }

        /**
         * Builds the trie: sorts, drops replaced leaves, hashes every inner node once.
         *
         * @return the trie of the leaves added so far
         */
        public SparseMerkleSumTrie build() {
            return new SparseMerkleSumTrie(
                    SortedLeaves.sort(size, paths, hashes, weights, values, insertionOrder));
        }
    }
}
