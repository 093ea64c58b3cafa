package io.relayminer.core.redis;

/** How keys are laid out over the slots of a Redis Cluster. */
public enum KeyLayout {
    /**
     * Names as every RelayMiner writes them ({@code ha:relays:pokt1…}). Right for a single server
     * and for Sentinel, and the only layout that fleets of several implementations share.
     */
    PLAIN,
    /**
     * The supplier (for meters: the session) is wrapped in braces ({@code ha:relays:{pokt1…}}), so
     * that all keys one script touches live in one slot. Required on Redis Cluster.
     */
    HASH_TAGGED
}
