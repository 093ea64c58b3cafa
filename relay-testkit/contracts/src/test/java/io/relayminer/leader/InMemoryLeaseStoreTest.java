package io.relayminer.leader;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.relayminer.testkit.leader.LeaseStoreContractTest;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;

class InMemoryLeaseStoreTest extends LeaseStoreContractTest {

    private final AtomicLong nanos = new AtomicLong();
    private final InMemoryLeaseStore store = new InMemoryLeaseStore(nanos::get);

    @Override
    protected LeaseStore store() {
        return store;
    }

    /** Everything else of the test is renewed by running the clock for this one lease alone. */
    @Override
    protected void letExpire(LeaseKeys keys) {
        store.holder(keys).ifPresent(owner -> store.acquire(keys, owner, Duration.ofNanos(1)));
        advance(Duration.ofNanos(2));
    }

    @Override
    protected void letDie(String instance) {
        store.heartbeat(instance, Duration.ofNanos(1));
        advance(Duration.ofNanos(2));
    }

    @Test
    void leasesLiveExactlyAsLongAsTheyAreGranted() {
        long epoch = store.acquire(KEYS, "a", TTL).orElseThrow();
        advance(TTL.minusNanos(1));
        assertEquals(Optional.of("a"), store.holder(KEYS));
        assertEquals(Renewal.RENEWED, store.renew(Map.of(KEYS, epoch), "a", TTL).get(KEYS));
        advance(TTL);
        assertEquals(Optional.empty(), store.holder(KEYS));
        assertEquals(Set.of("b"), store.heartbeat("b", TTL));
    }

    private void advance(Duration time) {
        nanos.addAndGet(time.toNanos());
    }
}
