package io.relayminer.smst;

import java.util.Arrays;
import java.util.List;

/**
 * Reads the nodes of a complete node store, as other miners keep it: leaves, inner nodes, and
 * extensions that abbreviate chains of inner nodes with one child. Our own store holds leaves only;
 * this is for taking over a tree that was sealed by somebody else.
 */
public final class NodeCodec {

    private NodeCodec() {}

    /**
     * The digest under which a node is stored.
     *
     * @param encoding encoding of a leaf, inner or extension node
     * @return 48 bytes
     * @throws MalformedNodeException if the bytes are none of these
     */
    public static byte[] digest(byte[] encoding) {
        byte[] digest = new byte[NodeHasher.DIGEST];
        NodeHasher hasher = new NodeHasher();
        switch (checkedType(encoding)) {
            case NodeHasher.EXTENSION -> {
                System.arraycopy(encoding, 35, digest, 0, NodeHasher.DIGEST);
                hasher.expand(encoding, 3, encoding[1] & 0xff, encoding[2] & 0xff, digest, 0);
            }
            default -> hasher.digestOf(encoding, digest, 0);
        }
        return digest;
    }

    /**
     * The digests of the nodes below a node.
     *
     * @param encoding encoding of a leaf, inner or extension node
     * @return none for a leaf, one for an extension, one or two for an inner node
     * @throws MalformedNodeException if the bytes are none of these
     */
    public static List<byte[]> children(byte[] encoding) {
        return switch (checkedType(encoding)) {
            case NodeHasher.LEAF -> List.of();
            case NodeHasher.EXTENSION -> List.of(Arrays.copyOfRange(encoding, 35, 83));
            default ->
                    List.of(
                                    Arrays.copyOfRange(encoding, 1, 49),
                                    Arrays.copyOfRange(encoding, 49, 97))
                            .stream()
                            .filter(child -> !Arrays.equals(child, NodeHasher.PLACEHOLDER))
                            .toList();
        };
    }

    private static byte checkedType(byte[] encoding) {
        byte type = encoding.length == 0 ? -1 : encoding[0];
        switch (type) {
            case NodeHasher.LEAF -> LeafNode.check(encoding);
            case NodeHasher.INNER -> checkSize(encoding, "an inner", NodeHasher.INNER_SIZE);
            case NodeHasher.EXTENSION ->
                    checkSize(encoding, "an extension", NodeHasher.EXTENSION_SIZE);
            default ->
                    throw new MalformedNodeException(
                            encoding.length == 0
                                    ? "a node has a type byte but this is empty"
                                    : "unknown node type " + (type & 0xff));
        }
        return type;
    }

    private static void checkSize(byte[] encoding, String what, int size) {
        if (encoding.length != size) {
            throw new MalformedNodeException(
                    what + " node has " + size + " bytes but this has " + encoding.length);
        }
    }
}
