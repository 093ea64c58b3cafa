package io.relayminer.leader;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * The leases of one instance, each with the work that runs under it. The life of a tenure:
 *
 * <pre>
 * acquired ─▶ IDLE ──started──▶ WORKING ──hand over──▶ DRAINING ──work ended──▶ given back
 *              ▲                 │  │                     │
 *              └─ended by itself─┘  └─ lost in the store ─┴──▶ ABANDONED ──work ended──▶ forgotten
 * </pre>
 *
 * A resource is free for the next acquisition here only after its last tenure is gone, and work is
 * started only where none is running, so two works for one resource never overlap in this process.
 * While the store does not answer nothing changes: the lease turns invalid on its own clock and the
 * work stops having effects, but keeps what it has in memory, until the store says what became of
 * the lease.
 *
 * <p>Work that ended by itself is started again as soon as the store confirmed the lease after that
 * end, so whatever made it end along with the store is over. If it ends once more within one time
 * to live, the lease is given back and rests here for as long, so that others may try.
 *
 * <p>Leases are acquired and given back in batches, and renewed between any two calls of the store
 * if a renewal is due: however slow the store is, what is held stays held while more is taken.
 *
 * <p>Confined to one thread, except for the leases handed out.
 */
final class Tenures {

    private static final Logger log = LoggerFactory.getLogger(Tenures.class);

    /** Leases in one call; bounds how long the renewal of the others may have to wait for it. */
    private static final int BATCH = 500;

    private static final int EARLY_ENDS = 2;

    private enum Phase {
        IDLE,
        WORKING,
        DRAINING,
        ABANDONED
    }

    private static final class Tenure {
        final Lease lease;
        Phase phase = Phase.IDLE;
        LeaseWork.@Nullable Running work;

        /** Whether the store granted or renewed the lease since work last ended under it. */
        boolean confirmed = true;

        boolean announced;
        long startedAt;
        int earlyEnds;

        Tenure(Lease lease) {
            this.lease = lease;
        }

        boolean hasEnded() {
            return work == null || work.ended().isDone();
        }
    }

    private final LeaseHolder self;
    private final Function<String, LeaseKeys> keys;
    private final LeaseWork work;
    private final Runnable wake;

    /** In order of acquisition. */
    private final Map<String, Tenure> tenures = new LinkedHashMap<>();

    /**
     * Resources whose work could not start, until they are tried again here. Others may try
     * meanwhile.
     */
    private final Map<String, Long> pausedUntil = new HashMap<>();

    private long renewedAt;

    Tenures(LeaseHolder self, Function<String, LeaseKeys> keys, LeaseWork work, Runnable wake) {
        this.self = self;
        this.keys = keys;
        this.work = work;
        this.wake = wake;
    }

    /** Resources that are held and not on their way to others, oldest first. */
    List<String> held() {
        return tenures.values().stream()
                .filter(tenure -> tenure.phase == Phase.IDLE || tenure.phase == Phase.WORKING)
                .map(tenure -> tenure.lease.resource())
                .toList();
    }

    /** All resources that have not been let go of, whatever their phase. */
    Set<String> all() {
        return Set.copyOf(tenures.keySet());
    }

    boolean isBusy(String resource) {
        Tenure tenure = tenures.get(resource);
        return tenure != null && tenure.work != null && tenure.work.isBusy();
    }

    /** The lease under which work is running. */
    Optional<Lease> lease(String resource) {
        return Optional.ofNullable(tenures.get(resource))
                .filter(tenure -> tenure.phase == Phase.WORKING)
                .map(tenure -> tenure.lease);
    }

    /**
     * Renews every lease that is still held, those being drained included, and abandons the work of
     * those that are lost. Looks first for work that has ended by itself.
     */
    void renew() {
        tenures.values().forEach(this::noticeEnd);
        Map<LeaseKeys, Long> epochs = new HashMap<>();
        for (Tenure tenure : tenures.values()) {
            if (tenure.phase != Phase.ABANDONED) {
                epochs.put(tenure.lease.keys(), tenure.lease.epoch());
            }
        }
        long sent = self.clock().nanos();
        renewedAt = sent;
        if (epochs.isEmpty()) {
            return;
        }
        Map<LeaseKeys, Renewal> answers;
        try {
            answers = self.store().renew(epochs, self.id(), self.settings().timeToLive());
        } catch (LeaseStoreException e) {
            log.warn("{} leases could not be renewed: {}", epochs.size(), e.getMessage());
            self.listener().storeFailed("renew", e);
            return;
        }
        for (Tenure tenure : tenures.values()) {
            Renewal answer = answers.get(tenure.lease.keys());
            if (tenure.phase == Phase.ABANDONED || answer == null) {
                continue;
            }
            if (answer == Renewal.RENEWED) {
                tenure.lease.trustUntil(sent + self.settings().trustedNanos());
                tenure.confirmed = true;
            } else {
                lose(tenure, answer);
            }
        }
    }

