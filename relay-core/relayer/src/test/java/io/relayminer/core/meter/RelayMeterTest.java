package io.relayminer.core.meter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** The meter against a counter in memory that can fail and delay. */
class RelayMeterTest {

    private static final long COST = 100;
    private static final RelayPrice PRICE = new RelayPrice(COST, 1);

    private final AtomicLong nanos = new AtomicLong(1);
    private final FakeStore store = new FakeStore();
    private final FakeFactors factors = new FakeFactors();
    private final Recorder recorder = new Recorder();

    @Test
    void servesUntilTheLimitIsReachedExactlyAndNoFurther() {
        RelayMeter meter = meter(true, 32);
        MeteredSession session = session("s1", "sup1", 2 * COST);
        assertAllowed(meter, session);
        assertAllowed(meter, session);
        assertOver(meter, session);
        assertEquals(
                2 * COST, store.consumed("s1", "sup1"), "nothing beyond the limit is ever counted");
        assertEquals(2, recorder.within.get());
        assertEquals(1, recorder.over.get());
    }

    @Test
    void countsAQuietSessionRelayByRelay() {
        RelayMeter meter = meter(true, 32);
        MeteredSession session = session("s1", "sup1", 1_000_000);
        assertAllowed(meter, session);
        assertEquals(COST, store.consumed("s1", "sup1"));
    }

    @Test
    void aBusySessionCostsFewRoundTrips() {
        RelayMeter meter = meter(true, 32);
        MeteredSession session = session("s1", "sup1", 100_000_000);
        for (int i = 0; i < 1_000; i++) {
            assertAllowed(meter, session);
        }
        assertTrue(
                store.exchanges.get() <= 1_000 / 16 + 8, "round trips: " + store.exchanges.get());
        long inUse = store.consumed("s1", "sup1");
        assertTrue(inUse >= 1_000 * COST && inUse <= 1_064 * COST, "consumed: " + inUse);
    }

    @Test
    void leasesShrinkNearTheLimitSoThatReplicasShareTheRest() {
        RelayMeter one = meter(true, 64);
        RelayMeter two = meter(true, 64);
        MeteredSession session = session("s1", "sup1", 1_000 * COST);
        int served = 0;
        for (int i = 0; i < 1_000; i++) {
            served +=
                    one.reserve(session).toCompletableFuture().join()
                                    instanceof MeterDecision.Allowed
                            ? 1
                            : 0;
            served +=
                    two.reserve(session).toCompletableFuture().join()
                                    instanceof MeterDecision.Allowed
                            ? 1
                            : 0;
        }
        assertEquals(1_000, served);
        assertEquals(1_000 * COST, store.consumed("s1", "sup1"));
    }

    @Test
    void aRefundedRelayCanBeSpentAgain() {
        RelayMeter meter = meter(true, 1);
        MeteredSession session = session("s1", "sup1", COST);
        MeterDecision.Allowed allowed = assertAllowed(meter, session);
        assertOver(meter, session);
        allowed.reservation().refund();
        allowed.reservation().refund();
        assertAllowed(meter, session);
        assertOver(meter, session);
    }

    @Test
    void countersOfSuppliersAreIndependent() {
        RelayMeter meter = meter(true, 1);
        assertAllowed(meter, session("s1", "sup1", COST));
        assertAllowed(meter, session("s1", "sup2", COST));
        assertOver(meter, session("s1", "sup1", COST));
        assertOver(meter, session("s1", "sup2", COST));
    }

    @Test
    void freeRelaysTouchNothing() {
        RelayMeter meter = meter(false, 1);
        MeteredSession session =
                new MeteredSession("s1", "sup1", "app", "eth", 10, RelayPrice.FREE, 0, 0);
        assertAllowed(meter, session);
        assertEquals(0, store.exchanges.get());
    }

    @Test
    void anUnreachableCounterLetsRelaysThroughOrRefusesThemAsConfigured() {
        store.down = true;
        assertAllowed(meter(true, 8), session("s1", "sup1", COST));
        MeterDecision closed =
                meter(false, 8).reserve(session("s1", "sup1", COST)).toCompletableFuture().join();
        assertInstanceOf(MeterDecision.Unavailable.class, closed);
        assertEquals(List.of("increment consumed", "increment consumed"), recorder.failures);
    }

    @Test
    void anOutageCostsOneAttemptPerSecond() {
        RelayMeter meter = meter(true, 8);
        store.down = true;
        for (int i = 0; i < 50; i++) {
            assertAllowed(meter, session("s1", "sup1", COST));
        }
        assertEquals(1, store.exchanges.get());
        nanos.addAndGet(TimeUnit.SECONDS.toNanos(2));
        store.down = false;
        assertAllowed(meter, session("s1", "sup1", COST));
        assertEquals(COST, store.consumed("s1", "sup1"));
    }

