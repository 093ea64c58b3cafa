package io.relayminer.smst;

import java.util.List;

/**
 * Gives back encoded leaf nodes that a trie was built from but does not hold itself. A proof needs
 * at most two of them, so a trie of many leaves keeps 72 bytes per leaf in memory and leaves the
 * relays where they are stored.
 */
@FunctionalInterface
public interface LeafNodeSource {

    /**
     * Reads leaf nodes by digest. Called on the thread that asked for the proof; may block.
     *
     * @param digests 48-byte digests, one or two of them
     * @return the encodings, in the same order. The trie checks that each hashes to its digest
     * @throws SmstStoreException if one is missing or the store does not answer
     */
    List<byte[]> leafNodes(List<byte[]> digests);
}
