package io.relayminer.benchmarks.node;

import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Semaphore;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * Sends as fast as answers come: a fixed number of requests is in flight at any time. It finds out
 * how much a server can do; its latencies would say nothing, so it takes none.
 */
final class ClosedLoop {

    private ClosedLoop() {}

    /**
     * Sends until told to stop, and waits for the answers.
     *
     * @return from the first request to the last answer
     */
    static Duration run(BooleanSupplier goOn, Supplier<CompletionStage<?>> send, int inFlight)
            throws InterruptedException {
        Semaphore free = new Semaphore(inFlight);
        long start = System.nanoTime();
        while (goOn.getAsBoolean()) {
            free.acquire();
            send.get().whenComplete((answer, failure) -> free.release());
        }
        free.acquire(inFlight);
        return Duration.ofNanos(System.nanoTime() - start);
    }
}
