package io.relayminer.smst;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A proof that a leaf belongs to a trie, with the bits of the asked-for path that had to be turned
 * round to reach it. This is the plain form with every side node; {@link CompactClosestProof} is
 * the form that travels.
 *
 * <p>Immutable, safe for use by any thread. Byte-array accessors return copies.
 */
public final class ClosestProof {

    private final byte[] path;
    private final int[] flippedBits;
    private final int depth;
    private final byte[] closestPath;
    private final byte @Nullable [] leafData;
    private final List<byte[]> sideNodes;
    private final byte @Nullable [] nonMembershipLeaf;
    private final byte @Nullable [] siblingData;

    ClosestProof(
            byte[] path,
            int[] flippedBits,
            int depth,
            byte[] closestPath,
            byte @Nullable [] leafData,
            List<byte[]> sideNodes,
            byte @Nullable [] nonMembershipLeaf,
            byte @Nullable [] siblingData) {
        this.path = path;
        this.flippedBits = flippedBits;
        this.depth = depth;
        this.closestPath = closestPath;
        this.leafData = leafData;
        this.sideNodes = sideNodes;
        this.nonMembershipLeaf = nonMembershipLeaf;
        this.siblingData = siblingData;
    }

    /**
     * The proof that there is nothing: by convention one flip, of bit 0, and a closest path of 48
     * zero bytes.
     */
    static ClosestProof ofEmptyTrie(byte[] path) {
        return new ClosestProof(
                path.clone(),
                new int[] {0},
                0,
                NodeHasher.PLACEHOLDER.clone(),
                null,
                List.of(),
                null,
                null);
    }

    /**
     * The path that was asked for.
     *
     * @return 32 bytes when the proof was made here; any length when it was decoded
     */
    public byte[] path() {
        return path.clone();
    }

    /**
     * Indexes of the bits of {@link #path()} that were turned round.
     *
     * @return indexes, strictly increasing and below the depth when the proof was made here
     */
    public int[] flippedBits() {
        return flippedBits.clone();
    }

    /**
     * Depth of the leaf.
     *
     * @return 0 to 256, equal to the number of side nodes when the proof was made here
     */
    public int depth() {
        return depth;
    }

    /**
     * Path of the leaf.
     *
     * @return 32 bytes; 48 zero bytes for the empty trie
     */
    public byte[] closestPath() {
        return closestPath.clone();
    }

    /**
     * Contents of the leaf: {@code value ‖ weight u64 ‖ count u64}.
     *
     * @return the bytes, or null for the empty trie
     */
    public byte @Nullable [] leafData() {
        return copy(leafData);
    }

    /**
     * Digests of the siblings, the one next to the leaf first, that at depth 0 last.
     *
     * @return copies, of 48 bytes when the proof was made here; an empty sibling is 48 zero bytes
     */
    public List<byte[]> sideNodes() {
        return sideNodes.stream().map(byte[]::clone).toList();
    }

    /**
     * The leaf that stands in the place of an absent one. Closest proofs do not use it.
     *
     * @return an encoding, or null
     */
    public byte @Nullable [] nonMembershipLeaf() {
        return copy(nonMembershipLeaf);
    }

    /**
     * Encoding of the node whose digest is the first side node.
     *
     * @return leaf, inner or extension encoding; null if there is none
     */
    public byte @Nullable [] siblingData() {
        return copy(siblingData);
    }

    private static byte @Nullable [] copy(byte @Nullable [] bytes) {
        return bytes == null ? null : bytes.clone();
    }

    /**
     * The form that travels: side nodes that are empty become bits of a mask, numbers become
     * minimal big-endian strings.
     *
     * @return the compact form
     * @throws MalformedProofException if the proof contradicts itself, which no proof made by a
     *     trie does
     */
    public CompactClosestProof compact() {
        String fault = fault();
        if (fault != null) {
            throw new MalformedProofException(fault);
        }
        byte[] mask = new byte[(sideNodes.size() + 7) / 8];
        List<byte[]> shown = new ArrayList<>();
        for (int i = 0; i < sideNodes.size(); i++) {
            if (Arrays.equals(sideNodes.get(i), NodeHasher.PLACEHOLDER)) {
                Paths.flip(mask, i);
            } else {
                shown.add(sideNodes.get(i));
            }
        }
        List<byte[]> flips = new ArrayList<>(flippedBits.length);
        for (int bit : flippedBits) {
            flips.add(minimal(bit));
        }
        CompactClosestProof.Inclusion inclusion =
                new CompactClosestProof.Inclusion(
                        shown, nonMembershipLeaf, mask, sideNodes.size(), siblingData);
        return new CompactClosestProof(
                path, flips, minimal(depth), closestPath, leafData, inclusion);
    }

