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
public record TrieKeys(String nodes, String liveRoot, String root, String stats) {

    /**
     * Keys of a tree of one's own, {@code <prefix>:{<name>}:nodes} and so on. The braces keep them
     * together on a Redis Cluster.
     *
     * @param prefix what all keys of the program begin with, without a trailing colon
     * @param name name of the tree; no braces
     * @return the keys
     */
    public static TrieKeys of(String prefix, String name) {
        return under(prefix + ":{" + name + "}");
    }

    static TrieKeys under(String base) {
        return new TrieKeys(base + ":nodes", base + ":live_root", base + ":root", base + ":stats");
    }
}
