package io.relayminer.smst;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.relayminer.testkit.vectors.VectorFile;

import org.junit.jupiter.api.Test;

import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

class NodeCodecTest {

    private static Map<String, byte[]> store(int n) {
        SparseMerkleSumTrie.Builder builder = SparseMerkleSumTrie.builder();
        for (int i = 0; i < n; i++) {
            builder.add(LeafNode.ofRelay(new byte[] {(byte) i, 1}, i));
        }
        Map<String, byte[]> nodes = new HashMap<>();
        builder.build()
                .forEachNode((digest, encoding) -> nodes.put(VectorFile.hex(digest), encoding));
        return nodes;
    }

    @Test
    void everyNodeIsFiledUnderItsDigestAndChildrenAreInTheStore() {
        Map<String, byte[]> nodes = store(60);
        Set<String> children = new HashSet<>();
        Set<Byte> types = new HashSet<>();
        nodes.forEach(
                (digest, encoding) -> {
                    types.add(encoding[0]);
                    assertEquals(digest, VectorFile.hex(NodeCodec.digest(encoding)));
                    NodeCodec.children(encoding)
                            .forEach(child -> children.add(VectorFile.hex(child)));
                });
        assertEquals(Set.of((byte) 0, (byte) 1, (byte) 2), types);
        assertTrue(nodes.keySet().containsAll(children));
        assertEquals(nodes.size() - 1, children.size(), "all but the root hang below another");
    }

    @Test
    void anInnerNodeMayHaveOneChildOnly() {
        byte[] encoding = new byte[NodeHasher.INNER_SIZE];
        byte[] child = LeafNode.ofRelay(new byte[] {1}, 1).digest();
        NodeHasher.encodeInner(NodeHasher.PLACEHOLDER, 0, child, 0, encoding);
        assertEquals(1, NodeCodec.children(encoding).size());
        assertArrayEquals(child, NodeCodec.children(encoding).get(0));
    }

    @Test
    void refusesWhatIsNoNode() {
        byte[] inner = new byte[NodeHasher.INNER_SIZE];
        inner[0] = NodeHasher.INNER;
        byte[] extension = new byte[NodeHasher.EXTENSION_SIZE];
        extension[0] = NodeHasher.EXTENSION;
        for (byte[] bad :
                new byte[][] {
                    {},
                    {0},
                    {3, 1, 2},
                    {(byte) 0xff},
                    Arrays.copyOf(inner, inner.length - 1),
                    Arrays.copyOf(inner, inner.length + 1),
                    Arrays.copyOf(extension, extension.length - 1),
                    Arrays.copyOf(extension, extension.length + 1)
                }) {
            assertThrows(MalformedNodeException.class, () -> NodeCodec.digest(bad));
            assertThrows(MalformedNodeException.class, () -> NodeCodec.children(bad));
        }
    }
}
