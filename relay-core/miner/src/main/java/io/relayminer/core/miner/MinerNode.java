package io.relayminer.core.miner;

import io.lettuce.core.RedisException;
import io.lettuce.core.SetArgs;
import io.micrometer.core.instrument.Tags;
import io.relayminer.core.chain.Block;
import io.relayminer.core.chain.BlockFeed;
import io.relayminer.core.chain.ChainQueries;
import io.relayminer.core.chain.TxSubmitter;
import io.relayminer.core.miner.store.MinerStore;
import io.relayminer.core.miner.store.MinerStoreException;
import io.relayminer.core.redis.MeterId;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.redis.RedisServerCheck;
import io.relayminer.core.redis.StreamJanitor;
import io.relayminer.core.tx.TxSigner;
import io.relayminer.leader.AssignmentStrategy;
import io.relayminer.leader.LeaderElection;
import io.relayminer.leader.Lease;
import io.relayminer.leader.LeaseAssignment;
import io.relayminer.leader.LeaseKeys;
import io.relayminer.leader.LeaseListener;
import io.relayminer.leader.LeaseSettings;
import io.relayminer.leader.LeaseStore;
import io.relayminer.leader.LeaseStoreException;
import io.relayminer.leader.LeaseWork;
import io.relayminer.leader.Renewal;
import io.relayminer.smst.redis.Fence;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * One replica of the miner: competes for suppliers, works on those it owns, tells relayers about
 * its keys, and does the fleet's shared work while it leads.
 *
 * <p>Everything outside is given to the constructor and stays the caller's to close, so a node can
 * be embedded and tested without a process around it. {@link #start} returns at once; {@link
 * #close} hands everything over in order: work first, then leases, then leadership.
 */
public final class MinerNode implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(MinerNode.class);
    private static final Duration HOUSEKEEPING = Duration.ofSeconds(10);
    private static final Duration HOUSEKEEPING_FAULT_PAUSE = Duration.ofSeconds(1);
    private static final Duration SWEEP = Duration.ofSeconds(60);
    private static final Duration MEMORY_LOOK = Duration.ofSeconds(30);

    /** How suppliers are spread over replicas. */
    public enum Assignment {
        /** The leader works on all suppliers, the others stand by. */
        LEADER,
        /** Each replica works on its fair share. */
        FAIR_SHARE
    }

    /**
     * What surrounds a node.
     *
     * @param connections open connections to Redis
     * @param keys names of keys
     * @param leases where leases and live replicas are kept
     * @param store what is kept of suppliers; it must know this process by the instance id
     * @param chain questions to the chain
     * @param submitter transactions
     * @param blocks blocks of the chain, started by the caller
     * @param signers key of a supplier by its operator address
     * @param addresses operator addresses whose keys are held at the moment
     */
    public record Surroundings(
            RedisConnections connections,
            RedisKeys keys,
            LeaseStore leases,
            MinerStore store,
            ChainQueries chain,
            TxSubmitter submitter,
            BlockFeed blocks,
            Function<String, Optional<? extends TxSigner>> signers,
            Supplier<? extends Set<String>> addresses) {}

    /**
     * How balances and stakes of the fleet's suppliers are watched while this replica leads.
     *
     * @param enabled whether they are
     * @param every time between two looks
     * @param thresholdUpokt balance in upokt below which it is critical; below twice as much it is
     *     warned of
     * @param stakeWarningProofs missed proofs left in a stake below which it is warned of
     * @param stakeCriticalProofs missed proofs left in a stake below which it is critical
     */
    public record BalanceWatch(
            boolean enabled,
            Duration every,
            long thresholdUpokt,
            int stakeWarningProofs,
            int stakeCriticalProofs) {}

    /**
     * How a node behaves.
     *
     * @param instance id of this process start, unique for ever
     * @param assignment how suppliers are spread
     * @param supplierLease times of supplier leases
     * @param leaderLease times of the leader's lease
     * @param miner how suppliers are worked on
     * @param reconcileEvery how often the chain is asked about the suppliers
     * @param knownApplications applications kept in the caches from the start
     * @param defaultServiceFactor 0 for none
     * @param serviceFactors by service
     * @param cacheLife life of published service factors
     * @param blockTime expected time between blocks, for times to live
     * @param slowBlock time between two blocks above which the second is counted as slow; zero
     *     counts none
     * @param balances how balances and stakes are watched
     */
    public record Settings(
            String instance,
            Assignment assignment,
            LeaseSettings supplierLease,
            LeaseSettings leaderLease,
            MinerSettings miner,
            Duration reconcileEvery,
            List<String> knownApplications,
            double defaultServiceFactor,
            Map<String, Double> serviceFactors,
            Duration cacheLife,
            Duration blockTime,
            Duration slowBlock,
            BalanceWatch balances) {}

    private final Surroundings around;
    private final Settings settings;
    private final MinerMetrics metrics;
    private final InstantSource clock;
    private final ChainCalls calls;
    private final SupplierWorker.Services services;
    private final SupplierStates states;
    private final StreamJanitor janitor;
    private final LeaderElection election;
    private final LeaseAssignment assignment;
    private final Map<String, SupplierWorker> workers = new ConcurrentHashMap<>();
    private final Set<String> metApplications = ConcurrentHashMap.newKeySet();
    private final Set<String> metServices = ConcurrentHashMap.newKeySet();
    private final @Nullable BlockHealth blockHealth;
    private final AtomicLong height = new AtomicLong();
    private final AtomicBoolean running = new AtomicBoolean();
    private volatile long lastBlockNanos = System.nanoTime();
    private @Nullable Thread housekeeper;
    private BlockFeed.@Nullable Subscription subscription;

    /**
     * A node that does nothing yet.
     *
     * @param around what it works with
     * @param settings how it behaves
     * @param metrics where it reports
     * @param clock wall clock, for time stamps only
     */
    public MinerNode(
            Surroundings around, Settings settings, MinerMetrics metrics, InstantSource clock) {
        this.around = around;
        this.settings = settings;
        this.metrics = metrics;
        this.clock = clock;
        this.blockHealth =
                settings.slowBlock().isZero()
                        ? null
                        : new BlockHealth(settings.slowBlock(), metrics.registry());
        RedisConnections redis = around.connections();
        RedisKeys keys = around.keys();
        this.calls = new ChainCalls(settings.miner().chainTimeout());
        SessionConstantsSource constants = new SessionConstantsSource(around.chain(), calls);
        constants.show(metrics.registry());
        this.services =
                new SupplierWorker.Services(
                        around.store(),
                        constants,
                        around.chain(),
                        around.submitter(),
                        calls,
                        new Signals(),
                        around.blocks()::blockInterval,
                        settings.miner(),
                        metrics,
                        clock);
        this.states =
                new SupplierStates(
                        redis, keys, around.chain(), calls, settings.instance(), clock, metrics);
        this.janitor = new StreamJanitor(redis, keys, settings.instance());
        LeaseStore leases = around.leases();
        LeaseKeys leaderKeys = new LeaseKeys(keys.globalLeader(), keys.globalLeaderEpoch());
        this.election =
                LeaderElection.builder(leases, leaderKeys, LeaseWork.onThread(this::lead))
                        .settings(settings.leaderLease())
                        .instance(settings.instance())
                        .listener(new Reports("leader"))
                        .build();
        this.assignment =
                LeaseAssignment.builder(leases, this::own)
                        .settings(settings.supplierLease())
                        .instance(settings.instance())
                        .keys(
                                supplier ->
                                        new LeaseKeys(
                                                keys.lease(supplier), keys.leaseEpoch(supplier)))
                        .strategy(
                                settings.assignment() == Assignment.LEADER
                                        ? AssignmentStrategy.leader(() -> leases.holder(leaderKeys))
                                        : AssignmentStrategy.fairShare())
                        .listener(new Reports("supplier"))
                        .build();
    }

    /** Starts to compete for leadership and suppliers. */
    public void start() {
        if (!running.compareAndSet(false, true)) {
            throw new IllegalStateException("the node was started already");
        }
        metrics.blockTimes(settings.blockTime(), around.blocks()::blockInterval);
        subscription = around.blocks().subscribe(this::block);
        housekeeper = Thread.ofVirtual().name("miner-housekeeping").start(this::keepHouse);
        election.start();
        assignment.start();
    }

    /** Suppliers this replica works on at the moment. */
    public Set<String> suppliers() {
        return new TreeSet<>(workers.keySet());
    }

    /** Whether this replica leads. */
    public boolean leading() {
        return election.isLeader();
    }

    /** Height of the newest block seen, 0 before the first. */
    public long height() {
        return height.get();
    }

    /** Time since the newest block was seen. */
    public Duration sinceBlock() {
        return Duration.ofNanos(System.nanoTime() - lastBlockNanos);
    }

    private void block(Block block) {
        height.accumulateAndGet(block.height(), Math::max);
        lastBlockNanos = System.nanoTime();
        metrics.block(block.height());
        if (blockHealth != null) {
            blockHealth.block(block.height(), lastBlockNanos);
        }
        for (SupplierWorker worker : workers.values()) {
            worker.block(block);
        }
    }

    // ---- suppliers -----------------------------------------------------------------------------

    private LeaseWork.Running own(Lease lease) {
        String supplier = lease.resource();
        TxSigner signer =
                around.signers()
                        .apply(supplier)
                        .orElseThrow(
                                () ->
                                        new IllegalStateException(
                                                "the key of supplier " + supplier + " is gone"));
        OwnedSupplier owned =
                new OwnedSupplier(
                        supplier, signer, new Fence(lease.owner(), lease.epoch()), lease::isValid);
        CompletableFuture<Void> ended = new CompletableFuture<>();
        CompletableFuture<SupplierWorker> opened = new CompletableFuture<>();
        Thread thread =
                Thread.ofVirtual()
                        .name("supplier-" + supplier)
                        .start(
                                () -> {
                                    try {
                                        work(owned, opened);
                                        ended.complete(null);
                                    } catch (RuntimeException | Error e) {
                                        ended.completeExceptionally(e);
                                    }
                                });
        return new LeaseWork.Running() {
            @Override
            public CompletableFuture<Void> ended() {
                return ended;
            }

            @Override
            public void abandon() {
                var unused = opened.thenAccept(SupplierWorker::stop);
                thread.interrupt();
            }

            @Override
            public void drain() {
                var unused = opened.thenAccept(SupplierWorker::stop);
                if (!opened.isDone()) {
                    thread.interrupt();
                }
            }

            @Override
            public boolean isBusy() {
                SupplierWorker worker = opened.getNow(null);
                return worker != null && worker.submitting();
            }
        };
    }

    private void work(OwnedSupplier owned, CompletableFuture<SupplierWorker> opened) {
        SupplierWorker worker = null;
        while (worker == null) {
            try {
                worker = new SupplierWorker(owned, services);
            } catch (RuntimeException e) {
                LOG.warn("work on supplier {} cannot start yet", owned.address(), e);
                try {
                    Thread.sleep(500);
                } catch (InterruptedException stop) {
                    Thread.currentThread().interrupt();
                    opened.cancel(false);
                    return;
                }
            }
        }
        workers.put(owned.address(), worker);
        metrics.registry()
                .counter(
                        "ha_miner_supplier_claimed",
                        "supplier",
                        owned.address(),
                        "instance",
                        settings.instance())
                .increment();
        opened.complete(worker);
        try {
            Block latest = latest();
            if (latest != null) {
                worker.block(latest);
            }
            states.register(owned.address(), "active", "add", "");
            states.publish(owned.address(), height.get());
            worker.run();
        } finally {
            workers.remove(owned.address(), worker);
            metrics.registry()
                    .counter(
                            "ha_miner_supplier_released",
                            "supplier",
                            owned.address(),
                            "instance",
                            settings.instance())
                    .increment();
        }
    }

    private @Nullable Block latest() {
        try {
            return around.blocks().latest();
        } catch (IllegalStateException e) {
            return null;
        }
    }

    // ---- leadership ----------------------------------------------------------------------------

    private void lead(Lease lease) throws InterruptedException {
        LeaderDuties duties =
                new LeaderDuties(
                        around.connections(),
                        around.keys(),
                        around.chain(),
                        calls,
                        new LeaderDuties.Settings(
                                settings.knownApplications(),
                                settings.defaultServiceFactor(),
                                settings.serviceFactors(),
                                settings.cacheLife()),
                        lease::isValid,
                        metrics,
                        clock,
                        settings.blockTime());
        LinkedBlockingQueue<Block> queue = new LinkedBlockingQueue<>(64);
        BlockFeed.Subscription blocks =
                around.blocks()
                        .subscribe(
                                block -> {
                                    if (!queue.offer(block)) {
                                        queue.poll();
                                        metrics.blockDropped();
                                        queue.offer(block);
                                    }
                                });
        Thread watcher = watchBalances();
        try {
            while (true) {
                duties.block(queue.take());
            }
        } finally {
            blocks.close();
            if (watcher != null) {
                watcher.interrupt();
            }
        }
    }

    private @Nullable Thread watchBalances() {
        if (!settings.balances().enabled()) {
            return null;
        }
        BalanceMonitor monitor =
                new BalanceMonitor(
                        this::registered, around.chain(), calls, settings.balances(), metrics);
        return Thread.ofVirtual().name("balance-monitor").start(monitor::run);
    }

    /** Suppliers that some replica of the fleet works for, or has worked for. */
    private Set<String> registered() {
        Set<String> suppliers = new TreeSet<>();
        for (byte[] member :
                around.connections().sync().smembers(utf8(around.keys().supplierRegistryIndex()))) {
            suppliers.add(new String(member, StandardCharsets.UTF_8));
        }
        return suppliers;
    }

    // ---- housekeeping --------------------------------------------------------------------------

    private void keepHouse() {
        Housekeeping house = new Housekeeping();
        while (running.get()) {
            try {
                house.keep();
                TimeUnit.MILLISECONDS.sleep(height.get() == 0 ? 200 : 1000);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            } catch (RuntimeException e) {
                LOG.error("housekeeping failed and goes on", e);
                metrics.recovered("housekeeping");
                LockSupport.parkNanos(HOUSEKEEPING_FAULT_PAUSE.toNanos());
            }
        }
    }

    /** When what is due next; confined to its thread. */
    private final class Housekeeping {
        private long nextReconcile = System.nanoTime();
        private long nextSweep = nextReconcile;
        private long nextMemory = nextReconcile;
        private long nextTick = nextReconcile;
        private Set<String> before = Set.of();

        void keep() {
            long now = System.nanoTime();
            Set<String> held = new TreeSet<>(around.addresses().get());
            if (now - nextReconcile >= 0 || !held.equals(before)) {
                before = held;
                reconcile(held);
                nextReconcile = now + settings.reconcileEvery().toNanos();
            }
            if (now - nextTick >= 0) {
                tick();
                nextTick = now + HOUSEKEEPING.toNanos();
            }
            if (now - nextSweep >= 0) {
                for (String supplier : held) {
                    metrics.pending(supplier, janitor.sweep(supplier));
                }
                metrics.pendingOnly(held);
                nextSweep = now + SWEEP.toNanos();
            }
            if (now - nextMemory >= 0) {
                lookAtMemory();
                nextMemory = now + MEMORY_LOOK.toNanos();
            }
        }
    }

    /** Asks the chain about every key and competes for the suppliers that are, or were, staked. */
    private void reconcile(Set<String> held) {
        Set<String> wanted = new TreeSet<>();
        for (String supplier : held) {
            switch (states.publish(supplier, Math.max(height.get(), 1))) {
                case STAKED, UNKNOWN -> wanted.add(supplier);
                case NOT_STAKED -> {
                    if (hasOpenSessions(supplier)) {
                        wanted.add(supplier);
                    }
                }
            }
        }
        assignment.setResources(wanted);
    }

    private boolean hasOpenSessions(String supplier) {
        try {
            return around.store().hasOpenSessions(supplier);
        } catch (MinerStoreException e) {
            return true;
        }
    }

    private void tick() {
        try {
            RedisKeys keys = around.keys();
            around.connections()
                    .sync()
                    .set(
                            utf8(keys.capabilities(settings.instance())),
                            utf8("{\"commit\":\"leaves\",\"takes_over_pending\":true}"),
                            SetArgs.Builder.px(
                                    settings.supplierLease().timeToLive().toMillis() * 3));
            addKnown("applications", metApplications);
            addKnown("services", metServices);
        } catch (RedisException e) {
            LOG.warn("housekeeping in Redis failed; it is repeated: {}", e.getMessage());
        }
        showLeadership(election.isLeader());
        set("ha_miner_supplier_claimed_count", workers.size());
        int members = Math.max(1, assignment.members().size());
        set(
                "ha_miner_supplier_fair_share",
                (around.addresses().get().size() + members - 1) / members);
        set("ha_miner_supplier_manager_suppliers_active", workers.size());
    }

    private final Map<String, AtomicLong> gauges = new ConcurrentHashMap<>();

    private void set(String name, long value) {
        gauges.computeIfAbsent(
                        name,
                        n -> {
                            AtomicLong number = new AtomicLong();
                            Tags tags =
                                    n.endsWith("suppliers_active") || n.startsWith("ha_cache")
                                            ? Tags.empty()
                                            : Tags.of("instance", settings.instance());
                            metrics.registry().gauge(n, tags, number);
                            return number;
                        })
                .set(value);
    }

    private void showLeadership(boolean leading) {
        set("ha_miner_leader_status", leading ? 1 : 0);
        set("ha_cache_orchestrator_leader_status", leading ? 1 : 0);
    }

    private void addKnown(String plural, Set<String> members) {
        if (!members.isEmpty()) {
            around.connections()
                    .sync()
                    .sadd(
                            utf8(around.keys().known(plural)),
                            members.stream().map(MinerNode::utf8).toArray(byte[][]::new));
        }
    }

    private final AtomicLong usedMemory = new AtomicLong();
    private final AtomicLong maxMemory = new AtomicLong();
    private boolean memoryRegistered;

    private void lookAtMemory() {
        try {
            Map<String, String> info =
                    RedisServerCheck.parse(around.connections().sync().info("memory"));
            long used = Long.parseLong(info.getOrDefault("used_memory", "0"));
            long max = Long.parseLong(info.getOrDefault("maxmemory", "0"));
            usedMemory.set(used);
            maxMemory.set(max);
            if (!memoryRegistered) {
                memoryRegistered = true;
                metrics.registry().gauge("ha_miner_redis_used_memory_bytes", usedMemory);
                metrics.registry().gauge("ha_miner_redis_max_memory_bytes", maxMemory);
                metrics.registry()
                        .gauge(
                                "ha_miner_redis_memory_usage_ratio",
                                maxMemory,
                                m -> m.get() == 0 ? -1 : (double) usedMemory.get() / m.get());
            }
            if (max > 0 && used > 0.9 * max) {
                LOG.warn(
                        "Redis uses {} of {} bytes; when it is full, relays are no longer stored",
                        used,
                        max);
            }
        } catch (RedisException | NumberFormatException e) {
            LOG.warn("the memory of Redis cannot be read: {}", e.getMessage());
        }
    }

    private final class Signals implements SessionSignals {
        @Override
        public void sealed(String supplier, String sessionId) {
            try {
                byte[] message = new MeterId(sessionId, supplier).encode();
                RedisKeys keys = around.keys();
                var unused =
                        around.connections()
                                .async()
                                .publish(utf8(keys.meterCleanupChannel()), message);
                if (!keys.meterCleanupChannel().equals(keys.meterCleanupChannelOfMeterBase())) {
                    unused =
                            around.connections()
                                    .async()
                                    .publish(utf8(keys.meterCleanupChannelOfMeterBase()), message);
                }
            } catch (RedisException e) {
                LOG.debug("the clean-up of a meter was not announced", e);
            }
        }

        @Override
        public void met(String application, String service) {
            try {
                if (metApplications.add(application)) {
                    var unused =
                            around.connections()
                                    .async()
                                    .sadd(
                                            utf8(around.keys().known("applications")),
                                            utf8(application));
                }
                if (metServices.add(service)) {
                    var unused =
                            around.connections()
                                    .async()
                                    .sadd(utf8(around.keys().known("services")), utf8(service));
                }
            } catch (RedisException e) {
                LOG.debug("a known entity was not added", e);
            }
        }
    }

    /** Counts what happens to leases. */
    private final class Reports implements LeaseListener {
        private final String kind;

        Reports(String kind) {
            this.kind = kind;
        }

        @Override
        public void acquired(Lease lease) {
            if (kind.equals("leader")) {
                metrics.registry()
                        .counter("ha_miner_leader_elections", "instance", settings.instance())
                        .increment();
                showLeadership(true);
            }
        }

        @Override
        public void lost(Lease lease, Renewal why) {
            LOG.warn("the lease of {} was lost: {}", lease.resource(), why);
            if (kind.equals("leader")) {
                metrics.registry()
                        .counter("ha_miner_leader_losses", "instance", settings.instance())
                        .increment();
                showLeadership(false);
            }
        }

        @Override
        public void endedByItself(Lease lease) {
            metrics.recovered(kind.equals("leader") ? "leader" : "supplier_worker");
        }

        @Override
        public void storeFailed(String operation, LeaseStoreException failure) {
            LOG.warn(
                    "Redis did not answer {} of {} leases: {}",
                    operation,
                    kind,
                    failure.getMessage());
            if (kind.equals("leader")) {
                metrics.leaseNotHeld(settings.instance(), operation, failure.reason());
            }
        }
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Hands over within a bounded time: work, leases, leadership. */
    @Override
    public void close() {
        close(Duration.ofSeconds(20));
    }

    /**
     * Hands over in order.
     *
     * @param limit how long work may take to end; what takes longer is abandoned and its lease
     *     expires
     */
    public void close(Duration limit) {
        if (!running.compareAndSet(true, false)) {
            return;
        }
        BlockFeed.Subscription blocks = subscription;
        if (blocks != null) {
            blocks.close();
        }
        Thread keeper = housekeeper;
        if (keeper != null) {
            keeper.interrupt();
        }
        assignment.close(limit);
        election.close(limit);
    }
}
