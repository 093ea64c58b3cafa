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

class LeaderElectionTest {

    private static final LeaseKeys KEYS =
            new LeaseKeys("ha:miner:global_leader", "ha:miner:global_leader_epoch");
    private static final LeaseSettings SETTINGS =
            new LeaseSettings(
                    Duration.ofSeconds(30), Duration.ofSeconds(5), Duration.ofSeconds(60));

    private final FakeClock clock = new FakeClock();
    private final InMemoryLeaseStore shared = new InMemoryLeaseStore(clock);

    private final class Candidate {
        final UnreliableStore store = new UnreliableStore(shared);
        final RecordingWork work = new RecordingWork();
        final List<String> heard = new ArrayList<>();
        final LeaderElection election;

        Candidate(String id) {
            election =
                    LeaderElection.builder(store, KEYS, work)
                            .settings(SETTINGS)
                            .instance(id)
                            .clock(clock)
                            .listener(
                                    new LeaseListener() {
                                        @Override
                                        public void acquired(Lease lease) {
                                            heard.add("acquired");
                                        }

                                        @Override
                                        public void lost(Lease lease, Renewal why) {
                                            heard.add("lost " + why);
                                        }

                                        @Override
                                        public void released(Lease lease) {
                                            heard.add("released");
                                        }

                                        @Override
                                        public void startFailed(
                                                Lease lease, RuntimeException failure) {
                                            heard.add("start failed");
                                        }

                                        @Override
                                        public void storeFailed(
                                                String operation, LeaseStoreException failure) {
                                            heard.add("store failed " + operation);
                                        }
                                    })
                            .build();
        }
    }

    private final Candidate a = new Candidate("a");
    private final Candidate b = new Candidate("b");

    @Test
    void oneOfTwoLeadsAndKeepsLeading() {
        a.election.tick();
        b.election.tick();
        assertTrue(a.election.isLeader());
        assertFalse(b.election.isLeader());
        long epoch = a.election.term().orElseThrow().epoch();
        for (int i = 0; i < 20; i++) {
            clock.advance(Duration.ofSeconds(5));
            a.election.tick();
            b.election.tick();
        }
        assertTrue(a.election.isLeader());
        assertEquals(epoch, a.election.term().orElseThrow().epoch());
        assertEquals(List.of("start leadership"), a.work.events);
        assertEquals(List.of(), b.work.events);
        assertEquals(Optional.empty(), b.election.term());
    }

    @Test
    void oneFailedRenewalDoesNotEndATerm() {
        a.election.tick();
        a.store.fault = UnreliableStore.Fault.BEFORE;
        for (int i = 0; i < 4; i++) {
            clock.advance(Duration.ofSeconds(5));
            a.election.tick();
            assertTrue(a.election.isLeader(), "trusted for 24 s");
        }
        a.store.fault = UnreliableStore.Fault.NONE;
        a.election.tick();
        clock.advance(Duration.ofSeconds(20));
        assertTrue(a.election.isLeader());
        assertEquals(List.of("start leadership"), a.work.events);
        assertTrue(a.heard.contains("store failed renew"));
    }

    @Test
    void aLeaderThatIsCutOffStopsTrustingItselfBeforeAnotherLeads() {
        a.election.tick();
        Lease term = a.election.term().orElseThrow();
        a.store.fault = UnreliableStore.Fault.BEFORE;
        for (int second = 1; second <= 40; second++) {
            clock.advance(Duration.ofSeconds(1));
            a.election.tick();
            b.election.tick();
            assertFalse(a.election.isLeader() && b.election.isLeader());
            assertEquals(second < 24, term.isValid());
        }
        assertTrue(b.election.isLeader());
        a.store.fault = UnreliableStore.Fault.NONE;
        a.election.tick();
        assertEquals(List.of("start leadership", "abandon leadership"), a.work.events);
        assertTrue(a.heard.contains("lost TAKEN"));
        assertTrue(term.isLost());
    }

    @Test
    void aLeaderThatWasPausedFindsItselfDeposed() {
        a.election.tick();
        Lease term = a.election.term().orElseThrow();
        clock.advance(Duration.ofMinutes(2));
        assertFalse(term.isValid(), "without having heard anything");
        assertFalse(a.election.isLeader());
        b.election.tick();
        assertTrue(b.election.isLeader());
        assertTrue(b.election.term().orElseThrow().epoch() > term.epoch());
        a.election.tick();
        assertEquals(Optional.empty(), a.election.term());
        assertEquals(List.of("start leadership", "abandon leadership"), a.work.events);
    }

