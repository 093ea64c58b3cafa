package io.relayminer.smst.redis;

/**
 * The proof of ownership that every write carries: Redis compares it with the lease at the moment
 * of writing, so an owner that lost its lease, whatever it believes, changes nothing.
 *
 * @param owner value of the lease key: the id of this instance
 * @param epoch value of the epoch key when the lease was acquired, positive
 */
public record Fence(String owner, long epoch) {}
