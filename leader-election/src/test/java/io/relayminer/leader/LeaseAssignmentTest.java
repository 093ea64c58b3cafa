package io.relayminer.leader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.IntStream;

class LeaseAssignmentTest {

    private static final LeaseSettings SETTINGS =
            new LeaseSettings(
                    Duration.ofSeconds(30), Duration.ofSeconds(5), Duration.ofSeconds(60));

    private final FakeClock clock = new FakeClock();
    private final InMemoryLeaseStore shared = new InMemoryLeaseStore(clock);

    private final class Miner {
        final String id;
        final UnreliableStore store = new UnreliableStore(shared);
        final RecordingWork work = new RecordingWork();
        final LeaseAssignment assignment;

        Miner(String id, AssignmentStrategy strategy) {
            this.id = id;
            assignment =
                    LeaseAssignment.builder(store, work)
                            .settings(SETTINGS)
                            .instance(id)
                            .keys(MinerLeases::keys)
                            .strategy(strategy)
                            .clock(clock)
                            .build();
        }

        Miner(String id) {
            this(id, AssignmentStrategy.fairShare());
        }

        int holds() {
            return assignment.leases().size();
        }
    }

    private static Set<String> suppliers(int n) {
        Set<String> suppliers = new TreeSet<>();
        IntStream.range(0, n).forEach(i -> suppliers.add("pokt1sup" + i));
        return suppliers;
    }

    private void step(Miner... miners) {
        clock.advance(Duration.ofSeconds(5));
        for (Miner miner : miners) {
            miner.assignment.tick();
        }
        Set<String> worked = new HashSet<>();
        for (Miner miner : miners) {
            miner.assignment
                    .leases()
                    .forEach(
                            (resource, lease) -> {
                                if (lease.isValid()) {
                                    assertTrue(
                                            worked.add(resource),
                                            () -> "two valid leases of " + resource);
                                }
                            });
        }
    }

    private void steps(int n, Miner... miners) {
        for (int i = 0; i < n; i++) {
            step(miners);
        }
    }

    private static void give(Set<String> suppliers, Miner... miners) {
        for (Miner miner : miners) {
            miner.assignment.setResources(suppliers);
        }
    }

    private void assertAllHeldEvenly(int n, Miner... miners) {
        int most = 0;
        int least = Integer.MAX_VALUE;
        Set<String> all = new HashSet<>();
        for (Miner miner : miners) {
            most = Math.max(most, miner.holds());
            least = Math.min(least, miner.holds());
            miner.assignment
                    .leases()
                    .forEach(
                            (resource, lease) -> {
                                assertTrue(lease.isValid());
                                assertTrue(all.add(resource));
                                assertEquals(Optional.of(miner.id), shared.holder(lease.keys()));
                            });
            assertEquals(miner.assignment.leases().keySet(), miner.work.running.keySet());
        }
        assertEquals(n, all.size());
        assertTrue(most - least <= 1, "from " + least + " to " + most);
    }

    @Test
    void oneMinerTakesEverythingAndKeepsIt() {
        Miner a = new Miner("a");
        give(suppliers(20), a);
        a.assignment.tick();
        assertAllHeldEvenly(20, a);
        steps(50, a);
        assertEquals(20, a.work.events.size(), "each was started once and none ended");
        assertEquals(Set.of("a"), a.assignment.members());
        assertTrue(a.assignment.lease("pokt1sup3").isPresent());
        assertTrue(a.assignment.lease("unknown").isEmpty());
    }

    @Test
    void sharesFollowTheFleetFromOneToTwoToThreeToOne() {
        Miner a = new Miner("a");
        Miner b = new Miner("b");
        Miner c = new Miner("c");
        give(suppliers(200), a, b, c);
        step(a);
        assertEquals(200, a.holds());
        steps(5, a, b);
        assertAllHeldEvenly(200, a, b);
        steps(6, a, b, c);
        assertAllHeldEvenly(200, a, b, c);
        b.assignment.close(Duration.ofSeconds(30));
        c.assignment.close(Duration.ofSeconds(30));
        steps(2, a);
        assertAllHeldEvenly(200, a);
        assertTrue(b.work.running.isEmpty());
        assertEquals(Set.of("a"), a.assignment.members());
    }

