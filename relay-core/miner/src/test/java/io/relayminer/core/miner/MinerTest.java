package io.relayminer.core.miner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;

import io.relayminer.core.chain.Block;
import io.relayminer.core.chain.BlockFeed;
import io.relayminer.core.chain.ChainQueries;
import io.relayminer.core.chain.RecordingTxSubmitter;
import io.relayminer.core.miner.store.InMemoryMinerStore;
import io.relayminer.core.redis.BlockEvent;
import io.relayminer.core.redis.RedisConnections;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.wire.shared.Supplier;
import io.relayminer.core.wire.shared.SupplierServiceConfig;
import io.relayminer.leader.InMemoryLeaseStore;
import io.relayminer.leader.LeaseKeys;
import io.relayminer.leader.LeaseSettings;
import io.relayminer.leader.LeaseStore;
import io.relayminer.leader.MonotonicClock;
import io.relayminer.testkit.redis.EmbeddedRedis;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;

/** A whole miner with leases and store in memory, on a chain that answers as the test wants. */
class MinerTest {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final LeaseKeys LEADER =
            new LeaseKeys(RedisKeys.plain().globalLeader(), RedisKeys.plain().globalLeaderEpoch());

    private static EmbeddedRedis server;

    private final RedisKeys keys = RedisKeys.plain();
    private final Feed feed = new Feed();
    private final Map<String, AtomicInteger> asked = new ConcurrentHashMap<>();
    private final LeaseStore leases = new InMemoryLeaseStore(MonotonicClock.system());
    private RedisConnections redis;

    /** Blocks that a test announces. */
    private static final class Feed implements BlockFeed {

        private final List<Consumer<Block>> listeners = new CopyOnWriteArrayList<>();
        private volatile Block latest = block(1);

        static Block block(long height) {
            return new Block(
                    height, ByteString.copyFrom(new byte[32]), Instant.ofEpochSecond(height));
        }

        void announce(long height) {
            latest = block(height);
            listeners.forEach(listener -> listener.accept(latest));
        }

        @Override
        public CompletionStage<Block> start() {
            return CompletableFuture.completedFuture(latest);
        }

        @Override
        public Block latest() {
            return latest;
        }

        @Override
        public Duration blockInterval() {
            return Duration.ofSeconds(4);
        }

        @Override
        public Subscription subscribe(Consumer<Block> listener) {
            listeners.add(listener);
            listener.accept(latest);
            return () -> listeners.remove(listener);
        }

        @Override
        public void close() {}
    }

    @BeforeAll
    static void startRedis() {
        server = EmbeddedRedis.start();
    }

    @AfterAll
    static void stopRedis() {
        server.close();
    }

    @BeforeEach
    void connect() {
        redis = RedisConnections.open(server.uri());
        redis.sync().flushall();
    }

    @AfterEach
    void disconnect() {
        redis.close();
    }

    /** Answers by the name of the question; what is not answered stays open for ever. */
    private ChainQueries chain(Map<String, Function<Object, Object>> answers) {
        return (ChainQueries)
                Proxy.newProxyInstance(
                        MinerTest.class.getClassLoader(),
                        new Class<?>[] {ChainQueries.class},
                        (proxy, method, arguments) -> {
                            asked.computeIfAbsent(method.getName(), n -> new AtomicInteger())
                                    .incrementAndGet();
                            Function<Object, Object> answer = answers.get(method.getName());
                            if (answer == null) {
                                return new CompletableFuture<>();
                            }
                            Object value = answer.apply(arguments == null ? null : arguments[0]);
                            return value instanceof CompletionStage<?>
                                    ? value
                                    : CompletableFuture.completedFuture(value);
                        });
    }

    private Miner.Builder builder(ChainQueries chain, int suppliers) {
        List<SimWorld.Signer> signers = new ArrayList<>();
        for (int i = 0; i < suppliers; i++) {
            signers.add(new SimWorld.Signer("supplier" + i));
        }
        LeaseSettings quick =
                new LeaseSettings(
                        Duration.ofSeconds(30), Duration.ofMillis(50), Duration.ofSeconds(30));
        return Miner.builder(redis)
                .chain(chain, feed)
                .submitter(new RecordingTxSubmitter("pocket"))
                .leases(leases)
                .store(new InMemoryMinerStore(InstantSource.system()))
                .leaseTimes(quick, quick)
                .keys(signers);
    }

    private static Supplier staked(Object address) {
        return Supplier.newBuilder()
                .setOperatorAddress((String) address)
                .addServices(SupplierServiceConfig.newBuilder().setServiceId("svc"))
                .build();
    }

