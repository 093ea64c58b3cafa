package io.relayminer.leader;

import org.jspecify.annotations.Nullable;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Leases in the memory of one process: for tests, and for a miner that runs alone and wants the
 * same code paths. Time is that of the clock it is given. Safe for use by any thread.
 */
public final class InMemoryLeaseStore implements LeaseStore {

    private record Held(String owner, long expires) {}

    private final MonotonicClock clock;
    private final Map<LeaseKeys, Held> leases = new HashMap<>();
    private final Map<LeaseKeys, Long> epochs = new HashMap<>();
    private final Map<String, Long> alive = new HashMap<>();

    /**
     * An empty store.
     *
     * @param clock time that leases expire by
     */
    public InMemoryLeaseStore(MonotonicClock clock) {
        this.clock = clock;
    }

    private @Nullable Held held(LeaseKeys keys) {
        Held held = leases.get(keys);
        if (held != null && held.expires() - clock.nanos() <= 0) {
            leases.remove(keys);
            return null;
        }
        return held;
    }

    private long epoch(LeaseKeys keys) {
        return epochs.getOrDefault(keys, 0L);
    }

    @Override
    public synchronized Map<LeaseKeys, Long> acquire(
            Collection<LeaseKeys> wanted, String owner, Duration timeToLive) {
        Map<LeaseKeys, Long> granted = new HashMap<>();
        for (LeaseKeys keys : wanted) {
            Held held = held(keys);
            if (held == null || held.owner().equals(owner)) {
                long epoch = held == null ? epoch(keys) + 1 : epoch(keys);
                epochs.put(keys, epoch);
                leases.put(keys, new Held(owner, clock.nanos() + timeToLive.toNanos()));
                granted.put(keys, epoch);
            }
        }
        return granted;
    }

    @Override
    public synchronized Map<LeaseKeys, Renewal> renew(
            Map<LeaseKeys, Long> wanted, String owner, Duration timeToLive) {
        Map<LeaseKeys, Renewal> answers = new HashMap<>();
        wanted.forEach(
                (keys, epoch) -> {
                    Held held = held(keys);
                    if (held == null) {
                        answers.put(keys, Renewal.GONE);
                    } else if (held.owner().equals(owner) && epoch(keys) == epoch) {
                        leases.put(keys, new Held(owner, clock.nanos() + timeToLive.toNanos()));
                        answers.put(keys, Renewal.RENEWED);
                    } else {
                        answers.put(keys, Renewal.TAKEN);
                    }
                });
        return answers;
    }

    @Override
    public synchronized Map<LeaseKeys, Boolean> release(Map<LeaseKeys, Long> held, String owner) {
        Map<LeaseKeys, Boolean> answers = new HashMap<>();
        held.forEach(
                (keys, epoch) -> {
                    Held now = held(keys);
                    boolean ours = now != null && now.owner().equals(owner) && epoch(keys) == epoch;
                    if (ours) {
                        leases.remove(keys);
                    }
                    answers.put(keys, ours);
                });
        return answers;
    }

    @Override
    public synchronized Map<LeaseKeys, String> holders(Collection<LeaseKeys> wanted) {
        Map<LeaseKeys, String> holders = new HashMap<>();
        for (LeaseKeys keys : wanted) {
            Held held = held(keys);
            if (held != null) {
                holders.put(keys, held.owner());
            }
        }
        return holders;
    }

    @Override
    public synchronized Set<String> heartbeat(String instance, Duration timeToLive) {
        alive.put(instance, clock.nanos() + timeToLive.toNanos());
        alive.values().removeIf(expires -> expires - clock.nanos() <= 0);
        return new TreeSet<>(alive.keySet());
    }

    @Override
    public synchronized void leave(String instance) {
        alive.remove(instance);
    }
}
