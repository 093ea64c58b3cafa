package io.relayminer.core.miner;

import io.lettuce.core.RedisException;
import io.relayminer.core.chain.ChainException;
import io.relayminer.core.chain.ChainQueries;
import io.relayminer.core.miner.store.MinerStore;
import io.relayminer.core.miner.store.MinerStoreException;
import io.relayminer.core.redis.RedisServerCheck;
import io.relayminer.core.redis.StreamJanitor;
import io.relayminer.leader.LeaderElection;
import io.relayminer.leader.LeaseAssignment;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * What a replica does from time to time on its own account: asks how its suppliers stand and
 * competes for those that are staked, sweeps their streams, shows itself, looks at Redis' memory.
 *
 * <p>What concerns one supplier is done for many of them at once, so that a slow answer about one
 * holds up nobody. A fault in one round is counted, and the next round comes all the same.
 */
final class Housekeeper {

    private static final Logger LOG = LoggerFactory.getLogger(Housekeeper.class);
    private static final Duration SHOW = Duration.ofSeconds(10);
    private static final Duration SWEEP = Duration.ofSeconds(60);
    private static final Duration MEMORY_LOOK = Duration.ofSeconds(30);
    private static final Duration FAULT_PAUSE = Duration.ofSeconds(1);
    private static final int AT_ONCE = 32;
    private static final double FULL = 0.9;

    private final Miner.Builder made;
    private final MinerStore store;
    private final SupplierStates states;
    private final FleetNotices notices;
    private final SupplierWork work;
    private final LeaderElection election;
    private final LeaseAssignment assignment;
    private final MinerMetrics metrics;
    private final NodeGauges gauges;
    private final ChainQueries chain;
    private final ChainCalls calls;
    private final Supplier<Duration> blockInterval;
    private final StreamJanitor janitor;
    private final AtomicLong usedMemory = new AtomicLong();
    private final AtomicLong maxMemory = new AtomicLong();
    private volatile boolean stopped;
    private LongSupplier height = () -> 0;
    private @Nullable Thread thread;

    // Of the housekeeper's thread only: when what is due next.
    private long nextReconcile = System.nanoTime();
    private long nextSweep = nextReconcile;
    private long nextMemory = nextReconcile;
    private long nextShow = nextReconcile;
    private Set<String> before = Set.of();
    private boolean memoryShown;
    private boolean windowsLookedAt;

    Housekeeper(
            Miner.Builder made,
            MinerStore store,
            SupplierStates states,
            FleetNotices notices,
            SupplierWork work,
            LeaderElection election,
            LeaseAssignment assignment,
            MinerMetrics metrics,
            NodeGauges gauges,
            ChainQueries chain,
            ChainCalls calls,
            Supplier<Duration> blockInterval) {
        this.made = made;
        this.store = store;
        this.states = states;
        this.notices = notices;
        this.work = work;
        this.election = election;
        this.assignment = assignment;
        this.metrics = metrics;
        this.gauges = gauges;
        this.chain = chain;
        this.calls = calls;
        this.blockInterval = blockInterval;
        this.janitor = new StreamJanitor(made.redis, made.names, made.instance);
    }

    void start(LongSupplier newestHeight) {
        height = newestHeight;
        thread = Thread.ofVirtual().name("miner-housekeeping").start(this::run);
    }

    void stop() {
        stopped = true;
        Thread keeper = thread;
        if (keeper != null) {
            keeper.interrupt();
        }
    }

    private void run() {
        while (!stopped) {
            try {
                round();
                TimeUnit.MILLISECONDS.sleep(height.getAsLong() == 0 ? 200 : 1000);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            } catch (RuntimeException e) {
                LOG.error("housekeeping failed and goes on", e);
                metrics.recovered("housekeeping");
                LockSupport.parkNanos(FAULT_PAUSE.toNanos());
            }
        }
    }

    /** Does what is due. */
    void round() throws InterruptedException {
        long now = System.nanoTime();
        Set<String> held = new TreeSet<>(made.addresses.get());
        if (now - nextReconcile >= 0 || !held.equals(before)) {
            before = held;
            reconcile(held);
            if (!windowsLookedAt && height.getAsLong() > 0) {
                windowsLookedAt = lookAtWindows();
            }
            nextReconcile = now + made.reconcileEvery.toNanos();
        }
        if (now - nextShow >= 0) {
            show(held);
            nextShow = now + SHOW.toNanos();
        }
        if (now - nextSweep >= 0) {
            sweep(held);
            nextSweep = now + SWEEP.toNanos();
        }
        if (now - nextMemory >= 0) {
            lookAtMemory();
            nextMemory = now + MEMORY_LOOK.toNanos();
        }
    }

