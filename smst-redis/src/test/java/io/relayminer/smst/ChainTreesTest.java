package io.relayminer.smst;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;

import io.relayminer.testkit.vectors.VectorFile;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;

/** Trees of a running chain, from the relays to the proof that it accepted. */
class ChainTreesTest {

    static Stream<JsonNode> trees() {
        List<JsonNode> vectors = new VectorFile("chain-trees.json").vectors();
        assertEquals(20, vectors.size());
        return vectors.stream();
    }

    @ParameterizedTest
    @MethodSource("trees")
    void claimAndProofFollowFromTheRelays(JsonNode tree) {
        SparseMerkleSumTrie.Builder builder = SparseMerkleSumTrie.builder();
        long weight = tree.get("weight").asLong();
        for (JsonNode relay : tree.get("relays")) {
            builder.add(LeafNode.ofRelay(base64(relay), weight));
        }
        SparseMerkleSumTrie trie = builder.build();
        assertEquals(tree.get("root").asText(), trie.root().toString());
        assertEquals(trie.root().count() * weight, trie.root().sum());

        byte[] path = path(tree);
        assertEquals(tree.get("proof_path").asText(), VectorFile.hex(path));
        byte[] accepted = base64(tree.get("honest_proof"));
        CompactClosestProof decoded = CompactClosestProof.decode(accepted);
        assertTrue(decoded.verifyStrictly(trie.root(), path).isValid());
        assertFalse(decoded.verify(MerkleSumRoot.EMPTY).isValid());
        ClosestProof proof = trie.proveClosest(path);
        assertArrayEquals(decoded.closestPath(), proof.closestPath());
        assertArrayEquals(decoded.leafData(), proof.leafData());
        assertEquals(
                VectorFile.hex(decoded.sideNodes()), VectorFile.hex(proof.compact().sideNodes()));
        assertArrayEquals(accepted, proof.compact().encode());
    }

    private static byte[] path(JsonNode tree) {
        byte[] block = VectorFile.hex(tree.get("seed_block_hash"));
        byte[] session = tree.get("session_id").asText().getBytes(StandardCharsets.UTF_8);
        byte[] both = Arrays.copyOf(block, block.length + session.length);
        System.arraycopy(session, 0, both, block.length, session.length);
        return LeafSequence.sha256(both);
    }

    private static byte[] base64(JsonNode node) {
        return Base64.getDecoder().decode(node.asText());
    }
}
