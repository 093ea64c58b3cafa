package io.relayminer.leader;

import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.Set;

/** A store that can be cut off, before it acts or after it acted but before the answer arrives. */
final class UnreliableStore implements LeaseStore {

    enum Fault {
        NONE,
        BEFORE,
        AFTER
    }

    private final LeaseStore store;
    Fault fault = Fault.NONE;
    int renewals;

    UnreliableStore(LeaseStore store) {
        this.store = store;
    }

    private void before() {
        if (fault == Fault.BEFORE) {
            throw new LeaseStoreException(
                    LeaseStoreException.Reason.UNAVAILABLE,
                    "cut off",
                    new IllegalStateException("test"));
        }
    }

    private <T> T after(T answer) {
        if (fault == Fault.AFTER) {
            throw new LeaseStoreException(
                    LeaseStoreException.Reason.UNAVAILABLE,
                    "answer lost",
                    new IllegalStateException("test"));
        }
        return answer;
    }

    @Override
    public Map<LeaseKeys, Long> acquire(
            Collection<LeaseKeys> leases, String owner, Duration timeToLive) {
        before();
        return after(store.acquire(leases, owner, timeToLive));
    }

    @Override
    public Map<LeaseKeys, Renewal> renew(
            Map<LeaseKeys, Long> leases, String owner, Duration timeToLive) {
        before();
        renewals++;
        return after(store.renew(leases, owner, timeToLive));
    }

    @Override
    public Map<LeaseKeys, Boolean> release(Map<LeaseKeys, Long> leases, String owner) {
        before();
        return after(store.release(leases, owner));
    }

    @Override
    public Map<LeaseKeys, String> holders(Collection<LeaseKeys> leases) {
        before();
        return after(store.holders(leases));
    }

    @Override
    public Set<String> heartbeat(String instance, Duration timeToLive) {
        before();
        return after(store.heartbeat(instance, timeToLive));
    }

    @Override
    public void leave(String instance) {
        before();
        store.leave(instance);
    }
}
