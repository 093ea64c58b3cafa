package io.relayminer.smst;

import com.code_intelligence.jazzer.junit.FuzzTest;

import java.util.Arrays;

/**
 * Nothing but the module's own exceptions and verdicts comes out, whatever goes in; what is
 * accepted is stable.
 */
class SmstFuzzTest {

    @FuzzTest
    void proofGob(byte[] data) {
        MerkleSumRoot root = MerkleSumRoot.of(new byte[48]);
        CompactClosestProof.verify(data, root);
        CompactClosestProof proof;
        try {
            proof = CompactClosestProof.decode(data);
        } catch (MalformedProofException e) {
            return;
        }
        byte[] encoded = proof.encode();
        if (!Arrays.equals(encoded, CompactClosestProof.decode(encoded).encode())) {
            throw new AssertionError("a decoded proof does not survive a round trip");
        }
        proof.verifyStrictly(root, new byte[32]);
    }

    @FuzzTest
    void leafNode(byte[] data) {
        LeafNode leaf;
        try {
            leaf = LeafNode.decode(data);
        } catch (MalformedNodeException e) {
            return;
        }
        if (!Arrays.equals(data, leaf.encode())) {
            throw new AssertionError("a decoded leaf does not encode to the same bytes");
        }
        SparseMerkleSumTrie trie = SparseMerkleSumTrie.builder().add(leaf).build();
        if (!Arrays.equals(leaf.digest(), trie.root().toBytes())) {
            throw new AssertionError("the root of one leaf is its digest");
        }
    }

    @FuzzTest
    void trieNode(byte[] data) {
        try {
            byte[] digest = NodeCodec.digest(data);
            if (digest.length != MerkleSumRoot.BYTES || NodeCodec.children(data).size() > 2) {
                throw new AssertionError(
                        "a node has a digest of 48 bytes and at most two children");
            }
        } catch (MalformedNodeException e) {
            // Anything that is not a node.
        }
    }
}
