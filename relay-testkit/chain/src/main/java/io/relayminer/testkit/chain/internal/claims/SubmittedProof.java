package io.relayminer.testkit.chain.internal.claims;

import io.relayminer.testkit.chain.internal.encoding.GobStream;
import io.relayminer.testkit.chain.internal.encoding.Hashes;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/**
 * A closest-leaf proof of the sparse Merkle sum trie, as a validator reads and checks it.
 *
 * <p>The wire form is <i>compact</i>: empty siblings are a bit mask, small numbers are big-endian
 * bytes. {@link #decode} restores the full list of siblings; {@link #verify} recomputes the root
 * from the leaf upwards and compares all 48 bytes, so that the sums and counts on the way are bound
 * too. What the network accepts is accepted here, including what looks careless: depth and flipped
 * bits are not compared with the number of siblings, the sibling's preimage may be missing, and
 * bytes after the value are ignored. What would crash the network's node is refused.
 *
 * <p>Written against the trie's definition and deliberately not sharing a line with the trie that
 * builds proofs.
 */
public final class SubmittedProof {
    private static final int PATH_LENGTH = 32;
    private static final int DIGEST_LENGTH = 48;
    private static final int SUM_AND_COUNT_LENGTH = 16;
    private static final int MAX_DEPTH = 256;
    private static final byte[] PLACEHOLDER = new byte[DIGEST_LENGTH];
    private static final byte LEAF = 0;
    private static final byte INNER = 1;
    private static final byte EXTENSION = 2;
    private static final int EXTENSION_LENGTH = 99;

    /** The proof is malformed; the message is the detail that the chain reports. */
    static final class MalformedProofException extends Exception {
        private static final long serialVersionUID = 1L;

        MalformedProofException(String message) {
            super(message);
        }

        String detail() {
            return java.util.Objects.requireNonNull(getMessage());
        }
    }

    private final byte[] path;
    private final int[] flippedBits;
    private final int depth;
    private final byte[] closestPath;
    private final byte @Nullable [] leafData;
    private final List<byte[]> sideNodes;
    private final byte @Nullable [] siblingData;
    private final byte @Nullable [] otherLeaf;

    private SubmittedProof(
            byte[] path,
            int[] flippedBits,
            int depth,
            byte[] closestPath,
            byte @Nullable [] leafData,
            List<byte[]> sideNodes,
            byte @Nullable [] siblingData,
            byte @Nullable [] otherLeaf) {
        this.path = path;
        this.flippedBits = flippedBits;
        this.depth = depth;
        this.closestPath = closestPath;
        this.leafData = leafData;
        this.sideNodes = sideNodes;
        this.siblingData = siblingData;
        this.otherLeaf = otherLeaf;
    }

    /** Reads the wire form. */
    public static SubmittedProof decode(byte[] wire) throws MalformedProofException {
        Map<String, Object> outer;
        try {
            outer = GobStream.readStruct(wire);
        } catch (GobStream.GobException e) {
            throw new MalformedProofException(
                    "failed to unmarshal sparse compact merkle closest proof: " + e.getMessage());
        }
        try {
            return decompact(outer);
        } catch (MalformedProofException e) {
            throw new MalformedProofException(
                    "failed to decompact sparse merkle closest proof: bad proof\n"
                            + e.getMessage());
        }
    }

    private static SubmittedProof decompact(Map<String, Object> outer)
            throws MalformedProofException {
        byte[] path = bytes(outer, "Path");
        if (path.length != PATH_LENGTH) {
            throw new MalformedProofException(
                    "invalid path length: got " + path.length + ", want 32");
        }
        byte[] depthBytes = bytes(outer, "Depth");
        if (depthBytes.length > 2) {
            throw new MalformedProofException(
                    "invalid depth: got " + Arrays.toString(depthBytes) + " but max is 2");
        }
        List<byte[]> flips = list(outer, "FlippedBits");
        int[] flippedBits = new int[flips.size()];
        for (int i = 0; i < flippedBits.length; i++) {
            if (flips.get(i).length > 2) {
                throw new MalformedProofException(
                        "invalid compressed flipped bit index "
                                + i
                                + ": got length "
                                + flips.get(i).length
                                + ", max is 2]");
            }
            flippedBits[i] = number(flips.get(i));
        }
        Object innerValue = outer.get("ClosestProof");
        if (!(innerValue instanceof Map<?, ?> inner)) {
            throw new MalformedProofException("invalid closest proof: absent");
        }
        List<byte[]> sideNodes = expandSideNodes(inner);
        byte[] leafData = bytesOrNull(outer.get("ClosestValueHash"));
        if (leafData != null && leafData.length < SUM_AND_COUNT_LENGTH) {
            throw new MalformedProofException(
                    "invalid closest proof: leaf data of " + leafData.length + " bytes");
        }
        return new SubmittedProof(
                path,
                flippedBits,
                number(depthBytes),
                bytes(outer, "ClosestPath"),
                leafData,
                sideNodes,
                bytesOrNull(inner.get("SiblingData")),
                bytesOrNull(inner.get("NonMembershipLeafData")));
    }

