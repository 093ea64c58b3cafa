package io.relayminer.smst;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;

import io.relayminer.testkit.vectors.VectorFile;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

class ProofVectorsTest {

    private final Map<JsonNode, SparseMerkleSumTrie> tries = new HashMap<>();

    @Test
    void everyProof() throws IOException {
        new VectorFile("smst-proofs.json")
                .runAll(
                        vector -> {
                            switch (vector.get("kind").asText()) {
                                case "honest" -> checkHonest(vector);
                                case "mutated" -> checkMutated(vector);
                                default ->
                                        throw new IllegalArgumentException(
                                                "unknown kind " + vector.get("kind"));
                            }
                        });
    }

    private void checkHonest(JsonNode vector) {
        SparseMerkleSumTrie trie =
                tries.computeIfAbsent(
                        vector.get("trie"), description -> LeafSequence.play(description).build());
        MerkleSumRoot root = MerkleSumRoot.of(VectorFile.hex(vector.get("root")));
        assertEquals(root, trie.root());
        ClosestProof proof = trie.proveClosest(VectorFile.hex(vector.get("path")));
        checkVerdict(vector, proof.verify(root));
        if (tagged(vector, "quirk")) {
            // The reference forgets the depth of a leaf at depth 256. The regular proof says 256.
            assertEquals(256, proof.depth());
            checkVerdict(vector, CompactClosestProof.verify(proof.compact().encode(), root));
        } else {
            checkFields(vector.get("proof"), proof);
            checkCompact(vector.get("compact"), proof.compact());
            assertEquals(vector.get("gob").asText(), VectorFile.hex(proof.compact().encode()));
        }
        byte[] gob = VectorFile.hex(vector.get("gob"));
        checkVerdict(vector, CompactClosestProof.verify(gob, root));
        CompactClosestProof decoded = CompactClosestProof.decode(gob);
        assertArrayEquals(gob, decoded.encode());
        assertArrayEquals(gob, decoded.decompact().compact().encode());
    }

    private static boolean tagged(JsonNode vector, String tag) {
        for (JsonNode each : vector.get("tags")) {
            if (each.asText().equals(tag)) {
                return true;
            }
        }
        return false;
    }

    private static void checkFields(JsonNode expected, ClosestProof proof) {
        List<Integer> flips = new ArrayList<>();
        expected.get("flipped_bits").forEach(bit -> flips.add(bit.asInt()));
        assertEquals(flips, Arrays.stream(proof.flippedBits()).boxed().toList());
        assertEquals(expected.get("depth").asInt(), proof.depth());
        assertArrayEquals(VectorFile.hex(expected.get("closest_path")), proof.closestPath());
        assertArrayEquals(
                VectorFile.hexOrNull(expected.get("closest_value_hash")), proof.leafData());
        assertEquals(
                VectorFile.hex(VectorFile.hexList(expected.get("side_nodes"))),
                VectorFile.hex(proof.sideNodes()));
        assertArrayEquals(
                VectorFile.hexOrNull(expected.get("non_membership_leaf_data")),
                proof.nonMembershipLeaf());
        assertArrayEquals(VectorFile.hexOrNull(expected.get("sibling_data")), proof.siblingData());
    }

    private static void checkCompact(JsonNode expected, CompactClosestProof proof) {
        assertEquals(
                VectorFile.hex(VectorFile.hexList(expected.get("flipped_bits"))),
                VectorFile.hex(proof.flippedBits()));
        assertArrayEquals(VectorFile.hex(expected.get("depth")), proof.depth());
        assertEquals(
                VectorFile.hex(VectorFile.hexList(expected.get("side_nodes"))),
                VectorFile.hex(proof.sideNodes()));
        assertArrayEquals(VectorFile.hex(expected.get("bit_mask")), proof.bitMask());
        assertEquals(expected.get("num_side_nodes").asLong(), proof.numSideNodes());
        assertTrue(proof.hasInclusion());
    }

    private static void checkMutated(JsonNode vector) {
        byte[] root = VectorFile.hex(vector.get("root"));
        ProofVerdict verdict = CompactClosestProof.verify(VectorFile.hex(vector.get("gob")), root);
        if (root.length != MerkleSumRoot.BYTES) {
            // The reference compares and finds a difference; here such bytes are no root at all.
            assertEquals("reject", vector.get("required").asText());
            assertInstanceOf(ProofVerdict.Malformed.class, verdict);
            return;
        }
        switch (vector.get("required").asText()) {
            case "accept" -> assertInstanceOf(ProofVerdict.Valid.class, verdict, verdict::toString);
            case "reject" -> checkVerdict(vector, verdict);
            case "either" -> {
                // Encodings nobody sends: an ordinary verdict is all that is asked for.
            }
            default -> throw new IllegalArgumentException(vector.get("required").asText());
        }
    }

    private static void checkVerdict(JsonNode vector, ProofVerdict verdict) {
        Class<? extends ProofVerdict> expected =
                switch (vector.get("verdict").asText()) {
                    case "valid" -> ProofVerdict.Valid.class;
                    case "invalid" -> ProofVerdict.RootMismatch.class;
                    case "error", "panic" -> ProofVerdict.Malformed.class;
                    default -> throw new IllegalArgumentException(vector.get("verdict").asText());
                };
        assertInstanceOf(expected, verdict, verdict::toString);
    }
}
