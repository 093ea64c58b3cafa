package io.relayminer.leader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;

/**
 * A fleet under a seeded schedule of crashes, pauses, cuts, restarts and lost leases. After every
 * step no resource has two valid leases; once the faults stop, every resource is held again and
 * shares are even. A failure is reproduced by its seed.
 */
class FleetSimulationTest {

    private static final int SUPPLIERS = 23;
    private static final LeaseSettings SETTINGS =
            new LeaseSettings(
                    Duration.ofSeconds(30), Duration.ofSeconds(5), Duration.ofSeconds(60));

    private final FakeClock clock = new FakeClock();
    private final InMemoryLeaseStore shared = new InMemoryLeaseStore(clock);
    private final TreeSet<String> suppliers = new TreeSet<>();
    private final List<Replica> replicas = new ArrayList<>();
    private final Map<String, Long> forgottenAt = new HashMap<>();
    private int starts;

    private final class Replica {
        final UnreliableStore store = new UnreliableStore(shared);
        final RecordingWork work = new RecordingWork();
        final LeaseAssignment assignment;
        int pausedSteps;

        Replica() {
            assignment =
                    LeaseAssignment.builder(store, work)
                            .settings(SETTINGS)
                            .instance("replica-" + starts++)
                            .keys(MinerLeases::keys)
                            .clock(clock)
                            .build();
            assignment.setResources(suppliers);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void noTwoValidLeasesAndNothingForgotten(long seed) {
        Random random = new Random(seed);
        for (int i = 0; i < SUPPLIERS; i++) {
            suppliers.add("pokt1sup" + i);
        }
        for (int i = 0; i < 4; i++) {
            replicas.add(new Replica());
        }
        for (int step = 0; step < 400; step++) {
            disturb(random);
            advance(Duration.ofMillis(1000 + random.nextInt(6000)));
        }
        for (Replica replica : replicas) {
            replica.store.fault = UnreliableStore.Fault.NONE;
            replica.pausedSteps = 0;
        }
        for (int step = 0; step < 150; step++) {
            advance(Duration.ofSeconds(5));
        }
        int held = 0;
        for (Replica replica : replicas) {
            int share = replica.assignment.leases().size();
            held += share;
            assertTrue(
                    share == SUPPLIERS / 4 || share == SUPPLIERS / 4 + 1,
                    () -> "a share of " + share);
        }
        assertEquals(SUPPLIERS, held);
    }

    private void disturb(Random random) {
        Replica victim = replicas.get(random.nextInt(replicas.size()));
        switch (random.nextInt(12)) {
            case 0 -> victim.pausedSteps = 1 + random.nextInt(20);
            case 1 -> victim.store.fault = UnreliableStore.Fault.BEFORE;
            case 2 -> victim.store.fault = UnreliableStore.Fault.AFTER;
            case 3 -> replicas.set(replicas.indexOf(victim), new Replica());
            case 4 -> {
                String resource = "pokt1sup" + random.nextInt(SUPPLIERS);
                LeaseKeys lost = MinerLeases.keys(resource);
                shared.holder(lost)
                        .ifPresent(holder -> shared.acquire(lost, holder, Duration.ofNanos(1)));
                forgottenAt.put(resource, clock.nanos());
            }
            default -> victim.store.fault = UnreliableStore.Fault.NONE;
        }
    }

    private void advance(Duration duration) {
        clock.advance(duration);
        for (Replica replica : replicas) {
            if (replica.pausedSteps > 0) {
                replica.pausedSteps--;
            } else {
                replica.assignment.tick();
            }
            checkExclusion();
        }
    }

    private void checkExclusion() {
        Map<String, Lease> valid = new HashMap<>();
        for (Replica replica : replicas) {
            for (RecordingWork.Job job : replica.work.running.values()) {
                if (job.lease.isValid()) {
                    Lease other = valid.put(job.lease.resource(), job.lease);
                    assertTrue(
                            other == null || forgotten(other, job.lease),
                            () -> other + " beside " + job.lease);
                }
            }
        }
    }

    /**
     * A store that forgets a lease before its time can have two holders until the first one's trust
     * runs out. Then the epochs differ, and the store refuses the older one's writes.
     */
    private boolean forgotten(Lease one, Lease other) {
        Long when = forgottenAt.get(one.resource());
        return when != null
                && clock.nanos() - when < SETTINGS.trustedNanos()
                && one.epoch() != other.epoch();
    }
}
