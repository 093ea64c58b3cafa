package io.relayminer.leader;

/** Makes lease stores of type {@code memory}, each empty and of its own; there are no settings. */
public final class InMemoryLeaseStoreProvider implements LeaseStoreProvider {

    /** For the search of the class path. */
    public InMemoryLeaseStoreProvider() {}

    @Override
    public String type() {
        return "memory";
    }

    @Override
    public LeaseStore create(LeaseStoreContext context) {
        return new InMemoryLeaseStore(MonotonicClock.system());
    }
}
