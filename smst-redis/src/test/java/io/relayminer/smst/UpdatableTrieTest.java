package io.relayminer.smst;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.relayminer.testkit.vectors.VectorFile;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/** The bulk-built trie against one that is updated leaf by leaf, over random sequences. */
class UpdatableTrieTest {

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
    void bulkAndStepwiseBuildingGiveTheSameNodes(long seed) {
        Random random = new Random(seed);
        UpdatableTrie stepwise = new UpdatableTrie();
        LeafSequence leaves = new LeafSequence("identity32");
        byte[] path = new byte[32];
        random.nextBytes(path);
        for (int i = 0; i < 120; i++) {
            byte[] next = path.clone();
            // Neighbours at every depth, and now and then a leaf that is there already.
            if (random.nextInt(10) > 0) {
                Paths.flip(next, random.nextInt(random.nextBoolean() ? 16 : 256));
            }
            if (random.nextInt(3) == 0) {
                path = next;
            }
            byte[] value = new byte[random.nextInt(30)];
            random.nextBytes(value);
            long weight = random.nextInt(1000);
            stepwise.update(next, value, weight);
            leaves.update(next, value, weight);
            switch (random.nextInt(8)) {
                case 0 -> stepwise.commit();
                case 1 -> stepwise.reimport();
                default -> {
                    // Goes on in memory.
                }
            }
            assertEquals(stepwise.root(), leaves.build().root());
        }
        stepwise.commit();
        Map<String, String> stored = new TreeMap<>();
        stepwise.store().forEach((digest, node) -> stored.put(digest, VectorFile.hex(node)));
        Map<String, String> built = new TreeMap<>();
        leaves.build()
                .forEachNode(
                        (digest, node) -> built.put(VectorFile.hex(digest), VectorFile.hex(node)));
        assertEquals(stored, built);
    }

    @ParameterizedTest
    @ValueSource(longs = {21, 22, 23, 24, 25})
    void deletedLeavesLeaveNoTraceInTheRoot(long seed) {
        Random random = new Random(seed);
        UpdatableTrie stepwise = new UpdatableTrie();
        Map<Integer, byte[]> live = new HashMap<>();
        for (int i = 0; i < 300; i++) {
            int key = random.nextInt(40);
            byte[] path = LeafSequence.sha256(new byte[] {(byte) key});
            if (random.nextInt(5) < 2) {
                assertEquals(live.remove(key) != null, stepwise.delete(path));
            } else {
                byte[] value = {(byte) random.nextInt()};
                live.put(key, value);
                stepwise.update(path, value, key);
            }
            if (random.nextInt(4) == 0) {
                stepwise.reimport();
            }
            SparseMerkleSumTrie.Builder builder = SparseMerkleSumTrie.builder();
            live.forEach((each, value) -> builder.add(new byte[] {each.byteValue()}, value, each));
            assertEquals(builder.build().root(), stepwise.root());
        }
        assertTrue(live.size() > 3);
    }
}
