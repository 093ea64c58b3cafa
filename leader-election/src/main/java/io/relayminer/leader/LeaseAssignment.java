package io.relayminer.leader;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;

/*
 * Instances do not talk to each other. Each of them repeats the same step: renew what it holds, see who is alive and who holds what,
 * compute who should hold what, then give back or take one step in that direction. The leases are the arbiter, so nothing depends on the
 * instances agreeing; agreement only makes it quick.
 *
 * Giving back. An instance over its share gives back only if another one is below its share, that is, if somebody is there to take it.
 * Resources that nobody wants here any more go first, then those that the strategy places elsewhere, the newest first, and busy work
 * last and one at a time. Work ends before its lease does. What was given back is not taken again for a while.
 *
 * Taking. An instance below its share takes free resources, those that the strategy places here first. A resource that stays free
 * although it is somebody else's is an orphan: the instance it belongs to may not have its key, or be of another kind with other ideas
 * of a fair share. After some time whoever sees it first takes it, whatever its share, and keeps it for a while before it is offered again.
 */

/**
 * Holds leases on its part of many resources and runs work under each.
 *
 * <p>{@link #start} runs the assignment on a thread of its own; {@link #tick} is one step of it,
 * for those who pace it themselves. {@link #setResources} and the answers are safe on any thread.
 */
