package io.relayminer.leader;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * The leases of one instance, each with the work that runs under it. The life of a tenure:
 *
 * <pre>
 * acquired ─▶ WORKING ──hand over──▶ DRAINING ──work ended──▶ given back
 *                │                       │
 *                └──── lost in the store ┴──▶ ABANDONED ──work ended──▶ forgotten
 * </pre>
 *
 * A resource is free for the next acquisition here only after its last tenure is gone, so two works
 * for one resource never overlap in this process. While the store does not answer nothing changes:
 * the lease turns invalid on its own clock and the work stops having effects, but keeps what it has
 * in memory, until the store says what became of the lease.
 *
 * <p>Confined to one thread, except for the leases handed out.
 */
final class Tenures {

    private static final Logger log = LoggerFactory.getLogger(Tenures.class);

    private enum Phase {
        WORKING,
        DRAINING,
        ABANDONED
    }

    private static final class Tenure {
        final Lease lease;
        final LeaseWork.Running work;
        Phase phase = Phase.WORKING;
        @Nullable CompletableFuture<Void> ending;

        Tenure(Lease lease, LeaseWork.Running work) {
            this.lease = lease;
            this.work = work;
        }

        boolean hasEnded() {
            CompletableFuture<Void> end = ending;
            return end != null && end.isDone();
        }
    }

    private final LeaseStore store;
    private final LeaseSettings settings;
    private final String self;
    private final Function<String, LeaseKeys> keys;
    private final LeaseWork work;
    private final MonotonicClock clock;
    private final LeaseListener listener;
    private final Runnable wake;

    /** In order of acquisition. */
    private final Map<String, Tenure> tenures = new LinkedHashMap<>();

    /**
     * Resources whose work could not start, until they are tried again here. Others may try
     * meanwhile.
     */
    private final Map<String, Long> pausedUntil = new HashMap<>();

    Tenures(
            LeaseStore store,
            LeaseSettings settings,
            String self,
            Function<String, LeaseKeys> keys,
            LeaseWork work,
            MonotonicClock clock,
            LeaseListener listener,
            Runnable wake) {
        this.store = store;
        this.settings = settings;
        this.self = self;
        this.keys = keys;
        this.work = work;
        this.clock = clock;
        this.listener = listener;
        this.wake = wake;
    }

    /** Resources whose work goes on, oldest first. */
    List<String> working() {
        return tenures.values().stream()
                .filter(tenure -> tenure.phase == Phase.WORKING)
                .map(tenure -> tenure.lease.resource())
                .toList();
    }

    /** All resources that have not been let go of, whatever their phase. */
    Set<String> all() {
        return Set.copyOf(tenures.keySet());
    }

    boolean isBusy(String resource) {
        Tenure tenure = tenures.get(resource);
        return tenure != null && tenure.work.isBusy();
    }

    Optional<Lease> lease(String resource) {
        return Optional.ofNullable(tenures.get(resource))
                .filter(tenure -> tenure.phase == Phase.WORKING)
                .map(tenure -> tenure.lease);
    }

    /**
     * Renews every lease that is still held, those being drained included, and abandons the work of
     * those that are lost.
     */
    void renew() {
        Map<LeaseKeys, Long> epochs = new HashMap<>();
        for (Tenure tenure : tenures.values()) {
            if (tenure.phase != Phase.ABANDONED) {
                epochs.put(tenure.lease.keys(), tenure.lease.epoch());
            }
        }
        if (epochs.isEmpty()) {
            return;
        }
        long sent = clock.nanos();
        Map<LeaseKeys, Renewal> answers;
        try {
            answers = store.renew(epochs, self, settings.timeToLive());
        } catch (LeaseStoreException e) {
            log.warn("{} leases could not be renewed: {}", epochs.size(), e.getMessage());
            listener.storeFailed("renew", e);
            return;
        }
        for (Tenure tenure : tenures.values()) {
            Renewal answer = answers.get(tenure.lease.keys());
            if (tenure.phase == Phase.ABANDONED || answer == null) {
                continue;
            }
            if (answer == Renewal.RENEWED) {
                tenure.lease.trustUntil(sent + settings.trustedNanos());
            } else {
                abandon(tenure, answer);
            }
        }
    }

    private void abandon(Tenure tenure, Renewal why) {
        tenure.lease.lose();
        boolean drained = tenure.phase == Phase.DRAINING && tenure.hasEnded();
        tenure.phase = Phase.ABANDONED;
        if (!drained) {
            tenure.ending = guarded(tenure.work::abandon, tenure.lease);
        }
        log.warn("lost {}: {}", tenure.lease, why);
        listener.lost(tenure.lease, why);
    }

