package io.relayminer.smst;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.relayminer.testkit.vectors.VectorFile;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.random.RandomGenerator;

class TriePropertiesTest {

    private static final int[] SIZES = {0, 1, 2, 3, 5, 15, 16, 17, 33, 100, 257};

    /** Random relays; every path is the hash of a hash. */
    private static List<LeafNode> relays(RandomGenerator random, int n) {
        List<LeafNode> relays = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            byte[] relay = new byte[1 + random.nextInt(400)];
            random.nextBytes(relay);
            relays.add(LeafNode.ofRelay(relay, 1 + random.nextInt(5000)));
        }
        return relays;
    }

    /**
     * Leaves at chosen paths that share long prefixes, where chains and their extensions are the
     * rule.
     */
    private static List<LeafNode> crowded(RandomGenerator random, int n) {
        Map<String, LeafNode> leaves = new HashMap<>();
        byte[] path = new byte[32];
        random.nextBytes(path);
        while (leaves.size() < n) {
            byte[] next = path.clone();
            Paths.flip(next, random.nextInt(256));
            if (random.nextBoolean()) {
                path = next;
            }
            byte[] value = new byte[1 + random.nextInt(20)];
            random.nextBytes(value);
            leaves.putIfAbsent(VectorFile.hex(next), new LeafNode(next, value, random.nextLong()));
        }
        return new ArrayList<>(leaves.values());
    }

    private static SparseMerkleSumTrie build(List<LeafNode> leaves) {
        SparseMerkleSumTrie.Builder builder = SparseMerkleSumTrie.builder();
        leaves.forEach(builder::add);
        return builder.build();
    }

    /**
     * The definition of the root, word for word: split by the bit at the depth until a leaf is
     * alone.
     */
    private static byte[] definition(List<LeafNode> leaves, int depth) {
        if (leaves.isEmpty()) {
            return new byte[48];
        }
        if (leaves.size() == 1) {
            return leaves.get(0).digest();
        }
        byte[] out = new byte[48];
        List<LeafNode> left =
                leaves.stream().filter(leaf -> Paths.bit(leaf.path(), depth) == 0).toList();
        List<LeafNode> right =
                leaves.stream().filter(leaf -> Paths.bit(leaf.path(), depth) == 1).toList();
        new NodeHasher()
                .innerDigest(
                        definition(left, depth + 1), 0, definition(right, depth + 1), 0, out, 0);
        return out;
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void rootFollowsTheDefinitionInAnyOrder(long seed) {
        Random random = new Random(seed);
        for (int n : SIZES) {
            for (List<LeafNode> leaves : List.of(relays(random, n), crowded(random, n))) {
                MerkleSumRoot root = MerkleSumRoot.of(definition(leaves, 0));
                for (int i = 0; i < 3; i++) {
                    Collections.shuffle(leaves, random);
                    assertEquals(root, build(leaves).root());
                }
                assertEquals(n, root.count());
                assertEquals(leaves.stream().mapToLong(LeafNode::weight).sum(), root.sum());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {11, 12, 13})
    void proofOfEachLeafVerifiesAndTellsItsLeaf(long seed) {
        Random random = new Random(seed);
        for (int n : SIZES) {
            for (List<LeafNode> leaves : List.of(relays(random, n), crowded(random, n))) {
                SparseMerkleSumTrie trie = build(leaves);
                for (LeafNode leaf : leaves.subList(0, Math.min(n, 40))) {
                    ClosestProof proof = trie.proveClosest(leaf.path());
                    assertEquals(0, proof.flippedBits().length);
                    assertArrayEquals(leaf.path(), proof.closestPath());
                    byte[] bytes = proof.compact().encode();
                    assertTrue(CompactClosestProof.verify(bytes, trie.root()).isValid());
                    if (leaf.isRelay()) {
                        assertArrayEquals(leaf.value(), CompactClosestProof.decode(bytes).relay());
                        assertTrue(proof.verifyStrictly(trie.root(), leaf.path()).isValid());
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {21, 22, 23})
    void closestLeafIsTheOneThatOnlyForcedTurnsLeadTo(long seed) {
        Random random = new Random(seed);
        for (int n : SIZES) {
            List<LeafNode> leaves = relays(random, n);
            SparseMerkleSumTrie trie = build(leaves);
            for (int i = 0; i < 20; i++) {
                byte[] path = new byte[32];
                random.nextBytes(path);
                ClosestProof proof = trie.proveClosest(path);
                assertTrue(proof.verify(trie.root()).isValid());
                if (n > 0) {
                    ProofVerdict strict = proof.verifyStrictly(trie.root(), path);
                    assertTrue(strict.isValid(), strict::toString);
                    byte[] other = path.clone();
                    Paths.flip(other, random.nextInt(256));
                    assertFalse(proof.verifyStrictly(trie.root(), other).isValid());
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {31, 32})
    void proofOfAChangedLeafDoesNotVerify(long seed) {
        Random random = new Random(seed);
        for (int n : new int[] {1, 2, 3, 17, 100}) {
            List<LeafNode> leaves = relays(random, n);
            SparseMerkleSumTrie trie = build(leaves);
            for (int i = 0; i < 20; i++) {
                int victim = random.nextInt(n);
                LeafNode leaf = leaves.get(victim);
                List<LeafNode> changed = new ArrayList<>(leaves);
                changed.set(victim, changed(random, leaf));
                ClosestProof proof = build(changed).proveClosest(leaf.path());
                assertFalse(proof.verify(trie.root()).isValid());
                assertFalse(proof.verifyStrictly(trie.root(), leaf.path()).isValid());
            }
        }
    }

    private static LeafNode changed(RandomGenerator random, LeafNode leaf) {
        byte[] value = leaf.value();
        value[random.nextInt(value.length)] ^= (byte) (1 << random.nextInt(8));
        return switch (random.nextInt(3)) {
            case 0 -> new LeafNode(leaf.path(), value, leaf.weight());
            case 1 -> new LeafNode(leaf.path(), leaf.value(), leaf.weight() + 1);
            default ->
                    new LeafNode(
                            leaf.path(), Arrays.copyOf(value, value.length + 1), leaf.weight());
        };
    }

    @Test
    void noChangedByteOfAProofIsAcceptedByTheStrictCheck() {
        Random random = new Random(41);
        SparseMerkleSumTrie trie = build(relays(random, 50));
        byte[] path = new byte[32];
        random.nextBytes(path);
        byte[] bytes = trie.proveClosest(path).compact().encode();
        CompactClosestProof honest = CompactClosestProof.decode(bytes);
        assertTrue(honest.verifyStrictly(trie.root(), path).isValid());
        for (int i = GobProofEncoder.PREAMBLE.length; i < bytes.length; i++) {
            byte[] mutated = bytes.clone();
            mutated[i] ^= (byte) (1 << random.nextInt(8));
            ProofVerdict verdict;
            try {
                CompactClosestProof decoded = CompactClosestProof.decode(mutated);
                verdict = decoded.verifyStrictly(trie.root(), path);
                if (verdict.isValid()) {
                    // Only an encoding that leaves nothing out but the sibling's contents, which no
                    // rule requires.
                    assertArrayEquals(honest.relay(), decoded.relay());
                    assertArrayEquals(honest.closestPath(), decoded.closestPath());
                }
            } catch (MalformedProofException e) {
                assertFalse(e.getMessage().isEmpty());
            }
        }
    }

    @Test
    void aLaterLeafReplacesAnEarlierOneAtItsPath() {
        SparseMerkleSumTrie.Builder builder = SparseMerkleSumTrie.builder();
        builder.add(new byte[] {1}, new byte[] {10}, 5);
        builder.add(new byte[] {2}, new byte[] {20}, 7);
        builder.add(new byte[] {1}, new byte[] {11}, 6);
        SparseMerkleSumTrie trie = builder.build();
        assertEquals(3, builder.size());
        assertEquals(2, trie.size());
        assertEquals(13, trie.root().sum());
        assertTrue(trie.contains(new byte[] {2}));
        assertFalse(trie.contains(new byte[] {3}));
    }

    @Test
    void aBuilderGoesOnAfterBuilding() {
        SparseMerkleSumTrie.Builder builder = SparseMerkleSumTrie.builder();
        SparseMerkleSumTrie empty = builder.build();
        builder.add(new byte[] {1}, new byte[] {10}, 5);
        assertEquals(MerkleSumRoot.EMPTY, empty.root());
        assertTrue(empty.root().isEmpty());
        assertEquals(1, builder.build().root().count());
    }

    @Test
    void aTrieOfDigestsProvesWithLeavesFromASource() {
        Random random = new Random(51);
        for (int n : new int[] {1, 2, 3, 40, 300}) {
            List<LeafNode> leaves = relays(random, n);
            SparseMerkleSumTrie retained = build(leaves);
            SparseMerkleSumTrie.Builder builder = SparseMerkleSumTrie.digestBuilder(1);
            Map<String, byte[]> store = new HashMap<>();
            leaves.forEach(
                    leaf -> {
                        byte[] digest = builder.addEncoded(leaf.encode());
                        assertArrayEquals(leaf.digest(), digest);
                        store.put(VectorFile.hex(digest), leaf.encode());
                    });
            SparseMerkleSumTrie trie = builder.build();
            assertEquals(retained.root(), trie.root());
            List<Integer> asked = new ArrayList<>();
            LeafNodeSource source =
                    digests -> {
                        asked.add(digests.size());
                        return digests.stream()
                                .map(digest -> store.get(VectorFile.hex(digest)))
                                .toList();
                    };
            for (int i = 0; i < 20; i++) {
                byte[] path = new byte[32];
                random.nextBytes(path);
                assertArrayEquals(
                        retained.proveClosest(path).compact().encode(),
                        trie.proveClosest(path, source).compact().encode());
            }
            assertTrue(asked.stream().allMatch(size -> size <= 2));
            assertEquals(20, asked.size());
            assertThrows(IllegalStateException.class, () -> trie.proveClosest(new byte[32]));
            assertThrows(
                    IllegalStateException.class, () -> trie.forEachNode((digest, encoding) -> {}));
            byte[] foreign = LeafNode.ofRelay(new byte[] {1, 2, 3}, 1).encode();
            assertThrows(
                    MalformedNodeException.class,
                    () ->
                            trie.proveClosest(
                                    new byte[32],
                                    digests -> Collections.nCopies(digests.size(), foreign)));
            assertThrows(
                    MalformedNodeException.class,
                    () -> trie.proveClosest(new byte[32], digests -> List.of()));
        }
    }

    @Test
    void withoutInsertionOrderTheProofDependsOnTheLeavesAlone() {
        Random random = new Random(61);
        List<LeafNode> leaves = crowded(random, 60);
        byte[] path = new byte[32];
        byte[] first = null;
        for (int i = 0; i < 10; i++) {
            Collections.shuffle(leaves, random);
            SparseMerkleSumTrie.Builder builder =
                    SparseMerkleSumTrie.builder().withoutInsertionOrder();
            leaves.forEach(builder::add);
            byte[] proof = builder.build().proveClosest(path).compact().encode();
            if (first != null) {
                assertArrayEquals(first, proof);
            }
            first = proof;
        }
    }

    @Test
    void aPathHas32Bytes() {
        SparseMerkleSumTrie trie = SparseMerkleSumTrie.builder().build();
        assertThrows(IllegalArgumentException.class, () -> trie.proveClosest(new byte[31]));
        assertThrows(IllegalArgumentException.class, () -> trie.proveClosest(new byte[33]));
    }

    @Test
    void aRootHas48Bytes() {
        for (int length : new int[] {0, 16, 32, 47, 49, 96}) {
            MalformedRootException e =
                    assertThrows(
                            MalformedRootException.class, () -> MerkleSumRoot.of(new byte[length]));
            assertTrue(e.getMessage().contains(String.valueOf(length)));
            assertInstanceOf(
                    ProofVerdict.Malformed.class,
                    CompactClosestProof.verify(new byte[0], new byte[length]));
        }
        byte[] bytes = new byte[48];
        bytes[39] = 7;
        bytes[47] = 3;
        MerkleSumRoot root = MerkleSumRoot.of(bytes);
        bytes[0] = 1;
        assertEquals(7, root.sum());
        assertEquals(3, root.count());
        assertEquals("00".repeat(39) + "07" + "00".repeat(7) + "03", root.toString());
        assertArrayEquals(new byte[32], root.hash());
        assertEquals(root, MerkleSumRoot.of(root.toBytes()));
        assertEquals(root.hashCode(), MerkleSumRoot.of(root.toBytes()).hashCode());
    }
}