public final class LeaseAssignment implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(LeaseAssignment.class);

    private static final int MAX_DOUBLINGS = 3;

    private final LeaseHolder self;
    private final Function<String, LeaseKeys> keys;
    private final AssignmentStrategy strategy;
    private final Tenures tenures;
    private final LeaseLoop loop;

    private final Map<String, Long> freeSince = new HashMap<>();

    /** Given back here, and not to be taken again until then, unless somebody had it in between. */
    private final Map<String, Long> restUntil = new HashMap<>();

    /**
     * Taken although beyond our share, because nobody else did; not offered to others before then.
     */
    private final Map<String, Long> keepUntil = new HashMap<>();

    /** How often a resource came back because nobody took it. */
    private final Map<String, Integer> returns = new HashMap<>();

    private volatile Set<String> resources = Set.of();
    private volatile Map<String, Lease> held = Map.of();
    private volatile Set<String> members = Set.of();
    private boolean closed;

    private LeaseAssignment(
            LeaseHolder self,
            Function<String, LeaseKeys> keys,
            AssignmentStrategy strategy,
            LeaseWork work) {
        this.self = self;
        this.keys = keys;
        this.strategy = strategy;
        long pause = self.settings().renewEvery().toNanos();
        this.loop = new LeaseLoop("lease-assignment", this::tick, pause);
        this.tenures = new Tenures(self, keys, work, loop::wake);
    }

    /**
     * An assignment over a store.
     *
     * @param store where leases and live instances are kept
     * @param work what is done under each lease
     * @return a builder
     */
    public static Builder builder(LeaseStore store, LeaseWork work) {
        return new Builder(store, work);
    }

    /** What may be said of an assignment before it begins. */
    public static final class Builder extends LeaseHolderBuilder<Builder> {

        private final LeaseWork work;
        private Function<String, LeaseKeys> keys = LeaseKeys::named;
        private AssignmentStrategy strategy = AssignmentStrategy.fairShare();

        private Builder(LeaseStore store, LeaseWork work) {
            super(store);
            this.work = Objects.requireNonNull(work, "work");
        }

        @Override
        Builder self() {
            return this;
        }

        /**
         * Sets where leases are kept.
         *
         * @param names name of a resource to the keys of its lease; {@link LeaseKeys#named} by
         *     default
         * @return this builder
         */
        public Builder keys(Function<String, LeaseKeys> names) {
            keys = Objects.requireNonNull(names, "keys");
            return this;
        }

        /**
         * Sets who should hold what.
         *
         * @param wish {@link AssignmentStrategy#fairShare} by default
         * @return this builder
         */
        public Builder strategy(AssignmentStrategy wish) {
            strategy = Objects.requireNonNull(wish, "strategy");
            return this;
        }

        /**
         * An assignment that holds nothing yet.
         *
         * @return the assignment
         */
        public LeaseAssignment build() {
            return new LeaseAssignment(holder(), keys, strategy, work);
        }
    }

    /** Begins to take resources, on a thread of its own. Once only. */
    public void start() {
        loop.start();
    }

    /**
     * Replaces the set of resources that are to be held by somebody. Those that leave the set are
     * given back in order.
     *
     * @param names names of resources
     */
    public void setResources(Collection<String> names) {
        resources = Set.copyOf(names);
        loop.wake();
    }

    /** Takes the next step now instead of at the next renewal. */
    public void wake() {
        loop.wake();
    }

    /**
     * Leases whose work is running here.
     *
     * @return resource to lease; the leases are live and may be invalid at the moment
     */
    public Map<String, Lease> leases() {
        return held;
    }

    /**
     * The lease under which work on a resource is running here.
     *
     * @param resource name of a resource
     * @return the lease, or empty if this instance does not work on it
     */
    public Optional<Lease> lease(String resource) {
        return Optional.ofNullable(held.get(resource)).filter(lease -> !lease.isLost());
    }

    /**
     * Live instances as of the last step that got an answer.
     *
     * @return their ids
     */
    public Set<String> members() {
        return members;
    }

    /** One step. Does nothing once the assignment is closed. */
    public synchronized void tick() {
        if (closed) {
            return;
        }
        tenures.renew();
        settle();
        try {
            rebalance(view());
        } catch (LeaseStoreException e) {
            log.warn("leases stay as they are: {}", e.getMessage());
            self.listener().storeFailed("look", e);
        }
        publish();
    }

    private void settle() {
        for (String resource : tenures.settle()) {
            restUntil.put(
                    resource, self.clock().nanos() + 3 * self.settings().renewEvery().toNanos());
        }
    }

    private void publish() {
        Map<String, Lease> now = new HashMap<>();
        for (String resource : tenures.held()) {
            tenures.lease(resource).ifPresent(lease -> now.put(resource, lease));
        }
        held = Map.copyOf(now);
    }

    private AssignmentView view() {
        TreeSet<String> alive =
                new TreeSet<>(self.store().heartbeat(self.id(), self.settings().timeToLive()));
        alive.add(self.id());
        if (!members.equals(alive)) {
            keepUntil.clear();
            returns.clear();
            members = Set.copyOf(alive);
        }
        TreeSet<String> wanted = new TreeSet<>(resources);
        Map<LeaseKeys, String> byKeys = new HashMap<>();
        wanted.forEach(resource -> byKeys.put(keys.apply(resource), resource));
        Map<String, String> holders = new HashMap<>();
        self.store()
                .holders(byKeys.keySet())
                .forEach(
                        (lease, holder) -> {
                            String resource = byKeys.get(lease);
                            if (resource != null) {
                                holders.put(resource, holder);
                            }
                        });
        watchFree(wanted, holders);
        return new AssignmentView(self.id(), alive, wanted, holders);
    }

    private void watchFree(Set<String> wanted, Map<String, String> holders) {
        long now = self.clock().nanos();
        freeSince
                .keySet()
                .removeIf(resource -> !wanted.contains(resource) || holders.containsKey(resource));
        for (String resource : wanted) {
            if (!holders.containsKey(resource)) {
                freeSince.putIfAbsent(resource, now);
            }
        }
        restUntil.keySet().retainAll(wanted);
        keepUntil.values().removeIf(until -> until - now <= 0);
        holders.forEach(
                (resource, holder) -> {
                    if (!holder.equals(self.id())) {
                        restUntil.remove(resource);
                        keepUntil.remove(resource);
                        returns.remove(resource);
                    }
                });
    }

    private void rebalance(AssignmentView view) {
        Map<String, Set<String>> target = strategy.assign(view);
        Set<String> mine = target.getOrDefault(self.id(), Set.of());
        List<String> surplus = surplus(view, target, mine);
        handOver(surplus);
        int room = mine.size() - tenures.held().size();
        room -= take(view, view.resources().stream().filter(mine::contains).toList(), room);
        take(view, List.copyOf(view.resources()), room);
        takeOrphans(view);
    }

    /** What to give back, in this order. */
    private List<String> surplus(
            AssignmentView view, Map<String, Set<String>> target, Set<String> mine) {
        List<String> working = new ArrayList<>(tenures.held().reversed());
        List<String> surplus = new ArrayList<>();
        for (String resource : working) {
            if (!view.resources().contains(resource)) {
                surplus.add(resource);
            }
        }
        working.removeAll(surplus);
        working.removeAll(keepUntil.keySet());
        int over = Math.min(working.size() - mine.size(), roomElsewhere(view, target));
        for (String resource : working) {
            if (over > 0 && !mine.contains(resource)) {
                surplus.add(resource);
                over--;
            }
        }
        return surplus;
    }

    /** How many resources others should hold beyond those they do. */
    private int roomElsewhere(AssignmentView view, Map<String, Set<String>> target) {
        Map<String, Integer> counts = new HashMap<>();
        view.holders().values().forEach(holder -> counts.merge(holder, 1, Integer::sum));
        int room = 0;
        for (String member : view.members()) {
            if (!member.equals(self.id())) {
                int share = target.getOrDefault(member, Set.of()).size();
                room += Math.max(0, share - counts.getOrDefault(member, 0));
            }
        }
        // What is on its way already fills that room.
        return room - (tenures.all().size() - tenures.held().size());
    }

    private void handOver(List<String> surplus) {
        Set<String> busy = new HashSet<>();
        for (String resource : surplus) {
            if (tenures.isBusy(resource)) {
                busy.add(resource);
            } else {
                tenures.drain(resource);
            }
        }
        boolean handingOverBusy =
                tenures.all().stream()
                        .anyMatch(
                                resource ->
                                        tenures.lease(resource).isEmpty()
                                                && tenures.isBusy(resource));
        if (!handingOverBusy) {
            surplus.stream().filter(busy::contains).findFirst().ifPresent(tenures::drain);
        }
        settle();
    }

    /** Takes up to {@code room} of the candidates that are free; answers how many. */
    private int take(AssignmentView view, List<String> candidates, int room) {
        List<String> free =
                candidates.stream().filter(each -> isFree(view, each) && !isResting(each)).toList();
        List<String> taken = tenures.acquire(free, room);
        taken.forEach(restUntil::remove);
        return taken.size();
    }

    /**
     * Takes what nobody else does: free for long, or offered by us and left alone. The more often
     * it comes back, the longer it stays before it is offered again, since each offer leaves it
     * without work for a moment.
     */
    private void takeOrphans(AssignmentView view) {
        long now = self.clock().nanos();
        List<String> orphans =
                view.resources().stream().filter(each -> isOrphan(each, now)).toList();
        for (String resource : tenures.acquire(orphans, orphans.size())) {
            int times = returns.merge(resource, 1, Integer::sum);
            keepUntil.put(
                    resource,
                    now
                            + (self.settings().orphanAfter().toNanos()
                                    << Math.min(times - 1, MAX_DOUBLINGS)));
            restUntil.remove(resource);
        }
    }

    private boolean isOrphan(String resource, long now) {
        Long since = freeSince.get(resource);
        Long rest = restUntil.get(resource);
        boolean freeForLong =
                since != null && now - since >= self.settings().orphanAfter().toNanos();
        boolean unwanted = since != null && rest != null && rest - now <= 0;
        return freeForLong || unwanted;
    }

    private boolean isResting(String resource) {
        Long until = restUntil.get(resource);
        return until != null && until - self.clock().nanos() > 0;
    }

    /** Free, or held by us without our knowing because the answer was lost. */
    private boolean isFree(AssignmentView view, String resource) {
        String holder = view.holders().get(resource);
        return holder == null || holder.equals(self.id());
    }

    /**
     * Gives everything back in order and takes this instance off the list. Work that takes longer
     * than {@code limit} is abandoned and its lease left to expire.
     *
     * @param limit how long all works together may take to end
     */
    public void close(Duration limit) {
        loop.stop();
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            tenures.held().forEach(tenures::drain);
            Shutdown.await(tenures, limit);
            publish();
            try {
                self.store().leave(self.id());
            } catch (LeaseStoreException e) {
                log.warn("this instance stays on the list until it expires: {}", e.getMessage());
                self.listener().storeFailed("heartbeat", e);
            }
        }
    }

    /** Gives everything back within ten seconds. */
    @Override
    public void close() {
        close(Duration.ofSeconds(10));
    }
}
