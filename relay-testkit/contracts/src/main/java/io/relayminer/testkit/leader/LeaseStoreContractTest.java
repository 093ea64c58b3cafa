package io.relayminer.testkit.leader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.relayminer.leader.LeaseKeys;
import io.relayminer.leader.LeaseStore;
import io.relayminer.leader.Renewal;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * What every {@link LeaseStore} promises. An implementation extends this class in its own tests;
 * the tests run in any order and each begins with an empty store.
 */
public abstract class LeaseStoreContractTest {

    /** A time to live that no test waits for. */
    protected static final Duration TTL = Duration.ofMinutes(10);

    /** The lease that most tests are about. */
    protected static final LeaseKeys KEYS = keys("pokt1sup");

    /**
     * Keys as a miner names them.
     *
     * @param resource name of a resource
     */
    public static LeaseKeys keys(String resource) {
        return new LeaseKeys("ha:miner:claim:" + resource, "ha:miner:claim_epoch:" + resource);
    }

    /** For implementations. */
    protected LeaseStoreContractTest() {}

    /** The store under test, empty at the start of each test. */
    protected abstract LeaseStore store();

    /** Makes a lease expire, as if its time to live had passed. */
    protected abstract void letExpire(LeaseKeys keys);

    /** Makes an instance's heartbeat expire. */
    protected abstract void letDie(String instance);

    private long acquired(String owner) {
        return store().acquire(KEYS, owner, TTL).orElseThrow();
    }

    private Renewal renewal(String owner, long epoch) {
        return Objects.requireNonNull(
                store().renew(Map.of(KEYS, epoch), owner, TTL).get(KEYS),
                "an answer for each lease");
    }

    @Test
    void oneHolderAtATime() {
        acquired("a");
        assertEquals(OptionalLong.empty(), store().acquire(KEYS, "b", TTL));
        assertEquals(Optional.of("a"), store().holder(KEYS));
    }

    @Test
    void whoHoldsItIsGrantedItAgainInTheSameEpoch() {
        long epoch = acquired("a");
        assertEquals(epoch, acquired("a"));
        assertEquals(Renewal.RENEWED, renewal("a", epoch));
    }

    @Test
    void epochsGrowWithEachAcquisition() {
        long first = acquired("a");
        assertTrue(first > 0);
        assertTrue(store().release(KEYS, "a", first));
        long second = acquired("b");
        assertTrue(second > first);
        letExpire(KEYS);
        long third = acquired("b");
        assertTrue(third > second);
    }

    @Test
    void aRenewalIsForTheHolderInItsEpoch() {
        long epoch = acquired("a");
        assertEquals(Renewal.RENEWED, renewal("a", epoch));
        assertEquals(Renewal.TAKEN, renewal("b", epoch));
        assertEquals(Renewal.TAKEN, renewal("a", epoch - 1));
        letExpire(KEYS);
        assertEquals(Renewal.GONE, renewal("a", epoch));
        acquired("b");
        assertEquals(Renewal.TAKEN, renewal("a", epoch));
    }

    @Test
    void aReleaseIsForTheHolderInItsEpoch() {
        long epoch = acquired("a");
        assertFalse(store().release(KEYS, "b", epoch));
        assertFalse(store().release(KEYS, "a", epoch - 1));
        assertEquals(Optional.of("a"), store().holder(KEYS));
        assertTrue(store().release(KEYS, "a", epoch));
        assertFalse(store().release(KEYS, "a", epoch));
        assertEquals(Optional.empty(), store().holder(KEYS));
    }

    @Test
    void manyLeasesAreRenewedAndLookedAtTogether() {
        Map<LeaseKeys, Long> epochs = new HashMap<>();
        for (int i = 0; i < 300; i++) {
            LeaseKeys keys = keys("s" + i);
            epochs.put(keys, store().acquire(keys, "a", TTL).orElseThrow());
        }
        letExpire(keys("s7"));
        letExpire(keys("s8"));
        store().acquire(keys("s8"), "b", TTL);
        Map<LeaseKeys, Renewal> answers = store().renew(epochs, "a", TTL);
        assertEquals(epochs.keySet(), answers.keySet());
        assertEquals(Renewal.GONE, answers.get(keys("s7")));
        assertEquals(Renewal.TAKEN, answers.get(keys("s8")));
        assertEquals(298, answers.values().stream().filter(Renewal.RENEWED::equals).count());
        Map<LeaseKeys, String> holders = store().holders(epochs.keySet());
        assertEquals(299, holders.size());
        assertEquals("b", holders.get(keys("s8")));
        assertFalse(holders.containsKey(keys("s7")));
        assertEquals(Map.of(), store().renew(Map.of(), "a", TTL));
        assertEquals(Map.of(), store().holders(List.of()));
    }

    @Test
    void manyLeasesAreAcquiredAndGivenBackTogether() {
        List<LeaseKeys> all = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            all.add(keys("s" + i));
        }
        store().acquire(keys("s7"), "b", TTL);
        long before = store().acquire(keys("s8"), "a", TTL).orElseThrow();
        Map<LeaseKeys, Long> epochs = store().acquire(all, "a", TTL);
        assertEquals(299, epochs.size());
        assertFalse(epochs.containsKey(keys("s7")));
        assertEquals(before, epochs.get(keys("s8")));
        assertEquals(299, Set.copyOf(store().renew(epochs, "a", TTL).keySet()).size());
        Map<LeaseKeys, Long> held = new HashMap<>(epochs);
        held.put(keys("s7"), 1L);
        letExpire(keys("s9"));
        Map<LeaseKeys, Boolean> answers = store().release(held, "a");
        assertEquals(300, answers.size());
        assertEquals(298, answers.values().stream().filter(freed -> freed).count());
        assertEquals(false, answers.get(keys("s7")));
        assertEquals(false, answers.get(keys("s9")));
        assertEquals(Map.of(keys("s7"), "b"), store().holders(all));
        assertEquals(Map.of(), store().acquire(List.of(), "a", TTL));
        assertEquals(Map.of(), store().release(Map.of(), "a"));
    }

    @Test
    void ofManyWhoAcquireAtOnceOneSucceeds() throws Exception {
        try (var pool = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int round = 0; round < 20; round++) {
                LeaseKeys keys = keys("contended" + round);
                List<Callable<OptionalLong>> racers = new ArrayList<>();
                for (int i = 0; i < 16; i++) {
                    String racer = "racer" + i;
                    racers.add(() -> store().acquire(keys, racer, TTL));
                }
                int won = 0;
                for (Future<OptionalLong> each : pool.invokeAll(racers)) {
                    won += each.get().isPresent() ? 1 : 0;
                }
                assertEquals(1, won);
            }
        }
    }

    @Test
    void instancesAreAliveFromTheirHeartbeatUntilItExpiresOrTheyLeave() {
        assertEquals(Set.of("a"), store().heartbeat("a", TTL));
        assertEquals(Set.of("a", "b"), store().heartbeat("b", TTL));
        letDie("a");
        assertEquals(Set.of("b"), store().heartbeat("b", TTL));
        assertEquals(Set.of("a", "b"), store().heartbeat("a", TTL));
        store().leave("b");
        assertEquals(Set.of("a"), store().heartbeat("a", TTL));
    }
}