    @Test
    void anUnreadableFactorIsAFailureOfTheSessionMeter() {
        factors.failure = new IllegalStateException("down");
        assertInstanceOf(
                MeterDecision.Unavailable.class,
                meter(false, 8).reserve(session("s1", "sup1", COST)).toCompletableFuture().join());
        assertEquals(List.of("get session meter"), recorder.failures);
    }

    @Test
    void aNewFactorTakesEffectAtOnceAndReturnsWhatWasLeased() {
        RelayMeter meter = meter(true, 8);
        MeteredSession session =
                new MeteredSession(
                        "s1", "sup1", "app", "eth", 10, PRICE, 60_000_000_000L, 1_000 * COST);
        factors.factor = 0.5;
        for (int i = 0; i < 5; i++) {
            assertAllowed(meter, session);
        }
        assertEquals(30_000_000_000L, store.lastTerms("s1", "sup1").limit());
        factors.factor = 0.1;
        assertAllowed(meter, session);
        assertEquals(6_000_000_000L, store.lastTerms("s1", "sup1").limit());
        assertEquals(0.1, store.lastTerms("s1", "sup1").serviceFactor());
        meter.close();
        assertEquals(
                6 * COST,
                store.consumed("s1", "sup1"),
                "only relays that were served stay counted");
    }

    @Test
    void aHigherLimitLiftsARefusalThatIsStillRemembered() {
        RelayMeter meter = meter(true, 8);
        MeteredSession session =
                new MeteredSession("s1", "sup1", "app", "eth", 10, PRICE, 1_000 * COST, COST);
        assertAllowed(meter, session);
        assertOver(meter, session);
        factors.factor = 1.0;
        assertAllowed(meter, session);
    }

    @Test
    void aRememberedRefusalIsReconsideredAfterASecond() {
        RelayMeter meter = meter(true, 8);
        MeteredSession session = session("s1", "sup1", COST);
        assertAllowed(meter, session);
        assertOver(meter, session);
        int asked = store.exchanges.get();
        assertOver(meter, session);
        assertEquals(asked, store.exchanges.get(), "the answer is believed for a second");
        store.reset("s1", "sup1"); // another relayer returned its lease
        nanos.addAndGet(TimeUnit.SECONDS.toNanos(2));
        assertAllowed(meter, session);
    }

    @Test
    void idleLeasesGoBackAndSessionsLongOverAreForgotten() {
        RelayMeter meter = meter(true, 32);
        MeteredSession session = session("s1", "sup1", 100_000_000);
        for (int i = 0; i < 10; i++) {
            assertAllowed(meter, session);
        }
        assertTrue(meter.leased() > 0);
        meter.sweep(5);
        meter.sweep(5);
        assertEquals(0, meter.leased());
        assertEquals(10 * COST, store.consumed("s1", "sup1"));
        assertEquals(1, recorder.active.get("sup1"));
        meter.sweep(10 + 100 + 1);
        assertEquals(0, recorder.active.get("sup1"), "a pair that is gone is reported as zero");
    }

    @Test
    void cleanupForgetsTheLeaseAndTheCounter() {
        RelayMeter meter = meter(true, 32);
        assertAllowed(meter, session("s1", "sup1", 100_000_000));
        meter.cleanup("s1", "sup1");
        assertEquals(0, store.consumed("s1", "sup1"));
        assertEquals(0, meter.leased());
    }

    @Test
    void aClosedMeterRefusesAndHasReturnedEverything() {
        RelayMeter meter = meter(true, 32);
        MeteredSession session = session("s1", "sup1", 100_000_000);
        for (int i = 0; i < 20; i++) {
            assertAllowed(meter, session);
        }
        meter.close();
        assertEquals(20 * COST, store.consumed("s1", "sup1"));
        assertInstanceOf(
                MeterDecision.Unavailable.class,
                meter.reserve(session).toCompletableFuture().join());
    }

