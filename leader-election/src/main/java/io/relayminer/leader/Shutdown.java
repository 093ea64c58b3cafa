package io.relayminer.leader;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Waits at the end of a process for works to end in order, keeping their leases alive meanwhile.
 */
final class Shutdown {

    private static final Duration ABANDON_LIMIT = Duration.ofSeconds(2);

    private Shutdown() {}

    static void await(Tenures tenures, Duration limit) {
        long deadline = System.nanoTime() + limit.toNanos();
        long renewal = Math.max(1, Math.min(limit.toNanos(), TimeUnit.SECONDS.toNanos(1)));
        while (!tenures.endings().isEmpty()) {
            long left = deadline - System.nanoTime();
            if (left <= 0 || !join(tenures, Math.min(left, renewal))) {
                break;
            }
            tenures.renew();
        }
        tenures.settle();
        tenures.abandonRest();
        join(tenures, ABANDON_LIMIT.toNanos());
        tenures.settle();
    }

    /** False if the thread was interrupted. */
    private static boolean join(Tenures tenures, long nanos) {
        try {
            CompletableFuture.allOf(tenures.endings().toArray(CompletableFuture[]::new))
                    .get(nanos, TimeUnit.NANOSECONDS);
            return true;
        } catch (TimeoutException | ExecutionException e) {
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