    @Test
    void aTermThatTheStoreLostIsFollowedByANewOneAfterItsWorkHasEnded() {
        a.work.endsAtOnce = false;
        a.election.tick();
        RecordingWork.Job first = a.work.job("leadership");
        shared.release(KEYS, "a", first.lease.epoch());
        a.election.tick();
        assertTrue(first.abandoned);
        assertFalse(a.election.isLeader());
        a.election.tick();
        assertEquals(
                List.of("start leadership", "abandon leadership"),
                a.work.events,
                "the old work still runs");
        first.end();
        a.election.tick();
        assertTrue(a.election.isLeader());
        assertTrue(a.election.term().orElseThrow().epoch() > first.lease.epoch());
    }

    @Test
    void aGrantWhoseAnswerWasLostIsFoundAgain() {
        a.store.fault = UnreliableStore.Fault.AFTER;
        a.election.tick();
        assertFalse(a.election.isLeader());
        a.store.fault = UnreliableStore.Fault.NONE;
        a.election.tick();
        assertTrue(a.election.isLeader());
        assertEquals(List.of("store failed acquire", "acquired"), a.heard);
    }

    @Test
    void workThatCannotStartCostsTheTermNotTheProcess() {
        a.work.refuse = new IllegalStateException("no node answers");
        a.election.tick();
        assertFalse(a.election.isLeader());
        assertEquals(List.of("start failed"), a.heard);
        b.election.tick();
        assertTrue(b.election.isLeader());
        b.election.close(Duration.ofSeconds(5));
        a.work.refuse = null;
        a.election.tick();
        assertFalse(a.election.isLeader(), "it gives others a chance first");
        clock.advance(SETTINGS.timeToLive());
        a.election.tick();
        assertTrue(a.election.isLeader());
    }

    @Test
    void steppingDownEndsTheWorkBeforeTheLease() {
        a.work.endsAtOnce = false;
        a.election.tick();
        RecordingWork.Job job = a.work.job("leadership");
        Thread closing = Thread.ofVirtual().start(() -> a.election.close(Duration.ofSeconds(60)));
        Awaitility.await().until(() -> job.draining);
        b.election.tick();
        assertFalse(b.election.isLeader());
        assertTrue(job.lease.isValid(), "still ours while the work ends");
        job.end();
        Awaitility.await().until(() -> !closing.isAlive());
        b.election.tick();
        assertTrue(b.election.isLeader());
        assertEquals(List.of("acquired", "released"), a.heard);
        a.election.tick();
        assertFalse(a.election.isLeader(), "closed for good");
    }

    @Test
    void workThatDoesNotEndKeepsItsLeaseFromOthersUntilItExpires() {
        a.work.endsAtOnce = false;
        a.election.tick();
        RecordingWork.Job job = a.work.job("leadership");
        a.election.close(Duration.ofMillis(50));
        assertTrue(job.draining && job.abandoned);
        assertEquals(Optional.of("a"), shared.holder(KEYS));
        clock.advance(SETTINGS.timeToLive());
        b.election.tick();
        assertTrue(b.election.isLeader());
    }

    @Test
    void runsByItself() {
        LeaseSettings quick =
                new LeaseSettings(
                        Duration.ofMillis(600), Duration.ofMillis(20), Duration.ofSeconds(1));
        MonotonicClock system = MonotonicClock.system();
        InMemoryLeaseStore store = new InMemoryLeaseStore(system);
        RecordingWork first = new RecordingWork();
        RecordingWork second = new RecordingWork();
        LeaderElection one =
                LeaderElection.builder(store, KEYS, first)
                        .settings(quick)
                        .instance("one")
                        .clock(system)
                        .build();
        LeaderElection two =
                LeaderElection.builder(store, KEYS, second)
                        .settings(quick)
                        .instance("two")
                        .clock(system)
                        .build();
        one.start();
        Awaitility.await().until(one::isLeader);
        two.start();
        one.close();
        Awaitility.await().until(two::isLeader);
        assertEquals(List.of("start leadership", "drain leadership"), first.events);
        two.close();
        assertEquals(Optional.empty(), store.holder(KEYS));
    }
}
