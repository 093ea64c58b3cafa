package io.relayminer.smst;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The closest proof as it goes on chain. {@link #encode()} gives the exact bytes of the proof
 * message, a Go {@code encoding/gob} stream; {@link #decode} reads any stream that the chain would
 * read, within bounds set by the length of the input.
 *
 * <p>A decoded proof may hold anything: lengths and numbers are checked by {@link #decompact()} and
 * {@link #verify}. Immutable, safe for use by any thread. Byte-array accessors return copies.
 */
public final class CompactClosestProof {

    private static final int MAX_NUMBER_BYTES = 2;

    private final byte[] path;
    private final List<byte[]> flippedBits;
    private final byte[] depth;
    private final byte[] closestPath;
    private final byte @Nullable [] leafData;
    private final @Nullable Inclusion inclusion;

    /** The nested part: how the leaf hangs in the trie. */
    static final class Inclusion {

        final List<byte[]> sideNodes;
        final byte @Nullable [] nonMembershipLeaf;
        final byte[] bitMask;
        final long numSideNodes;
        final byte @Nullable [] siblingData;

        Inclusion(
                List<byte[]> sideNodes,
                byte @Nullable [] nonMembershipLeaf,
                byte[] bitMask,
                long numSideNodes,
                byte @Nullable [] siblingData) {
            this.sideNodes = sideNodes;
            this.nonMembershipLeaf = nonMembershipLeaf;
            this.bitMask = bitMask;
            this.numSideNodes = numSideNodes;
            this.siblingData = siblingData;
        }
    }

    CompactClosestProof(
            byte[] path,
            List<byte[]> flippedBits,
            byte[] depth,
            byte[] closestPath,
            byte @Nullable [] leafData,
            @Nullable Inclusion inclusion) {
        this.path = path;
        this.flippedBits = flippedBits;
        this.depth = depth;
        this.closestPath = closestPath;
        this.leafData = leafData;
        this.inclusion = inclusion;
    }

    /**
     * Reads the bytes of a proof message. Bytes after the first value are ignored, as the chain
     * ignores them.
     *
     * @param bytes any bytes; time and memory are linear in their number
     * @return the proof, not yet checked for well-formedness
     * @throws MalformedProofException if the bytes are not a gob stream of this type
     */
    public static CompactClosestProof decode(byte[] bytes) {
        return new GobProofDecoder(bytes).decode();
    }

    /**
     * Decodes, decompacts and verifies in one step, as the chain does.
     *
     * @param bytes any bytes
     * @param root the claimed root
     * @return the verdict; never throws, whatever the bytes
     */
    public static ProofVerdict verify(byte[] bytes, MerkleSumRoot root) {
        try {
            return decode(bytes).verify(root);
        } catch (MalformedProofException e) {
            return new ProofVerdict.Malformed(e.getMessage());
        }
    }

    /**
     * The same, against a root as a claim carries it.
     *
     * @param bytes any bytes
     * @param root any bytes; other than 48 of them are the root of no trie
     * @return the verdict; never throws, whatever the bytes
     */
    public static ProofVerdict verify(byte[] bytes, byte[] root) {
        if (root.length != MerkleSumRoot.BYTES) {
            return new ProofVerdict.Malformed(
                    "invalid root length: got " + root.length + ", want " + MerkleSumRoot.BYTES);
        }
        return verify(bytes, MerkleSumRoot.of(root));
    }

    /**
     * The bytes of the proof message: a constant description of the types (286 bytes) and the
     * value.
     *
     * @return a new array
     */
    public byte[] encode() {
        return GobProofEncoder.encode(this);
    }

    /**
     * The path that was asked for.
     *
     * @return 32 bytes in a well-formed proof
     */
    public byte[] path() {
        return path.clone();
    }

    /**
     * Indexes of turned bits, each as a big-endian number.
     *
     * @return byte strings of one or two bytes in a well-formed proof
     */
    public List<byte[]> flippedBits() {
        return copies(flippedBits);
    }

    /**
     * Depth of the leaf as a big-endian number.
     *
     * @return at most two bytes in a well-formed proof
     */
    public byte[] depth() {
        return depth.clone();
    }

    /**
     * Path of the proved leaf.
     *
     * @return at least 32 bytes in a well-formed proof
     */
    public byte[] closestPath() {
        return closestPath.clone();
    }

    /**
     * Contents of the proved leaf: {@code relay ‖ weight u64 ‖ count u64}.
     *
     * @return the bytes; null in the proof of an empty trie
     */
    public byte @Nullable [] leafData() {
        return leafData == null ? null : leafData.clone();
    }

    /**
     * The relay in the proved leaf: its contents without the last 16 bytes.
     *
     * @return the marshalled relay
     * @throws MalformedProofException if the leaf has fewer than 16 bytes
     */
    public byte[] relay() {
        if (leafData == null || leafData.length < 16) {
            throw new MalformedProofException(
                    "the proof shows no leaf: got "
                            + (leafData == null ? 0 : leafData.length)
                            + " bytes, want at least 16");
        }
        return Arrays.copyOf(leafData, leafData.length - 16);
    }

    /**
     * Whether the nested part is there at all.
     *
     * @return false for a proof that cannot be verified against anything
     */
    public boolean hasInclusion() {
        return inclusion != null;
    }

    /**
     * Digests of the siblings that are not empty, the one next to the leaf first.
     *
     * @return copies
     */
    public List<byte[]> sideNodes() {
        return inclusion == null ? List.of() : copies(inclusion.sideNodes);
    }

    /**
     * The leaf that stands in the place of an absent one.
     *
     * @return an encoding, or null
     */
    public byte @Nullable [] nonMembershipLeaf() {
        return inclusion == null || inclusion.nonMembershipLeaf == null
                ? null
                : inclusion.nonMembershipLeaf.clone();
    }

    /**
     * Which siblings are empty: bit i, most significant first, is set if sibling i is.
     *
     * @return the mask
     */
    public byte[] bitMask() {
        return inclusion == null ? new byte[0] : inclusion.bitMask.clone();
    }

    /**
     * Number of siblings, empty ones included.
     *
     * @return 0 to 256 in a well-formed proof
     */
    public long numSideNodes() {
        return inclusion == null ? 0 : inclusion.numSideNodes;
    }

    /**
     * Encoding of the sibling next to the leaf.
     *
     * @return the encoding, or null
     */
    public byte @Nullable [] siblingData() {
        return inclusion == null || inclusion.siblingData == null
                ? null
                : inclusion.siblingData.clone();
    }

    private static List<byte[]> copies(List<byte[]> list) {
        return list.stream().map(byte[]::clone).toList();
    }

    @Nullable Inclusion inclusion() {
        return inclusion;
    }

    byte @Nullable [] leafDataShared() {
        return leafData;
    }

    /**
     * Restores the empty side nodes and the numbers.
     *
     * @return the plain form, with the shape of its parts still to be verified
     * @throws MalformedProofException if mask, numbers and lists do not fit together
     */
    public ClosestProof decompact() {
        if (path.length != Paths.BYTES) {
            throw new MalformedProofException(
                    "invalid path length: got " + path.length + ", want " + Paths.BYTES);
        }
        if (depth.length > MAX_NUMBER_BYTES) {
            throw new MalformedProofException(
                    "invalid depth: got " + depth.length + " bytes but max is " + MAX_NUMBER_BYTES);
        }
        int[] flips = new int[flippedBits.size()];
        for (int i = 0; i < flips.length; i++) {
            byte[] flip = flippedBits.get(i);
            if (flip.length > MAX_NUMBER_BYTES) {
                throw new MalformedProofException(
                        "invalid compressed flipped bit index "
                                + i
                                + ": got length "
                                + flip.length
                                + ", max is "
                                + MAX_NUMBER_BYTES);
            }
            flips[i] = number(flip);
        }
        if (inclusion == null) {
            throw new MalformedProofException("invalid closest proof: absent");
        }
        return new ClosestProof(
                path,
                flips,
                number(depth),
                closestPath,
                leafData,
                allSideNodes(inclusion),
                inclusion.nonMembershipLeaf,
                inclusion.siblingData);
    }

    private static int number(byte[] bigEndian) {
        int number = 0;
        for (byte digit : bigEndian) {
            number = number << 8 | (digit & 0xff);
        }
        return number;
    }

    private static List<byte[]> allSideNodes(Inclusion inclusion) {
        long n = inclusion.numSideNodes;
        byte[] mask = inclusion.bitMask;
        if (n < 0 || n > Paths.BITS) {
            throw new MalformedProofException(
                    "invalid closest proof: invalid number of side nodes: got "
                            + n
                            + ", min is 0 and max is "
                            + Paths.BITS);
        }
        int count = (int) n;
        if (mask.length != (count + 7) / 8) {
            throw new MalformedProofException(
                    "invalid closest proof: invalid bit mask length: got "
                            + mask.length
                            + " want "
                            + (count + 7) / 8);
        }
        if (count == 0) {
            // Side nodes that are present although none is announced are ignored, as on chain.
            return List.of();
        }
        int empty = 0;
        for (byte bits : mask) {
            empty += Integer.bitCount(bits & 0xff);
        }
        if (inclusion.sideNodes.size() != count - empty) {
            throw new MalformedProofException(
                    "invalid closest proof: invalid number of side nodes: got "
                            + inclusion.sideNodes.size()
                            + " want "
                            + (count - empty));
        }
        List<byte[]> all = new ArrayList<>(count);
        int shown = 0;
        for (int i = 0; i < count; i++) {
            if (Paths.bit(mask, i) == 1) {
                all.add(NodeHasher.PLACEHOLDER);
            } else if (shown == inclusion.sideNodes.size()) {
                throw new MalformedProofException(
                        "invalid closest proof: bit mask counts padding bits");
            } else {
                all.add(inclusion.sideNodes.get(shown++));
            }
        }
        return all;
    }

    /**
     * Verifies as the chain does.
     *
     * @param root the claimed root
     * @return the verdict
     */
    public ProofVerdict verify(MerkleSumRoot root) {
        try {
            return decompact().verify(root);
        } catch (MalformedProofException e) {
            return new ProofVerdict.Malformed(e.getMessage());
        }
    }

    /**
     * Verifies what an honest prover's proof satisfies; see {@link ClosestProof#verifyStrictly}.
     *
     * @param root the claimed root
     * @param askedFor the path the chain will ask for, 32 bytes
     * @return the verdict
     */
    public ProofVerdict verifyStrictly(MerkleSumRoot root, byte[] askedFor) {
        try {
            return decompact().verifyStrictly(root, askedFor);
        } catch (MalformedProofException e) {
            return new ProofVerdict.Malformed(e.getMessage());
        }
    }
}