    @Test
    void aSettledFleetMovesNothing() {
        Miner a = new Miner("a");
        Miner b = new Miner("b");
        Miner c = new Miner("c");
        give(suppliers(31), a, b, c);
        steps(10, a, b, c);
        assertAllHeldEvenly(31, a, b, c);
        int events = a.work.events.size() + b.work.events.size() + c.work.events.size();
        steps(60, a, b, c);
        assertEquals(events, a.work.events.size() + b.work.events.size() + c.work.events.size());
    }

    @Test
    void aKilledMinersPartIsTakenOverWithinALifeTime() {
        Miner a = new Miner("a");
        Miner b = new Miner("b");
        give(suppliers(30), a, b);
        steps(10, a, b);
        assertAllHeldEvenly(30, a, b);
        Map<String, Lease> old = b.assignment.leases();
        steps(8, a);
        assertAllHeldEvenly(30, a);
        old.forEach(
                (resource, lease) -> {
                    assertFalse(lease.isValid());
                    assertTrue(a.assignment.lease(resource).orElseThrow().epoch() > lease.epoch());
                });
    }

    @Test
    void aRestartInPlaceDoesNotFindItsOldLeases() {
        Miner before = new Miner(InstanceId.create("pod", 1, new java.util.Random(1)));
        give(suppliers(5), before);
        before.assignment.tick();
        Miner after = new Miner(InstanceId.create("pod", 1, new java.util.Random(2)));
        give(suppliers(5), after);
        step(after);
        assertEquals(0, after.holds(), "the leases of the former life are not ours");
        steps(7, after);
        assertAllHeldEvenly(5, after);
    }

    @Test
    void aZombieIsFencedByItsOwnClockAndTornDownByTheFirstAnswer() {
        Miner zombie = new Miner("zombie");
        Miner heir = new Miner("heir");
        give(suppliers(6), zombie, heir);
        zombie.assignment.tick();
        Map<String, Lease> leases = zombie.assignment.leases();
        assertEquals(6, leases.size());
        clock.advance(Duration.ofMinutes(2));
        leases.values().forEach(lease -> assertFalse(lease.isValid()));
        heir.assignment.tick();
        assertEquals(6, heir.holds());
        zombie.assignment.tick();
        assertTrue(zombie.work.running.isEmpty());
        assertEquals(
                6,
                zombie.work.events.stream().filter(event -> event.startsWith("abandon")).count());
        assertEquals(0, zombie.holds());
        leases.values().forEach(lease -> assertTrue(lease.isLost()));
    }

    @Test
    void aMinerThatIsCutOffKeepsItsWorkAndGoesOnIfNobodyTookIt() {
        Miner a = new Miner("a");
        give(suppliers(3), a);
        a.assignment.tick();
        Lease lease = a.assignment.lease("pokt1sup0").orElseThrow();
        a.store.fault = UnreliableStore.Fault.BEFORE;
        clock.advance(Duration.ofSeconds(25));
        a.assignment.tick();
        assertFalse(lease.isValid(), "no effects while cut off");
        assertFalse(lease.isLost());
        assertEquals(3, a.work.running.size());
        a.store.fault = UnreliableStore.Fault.NONE;
        a.assignment.tick();
        assertTrue(lease.isValid(), "same epoch, same work");
        assertEquals(3, a.work.events.size());
    }

    @Test
    void leasesThatExpiredAtOnceAreTakenAgainInANewEpochWithNewWork() {
        Miner a = new Miner("a");
        give(suppliers(4), a);
        a.assignment.tick();
        Map<String, Lease> before = a.assignment.leases();
        // The wall clock of the store jumps: everything expires although it was renewed just now.
        before.values().forEach(lease -> shared.release(lease.keys(), "a", lease.epoch()));
        a.assignment.tick();
        before.forEach(
                (resource, lease) -> {
                    assertTrue(lease.isLost());
                    assertTrue(a.assignment.lease(resource).orElseThrow().epoch() > lease.epoch());
                });
        assertAllHeldEvenly(4, a);
    }

