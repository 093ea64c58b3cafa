package io.relayminer.leader;

/**
 * Where a lease is kept.
 *
 * @param lease key of the lease: its value is the id of the holder, its time to live that of the
 *     lease
 * @param epoch key of a counter that grows with each acquisition and never expires. On a Redis
 *     Cluster it has the hash tag of the lease
 */
public record LeaseKeys(String lease, String epoch) {}
