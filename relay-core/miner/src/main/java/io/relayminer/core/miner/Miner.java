package io.relayminer.core.miner;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.relayminer.core.chain.Block;
import io.relayminer.core.chain.BlockFeed;
import io.relayminer.core.chain.ChainClient;
import io.relayminer.core.chain.ChainQueries;
import io.relayminer.core.chain.TxSettings;
import io.relayminer.core.chain.TxSubmitter;
import io.relayminer.core.miner.redis.RedisMinerStore;
import io.relayminer.core.miner.redis.RedisMinerStoreSettings;
import io.relayminer.core.miner.store.MinerStore;
import io.relayminer.core.miner.store.MinerStoreListener;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.tx.TxSigner;
import io.relayminer.leader.AssignmentStrategy;
import io.relayminer.leader.InstanceId;
import io.relayminer.leader.LeaderElection;
import io.relayminer.leader.LeaseAssignment;
import io.relayminer.leader.LeaseKeys;
import io.relayminer.leader.LeaseSettings;
import io.relayminer.leader.LeaseStore;
import io.relayminer.leader.LeaseWork;
import io.relayminer.leader.MembershipKeys;
import io.relayminer.leader.RedisLeaseStore;

import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * One replica of the miner: competes for suppliers, turns the relays of those it owns into claims
 * and proofs, tells relayers about its keys, and does the fleet's shared work while it leads.
 *
 * <pre>{@code
 * ChainClient chain = ChainClient.open(settings);
 * RedisConnections redis = RedisConnections.open("redis://localhost:6379");
 * try (Miner miner = Miner.builder(redis).chain(chain).keys(signers).build()) {
 *     chain.blocks().start();
 *     miner.start();
 *     ...
 *     miner.drain(Duration.ofSeconds(20));
 * }
 * }</pre>
 *
 * <p>What is given to the builder stays the caller's to close, after the miner; what the builder
 * makes because it was not given is the miner's. Safe for use by any thread.
 */
public final class Miner implements AutoCloseable {

    private static final Duration CLOSING = Duration.ofSeconds(20);

    private final Builder made;
    private final MinerStore store;
    private final MinerMetrics metrics;
    private final NodeGauges gauges;
    private final SupplierWork work;
    private final LeaderElection election;
    private final LeaseAssignment assignment;
    private final Housekeeper housekeeper;
    private final List<AutoCloseable> own = new ArrayList<>();
    private final @Nullable BlockHealth blockHealth;
    private final AtomicLong height = new AtomicLong();
    private final AtomicReference<State> state = new AtomicReference<>(State.NEW);
    private final AtomicLong lastBlockNanos = new AtomicLong(System.nanoTime());
    private BlockFeed.@Nullable Subscription subscription;

    private enum State {
        NEW,
        RUNNING,
        DRAINED
    }

