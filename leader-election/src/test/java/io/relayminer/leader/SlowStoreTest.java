package io.relayminer.leader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;

/** Many leases in a store that takes its time; the time is that of the test's clock. */
class SlowStoreTest {

    private static final LeaseSettings SETTINGS =
            new LeaseSettings(
                    Duration.ofSeconds(30), Duration.ofSeconds(5), Duration.ofSeconds(60));

    private final FakeClock clock = new FakeClock();
    private final InMemoryLeaseStore shared = new InMemoryLeaseStore(clock);

    private LeaseAssignment assignment(String id, RecordingWork work, Duration roundTrip) {
        return LeaseAssignment.builder(new SlowStore(shared, clock, roundTrip), work)
                .settings(SETTINGS)
                .instance(id)
                .keys(MinerLeases::keys)
                .clock(clock)
                .build();
    }

    private static List<String> suppliers(int n) {
        return IntStream.range(0, n).mapToObj(i -> "pokt1sup" + i).toList();
    }

    private static long valid(LeaseAssignment assignment) {
        return assignment.leases().values().stream().filter(Lease::isValid).count();
    }

    @ParameterizedTest
    @CsvSource({"1000, 50", "1000, 500", "10000, 5", "10000, 500"})
    void allLeasesAreTakenInTheFirstStepAndStayValid(int suppliers, int roundTripMillis) {
        LeaseAssignment assignment =
                assignment("a", new RecordingWork(), Duration.ofMillis(roundTripMillis));
        assignment.setResources(suppliers(suppliers));
        assignment.tick();
        assertEquals(suppliers, valid(assignment));
        for (int step = 0; step < 20; step++) {
            clock.advance(Duration.ofSeconds(5));
            assertEquals(suppliers, valid(assignment), "when the step begins");
            assignment.tick();
            assertEquals(suppliers, valid(assignment), "when the step ends");
        }
    }

    @Test
    void whatIsHeldIsRenewedWhileMoreIsTaken() {
        RecordingWork work = new RecordingWork();
        LeaseAssignment assignment = assignment("a", work, Duration.ofSeconds(2));
        assignment.setResources(suppliers(10));
        assignment.tick();
        List<Lease> first = List.copyOf(assignment.leases().values());
        // Twenty calls of two seconds each, longer than a lease lives.
        assignment.setResources(suppliers(10_000));
        work.onStart = () -> first.forEach(lease -> assertTrue(lease.isValid()));
        assignment.tick();
        assertEquals(10_000, valid(assignment));
    }

    @Test
    void aShareIsHandedOverInFewCalls() {
        LeaseAssignment a = assignment("a", new RecordingWork(), Duration.ofMillis(500));
        LeaseAssignment b = assignment("b", new RecordingWork(), Duration.ofMillis(500));
        a.setResources(suppliers(2000));
        b.setResources(suppliers(2000));
        a.tick();
        long began = clock.nanos();
        b.tick();
        a.tick();
        b.tick();
        assertEquals(1000, valid(a));
        assertEquals(1000, valid(b));
        assertTrue(
                clock.nanos() - began < Duration.ofSeconds(15).toNanos(),
                () -> "took " + Duration.ofNanos(clock.nanos() - began));
    }
}
