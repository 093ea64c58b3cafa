package io.relayminer.smst.redis;

import io.relayminer.smst.LeafNode;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

/**
 * Relays of one session that are committed together, with the stream entries they came in. A few
 * hundred relays or one to two megabytes are a good size: Redis serves nobody else while it runs
 * the script. Confined to a thread until it is committed, unchanged afterwards.
 */
public final class LeafBatch {

    /** Weights are below this, so that a script can add up a batch without losing bits. */
    public static final long MAX_WEIGHT = (1L << 53) - 1;

    private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

    private final Map<Long, List<byte[]>> fieldsByWeight = new LinkedHashMap<>();
    private final List<byte[]> entryIds = new ArrayList<>();
    private int leaves;
    private long bytes;

    /**
     * Adds a mined relay. Adding one twice, or one that is in the tree already, is harmless.
     *
     * @param relayHash SHA-256 of the relay, 32 bytes
     * @param relay marshalled relay; not copied, not changed
     * @param computeUnits weight of the leaf, 0 to {@link #MAX_WEIGHT}
     * @return this batch
     */
    public LeafBatch add(byte[] relayHash, byte[] relay, long computeUnits) {
        if (computeUnits < 0 || computeUnits > MAX_WEIGHT) {
            throw new IllegalArgumentException(
                    "compute units of a relay are 0 to "
                            + MAX_WEIGHT
                            + " but these are "
                            + Long.toUnsignedString(computeUnits));
        }
        LeafNode leaf = LeafNode.of(relayHash, relay, computeUnits);
        List<byte[]> fields =
                fieldsByWeight.computeIfAbsent(computeUnits, weight -> new ArrayList<>());
        byte[] node = leaf.encode();
        fields.add(fieldOf(leaf.digest()));
        fields.add(node);
        leaves++;
        bytes += node.length;
        return this;
    }

    /**
     * Adds a stream entry that is acknowledged and deleted with the commit.
     *
     * @param entryId its id
     * @return this batch
     */
    public LeafBatch acknowledge(String entryId) {
        entryIds.add(entryId.getBytes(StandardCharsets.US_ASCII));
        return this;
    }

    /**
     * Number of leaves added, repeated ones included.
     *
     * @return the number
     */
    public int leaves() {
        return leaves;
    }

    /**
     * Number of stream entries to acknowledge.
     *
     * @return the number
     */
    public int entries() {
        return entryIds.size();
    }

    /**
     * Size of the nodes to be written.
     *
     * @return bytes
     */
    public long bytes() {
        return bytes;
    }

    /** Field and value of each leaf, in no particular order. */
    void forEachLeaf(BiConsumer<byte[], byte[]> leaf) {
        for (List<byte[]> fields : fieldsByWeight.values()) {
            for (int i = 0; i < fields.size(); i += 2) {
                leaf.accept(fields.get(i), fields.get(i + 1));
            }
        }
    }

    /** Name of a node in the hash. */
    static byte[] fieldOf(byte[] digest) {
        byte[] field = new byte[2 * digest.length];
        for (int i = 0; i < digest.length; i++) {
            field[2 * i] = HEX[(digest[i] >> 4) & 15];
            field[2 * i + 1] = HEX[digest[i] & 15];
        }
        return field;
    }

    /** The part of the script's arguments that describes leaves and entries. */
    void appendTo(List<byte[]> arguments) {
        arguments.add(decimal(fieldsByWeight.size()));
        fieldsByWeight.forEach(
                (weight, fields) -> {
                    arguments.add(decimal(weight));
                    arguments.add(decimal(fields.size() / 2));
                    arguments.addAll(fields);
                });
        arguments.add(decimal(entryIds.size()));
        arguments.addAll(entryIds);
    }

    static byte[] decimal(long number) {
        return Long.toString(number).getBytes(StandardCharsets.US_ASCII);
    }
}