    @Test
    void aLeaseIsGivenBackOnlyAfterItsWorkHasEnded() {
        Miner a = new Miner("a");
        Miner b = new Miner("b");
        a.work.endsAtOnce = false;
        give(suppliers(2), a, b);
        a.assignment.tick();
        steps(3, a, b);
        List<String> drained =
                a.work.events.stream().filter(event -> event.startsWith("drain")).toList();
        assertEquals(1, drained.size());
        String moving = drained.get(0).substring("drain ".length());
        RecordingWork.Job job = a.work.job(moving);
        for (int i = 0; i < 20; i++) {
            step(a, b);
            assertEquals(
                    Optional.of("a"), shared.holder(job.lease.keys()), "renewed while draining");
            assertTrue(job.lease.isValid());
            assertEquals(0, b.holds());
        }
        job.end();
        steps(2, a, b);
        assertEquals(Set.of(moving), b.assignment.leases().keySet());
        assertTrue(job.lease.isLost());
        assertAllHeldEvenly(2, a, b);
    }

    @Test
    void aLeaseLostWhileDrainingIsAbandoned() {
        Miner a = new Miner("a");
        a.work.endsAtOnce = false;
        give(suppliers(1), a);
        a.assignment.tick();
        RecordingWork.Job job = a.work.job("pokt1sup0");
        a.assignment.setResources(Set.of());
        step(a);
        assertTrue(job.draining);
        shared.release(job.lease.keys(), "a", job.lease.epoch());
        step(a);
        assertTrue(job.abandoned);
        job.end();
        step(a);
        assertEquals(
                List.of("start pokt1sup0", "drain pokt1sup0", "abandon pokt1sup0"), a.work.events);
    }

    @Test
    void suppliersThatLeaveAreGivenBackAndComeBackWhenTheyReturn() {
        Miner a = new Miner("a");
        give(suppliers(5), a);
        a.assignment.tick();
        a.assignment.setResources(suppliers(3));
        step(a);
        assertAllHeldEvenly(3, a);
        assertEquals(Optional.empty(), shared.holder(MinerLeases.keys("pokt1sup4")));
        steps(13, a);
        a.assignment.setResources(suppliers(5));
        step(a);
        assertAllHeldEvenly(5, a);
    }

    @Test
    void busyWorkIsHandedOverLastAndOneAtATime() {
        Miner a = new Miner("a");
        Miner b = new Miner("b");
        a.work.endsAtOnce = false;
        give(suppliers(8), a, b);
        a.assignment.tick();
        a.work.busy.addAll(suppliers(8));
        steps(4, a, b);
        assertEquals(1, a.work.events.stream().filter(event -> event.startsWith("drain")).count());
        String first =
                a.work.events.stream()
                        .filter(event -> event.startsWith("drain"))
                        .findFirst()
                        .orElseThrow()
                        .substring("drain ".length());
        a.work.job(first).end();
        a.work.busy.remove(first);
        steps(2, a, b);
        assertEquals(2, a.work.events.stream().filter(event -> event.startsWith("drain")).count());
    }

