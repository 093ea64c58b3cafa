package io.relayminer.core.relay;

/**
 * Which served relays are left unmined on purpose.
 *
 * @param maxRelayBytes longest mined relay, bytes; 0 for no limit
 * @param dropLate whether relays that may miss their claim are served only
 */
public record MiningPolicy(int maxRelayBytes, boolean dropLate) {

    /** Mine everything. */
    public static final MiningPolicy DEFAULT = new MiningPolicy(0, false);
}