    private void until(String what, Callable<Boolean> condition) {
        Awaitility.await(what).atMost(PATIENCE).until(condition);
    }

    private long announced() {
        byte[] event = redis.sync().get(keys.lastBlock().getBytes(StandardCharsets.UTF_8));
        return event == null ? 0 : BlockEvent.decode(event).height();
    }

    /** Relayers judge by the height whether a relay is late. */
    @Test
    void aCacheThatCannotBeRefreshedHoldsUpNoBlock() {
        ChainQueries chain = chain(Map.of("supplier", address -> Optional.of(staked(address))));
        try (Miner miner =
                builder(chain, 1)
                        .knownApplications(List.of("app1", "app2"))
                        .settings(MinerSettings.DEFAULT)
                        .build()) {
            miner.start();
            until("it leads", () -> miner.health().leading());
            until("the refresh waits", () -> asked.containsKey("sharedParams"));
            for (long height = 2; height <= 6; height++) {
                long now = height;
                feed.announce(now);
                until("block " + now + " is announced", () -> announced() == now);
            }
            assertFalse(asked.containsKey("proofParams"), "the refresh waits still");
        }
    }

    @Test
    void aTermThatFailsBeginsAgainAndIsCounted() {
        AtomicInteger failures = new AtomicInteger();
        ChainQueries chain =
                chain(
                        Map.of(
                                "supplier",
                                address -> Optional.of(staked(address)),
                                "sharedParams",
                                none -> {
                                    if (failures.incrementAndGet() <= 2) {
                                        throw new IllegalStateException("a fault of the leader's");
                                    }
                                    return new CompletableFuture<>();
                                }));
        try (Miner miner = builder(chain, 1).build()) {
            miner.start();
            until("it has failed and begun again", () -> failures.get() >= 3);
            until("it leads", () -> miner.health().leading());
            feed.announce(7);
            until("block 7 is announced", () -> announced() == 7);
            assertTrue(
                    miner.registry()
                                    .get("ha_panic_recoveries")
                                    .tags("component", "leader")
                                    .counter()
                                    .count()
                            >= 1);
        }
    }

    /** None is answered before sixteen are asked. */
    @Test
    void theChainIsAskedAboutManyKeysAtOnce() {
        CompletableFuture<Boolean> enough = new CompletableFuture<>();
        AtomicInteger questions = new AtomicInteger();
        ChainQueries chain =
                chain(
                        Map.of(
                                "supplier",
                                address -> {
                                    if (questions.incrementAndGet() == 16) {
                                        enough.complete(true);
                                    }
                                    return enough.thenApply(now -> Optional.of(staked(address)));
                                }));
        try (Miner miner = builder(chain, 40).build()) {
            miner.start();
            until("all are owned", () -> miner.health().suppliers().size() == 40);
        }
    }

    @Test
    void aStandbyBelievesWhatTheOwnerHasPublished() {
        assertTrue(leases.acquire(LEADER, "another", Duration.ofMinutes(5)).isPresent());
        for (int i = 0; i < 20; i++) {
            redis.sync()
                    .set(
                            keys.supplierState("supplier" + i).getBytes(StandardCharsets.UTF_8),
                            SupplierStates.of(
                                            staked("supplier" + i),
                                            1,
                                            Instant.now().getEpochSecond(),
                                            "another")
                                    .encode());
        }
        ChainQueries chain = chain(Map.of("supplier", address -> Optional.of(staked(address))));
        try (Miner miner = builder(chain, 20).build()) {
            miner.start();
            until("it has reconciled", () -> redis.sync().keys("ha:miner:caps:*").size() == 1);
            assertFalse(asked.containsKey("supplier"), asked::toString);
            assertEquals(Set.of(), miner.health().suppliers());
        }
    }

    @Test
    void aMinerIsStartedOnceAndSaysHowItStands() {
        ChainQueries chain = chain(Map.of("supplier", address -> Optional.of(staked(address))));
        Miner miner = builder(chain, 2).instance("me").build();
        assertEquals(Optional.of("stopping"), miner.health().problem(PATIENCE));
        miner.start();
        assertThrows(IllegalStateException.class, miner::start);
        until("it owns", () -> miner.health().suppliers().size() == 2);
        assertEquals("me", miner.health().instance());
        assertEquals(Optional.empty(), miner.health().problem(PATIENCE));
        assertEquals(Optional.of("no block for 0 s"), miner.health().problem(Duration.ofNanos(1)));
        miner.drain(PATIENCE);
        miner.drain(PATIENCE);
        assertEquals(Set.of(), miner.health().suppliers());
        assertTrue(leases.holder(LEADER).isEmpty(), "leadership was given back");
        miner.close();
    }
}
