package io.relayminer.leader;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * Work that does nothing but remember what it was told, and checks that works of one resource do
 * not overlap.
 */
final class RecordingWork implements LeaseWork {

    final List<String> events = new ArrayList<>();
    final Map<String, Job> running = new LinkedHashMap<>();
    final Set<String> busy = new HashSet<>();

    /** When false, works end only by {@link Job#end}. */
    boolean endsAtOnce = true;

    RuntimeException refuse;

    Runnable onStart = () -> {};

    final class Job implements Running {

        final Lease lease;
        final CompletableFuture<Void> ended = new CompletableFuture<>();
        boolean draining;
        boolean abandoned;

        Job(Lease lease) {
            this.lease = lease;
        }

        @Override
        public CompletableFuture<Void> ended() {
            return ended;
        }

        @Override
        public void abandon() {
            assertFalse(abandoned, "abandoned once");
            assertTrue(lease.isLost() && !lease.isValid(), "the lease is known to be lost by now");
            abandoned = true;
            events.add("abandon " + lease.resource());
            ending();
        }

        @Override
        public void drain() {
            assertFalse(draining || abandoned, "drained once, and not after being abandoned");
            draining = true;
            events.add("drain " + lease.resource());
            ending();
        }

        private void ending() {
            if (endsAtOnce) {
                end();
            }
        }

        @Override
        public boolean isBusy() {
            return busy.contains(lease.resource());
        }

        void fail(Throwable failure) {
            running.remove(lease.resource());
            ended.completeExceptionally(failure);
        }

        void end() {
            running.remove(lease.resource());
            ended.complete(null);
        }
    }

    @Override
    public Running start(Lease lease) {
        if (refuse != null) {
            throw refuse;
        }
        assertTrue(lease.isValid());
        onStart.run();
        assertFalse(
                running.containsKey(lease.resource()),
                () -> "overlapping work on " + lease.resource());
        Job job = new Job(lease);
        running.put(lease.resource(), job);
        events.add("start " + lease.resource());
        return job;
    }

    Job job(String resource) {
        return running.get(resource);
    }
}