    private static List<byte[]> expandSideNodes(Map<?, ?> inner) throws MalformedProofException {
        List<byte[]> given = list(inner, "SideNodes");
        byte[] mask = bytes(inner, "BitMask");
        long count = inner.get("NumSideNodes") instanceof Long number ? number : 0;
        if (count < 0 || count > MAX_DEPTH) {
            throw new MalformedProofException(
                    "invalid closest proof: invalid number of side nodes: got "
                            + given.size()
                            + ", min is 0 and max is 256");
        }
        int wantedMask = ((int) count + 7) / 8;
        if (mask.length != wantedMask) {
            throw new MalformedProofException(
                    "invalid closest proof: invalid bit mask length: got "
                            + mask.length
                            + " want "
                            + wantedMask);
        }
        int empty = 0;
        for (byte b : mask) {
            empty += Integer.bitCount(b & 0xff);
        }
        if (count > 0 && given.size() != count - empty) {
            throw new MalformedProofException(
                    "invalid closest proof: invalid number of side nodes: got "
                            + given.size()
                            + " want "
                            + (count - empty));
        }
        List<byte[]> nodes = new ArrayList<>();
        int next = 0;
        for (int i = 0; i < count; i++) {
            if (bit(mask, i) == 1) {
                nodes.add(PLACEHOLDER);
            } else if (next < given.size()) {
                nodes.add(given.get(next++));
            } else {
                throw new MalformedProofException(
                        "invalid closest proof: padding bit set in the bit mask");
            }
        }
        return nodes;
    }

    /** The path the proof claims to answer, 32 bytes. */
    public byte[] path() {
        return path.clone();
    }

    /** The relay bytes inside the leaf: its data without weight and count. */
    public byte[] relayBytes() {
        byte[] data = leafData;
        return data == null ? new byte[0] : Arrays.copyOf(data, data.length - SUM_AND_COUNT_LENGTH);
    }

    /**
     * Whether the proof leads to {@code root}.
     *
     * @param root 48 bytes
     * @return {@code false} for a well-formed proof of another trie
     */
    public boolean verify(byte[] root) throws MalformedProofException {
        validate();
        byte[] leafPath = Arrays.copyOf(closestPath, PATH_LENGTH);
        byte[] current = startDigest(leafPath);
        int levels = sideNodes.size();
        for (int i = 0; i < levels; i++) {
            byte[] side = Arrays.copyOf(sideNodes.get(i), DIGEST_LENGTH);
            current =
                    bit(leafPath, levels - 1 - i) == 0
                            ? inner(current, side)
                            : inner(side, current);
        }
        return Arrays.equals(current, root);
    }

    private byte[] startDigest(byte[] leafPath) throws MalformedProofException {
        byte[] data = leafData;
        boolean empty =
                data == null
                        || (data.length == SUM_AND_COUNT_LENGTH
                                && Arrays.equals(data, 0, 8, PLACEHOLDER, 0, 8));
        if (!empty) {
            return leaf(leafPath, java.util.Objects.requireNonNull(data));
        }
        byte[] other = otherLeaf;
        if (other == null) {
            return PLACEHOLDER;
        }
        if (other[0] != LEAF || other.length < 1 + PATH_LENGTH + SUM_AND_COUNT_LENGTH) {
            throw new MalformedProofException("bad proof\ninvalid non-membership leaf");
        }
        byte[] otherPath = Arrays.copyOfRange(other, 1, 1 + PATH_LENGTH);
        if (Arrays.equals(otherPath, leafPath)) {
            throw new MalformedProofException("bad proof\nnon-membership proof on related leaf");
        }
        return preimageDigest(other);
    }

    private void validate() throws MalformedProofException {
        if (depth > MAX_DEPTH) {
            throw new MalformedProofException(
                    "bad proof\ninvalid depth: got " + depth + ", outside of [0, 256]");
        }
        byte[] walked = path.clone();
        for (int i = 0; i < flippedBits.length; i++) {
            int flipped = flippedBits[i];
            if (flipped > depth || flipped >= MAX_DEPTH) {
                throw new MalformedProofException(
                        "bad proof\ninvalid flipped bit index "
                                + i
                                + ": got "
                                + flipped
                                + ", outside of [0, "
                                + depth
                                + "]");
            }
            walked[flipped >> 3] ^= (byte) (1 << (7 - (flipped & 7)));
        }
        if (closestPath.length < PATH_LENGTH) {
            throw new MalformedProofException(
                    "bad proof\ninvalid closest path: " + closestPath.length + " bytes");
        }
        for (int i = 0; i < depth; i++) {
            if (bit(walked, i) != bit(closestPath, i)) {
                throw new MalformedProofException(
                        "bad proof\ninvalid closest path: "
                                + HexFormat.of().formatHex(closestPath)
                                + " (not equal at bit: "
                                + i
                                + ")");
            }
        }
        validateSiblings();
    }

