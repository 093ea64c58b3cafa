package io.relayminer.leader;

/**
 * An instance that holds leases.
 *
 * @param store where leases are kept
 * @param id id of this process start
 * @param settings times
 * @param clock monotonic clock of this process
 * @param listener told what happens
 */
record LeaseHolder(
        LeaseStore store,
        String id,
        LeaseSettings settings,
        MonotonicClock clock,
        LeaseListener listener) {}
