package io.relayminer.smst.redis;

/**
 * The keys of one tree.
 *
 * @param nodes hash: lower-case hex of a 48-byte digest (96 characters) to the node's encoding
 * @param liveRoot string: root of a growing tree, kept by other miners and removed when a tree is
 *     adopted
 * @param root string: the 48 bytes of the sealed root
 * @param stats string: {@code count:sum} of the sealed root in decimal
 */
public record TrieKeys(String nodes, String liveRoot, String root, String stats) {}
