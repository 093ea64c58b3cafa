package io.relayminer.smst;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;

import io.relayminer.testkit.vectors.VectorFile;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

class RootVectorsTest {

    @Test
    void everyRoot() throws IOException {
        new VectorFile("smst-roots.json").runAll(RootVectorsTest::check);
    }

    private static void check(JsonNode vector) {
        SparseMerkleSumTrie trie = LeafSequence.play(vector).build();
        String root = vector.get("root").asText();
        assertEquals(root, trie.root().toString());
        assertEquals(vector.get("sum").asText(), Long.toUnsignedString(trie.root().sum()));
        assertEquals(vector.get("count").asText(), Long.toUnsignedString(trie.root().count()));
        assertEquals(trie.root().count(), trie.size());
        if (vector.has("store_nodes")) {
            int[] nodes = new int[1];
            trie.forEachNode((digest, encoding) -> nodes[0]++);
            assertEquals(vector.get("store_nodes").asInt(), nodes[0]);
        }
        if (vector.has("orders")) {
            vector.get("orders").forEach(order -> checkOrder(vector, order, root));
        }
        if (vector.has("step_roots")) {
            checkSteps(vector);
        }
    }

    private static void checkOrder(JsonNode vector, JsonNode order, String root) {
        List<JsonNode> ops = new ArrayList<>();
        order.forEach(index -> ops.add(vector.get("ops").get(index.asInt())));
        LeafSequence leaves = new LeafSequence(vector.get("path_hasher").asText());
        leaves.playAll(ops, i -> {}, new ArrayList<>());
        assertEquals(root, leaves.build().root().toString(), () -> "order " + order);
    }

    private static void checkSteps(JsonNode vector) {
        List<JsonNode> ops = new ArrayList<>();
        vector.get("ops").forEach(ops::add);
        JsonNode steps = vector.get("step_roots");
        assertEquals(ops.size(), steps.size());
        LeafSequence leaves = new LeafSequence(vector.get("path_hasher").asText());
        List<Integer> errors = new ArrayList<>();
        leaves.playAll(
                ops,
                i ->
                        assertEquals(
                                steps.get(i).asText(),
                                leaves.build().root().toString(),
                                () -> "step " + i),
                errors);
        List<Integer> expected = new ArrayList<>();
        if (vector.has("op_errors")) {
            vector.get("op_errors")
                    .fieldNames()
                    .forEachRemaining(name -> expected.add(Integer.valueOf(name)));
        }
        assertEquals(expected, errors);
    }
}