    @Test
    void leasesOfOtherMinersAreTheArbiterAndOrphansAreTaken() {
        // A miner of another kind is on the list and holds two suppliers, but will not take more.
        shared.heartbeat("other", Duration.ofDays(1));
        List<String> theirs = new ArrayList<>(suppliers(10)).subList(0, 2);
        theirs.forEach(each -> shared.acquire(MinerLeases.keys(each), "other", Duration.ofDays(1)));
        Miner a = new Miner("a");
        give(suppliers(10), a);
        a.assignment.tick();
        assertEquals(5, a.holds(), "its share");
        steps(6, a);
        assertEquals(5, a.holds());
        steps(10, a);
        assertEquals(8, a.holds(), "nobody else took them for a minute");
        Set<String> held = a.assignment.leases().keySet();
        theirs.forEach(each -> assertFalse(held.contains(each)));
        // They are offered again now and then, ever more rarely, and come back when nobody takes
        // them.
        steps(100, a);
        long offers = a.work.events.stream().filter(event -> event.startsWith("drain")).count();
        assertTrue(offers > 0 && offers <= 9, () -> offers + " offers in 500 s");
        steps(500, a);
        long later = a.work.events.stream().filter(event -> event.startsWith("drain")).count();
        assertTrue(later - offers <= 15, () -> later - offers + " offers in 2,500 s");
        steps(4, a);
        assertEquals(8, a.holds());
        Miner b = new Miner("b");
        give(suppliers(10), b);
        steps(4, a, b);
        assertTrue(b.holds() >= 3, "until somebody comes");
    }

    @Test
    void theLeaderHoldsEverythingAndTheOthersStandBy() {
        Supplier<Optional<String>> leader =
                () -> shared.holder(new LeaseKeys("leader", "leader_epoch"));
        LeaseKeys leaderKeys = new LeaseKeys("leader", "leader_epoch");
        Miner a = new Miner("a", AssignmentStrategy.leader(leader));
        Miner b = new Miner("b", AssignmentStrategy.leader(leader));
        give(suppliers(9), a, b);
        steps(2, a, b);
        assertEquals(0, a.holds() + b.holds(), "no leader yet");
        long epoch = shared.acquire(leaderKeys, "a", Duration.ofDays(1)).orElseThrow();
        steps(2, a, b);
        assertEquals(9, a.holds());
        assertEquals(0, b.holds());
        shared.release(leaderKeys, "a", epoch);
        steps(3, a, b);
        assertEquals(9, a.holds(), "without a leader nothing moves");
        shared.acquire(leaderKeys, "b", Duration.ofDays(1));
        steps(4, a, b);
        assertEquals(0, a.holds());
        assertEquals(9, b.holds());
        assertEquals(9, a.work.events.stream().filter(event -> event.startsWith("drain")).count());
    }

    @Test
    void manyLeasesAreRenewedInOneCall() {
        Miner a = new Miner("a");
        give(suppliers(500), a);
        a.assignment.tick();
        int before = a.store.renewals;
        step(a);
        assertEquals(before + 1, a.store.renewals);
    }

    @Test
    void aGrantWhoseAnswerWasLostIsFoundAgain() {
        Miner a = new Miner("a");
        give(suppliers(3), a);
        for (String supplier : suppliers(3)) {
            shared.acquire(MinerLeases.keys(supplier), "a", SETTINGS.timeToLive());
        }
        a.assignment.tick();
        assertAllHeldEvenly(3, a);
    }

    @Test
    void runsByItselfAndLeavesNothingBehind() {
        LeaseSettings quick =
                new LeaseSettings(
                        Duration.ofMillis(900), Duration.ofMillis(20), Duration.ofMillis(300));
        MonotonicClock system = MonotonicClock.system();
        InMemoryLeaseStore store = new InMemoryLeaseStore(system);
        RecordingWork work = new RecordingWork();
        LeaseAssignment assignment =
                LeaseAssignment.builder(store, work)
                        .settings(quick)
                        .instance("me")
                        .keys(MinerLeases::keys)
                        .clock(system)
                        .build();
        assignment.setResources(suppliers(4));
        assignment.start();
        Awaitility.await().until(() -> assignment.leases().size() == 4);
        assignment.close();
        assignment.close();
        assertTrue(work.running.isEmpty());
        assertTrue(assignment.leases().isEmpty());
        assertTrue(store.holders(suppliers(4).stream().map(MinerLeases::keys).toList()).isEmpty());
        assertEquals(Set.of("next"), store.heartbeat("next", Duration.ofSeconds(1)));
    }
}
