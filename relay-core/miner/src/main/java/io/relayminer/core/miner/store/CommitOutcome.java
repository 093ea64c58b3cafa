package io.relayminer.core.miner.store;

/** What became of entries that were to become leaves. */
public sealed interface CommitOutcome {

    /**
     * They are leaves, by this call or before, and have left the log.
     *
     * @param newLeaves those that were not leaves before
     * @param relays leaves of the session
     * @param computeUnits their sum
     */
    record Committed(int newLeaves, long relays, long computeUnits) implements CommitOutcome {}

    /**
     * The session takes no more leaves. Nothing was changed, the entries are in the log still.
     *
     * @param missing those of them that are not leaves
     */
    record TooLate(int missing) implements CommitOutcome {}
}
