package io.relayminer.smst;

import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * One leaf, and its encoding {@code 00 ‖ path[32] ‖ value ‖ weight u64 ‖ count u64 (=1)}: the bytes
 * that are hashed, that stand in a node store, and that a proof carries as sibling. A leaf node is
 * self-describing: the value is the relay, the relay hash is its SHA-256, and the path is the
 * SHA-256 of that.
 *
 * <p>Immutable if the caller leaves the arrays it handed in alone; accessors return copies. Safe
 * for use by any thread.
 */
public final class LeafNode {

    private final byte[] path;
    private final byte[] value;
    private final long weight;

    LeafNode(byte[] path, byte[] value, long weight) {
        this.path = path;
        this.value = value;
        this.weight = weight;
    }

    /**
     * The leaf under which a trie files {@code value}.
     *
     * @param key key of the leaf, for a relay its 32-byte hash; any length
     * @param value contents, for a relay its marshalled bytes; kept, not copied
     * @param weight weight, for a relay the compute units of its service; unsigned
     * @return the leaf, whose path is SHA-256(key)
     */
    public static LeafNode of(byte[] key, byte[] value, long weight) {
        return new LeafNode(NodeHasher.newSha256().digest(key), value, weight);
    }

    /**
     * The leaf of a mined relay: key = SHA-256(relay), path = SHA-256(key).
     *
     * @param relay marshalled relay; kept, not copied
     * @param computeUnits compute units of one relay of the service; unsigned
     * @return the leaf
     */
    public static LeafNode ofRelay(byte[] relay, long computeUnits) {
        MessageDigest sha256 = NodeHasher.newSha256();
        return new LeafNode(sha256.digest(sha256.digest(relay)), relay, computeUnits);
    }

    /**
     * Whether bytes taken from a node store claim to be a leaf. Inner and extension nodes of a
     * complete store answer no.
     *
     * @param encoding bytes of any length
     * @return true if the first byte is the leaf type
     */
    public static boolean isLeaf(byte[] encoding) {
        return encoding.length > 0 && encoding[0] == NodeHasher.LEAF;
    }

    /**
     * Reads a leaf encoding. Costs one copy of the bytes.
     *
     * @param encoding at least 49 bytes
     * @return the leaf
     * @throws MalformedNodeException if the type byte is not that of a leaf, the bytes are too few,
     *     or the count is not one
     */
    public static LeafNode decode(byte[] encoding) {
        check(encoding);
        int end = encoding.length - 16;
        return new LeafNode(
                Arrays.copyOfRange(encoding, 1, 33),
                Arrays.copyOfRange(encoding, 33, end),
                Paths.word(encoding, end));
    }

    static void check(byte[] encoding) {
        if (encoding.length < NodeHasher.LEAF_OVERHEAD) {
            throw new MalformedNodeException(
                    "a leaf node has at least "
                            + NodeHasher.LEAF_OVERHEAD
                            + " bytes (type, path, weight, count) but this has "
                            + encoding.length);
        }
        if (encoding[0] != NodeHasher.LEAF) {
            throw new MalformedNodeException(
                    "node type " + (encoding[0] & 0xff) + " is not that of a leaf (0)");
        }
        long count = Paths.word(encoding, encoding.length - 8);
        if (count != 1) {
            throw new MalformedNodeException(
                    "a leaf counts one relay but this one says " + Long.toUnsignedString(count));
        }
    }

    /**
     * The bytes to store.
     *
     * @return a new array of 49 + value length bytes
     */
    public byte[] encode() {
        return encode(path, 0, value, weight);
    }

    static byte[] encode(byte[] path, int pathOffset, byte[] value, long weight) {
        byte[] encoding = new byte[NodeHasher.LEAF_OVERHEAD + value.length];
        System.arraycopy(path, pathOffset, encoding, 1, Paths.BYTES);
        System.arraycopy(value, 0, encoding, 33, value.length);
        Paths.putWord(encoding, encoding.length - 16, weight);
        Paths.putWord(encoding, encoding.length - 8, 1);
        return encoding;
    }

    /**
     * The digest of this leaf: {@code SHA-256(encoding) ‖ weight ‖ 1}.
     *
     * @return 48 bytes
     */
    public byte[] digest() {
        byte[] digest = new byte[NodeHasher.DIGEST];
        new NodeHasher().leafHash(path, 0, value, weight, digest, 0);
        Paths.putWord(digest, 32, weight);
        Paths.putWord(digest, 40, 1);
        return digest;
    }

    /**
     * The position of the leaf.
     *
     * @return 32 bytes, a copy
     */
    public byte[] path() {
        return path.clone();
    }

    /**
     * The contents, for a relay its marshalled bytes.
     *
     * @return a copy
     */
    public byte[] value() {
        return value.clone();
    }

    /**
     * The weight, for a relay its compute units.
     *
     * @return an unsigned 64-bit pattern
     */
    public long weight() {
        return weight;
    }

    /**
     * Whether the path is the one that the value has as a relay: SHA-256(SHA-256(value)). Leaves of
     * a session tree always satisfy this; one that does not was not written by a relay miner, or is
     * damaged.
     *
     * @return true if path and value belong together
     */
    public boolean isRelay() {
        MessageDigest sha256 = NodeHasher.newSha256();
        return Arrays.equals(path, sha256.digest(sha256.digest(value)));
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof LeafNode leaf
                && weight == leaf.weight
                && Arrays.equals(path, leaf.path)
                && Arrays.equals(value, leaf.value);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(path);
    }

    @Override
    public String toString() {
        return "LeafNode[path="
                + HexFormat.of().formatHex(path)
                + ", value="
                + value.length
                + " bytes, weight="
                + Long.toUnsignedString(weight)
                + "]";
    }
}