    /** Competes for the suppliers that are staked, or have sessions that are not over. */
    private void reconcile(Set<String> held) throws InterruptedException {
        long at = Math.max(height.getAsLong(), 1);
        Set<String> owned = work.suppliers();
        Set<String> wanted = new ConcurrentSkipListSet<>();
        forEach(
                held,
                supplier -> {
                    SupplierStates.Standing standing =
                            owned.contains(supplier)
                                    ? states.publish(supplier, at)
                                    : states.standing(supplier, at);
                    if (standing != SupplierStates.Standing.NOT_STAKED
                            || hasOpenSessions(supplier)) {
                        wanted.add(supplier);
                    }
                });
        assignment.setResources(wanted);
    }

    private boolean hasOpenSessions(String supplier) {
        try {
            return store.hasOpenSessions(supplier);
        } catch (MinerStoreException e) {
            LOG.debug("supplier {} is competed for until its sessions are known", supplier, e);
            return true;
        }
    }

    /** Streams of suppliers that nobody here owns are looked after by the leader. */
    private void sweep(Set<String> held) throws InterruptedException {
        Set<String> swept = new TreeSet<>(work.suppliers());
        swept.retainAll(held);
        if (election.isLeader()) {
            swept.addAll(held);
        }
        forEach(swept, supplier -> metrics.pending(supplier, janitor.sweep(supplier)));
        metrics.pendingOnly(swept);
    }

    /** Does something for each supplier, for a bounded number of them at once. */
    private static void forEach(Set<String> suppliers, Consumer<String> step)
            throws InterruptedException {
        Semaphore room = new Semaphore(AT_ONCE);
        List<Future<?>> steps = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (String supplier : suppliers) {
                room.acquire();
                steps.add(
                        threads.submit(
                                () -> {
                                    try {
                                        step.accept(supplier);
                                    } finally {
                                        room.release();
                                    }
                                }));
            }
        }
        for (Future<?> done : steps) {
            if (done.state() == Future.State.FAILED) {
                throw new IllegalStateException(
                        "housekeeping failed for a supplier", done.exceptionNow());
            }
        }
    }

    /** Once: whether another replica would take over in time. */
    private boolean lookAtWindows() {
        try {
            TakeOverTime.of(made.supplierLease, made.leaderLease, made.assignment)
                    .warning(calls.await(chain.sharedParams()), blockInterval.get())
                    .ifPresent(LOG::warn);
            return true;
        } catch (ChainException | MinerException.Unavailable e) {
            LOG.debug("the windows of the chain are not known yet", e);
            return false;
        }
    }

    private void show(Set<String> held) {
        try {
            notices.present(made.instance, made.supplierLease.timeToLive().multipliedBy(3));
        } catch (RedisException e) {
            LOG.warn("housekeeping in Redis failed; it is repeated: {}", e.getMessage());
        }
        int owned = work.suppliers().size();
        int members = Math.max(1, assignment.members().size());
        gauges.leading(election.isLeader());
        gauges.ofInstance("ha_miner_supplier_claimed_count", owned);
        gauges.ofInstance("ha_miner_supplier_fair_share", (held.size() + members - 1) / members);
        gauges.set("ha_miner_supplier_manager_suppliers_active", owned);
    }

    private void lookAtMemory() {
        try {
            Map<String, String> info = RedisServerCheck.parse(made.redis.sync().info("memory"));
            long used = Long.parseLong(info.getOrDefault("used_memory", "0"));
            long max = Long.parseLong(info.getOrDefault("maxmemory", "0"));
            usedMemory.set(used);
            maxMemory.set(max);
            showMemory();
            if (max > 0 && used > FULL * max) {
                LOG.warn(
                        "Redis uses {} of {} bytes; when it is full, relays are no longer stored",
                        used,
                        max);
            }
        } catch (RedisException | NumberFormatException e) {
            LOG.warn("the memory of Redis cannot be read: {}", e.getMessage());
        }
    }

    private void showMemory() {
        if (!memoryShown) {
            memoryShown = true;
            made.registry.gauge("ha_miner_redis_used_memory_bytes", usedMemory);
            made.registry.gauge("ha_miner_redis_max_memory_bytes", maxMemory);
            made.registry.gauge(
                    "ha_miner_redis_memory_usage_ratio",
                    maxMemory,
                    m -> m.get() == 0 ? -1 : (double) usedMemory.get() / m.get());
        }
    }
}