    /** 1 and 6 compute units cost less than one upokt, 7 a little more, 100 a fraction as well. */
    @ParameterizedTest
    @CsvSource({"1, 1", "1, 32", "6, 1", "6, 32", "7, 1", "7, 32", "100, 1", "100, 32"})
    void relaysThatCostAFractionReachTheLimitWhereTheyShould(long computeUnits, int leaseRelays) {
        RelayMeter meter = meter(true, leaseRelays);
        long limit = 1_000;
        MeteredSession session =
                new MeteredSession(
                        "s1",
                        "sup1",
                        "app",
                        "eth",
                        10,
                        RelayPrice.of(computeUnits, 145_990, 1_000_000),
                        limit * 100,
                        limit);
        long paid = limit * 1_000_000 / (computeUnits * 145_990);
        long served = 0;
        while (meter.reserve(session).toCompletableFuture().join()
                instanceof MeterDecision.Allowed) {
            served++;
            assertTrue(served <= paid, "served " + served + " of " + paid);
        }
        assertTrue(served >= paid - 1, "served " + served + " of " + paid);
        meter.close();
        assertTrue(store.consumed("s1", "sup1") <= limit);
    }

    @Test
    void whatIsLeftOfACheapLeaseGoesBackInWholeUpokt() {
        RelayMeter meter = meter(true, 64);
        MeteredSession session =
                new MeteredSession(
                        "s1",
                        "sup1",
                        "app",
                        "eth",
                        10,
                        RelayPrice.of(6, 145_990, 1_000_000),
                        1_000_000,
                        10_000);
        for (int i = 0; i < 100; i++) {
            assertAllowed(meter, session);
        }
        meter.close();
        assertEquals(88, store.consumed("s1", "sup1"), "100 relays cost 87.594 upokt");
    }

    /** The request arrived and its reply did not. */
    @Test
    void aLostReplyIsNeitherChargedNorGivenBackTwice() {
        RelayMeter meter = meter(false, 8);
        MeteredSession session =
                new MeteredSession("s1", "sup1", "app", "eth", 10, PRICE, 1_000 * COST, 500 * COST);
        int served = 0;
        for (int i = 0; i < 200; i++) {
            if (i % 7 == 3) {
                store.losingReplies = 1;
            }
            if (i % 20 == 10) {
                factors.factor = factors.factor == 0 ? 0.5 : 0; // the lease goes back
            }
            if (i % 50 == 25) {
                meter.sweep(5);
                meter.sweep(5);
            }
            nanos.addAndGet(TimeUnit.SECONDS.toNanos(2));
            served +=
                    meter.reserve(session).toCompletableFuture().join()
                                    instanceof MeterDecision.Allowed
                            ? 1
                            : 0;
        }
        store.losingReplies = 0;
        meter.close();
        assertTrue(served > 100);
        assertEquals(served * COST, store.consumed("s1", "sup1"));
    }

    @Test
    void aRequestThatMayHaveArrivedIsSettledBeforeTheLeaseGoesBack() {
        RelayMeter meter = meter(true, 8);
        MeteredSession session = session("s1", "sup1", 1_000 * COST);
        assertAllowed(meter, session);
        store.losingReplies = 1;
        assertAllowed(meter, session); // uncounted here, but the request arrived
        assertEquals(3 * COST, store.consumed("s1", "sup1"));
        meter.close();
        assertEquals(COST, store.consumed("s1", "sup1"));
    }

    @Test
    void aStakeThatChangesTakesEffectAtOnce() {
        RelayMeter meter = meter(true, 8);
        MeteredSession before =
                new MeteredSession("s1", "sup1", "app", "eth", 10, PRICE, 1_000 * COST, 2 * COST);
        assertAllowed(meter, before);
        assertAllowed(meter, before);
        assertOver(meter, before);
        MeteredSession after =
                new MeteredSession("s1", "sup1", "app", "eth", 10, PRICE, 2_000 * COST, 4 * COST);
        assertAllowed(meter, after);
        assertAllowed(meter, after);
        assertOver(meter, after);
        assertEquals(2_000 * COST, store.lastTerms("s1", "sup1").applicationStake());
        assertEquals(4 * COST, store.consumed("s1", "sup1"));
    }