    /**
     * Takes the lease of a resource that has no tenure here; does nothing if somebody else holds
     * it.
     */
    boolean acquire(String resource) {
        if (tenures.containsKey(resource) || isPaused(resource)) {
            return false;
        }
        LeaseKeys at = keys.apply(resource);
        long sent = clock.nanos();
        Optional<Grant> grant;
        try {
            grant = store.acquire(at, self, settings.timeToLive());
        } catch (LeaseStoreException e) {
            log.warn("the lease of {} could not be acquired: {}", resource, e.getMessage());
            listener.storeFailed("acquire", e);
            return false;
        }
        if (grant.isEmpty()) {
            return false;
        }
        Lease lease =
                new Lease(
                        resource,
                        at,
                        self,
                        grant.get().epoch(),
                        clock,
                        sent + settings.trustedNanos());
        LeaseWork.Running running;
        try {
            running = work.start(lease);
        } catch (RuntimeException e) {
            log.error("the work under {} could not start", lease, e);
            lease.lose();
            giveBack(lease);
            pausedUntil.put(resource, clock.nanos() + settings.timeToLive().toNanos());
            listener.startFailed(lease, e);
            return false;
        }
        tenures.put(resource, new Tenure(lease, running));
        listener.acquired(lease);
        return true;
    }

    private boolean isPaused(String resource) {
        Long until = pausedUntil.get(resource);
        if (until == null) {
            return false;
        }
        if (until - clock.nanos() > 0) {
            return true;
        }
        pausedUntil.remove(resource);
        return false;
    }

    /** Begins to hand over; the lease is given back by {@link #settle} after the work has ended. */
    void drain(String resource) {
        Tenure tenure = tenures.get(resource);
        if (tenure != null && tenure.phase == Phase.WORKING) {
            tenure.phase = Phase.DRAINING;
            tenure.ending = guarded(tenure.work::drain, tenure.lease);
        }
    }

    /** Gives back and forgets what has come to its end. Answers the resources given back. */
    List<String> settle() {
        List<String> givenBack = new ArrayList<>();
        for (Tenure tenure : List.copyOf(tenures.values())) {
            if (!tenure.hasEnded()) {
                continue;
            }
            String resource = tenure.lease.resource();
            if (tenure.phase == Phase.ABANDONED) {
                tenures.remove(resource);
            } else if (giveBack(tenure.lease)) {
                tenure.lease.lose();
                tenures.remove(resource);
                givenBack.add(resource);
                listener.released(tenure.lease);
            }
        }
        return givenBack;
    }

    /**
     * True if the store knows that the lease is not ours any more, whether by this call or before
     * it.
     */
    private boolean giveBack(Lease lease) {
        try {
            store.release(lease.keys(), self, lease.epoch());
            return true;
        } catch (LeaseStoreException e) {
            log.warn("{} could not be given back: {}", lease, e.getMessage());
            listener.storeFailed("release", e);
            return false;
        }
    }

    /**
     * At the end of the process: work that would not end in order is stopped, and its lease left to
     * expire.
     */
    void abandonRest() {
        for (Tenure tenure : tenures.values()) {
            if (tenure.phase != Phase.ABANDONED && !tenure.hasEnded()) {
                tenure.lease.lose();
                tenure.phase = Phase.ABANDONED;
                tenure.ending = guarded(tenure.work::abandon, tenure.lease);
                log.warn("{} is left to expire because its work did not end in time", tenure.lease);
            }
        }
    }

    /** What is still ending. */
    List<CompletableFuture<Void>> endings() {
        List<CompletableFuture<Void>> endings = new ArrayList<>();
        for (Tenure tenure : tenures.values()) {
            CompletableFuture<Void> ending = tenure.ending;
            if (ending != null && !ending.isDone()) {
                endings.add(ending);
            }
        }
        return endings;
    }

    private CompletableFuture<Void> guarded(Supplier<CompletableFuture<Void>> end, Lease lease) {
        CompletableFuture<Void> ending;
        try {
            ending = end.get();
        } catch (RuntimeException e) {
            ending = CompletableFuture.failedFuture(e);
        }
        return ending.whenComplete(
                (done, failure) -> {
                    if (failure != null) {
                        log.error("the work under {} ended with an error", lease, failure);
                    }
                    wake.run();
                });
    }
}