    /** How suppliers are spread over replicas. */
    public enum Assignment {
        /** The leader works on all suppliers, the others stand by. */
        LEADER,
        /** Each replica works on its fair share. */
        FAIR_SHARE
    }

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
            int stakeCriticalProofs) {

        /** No watch. */
        public static final BalanceWatch OFF =
                new BalanceWatch(false, Duration.ofMinutes(5), 0, 0, 0);
    }

    /**
     * How a replica stands.
     *
     * @param instance its id
     * @param running whether it was started and not drained
     * @param leading whether it does the fleet's shared work
     * @param height newest block seen, 0 before the first
     * @param sinceBlock time since that block was seen, or since the miner was made
     * @param suppliers operator addresses it works for
     */
    public record Health(
            String instance,
            boolean running,
            boolean leading,
            long height,
            Duration sinceBlock,
            Set<String> suppliers) {

        /**
         * What is wrong, for a readiness check: it does not run, or sees no blocks.
         *
         * @param blockLimit time without a block that is too long
         * @return empty if nothing is wrong
         */
        public Optional<String> problem(Duration blockLimit) {
            if (!running) {
                return Optional.of("stopping");
            }
            if (height == 0) {
                return Optional.of("no block was seen yet");
            }
            return sinceBlock.compareTo(blockLimit) > 0
                    ? Optional.of("no block for " + sinceBlock.toSeconds() + " s")
                    : Optional.empty();
        }
    }

    /**
     * Makes a miner. Needed are the chain ({@link #chain(ChainClient)}, or {@link
     * #chain(ChainQueries, BlockFeed)} with a {@link #submitter}) and {@link #keys}; everything
     * else has a default that works. Confined to a thread.
     */
    public static final class Builder {

        final RedisConnections redis;
        RedisKeys names = RedisKeys.plain();
        String instance = InstanceId.ofThisStart();
        @Nullable MinerStore store;
        @Nullable LeaseStore leases;
        @Nullable ChainQueries queries;
        @Nullable BlockFeed blocks;
        @Nullable ChainClient client;
        @Nullable TxSubmitter submitter;
        Function<String, Optional<? extends TxSigner>> signers = address -> Optional.empty();
        Supplier<? extends Set<String>> addresses = Set::of;
        MinerSettings work = MinerSettings.DEFAULT;
        Assignment assignment = Assignment.LEADER;
        LeaseSettings supplierLease = LeaseSettings.DEFAULT;
        LeaseSettings leaderLease = LeaseSettings.DEFAULT;
        Duration reconcileEvery = Duration.ofMinutes(1);
        List<String> knownApplications = List.of();
        ServiceFactors factors = new ServiceFactors(0, Map.of(), Duration.ofMinutes(10));
        Duration blockTime = Duration.ofSeconds(60);
        Duration slowBlock = Duration.ZERO;
        BalanceWatch balances = BalanceWatch.OFF;
        MeterRegistry registry = new SimpleMeterRegistry();
        InstantSource clock = InstantSource.system();

        private Builder(RedisConnections redis) {
            this.redis = redis;
        }

        /** Names of keys in Redis; the plain layout of the default namespace if not given. */
        public Builder names(RedisKeys keys) {
            names = keys;
            return this;
        }

        /** Id of this process start, unique for ever; made up if not given. */
        public Builder instance(String unique) {
            instance = unique;
            return this;
        }

        /**
         * What is kept of suppliers; {@link RedisMinerStore} with its defaults if not given. It
         * must know this process by the {@link #instance}.
         */
        public Builder store(MinerStore keeps) {
            store = keeps;
            return this;
        }

        /** Where leases and live replicas are kept; {@link RedisLeaseStore} if not given. */
        public Builder leases(LeaseStore keeps) {
            leases = keeps;
            return this;
        }

        /**
         * The chain: questions, blocks, and transactions with {@link TxSettings#DEFAULT} unless a
         * {@link #submitter} is given. The caller starts the feed.
         */
        public Builder chain(ChainClient chain) {
            client = chain;
            return chain(chain.queries(), chain.blocks());
        }

        /** Questions to the chain, and its blocks, whose feed the caller starts. */
        public Builder chain(ChainQueries asks, BlockFeed follows) {
            queries = asks;
            blocks = follows;
            return this;
        }

        /** What brings claims and proofs onto the chain. */
        public Builder submitter(TxSubmitter sends) {
            submitter = sends;
            return this;
        }

        /** The keys of suppliers, which stay the same ones. */
        public Builder keys(Collection<? extends TxSigner> all) {
            Map<String, TxSigner> byAddress = new LinkedHashMap<>();
            all.forEach(signer -> byAddress.put(signer.address(), signer));
            return keys(address -> Optional.ofNullable(byAddress.get(address)), byAddress::keySet);
        }

        /**
         * The keys of suppliers, which may change while the miner runs. Asked on any thread.
         *
         * @param find key of a supplier by its operator address
         * @param all operator addresses whose keys are held at the moment
         */
        public Builder keys(
                Function<String, Optional<? extends TxSigner>> find,
                Supplier<? extends Set<String>> all) {
            signers = find;
            addresses = all;
            return this;
        }

        /** How suppliers are worked on; {@link MinerSettings#DEFAULT} if not given. */
        public Builder settings(MinerSettings settings) {
            work = settings;
            return this;
        }

        /** How suppliers are spread over replicas; {@link Assignment#LEADER} if not given. */
        public Builder assignment(Assignment spread) {
            assignment = spread;
            return this;
        }

        /** Times of the leases of suppliers and of the leader. */
        public Builder leaseTimes(LeaseSettings supplier, LeaseSettings leader) {
            supplierLease = supplier;
            leaderLease = leader;
            return this;
        }

        /** How often the chain is asked about the suppliers; a minute if not given. */
        public Builder reconcileEvery(Duration pause) {
            reconcileEvery = pause;
            return this;
        }

        /** Applications that the leader keeps in the fleet's caches from the start. */
        public Builder knownApplications(List<String> addresses) {
            knownApplications = List.copyOf(addresses);
            return this;
        }

        /** Service factors that the leader publishes. */
        public Builder serviceFactors(ServiceFactors published) {
            factors = published;
            return this;
        }

        /**
         * Times between blocks.
         *
         * @param expected what is usual, for times to live; a minute if not given
         * @param slow above which a block is counted as slow; zero counts none
         */
        public Builder blockTimes(Duration expected, Duration slow) {
            blockTime = expected;
            slowBlock = slow;
            return this;
        }

        /** How balances and stakes are watched; not at all if not given. */
        public Builder balances(BalanceWatch watch) {
            balances = watch;
            return this;
        }

        /** Where the miner reports; a registry of its own if not given. */
        public Builder registry(MeterRegistry reports) {
            registry = reports;
            return this;
        }

        /** Wall clock, for time stamps only. */
        public Builder clock(InstantSource wall) {
            clock = wall;
            return this;
        }

        /**
         * A miner that does nothing yet.
         *
         * @throws IllegalStateException naming what is needed and was not given
         */
        public Miner build() {
            return new Miner(this);
        }

        private <T> T needed(@Nullable T given, String what) {
            if (given == null) {
                throw new IllegalStateException("a miner needs " + what);
            }
            return given;
        }

        TxSubmitter openSubmitter(List<AutoCloseable> own) {
            if (submitter != null) {
                return submitter;
            }
            TxSubmitter opened =
                    needed(client, "chain(ChainClient), or a submitter")
                            .submitter(TxSettings.DEFAULT);
            own.add(opened);
            return opened;
        }

        MinerStore openStore(List<AutoCloseable> own) {
            if (store != null) {
                return store;
            }
            MinerStore opened =
                    new RedisMinerStore(
                            redis,
                            names,
                            instance,
                            RedisMinerStoreSettings.DEFAULT,
                            countingIn(registry),
                            clock);
            own.add(opened);
            return opened;
        }

        LeaseStore openLeases(List<AutoCloseable> own) {
            if (leases != null) {
                return leases;
            }
            LeaseStore opened =
                    new RedisLeaseStore(
                            redis.async(),
                            new MembershipKeys(names.activeMiners(), names::instance),
                            clock,
                            Duration.ofSeconds(10));
            own.add(opened);
            return opened;
        }
    }

    /**
     * Begins to make a miner.
     *
     * @param redis open connections to the Redis that relayers and miners share
     */
    public static Builder builder(RedisConnections redis) {
        return new Builder(redis);
    }

    /** Counts and times in a registry what a miner's store does; for a store of one's own. */
    public static MinerStoreListener countingIn(MeterRegistry registry) {
        return new StoreMetrics(registry);
    }

    private Miner(Builder made) {
        this.made = made;
        ChainQueries chain = made.needed(made.queries, "a chain");
        BlockFeed blocks = made.needed(made.blocks, "a feed of blocks");
        this.metrics = new MinerMetrics(made.registry);
        this.gauges = new NodeGauges(made.registry, made.instance);
        this.blockHealth =
                made.slowBlock.isZero() ? null : new BlockHealth(made.slowBlock, made.registry);
        this.store = made.openStore(own);
        LeaseStore leases = made.openLeases(own);
        ChainCalls calls = new ChainCalls(made.work.chainTimeout());
        SessionConstantsSource constants = new SessionConstantsSource(chain, calls);
        constants.show(made.registry);
        FleetNotices notices = new FleetNotices(made.redis, made.names);
        SupplierStates states =
                new SupplierStates(
                        made.redis,
                        made.names,
                        chain,
                        calls,
                        made.instance,
                        made.clock,
                        metrics,
                        made.reconcileEvery.multipliedBy(2));
        this.work =
                new SupplierWork(
                        made.signers,
                        new SupplierWorker.Services(
                                store,
                                constants,
                                chain,
                                made.openSubmitter(own),
                                calls,
                                notices,
                                blocks::blockInterval,
                                made.work,
                                metrics,
                                made.clock),
                        states,
                        gauges,
                        () -> latest(blocks));
        LeaseKeys leaderKeys =
                new LeaseKeys(made.names.globalLeader(), made.names.globalLeaderEpoch());
        Leadership leadership = new Leadership(made, chain, blocks, calls, metrics, notices);
        this.election =
                LeaderElection.builder(leases, leaderKeys, LeaseWork.onThread(leadership::lead))
                        .settings(made.leaderLease)
                        .instance(made.instance)
                        .listener(new LeaseReports("leader", metrics, gauges, made.instance))
                        .build();
        this.assignment =
                LeaseAssignment.builder(leases, work::own)
                        .settings(made.supplierLease)
                        .instance(made.instance)
                        .keys(
                                supplier ->
                                        new LeaseKeys(
                                                made.names.lease(supplier),
                                                made.names.leaseEpoch(supplier)))
                        .strategy(
                                made.assignment == Assignment.LEADER
                                        ? AssignmentStrategy.leader(() -> leases.holder(leaderKeys))
                                        : AssignmentStrategy.fairShare())
                        .listener(new LeaseReports("supplier", metrics, gauges, made.instance))
                        .build();
        this.housekeeper =
                new Housekeeper(
                        made,
                        store,
                        states,
                        notices,
                        work,
                        election,
                        assignment,
                        metrics,
                        gauges,
                        chain,
                        calls,
                        blocks::blockInterval);
    }

    private static Optional<Block> latest(BlockFeed blocks) {
        try {
            return Optional.of(blocks.latest());
        } catch (IllegalStateException e) {
            return Optional.empty();
        }
    }

    /**
     * Starts to compete for leadership and suppliers, and returns at once.
     *
     * @throws IllegalStateException if it was started before
     */
    public void start() {
        if (!state.compareAndSet(State.NEW, State.RUNNING)) {
            throw new IllegalStateException("the miner was started already");
        }
        BlockFeed blocks = made.needed(made.blocks, "a feed of blocks");
        metrics.blockTimes(made.blockTime, blocks::blockInterval);
        subscription = blocks.subscribe(this::block);
        housekeeper.start(height::get);
        election.start();
        assignment.start();
    }

    private void block(Block block) {
        long highest = height.accumulateAndGet(block.height(), Math::max);
        long now = System.nanoTime();
        lastBlockNanos.set(now);
        metrics.block(highest);
        if (blockHealth != null) {
            blockHealth.block(block.height(), now);
        }
        work.block(block);
    }

    /** How it stands. */
    public Health health() {
        return new Health(
                made.instance,
                state.get() == State.RUNNING,
                election.isLeader(),
                height.get(),
                Duration.ofNanos(System.nanoTime() - lastBlockNanos.get()),
                work.suppliers());
    }

    /** Where it reports. */
    public MeterRegistry registry() {
        return made.registry;
    }

    /**
     * Hands over in order: work first, then leases, then leadership. A second call does nothing.
     *
     * @param limit how long work may take to end; what takes longer is abandoned and its lease
     *     expires
     */
    public void drain(Duration limit) {
        if (state.getAndSet(State.DRAINED) != State.RUNNING) {
            return;
        }
        BlockFeed.Subscription blocks = subscription;
        if (blocks != null) {
            blocks.close();
        }
        housekeeper.stop();
        assignment.close(limit);
        election.close(limit);
    }

    /** Drains within 20 seconds, if that was not done, and closes what the builder has made. */
    @Override
    public void close() {
        drain(CLOSING);
        for (AutoCloseable each : own.reversed()) {
            try {
                each.close();
            } catch (Exception e) {
                LoggerFactory.getLogger(Miner.class).warn("a part did not close", e);
            }
        }
        own.clear();
    }
}