    @Test
    void manyThreadsNeverSpendMoreThanTheLimitTogether() throws Exception {
        RelayMeter meter = meter(true, 16);
        long limit = 5_000 * COST;
        MeteredSession session = session("s1", "sup1", limit);
        AtomicInteger served = new AtomicInteger();
        CountDownLatch start = new CountDownLatch(1);
        try (var threads = Executors.newFixedThreadPool(8)) {
            List<CompletableFuture<?>> all = new ArrayList<>();
            for (int t = 0; t < 8; t++) {
                int seed = t;
                all.add(
                        CompletableFuture.runAsync(
                                () -> {
                                    awaitQuietly(start);
                                    for (int i = 0; i < 2_000; i++) {
                                        MeterDecision decision =
                                                meter.reserve(session).toCompletableFuture().join();
                                        if (decision instanceof MeterDecision.Allowed allowed) {
                                            if ((i + seed) % 5 == 0) {
                                                allowed.reservation().refund();
                                            } else {
                                                served.incrementAndGet();
                                            }
                                        }
                                    }
                                },
                                threads));
            }
            start.countDown();
            CompletableFuture.allOf(all.toArray(CompletableFuture[]::new))
                    .get(60, TimeUnit.SECONDS);
        }
        meter.close();
        assertEquals(served.get() * COST, store.consumed("s1", "sup1"));
        assertTrue(store.highest.get() <= limit, "highest: " + store.highest.get());
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private RelayMeter meter(boolean failOpen, int leaseRelays) {
        return new RelayMeter(
                store,
                factors,
                new RelayMeter.Settings(failOpen, leaseRelays, 100),
                recorder,
                nanos::get);
    }

    private static MeteredSession session(String id, String supplier, long limit) {
        return new MeteredSession(id, supplier, "app", "eth", 10, PRICE, limit * 100, limit);
    }

    private static MeterDecision.Allowed assertAllowed(RelayMeter meter, MeteredSession session) {
        return assertInstanceOf(
                MeterDecision.Allowed.class, meter.reserve(session).toCompletableFuture().join());
    }

    private static void assertOver(RelayMeter meter, MeteredSession session) {
        assertInstanceOf(
                MeterDecision.OverLimit.class, meter.reserve(session).toCompletableFuture().join());
    }

    /** The script's semantics on a map. */
    private static final class FakeStore implements MeterStore {
        final Map<String, Long> consumed = new HashMap<>();
        final Map<String, MeterTerms> terms = new HashMap<>();
        final AtomicInteger exchanges = new AtomicInteger();
        final AtomicLong highest = new AtomicLong();
        final Map<Request, Exchange> carriedOut = new IdentityHashMap<>();
        volatile boolean down;
        volatile int losingReplies;

        @Override
        public synchronized CompletionStage<Exchange> exchange(
                MeteredSession session, Request request) {
            exchanges.incrementAndGet();
            if (down) {
                return CompletableFuture.failedFuture(new IllegalStateException("down"));
            }
            String key = session.sessionId() + "|" + session.supplier();
            Exchange done = carriedOut.get(request);
            if (done == null) {
                done = carryOut(key, request);
                carriedOut.put(request, done);
            }
            return losingReplies-- > 0
                    ? CompletableFuture.failedFuture(new IllegalStateException("reply lost"))
                    : CompletableFuture.completedFuture(done);
        }

        private Exchange carryOut(String key, Request request) {
            long used = consumed.getOrDefault(key, 0L) - request.returned();
            long grant = 0;
            long room = request.terms().limit() - used;
            if (request.want() > 0) {
                terms.put(key, request.terms());
            }
            if (request.want() > 0 && room >= request.least()) {
                grant = Math.min(request.want(), Math.max(request.least(), room / 4));
                grant -= grant % request.step();
            }
            consumed.put(key, used + grant);
            highest.accumulateAndGet(used + grant, Math::max);
            return new Exchange(grant, used + grant);
        }

        @Override
        public synchronized CompletionStage<@Nullable Void> remove(
                String sessionId, String supplier) {
            consumed.remove(sessionId + "|" + supplier);
            return CompletableFuture.completedFuture(null);
        }

        synchronized long consumed(String sessionId, String supplier) {
            return consumed.getOrDefault(sessionId + "|" + supplier, 0L);
        }

        synchronized void reset(String sessionId, String supplier) {
            consumed.put(sessionId + "|" + supplier, 0L);
        }

        synchronized MeterTerms lastTerms(String sessionId, String supplier) {
            return terms.get(sessionId + "|" + supplier);
        }
    }

    private static final class FakeFactors implements ServiceFactors {
        volatile double factor;
        volatile @Nullable RuntimeException failure;

        @Override
        public @Nullable Double peek(String serviceId) {
            return failure == null ? factor : null;
        }

        @Override
        public CompletionStage<Double> get(String serviceId) {
            return failure == null
                    ? CompletableFuture.completedFuture(factor)
                    : CompletableFuture.failedFuture(failure);
        }
    }

    private static final class Recorder implements MeterObserver {
        final AtomicInteger within = new AtomicInteger();
        final AtomicInteger over = new AtomicInteger();
        final List<String> failures = new ArrayList<>();
        final Map<String, Integer> active = new HashMap<>();

        @Override
        public void decided(String serviceId, boolean withinLimit) {
            (withinLimit ? within : over).incrementAndGet();
        }

        @Override
        public synchronized void failed(String operation) {
            failures.add(operation);
        }

        @Override
        public void active(String supplier, String serviceId, int sessions) {
            active.put(supplier, sessions);
        }
    }
}
