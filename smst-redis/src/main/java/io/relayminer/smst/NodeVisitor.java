package io.relayminer.smst;

/** Receives the nodes of a trie one by one; see {@link SparseMerkleSumTrie#forEachNode}. */
@FunctionalInterface
public interface NodeVisitor {

    /**
     * Takes one node.
     *
     * @param digest 48 bytes, the name of the node in a node store; a new array
     * @param encoding leaf, inner (113 bytes) or extension (99 bytes) encoding; a new array
     */
    void node(byte[] digest, byte[] encoding);
}
