package io.relayminer.leader;

import java.util.Objects;

/**
 * What may be said of an instance that holds leases; everything has a default.
 *
 * @param <B> the builder that extends this one
 */
abstract sealed class LeaseHolderBuilder<B extends LeaseHolderBuilder<B>>
        permits LeaderElection.Builder, LeaseAssignment.Builder {

    private final LeaseStore store;
    private String id = InstanceId.ofThisStart();
    private LeaseSettings settings = LeaseSettings.DEFAULT;
    private MonotonicClock clock = MonotonicClock.system();
    private LeaseListener listener = LeaseListener.NONE;

    LeaseHolderBuilder(LeaseStore store) {
        this.store = Objects.requireNonNull(store, "store");
    }

    abstract B self();

    /**
     * Names this instance.
     *
     * @param unique id that no other instance has or had, see {@link InstanceId}; by default one is
     *     made of the name of the host
     * @return this builder
     */
    public B instance(String unique) {
        id = Objects.requireNonNull(unique, "instance");
        return self();
    }

    /**
     * Sets the times of leases.
     *
     * @param times {@link LeaseSettings#DEFAULT} by default
     * @return this builder
     */
    public B settings(LeaseSettings times) {
        settings = Objects.requireNonNull(times, "settings");
        return self();
    }

    /**
     * Sets the clock that leases are trusted by.
     *
     * @param monotonic the clock of this machine by default
     * @return this builder
     */
    public B clock(MonotonicClock monotonic) {
        clock = Objects.requireNonNull(monotonic, "clock");
        return self();
    }

    /**
     * Sets who is told what happens.
     *
     * @param hears nobody by default
     * @return this builder
     */
    public B listener(LeaseListener hears) {
        listener = Objects.requireNonNull(hears, "listener");
        return self();
    }

    final LeaseHolder holder() {
        return new LeaseHolder(store, id, settings, clock, listener);
    }
}