    private static byte[] minimal(int number) {
        return number < 256
                ? new byte[] {(byte) number}
                : new byte[] {(byte) (number >> 8), (byte) number};
    }

    /**
     * The first rule of well-formedness that is broken, or null. The order is that of the chain.
     */
    @Nullable String fault() {
        if (path.length != Paths.BYTES) {
            return "invalid path length: got " + path.length + ", want " + Paths.BYTES;
        }
        if (depth < 0 || depth > Paths.BITS) {
            return "invalid depth: got " + depth + ", outside of [0, " + Paths.BITS + "]";
        }
        byte[] walked = path.clone();
        for (int i = 0; i < flippedBits.length; i++) {
            int bit = flippedBits[i];
            if (bit < 0 || bit > depth || bit == Paths.BITS) {
                return "invalid flipped bit index "
                        + i
                        + ": got "
                        + bit
                        + ", outside of [0, "
                        + Math.min(depth, Paths.BITS - 1)
                        + "]";
            }
            Paths.flip(walked, bit);
        }
        if (closestPath.length < Paths.BYTES) {
            return "invalid closest path: got "
                    + closestPath.length
                    + " bytes, want at least "
                    + Paths.BYTES;
        }
        int agreed = Paths.commonPrefix(walked, 0, closestPath, 0);
        if (agreed < depth) {
            return "invalid closest path: not equal at bit: " + agreed;
        }
        return inclusionFault();
    }

    private @Nullable String inclusionFault() {
        if (sideNodes.size() > Paths.BITS) {
            return "too many side nodes: got " + sideNodes.size() + " but max is " + Paths.BITS;
        }
        if (nonMembershipLeaf != null && nonMembershipLeaf.length < 1 + Paths.BYTES) {
            return "invalid non-membership leaf data size: got "
                    + nonMembershipLeaf.length
                    + " but min is "
                    + (1 + Paths.BYTES);
        }
        if (siblingData == null || sideNodes.isEmpty()) {
            return null;
        }
        for (byte[] side : sideNodes) {
            if (side.length != NodeHasher.DIGEST) {
                return "invalid side node size: got "
                        + side.length
                        + " but want "
                        + NodeHasher.DIGEST;
            }
        }
        byte[] digest = siblingDigest(siblingData);
        if (digest == null) {
            return "invalid sibling data: " + siblingData.length + " bytes are not a node";
        }
        return Arrays.equals(digest, sideNodes.get(0)) ? null : "invalid sibling data hash";
    }

    /** Digest of a node given by its encoding; null if it is too short to have one. */
    private static byte @Nullable [] siblingDigest(byte[] encoding) {
        boolean extension = encoding[0] == NodeHasher.EXTENSION;
        if (extension ? encoding.length != NodeHasher.EXTENSION_SIZE : encoding.length < 16) {
            return null;
        }
        NodeHasher hasher = new NodeHasher();
        byte[] digest = new byte[NodeHasher.DIGEST];
        if (extension) {
            System.arraycopy(encoding, 35, digest, 0, NodeHasher.DIGEST);
            hasher.expand(encoding, 3, encoding[1] & 0xff, encoding[2] & 0xff, digest, 0);
        } else {
            hasher.digestOf(encoding, digest, 0);
        }
        return digest;
    }

