package io.relayminer.leader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/** Work that ends although nobody told it to. */
class EndingWorkTest {

    private static final String SUPPLIER = "pokt1sup";
    private static final LeaseKeys LEADER = LeaseKeys.named("leader");
    private static final LeaseSettings SETTINGS =
            new LeaseSettings(
                    Duration.ofSeconds(30), Duration.ofSeconds(5), Duration.ofSeconds(60));

    private final FakeClock clock = new FakeClock();
    private final InMemoryLeaseStore shared = new InMemoryLeaseStore(clock);
    private final UnreliableStore store = new UnreliableStore(shared);
    private final RecordingWork work = new RecordingWork();
    private final List<String> heard = new ArrayList<>();
    private final LeaseListener listener =
            new LeaseListener() {
                @Override
                public void acquired(Lease lease) {
                    heard.add("acquired");
                }

                @Override
                public void endedByItself(Lease lease) {
                    heard.add("ended by itself");
                }

                @Override
                public void released(Lease lease) {
                    heard.add("released");
                }
            };

    private LeaseAssignment assignment() {
        LeaseAssignment assignment =
                LeaseAssignment.builder(store, work)
                        .settings(SETTINGS)
                        .instance("me")
                        .keys(MinerLeases::keys)
                        .clock(clock)
                        .listener(listener)
                        .build();
        assignment.setResources(Set.of(SUPPLIER));
        assignment.tick();
        return assignment;
    }

    private void step(LeaseAssignment assignment) {
        clock.advance(Duration.ofSeconds(5));
        assignment.tick();
    }

    @Test
    void isStartedAgainUnderTheSameLease() {
        LeaseAssignment assignment = assignment();
        Lease lease = assignment.lease(SUPPLIER).orElseThrow();
        work.job(SUPPLIER).fail(new AssertionError("a fault nobody foresaw"));
        assignment.tick();
        assertEquals(lease, work.job(SUPPLIER).lease);
        assertEquals(Optional.of(lease), assignment.lease(SUPPLIER));
        assertEquals(List.of("start " + SUPPLIER, "start " + SUPPLIER), work.events);
        assertEquals(List.of("acquired", "ended by itself"), heard);
    }

    @Test
    void afterAnOutageOfTheStoreIsStartedOnceTheLeaseIsConfirmed() {
        LeaseAssignment assignment = assignment();
        store.fault = UnreliableStore.Fault.BEFORE;
        step(assignment);
        work.job(SUPPLIER).fail(new IllegalStateException("the store is away"));
        step(assignment);
        step(assignment);
        step(assignment);
        step(assignment);
        assertEquals(1, work.events.size(), "not while the store is away");
        assertEquals(Optional.empty(), assignment.lease(SUPPLIER), "nothing is running");
        store.fault = UnreliableStore.Fault.NONE;
        assignment.tick();
        assertEquals(2, work.events.size());
        assertTrue(assignment.lease(SUPPLIER).orElseThrow().isValid());
        for (int i = 0; i < 200; i++) {
            step(assignment);
        }
        assertEquals(2, work.events.size());
    }

    @Test
    void isGivenBackForAWhileIfItKeepsEnding() {
        LeaseAssignment assignment = assignment();
        work.job(SUPPLIER).fail(new IllegalStateException("once"));
        step(assignment);
        work.job(SUPPLIER).fail(new IllegalStateException("twice"));
        step(assignment);
        assertEquals(Optional.empty(), shared.holder(MinerLeases.keys(SUPPLIER)));
        assertEquals(List.of("acquired", "ended by itself", "ended by itself", "released"), heard);
        step(assignment);
        step(assignment);
        assertEquals(2, work.events.size(), "others may try");
        for (int i = 0; i < 6; i++) {
            step(assignment);
        }
        assertEquals(3, work.events.size(), "and when nobody did, it is tried here again");
        assertTrue(assignment.lease(SUPPLIER).isPresent());
    }

    @Test
    void isStartedAgainEachTimeIfItLastedLong() {
        LeaseAssignment assignment = assignment();
        for (int times = 1; times <= 5; times++) {
            for (int i = 0; i < 7; i++) {
                step(assignment);
            }
            work.job(SUPPLIER).end();
            step(assignment);
            assertEquals(times + 1, work.events.size());
        }
        assertFalse(heard.contains("released"));
    }

    @Test
    void isNotToldToEndAgain() {
        LeaseAssignment assignment = assignment();
        work.job(SUPPLIER).fail(new IllegalStateException("ended"));
        shared.release(
                MinerLeases.keys(SUPPLIER), "me", assignment.lease(SUPPLIER).orElseThrow().epoch());
        assignment.tick();
        assertEquals(List.of("start " + SUPPLIER, "start " + SUPPLIER), work.events);
        assertTrue(assignment.lease(SUPPLIER).orElseThrow().isValid(), "in a new epoch");
        work.job(SUPPLIER).fail(new IllegalStateException("ended"));
        assignment.close(Duration.ofSeconds(5));
        assertEquals(2, work.events.size());
        assertEquals(Optional.empty(), shared.holder(MinerLeases.keys(SUPPLIER)));
    }

    @Test
    void aLeadersTermGoesOnWithNewWork() {
        LeaderElection election =
                LeaderElection.builder(store, LEADER, work)
                        .settings(SETTINGS)
                        .instance("me")
                        .clock(clock)
                        .listener(listener)
                        .build();
        election.tick();
        long epoch = election.term().orElseThrow().epoch();
        work.job("leadership").fail(new IllegalStateException("ended"));
        election.tick();
        assertTrue(election.isLeader());
        assertEquals(epoch, election.term().orElseThrow().epoch());
        assertEquals(List.of("start leadership", "start leadership"), work.events);
    }

    @Test
    void workOnAThreadIsStartedAgainWithoutWaitingForTheNextRenewal() {
        AtomicInteger starts = new AtomicInteger();
        CountDownLatch interrupted = new CountDownLatch(1);
        MonotonicClock system = MonotonicClock.system();
        LeaderElection election =
                LeaderElection.builder(
                                new InMemoryLeaseStore(system),
                                LEADER,
                                LeaseWork.onThread(
                                        lease -> {
                                            if (starts.incrementAndGet() == 1) {
                                                throw new StackOverflowError("of the work");
                                            }
                                            try {
                                                new CountDownLatch(1).await();
                                            } finally {
                                                interrupted.countDown();
                                            }
                                        }))
                        .settings(
                                new LeaseSettings(
                                        Duration.ofHours(3),
                                        Duration.ofHours(1),
                                        Duration.ofHours(3)))
                        .start();
        Awaitility.await().until(() -> starts.get() == 2 && election.isLeader());
        election.close();
        assertEquals(0, interrupted.getCount());
        assertEquals(2, starts.get());
    }
}