    private void validateSiblings() throws MalformedProofException {
        byte[] other = otherLeaf;
        if (other != null && other.length < 1 + PATH_LENGTH) {
            throw new MalformedProofException(
                    "bad proof\ninvalid closest proof: invalid non-membership leaf data size: got "
                            + other.length
                            + " but min is 33");
        }
        byte[] sibling = siblingData;
        if (sibling == null || sideNodes.isEmpty()) {
            return;
        }
        for (byte[] node : sideNodes) {
            if (node.length != DIGEST_LENGTH) {
                throw new MalformedProofException(
                        "bad proof\ninvalid closest proof: invalid side node size: got "
                                + node.length
                                + " but want 48");
            }
        }
        if (sibling.length < SUM_AND_COUNT_LENGTH
                || (sibling[0] == EXTENSION && sibling.length != EXTENSION_LENGTH)) {
            throw new MalformedProofException(
                    "bad proof\ninvalid closest proof: sibling data of "
                            + sibling.length
                            + " bytes");
        }
        if (!Arrays.equals(preimageDigest(sibling), sideNodes.get(0))) {
            throw new MalformedProofException(
                    "bad proof\ninvalid closest proof: invalid sibling data hash: got "
                            + HexFormat.of().formatHex(sibling)
                            + " but want "
                            + HexFormat.of().formatHex(sideNodes.get(0)));
        }
    }

    /**
     * Digest of an encoded node. An extension stands for the inner nodes it replaces and has their
     * digest.
     */
    private static byte[] preimageDigest(byte[] encoded) {
        if (encoded[0] != EXTENSION) {
            return withTail(Hashes.sha256(encoded), encoded);
        }
        int from = encoded[1] & 0xff;
        int to = encoded[2] & 0xff;
        byte[] extensionPath = Arrays.copyOfRange(encoded, 3, 3 + PATH_LENGTH);
        byte[] digest =
                Arrays.copyOfRange(encoded, 3 + PATH_LENGTH, 3 + PATH_LENGTH + DIGEST_LENGTH);
        for (int i = to - 1; i >= from; i--) {
            digest =
                    bit(extensionPath, i) == 0
                            ? inner(digest, PLACEHOLDER)
                            : inner(PLACEHOLDER, digest);
        }
        return digest;
    }

    private static byte[] leaf(byte[] leafPath, byte[] data) {
        byte[] encoded = new byte[1 + leafPath.length + data.length];
        encoded[0] = LEAF;
        System.arraycopy(leafPath, 0, encoded, 1, leafPath.length);
        System.arraycopy(data, 0, encoded, 1 + leafPath.length, data.length);
        return withTail(Hashes.sha256(encoded), encoded);
    }

    private static byte[] inner(byte[] left, byte[] right) {
        byte[] encoded = new byte[1 + 2 * DIGEST_LENGTH + SUM_AND_COUNT_LENGTH];
        encoded[0] = INNER;
        System.arraycopy(left, 0, encoded, 1, DIGEST_LENGTH);
        System.arraycopy(right, 0, encoded, 1 + DIGEST_LENGTH, DIGEST_LENGTH);
        java.nio.ByteBuffer tail =
                java.nio.ByteBuffer.wrap(encoded, 1 + 2 * DIGEST_LENGTH, SUM_AND_COUNT_LENGTH);
        tail.putLong(number(left, 32) + number(right, 32));
        tail.putLong(number(left, 40) + number(right, 40));
        return withTail(Hashes.sha256(encoded), encoded);
    }

    private static byte[] withTail(byte[] hash, byte[] encoded) {
        byte[] digest = Arrays.copyOf(hash, DIGEST_LENGTH);
        System.arraycopy(
                encoded, encoded.length - SUM_AND_COUNT_LENGTH, digest, 32, SUM_AND_COUNT_LENGTH);
        return digest;
    }

    private static long number(byte[] digest, int offset) {
        return java.nio.ByteBuffer.wrap(digest).getLong(offset);
    }

    private static int number(byte[] bigEndian) {
        int value = 0;
        for (byte b : bigEndian) {
            value = (value << 8) | (b & 0xff);
        }
        return value;
    }

    private static int bit(byte[] bytes, int index) {
        return bytes[index >> 3] >> (7 - (index & 7)) & 1;
    }

    private static byte[] bytes(Map<?, ?> fields, String name) {
        byte[] value = bytesOrNull(fields.get(name));
        return value == null ? new byte[0] : value;
    }

    /** Gob does not distinguish empty from absent: both are {@code null}. */
    private static byte @Nullable [] bytesOrNull(@Nullable Object value) {
        return value instanceof byte[] bytes && bytes.length > 0 ? bytes : null;
    }

    private static List<byte[]> list(Map<?, ?> fields, String name) throws MalformedProofException {
        List<byte[]> elements = new ArrayList<>();
        if (fields.get(name) instanceof List<?> values) {
            for (Object value : values) {
                if (!(value instanceof byte[] bytes)) {
                    throw new MalformedProofException("gob: wrong type for received field " + name);
                }
                elements.add(bytes);
            }
        }
        return elements;
    }
}