    /**
     * Verifies as the chain does: well-formedness, then the walk from the leaf to the root. The
     * chain does not check that the leaf is the closest one, that depth and flipped bits belong to
     * the side nodes, or that path and value of the leaf belong together.
     *
     * @param root the claimed root
     * @return the verdict; costs at most 512 inner hashes and two leaf hashes
     */
    public ProofVerdict verify(MerkleSumRoot root) {
        String fault = fault();
        if (fault != null) {
            return new ProofVerdict.Malformed(fault);
        }
        NodeHasher hasher = new NodeHasher();
        byte[] current = new byte[NodeHasher.DIGEST];
        String leafFault = leafDigest(hasher, current);
        if (leafFault != null) {
            return new ProofVerdict.Malformed(leafFault);
        }
        byte[] side = new byte[NodeHasher.DIGEST];
        int n = sideNodes.size();
        for (int i = 0; i < n; i++) {
            byte[] given = sideNodes.get(i);
            // The sizes are unchecked when no sibling is shown: shorter ones count as zero-padded,
            // longer ones as cut.
            Arrays.fill(side, (byte) 0);
            System.arraycopy(given, 0, side, 0, Math.min(given.length, NodeHasher.DIGEST));
            if (Paths.bit(closestPath, n - 1 - i) == 0) {
                hasher.innerDigest(current, 0, side, 0, current, 0);
            } else {
                hasher.innerDigest(side, 0, current, 0, current, 0);
            }
        }
        return root.matches(current)
                ? new ProofVerdict.Valid()
                : new ProofVerdict.RootMismatch(MerkleSumRoot.owning(current));
    }

    /**
     * Puts the digest at the end of the walk into {@code out}; returns what is wrong with the leaf,
     * or null.
     */
    private @Nullable String leafDigest(NodeHasher hasher, byte[] out) {
        if (leafData != null && leafData.length < 16) {
            return "invalid closest value: got " + leafData.length + " bytes, want at least 16";
        }
        // An empty value of weight 0 cannot be told from no value: the walk then starts at an
        // absent leaf.
        if (leafData != null && (leafData.length > 16 || Paths.word(leafData, 0) != 0)) {
            byte[] encoding = new byte[1 + Paths.BYTES + leafData.length];
            encoding[0] = NodeHasher.LEAF;
            System.arraycopy(closestPath, 0, encoding, 1, Paths.BYTES);
            System.arraycopy(leafData, 0, encoding, 1 + Paths.BYTES, leafData.length);
            hasher.digestOf(encoding, out, 0);
            return null;
        }
        if (nonMembershipLeaf == null) {
            return null;
        }
        if (nonMembershipLeaf[0] != NodeHasher.LEAF) {
            return "non-membership leaf has node type " + (nonMembershipLeaf[0] & 0xff);
        }
        if (Paths.compare(nonMembershipLeaf, 1, closestPath, 0) == 0) {
            return "non-membership proof on related leaf";
        }
        hasher.digestOf(nonMembershipLeaf, out, 0);
        return null;
    }

    /**
     * Verifies what an honest prover's proof satisfies beyond {@link #verify}: it is for the path
     * asked for, has as many side nodes as its depth, flips in order and only where the trie left
     * no choice, one relay in the leaf, and a leaf path that is the hash of the relay's hash. A
     * miner checks its own proof this way before it submits it.
     *
     * @param root the claimed root
     * @param askedFor the path the chain will ask for, 32 bytes
     * @return the verdict
     */
    public ProofVerdict verifyStrictly(MerkleSumRoot root, byte[] askedFor) {
        ProofVerdict verdict = verify(root);
        if (!verdict.isValid()) {
            return verdict;
        }
        String fault = strictFault(askedFor);
        return fault == null ? verdict : new ProofVerdict.Malformed(fault);
    }

    private @Nullable String strictFault(byte[] askedFor) {
        if (!Arrays.equals(path, askedFor)) {
            return "the proof is for another path";
        }
        if (leafData == null || nonMembershipLeaf != null) {
            return "the proof is not one of membership";
        }
        if (closestPath.length != Paths.BYTES) {
            return "invalid closest path: got "
                    + closestPath.length
                    + " bytes, want "
                    + Paths.BYTES;
        }
        if (sideNodes.size() != depth) {
            return "depth " + depth + " but " + sideNodes.size() + " side nodes";
        }
        int previous = -1;
        for (int bit : flippedBits) {
            if (bit <= previous || bit >= depth) {
                return "flipped bit " + bit + " is out of order or not above the leaf";
            }
            if (!Arrays.equals(sideNodes.get(depth - 1 - bit), NodeHasher.PLACEHOLDER)) {
                return "flipped bit " + bit + " although there are leaves on the other side";
            }
            previous = bit;
        }
        if (Paths.word(leafData, leafData.length - 8) != 1) {
            return "the leaf counts more than one relay";
        }
        LeafNode leaf =
                new LeafNode(
                        closestPath,
                        Arrays.copyOf(leafData, leafData.length - 16),
                        Paths.word(leafData, leafData.length - 16));
        return leaf.isRelay() ? null : "the leaf's path is not that of its relay";
    }
}
