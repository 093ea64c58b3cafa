package io.relayminer.smst;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.relayminer.testkit.vectors.VectorFile;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

class LeafNodeTest {

    private final LeafNode leaf = LeafNode.of(ascii("foo"), ascii("bar"), 5);

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    @Test
    void encodesAsTheReferenceDoes() {
        assertEquals(
                "00"
                        + "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
                        + "626172"
                        + "0000000000000005"
                        + "0000000000000001",
                VectorFile.hex(leaf.encode()));
        assertEquals(
                "5361f1b603f890312c88f555a313f561f5f9dbb170a716cb0fcfbaa478a9bb06"
                        + "00000000000000050000000000000001",
                VectorFile.hex(leaf.digest()));
    }

    @Test
    void readsBackWhatItWrote() {
        LeafNode read = LeafNode.decode(leaf.encode());
        assertEquals(leaf, read);
        assertEquals(leaf.hashCode(), read.hashCode());
        assertArrayEquals(ascii("bar"), read.value());
        assertEquals(5, read.weight());
        assertFalse(read.isRelay(), "the key foo is not the hash of the value");
        assertTrue(LeafNode.ofRelay(ascii("relay"), 1).isRelay());
        assertNotEquals(leaf, LeafNode.of(ascii("foo"), ascii("bar"), 6));
        assertTrue(leaf.toString().contains("3 bytes"));
    }

    @Test
    void keepsWeightsThatNeedAllBits() {
        LeafNode heavy = LeafNode.of(ascii("k"), new byte[0], -1);
        assertEquals(49, heavy.encode().length);
        assertEquals(-1, LeafNode.decode(heavy.encode()).weight());
        assertTrue(heavy.toString().contains("18446744073709551615"));
    }

    @Test
    void isAddedFromAStoreUnderItsOwnNameOnly() {
        SparseMerkleSumTrie.Builder builder = SparseMerkleSumTrie.builder();
        assertTrue(builder.addStored(leaf.digest(), leaf.encode()));
        assertArrayEquals(leaf.digest(), builder.build().root().toBytes());
    }

    @Test
    void refusesWhatIsNotALeaf() {
        byte[] encoding = leaf.encode();
        assertThrows(MalformedNodeException.class, () -> LeafNode.decode(new byte[0]));
        assertThrows(
                MalformedNodeException.class, () -> LeafNode.decode(Arrays.copyOf(encoding, 48)));
        for (int type : new int[] {1, 2, 3, 255}) {
            byte[] other = encoding.clone();
            other[0] = (byte) type;
            MalformedNodeException e =
                    assertThrows(MalformedNodeException.class, () -> LeafNode.decode(other));
            assertTrue(e.getMessage().contains("type " + type));
            assertFalse(LeafNode.isLeaf(other));
        }
        byte[] two = encoding.clone();
        two[two.length - 1] = 2;
        assertThrows(MalformedNodeException.class, () -> LeafNode.decode(two));
        assertTrue(LeafNode.isLeaf(encoding));
        assertFalse(LeafNode.isLeaf(new byte[0]));
        SparseMerkleSumTrie.Builder builder = SparseMerkleSumTrie.builder();
        assertThrows(MalformedNodeException.class, () -> builder.addEncoded(two));
        assertThrows(MalformedNodeException.class, () -> builder.addStored(leaf.digest(), two));
        assertFalse(builder.addStored(new byte[48], encoding));
        assertFalse(builder.addStored(new byte[0], encoding));
        assertEquals(0, builder.size());
    }
}
