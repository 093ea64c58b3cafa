package io.relayminer.leader;

import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.Set;

/** A store far away: each call takes its time on the clock of the test. */
final class SlowStore implements LeaseStore {

    private final LeaseStore store;
    private final FakeClock clock;
    private final Duration oneWay;

    SlowStore(LeaseStore store, FakeClock clock, Duration roundTrip) {
        this.store = store;
        this.clock = clock;
        this.oneWay = roundTrip.dividedBy(2);
    }

    private void travel() {
        clock.advance(oneWay);
    }

    private <T> T back(T answer) {
        travel();
        return answer;
    }

    @Override
    public Map<LeaseKeys, Long> acquire(
            Collection<LeaseKeys> leases, String owner, Duration timeToLive) {
        travel();
        return back(store.acquire(leases, owner, timeToLive));
    }

    @Override
    public Map<LeaseKeys, Renewal> renew(
            Map<LeaseKeys, Long> leases, String owner, Duration timeToLive) {
        travel();
        return back(store.renew(leases, owner, timeToLive));
    }

    @Override
    public Map<LeaseKeys, Boolean> release(Map<LeaseKeys, Long> leases, String owner) {
        travel();
        return back(store.release(leases, owner));
    }

    @Override
    public Map<LeaseKeys, String> holders(Collection<LeaseKeys> leases) {
        travel();
        return back(store.holders(leases));
    }

    @Override
    public Set<String> heartbeat(String instance, Duration timeToLive) {
        travel();
        return back(store.heartbeat(instance, timeToLive));
    }

    @Override
    public void leave(String instance) {
        travel();
        store.leave(instance);
        travel();
    }
}