    private void renewIfDue() {
        if (self.clock().nanos() - renewedAt >= self.settings().renewEvery().toNanos()) {
            renew();
        }
    }

    private void lose(Tenure tenure, Renewal why) {
        tenure.lease.lose();
        tenure.phase = Phase.ABANDONED;
        abandonWork(tenure);
        log.warn("lost {}: {}", tenure.lease, why);
        self.listener().lost(tenure.lease, why);
    }

    private static void abandonWork(Tenure tenure) {
        LeaseWork.Running running = tenure.work;
        if (running != null && !running.ended().isDone()) {
            try {
                running.abandon();
            } catch (RuntimeException e) {
                log.error("the work under {} did not take notice of its end", tenure.lease, e);
            }
        }
    }

    /** Work that ended although nobody asked it to makes room for its next start. */
    private void noticeEnd(Tenure tenure) {
        if (tenure.phase != Phase.WORKING || !tenure.hasEnded()) {
            return;
        }
        tenure.work = null;
        tenure.phase = Phase.IDLE;
        tenure.confirmed = false;
        long lasted = self.clock().nanos() - tenure.startedAt;
        boolean early = lasted < self.settings().timeToLive().toNanos();
        tenure.earlyEnds = early ? tenure.earlyEnds + 1 : 0;
        log.warn("the work under {} ended by itself", tenure.lease);
        self.listener().endedByItself(tenure.lease);
        if (tenure.earlyEnds >= EARLY_ENDS) {
            giveUp(tenure);
        }
    }

    /** Leaves a resource to others for a while; {@link #settle} gives the lease back. */
    private void giveUp(Tenure tenure) {
        tenure.phase = Phase.DRAINING;
        pausedUntil.put(
                tenure.lease.resource(),
                self.clock().nanos() + self.settings().timeToLive().toNanos());
    }

    /**
     * Takes the leases of resources that have no tenure here, as far as nobody else holds them, and
     * starts work under them.
     *
     * @param resources resources in the order of preference
     * @param room how many of them to take at most
     * @return those whose work was started
     */
    List<String> acquire(Collection<String> resources, int room) {
        List<String> candidates =
                resources.stream()
                        .filter(each -> !tenures.containsKey(each) && !isPaused(each))
                        .toList();
        List<String> started = new ArrayList<>();
        int next = 0;
        while (next < candidates.size() && started.size() < room) {
            int end = Math.min(candidates.size(), next + Math.min(BATCH, room - started.size()));
            renewIfDue();
            Optional<List<Tenure>> granted = acquireBatch(candidates.subList(next, end));
            if (granted.isEmpty()) {
                break;
            }
            for (Tenure tenure : granted.get()) {
                renewIfDue();
                if (start(tenure)) {
                    started.add(tenure.lease.resource());
                }
            }
            giveBack(granted.get().stream().filter(each -> each.phase == Phase.DRAINING).toList());
            next = end;
        }
        return started;
    }

    /** Empty if the store did not answer. */
    private Optional<List<Tenure>> acquireBatch(List<String> resources) {
        Map<LeaseKeys, String> byKeys = new LinkedHashMap<>();
        resources.forEach(resource -> byKeys.put(keys.apply(resource), resource));
        long sent = self.clock().nanos();
        Map<LeaseKeys, Long> epochs;
        try {
            epochs = self.store().acquire(byKeys.keySet(), self.id(), self.settings().timeToLive());
        } catch (LeaseStoreException e) {
            log.warn("{} leases could not be acquired: {}", resources.size(), e.getMessage());
            self.listener().storeFailed("acquire", e);
            return Optional.empty();
        }
        List<Tenure> granted = new ArrayList<>();
        byKeys.forEach(
                (at, resource) -> {
                    Long epoch = epochs.get(at);
                    if (epoch != null) {
                        Tenure tenure =
                                new Tenure(
                                        new Lease(
                                                resource,
                                                at,
                                                self.id(),
                                                epoch,
                                                self.clock(),
                                                sent + self.settings().trustedNanos()));
                        tenures.put(resource, tenure);
                        granted.add(tenure);
                    }
                });
        return Optional.of(granted);
    }

