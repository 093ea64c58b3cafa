package io.relayminer.leader;

/**
 * A lease that was granted, or that the caller was found to hold already.
 *
 * @param epoch number of this acquisition; larger than that of every acquisition before it
 */
public record Grant(long epoch) {}
