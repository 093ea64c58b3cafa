package io.relayminer.leader;

/**
 * Where a lease is kept.
 *
 * @param lease key of the lease: its value is the id of the holder, its time to live that of the
 *     lease
 * @param epoch key of a counter that grows with each acquisition and never expires. On a Redis
 *     Cluster it has the hash tag of the lease
 */
public record LeaseKeys(String lease, String epoch) {

    /**
     * Keys under a name, in one slot of a Redis Cluster.
     *
     * @param name the key of the lease; not empty, without braces
     * @return the keys
     */
    public static LeaseKeys named(String name) {
        if (name.isEmpty() || name.indexOf('{') >= 0 || name.indexOf('}') >= 0) {
            throw new IllegalArgumentException(
                    "a lease has a name without braces but this one is \"" + name + "\"");
        }
        return new LeaseKeys(name, "{" + name + "}:epoch");
    }
}
