package io.relayminer.smst.redis;

import io.relayminer.smst.SparseMerkleSumTrie;

/**
 * A trie built from what a nodes hash holds.
 *
 * @param trie all sound leaves, as digests
 * @param otherNodes inner and extension nodes that were passed over; 0 in a hash of ours
 * @param damaged fields that are not a node or not named after their digest; 0 unless something
 *     overwrote them
 */
public record LoadedTrie(SparseMerkleSumTrie trie, int otherNodes, int damaged) {}
