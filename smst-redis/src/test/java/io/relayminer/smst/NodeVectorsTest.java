package io.relayminer.smst;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;

import io.relayminer.testkit.vectors.VectorFile;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

class NodeVectorsTest {

    /**
     * Deleting from a trie that is updated in place can leave an inner node with one empty child
     * where an insertion would have made an extension. The root does not change, but the store is
     * not a function of the leaves any more: {@link UpdatableTrie} reproduces it, while the trie
     * built from leaves has the regular shape.
     */
    private static final Set<String> IRREGULAR_SHAPE =
            Set.of("delete-one-of-5", "g12-delete-c0", "delete-leaves-one-child-inner");

    @Test
    void everyNodeStore() throws IOException {
        new VectorFile("smst-nodes.json").runAll(NodeVectorsTest::check);
    }

    private static void check(JsonNode vector) {
        SparseMerkleSumTrie trie = LeafSequence.play(vector).build();
        assertEquals(vector.get("root").asText(), trie.root().toString());
        Map<String, String> expected = new TreeMap<>();
        vector.get("nodes")
                .properties()
                .forEach(entry -> expected.put(entry.getKey(), entry.getValue().asText()));
        checkCounts(vector.get("counts"), expected);
        Map<String, String> nodes = new TreeMap<>();
        UpdatableTrie inPlace =
                LeafSequence.playInPlace(vector.get("path_hasher").asText(), vector.get("ops"));
        assertEquals(trie.root(), inPlace.root());
        Map<String, String> stored = new TreeMap<>();
        inPlace.store().forEach((digest, node) -> stored.put(digest, VectorFile.hex(node)));
        assertEquals(expected, stored);
        trie.forEachNode(
                (digest, encoding) -> nodes.put(VectorFile.hex(digest), VectorFile.hex(encoding)));
        if (!IRREGULAR_SHAPE.contains(vector.get("id").asText())) {
            assertEquals(expected, nodes);
            return;
        }
        assertEquals(leaves(expected), leaves(nodes));
        assertEquals(
                trie.root(),
                walk(vector.get("root").asText(), expected),
                "the irregular store has the regular root");
    }

    private static void checkCounts(JsonNode counts, Map<String, String> nodes) {
        String[] types = {"leaf", "inner", "extension"};
        for (int type = 0; type < types.length; type++) {
            String prefix = "0" + type;
            assertEquals(
                    counts.get(types[type]).asInt(),
                    nodes.values().stream().filter(node -> node.startsWith(prefix)).count());
        }
    }

    private static Map<String, String> leaves(Map<String, String> nodes) {
        Map<String, String> leaves = new TreeMap<>(nodes);
        leaves.values().removeIf(node -> !node.startsWith("00"));
        return leaves;
    }

    /**
     * Rebuilds the trie from all leaves that can be reached in a store, checking the digest of each
     * node on the way.
     */
    private static MerkleSumRoot walk(String root, Map<String, String> nodes) {
        SparseMerkleSumTrie.Builder builder = SparseMerkleSumTrie.builder();
        collect(root, nodes, builder);
        return builder.build().root();
    }

    private static void collect(
            String digest, Map<String, String> nodes, SparseMerkleSumTrie.Builder into) {
        if (digest.equals("0".repeat(96))) {
            return;
        }
        String node = nodes.get(digest);
        byte[] encoding = HexFormat.of().parseHex(node);
        byte[] computed = new byte[NodeHasher.DIGEST];
        switch (encoding[0]) {
            case NodeHasher.LEAF -> computed = into.addEncoded(encoding);
            case NodeHasher.INNER -> {
                new NodeHasher().digestOf(encoding, computed, 0);
                collect(node.substring(2, 98), nodes, into);
                collect(node.substring(98, 194), nodes, into);
            }
            default -> {
                System.arraycopy(encoding, 35, computed, 0, NodeHasher.DIGEST);
                new NodeHasher()
                        .expand(encoding, 3, encoding[1] & 0xff, encoding[2] & 0xff, computed, 0);
                collect(node.substring(70, 166), nodes, into);
            }
        }
        assertArrayEquals(HexFormat.of().parseHex(digest), computed);
    }
}