    /** Starts the work of a tenure that has none, unless its lease is in doubt. */
    private boolean start(Tenure tenure) {
        if (tenure.phase != Phase.IDLE || !tenure.confirmed || !tenure.lease.isValid()) {
            return false;
        }
        LeaseWork.Running running;
        try {
            running = work.start(tenure.lease);
        } catch (RuntimeException e) {
            log.error("the work under {} could not start", tenure.lease, e);
            giveUp(tenure);
            self.listener().startFailed(tenure.lease, e);
            return false;
        }
        tenure.work = running;
        tenure.phase = Phase.WORKING;
        tenure.startedAt = self.clock().nanos();
        var unused =
                running.ended()
                        .whenComplete(
                                (done, failure) -> {
                                    if (failure != null) {
                                        log.error(
                                                "the work under {} ended with an error",
                                                tenure.lease,
                                                failure);
                                    }
                                    wake.run();
                                });
        if (!tenure.announced) {
            tenure.announced = true;
            self.listener().acquired(tenure.lease);
        }
        return true;
    }

    private boolean isPaused(String resource) {
        Long until = pausedUntil.get(resource);
        if (until == null) {
            return false;
        }
        if (until - self.clock().nanos() > 0) {
            return true;
        }
        pausedUntil.remove(resource);
        return false;
    }

    /** Begins to hand over; the lease is given back by {@link #settle} after the work has ended. */
    void drain(String resource) {
        Tenure tenure = tenures.get(resource);
        if (tenure == null || (tenure.phase != Phase.IDLE && tenure.phase != Phase.WORKING)) {
            return;
        }
        tenure.phase = Phase.DRAINING;
        LeaseWork.Running running = tenure.work;
        if (running != null && !running.ended().isDone()) {
            try {
                running.drain();
            } catch (RuntimeException e) {
                log.error("the work under {} cannot end in order", tenure.lease, e);
                abandonWork(tenure);
            }
        }
    }

    /**
     * Gives back and forgets what has come to its end, and starts work where there is none.
     *
     * @return the resources given back
     */
    List<String> settle() {
        List<Tenure> ended = new ArrayList<>();
        for (Tenure tenure : List.copyOf(tenures.values())) {
            switch (tenure.phase) {
                case IDLE -> start(tenure);
                case WORKING -> {}
                case DRAINING -> {
                    if (tenure.hasEnded()) {
                        ended.add(tenure);
                    }
                }
                case ABANDONED -> {
                    if (tenure.hasEnded()) {
                        tenures.remove(tenure.lease.resource());
                    }
                }
            }
        }
        return giveBack(ended);
    }

    private List<String> giveBack(List<Tenure> ended) {
        List<String> givenBack = new ArrayList<>();
        for (int next = 0; next < ended.size(); next += BATCH) {
            if (next > 0) {
                renewIfDue();
            }
            givenBack.addAll(
                    giveBackBatch(ended.subList(next, Math.min(ended.size(), next + BATCH))));
        }
        return givenBack;
    }

    private List<String> giveBackBatch(List<Tenure> batch) {
        Map<LeaseKeys, Long> epochs = new LinkedHashMap<>();
        batch.forEach(tenure -> epochs.put(tenure.lease.keys(), tenure.lease.epoch()));
        Set<LeaseKeys> answered;
        try {
            answered = self.store().release(epochs, self.id()).keySet();
        } catch (LeaseStoreException e) {
            log.warn("{} leases could not be given back: {}", batch.size(), e.getMessage());
            self.listener().storeFailed("release", e);
            return List.of();
        }
        List<String> givenBack = new ArrayList<>();
        for (Tenure tenure : batch) {
            if (!answered.contains(tenure.lease.keys())) {
                continue;
            }
            tenure.lease.lose();
            tenures.remove(tenure.lease.resource());
            if (tenure.announced) {
                givenBack.add(tenure.lease.resource());
                self.listener().released(tenure.lease);
            }
        }
        return givenBack;
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
                abandonWork(tenure);
                log.warn("{} is left to expire because its work did not end in time", tenure.lease);
            }
        }
    }

    /** What is still ending. */
    List<CompletableFuture<Void>> endings() {
        List<CompletableFuture<Void>> endings = new ArrayList<>();
        for (Tenure tenure : tenures.values()) {
            LeaseWork.Running running = tenure.work;
            if (running != null && !running.ended().isDone()) {
                endings.add(running.ended());
            }
        }
        return endings;
    }
}
