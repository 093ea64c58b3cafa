package io.relayminer.testkit.gateway;

import org.HdrHistogram.Histogram;
import org.HdrHistogram.Recorder;

import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;

/**
 * Applies load at a given rate, whatever the answers do.
 *
 * <p>The generator is open-loop: request number n is due at {@code start + n / rate}, and its
 * latency is counted from that moment, not from when it was sent. A server that stalls for a second
 * is so charged with the waiting of every request that was due in that second, which a closed loop,
 * that waits for an answer before it asks again, would not even have sent (coordinated omission).
 *
 * <p>Requests are prepared by other threads ahead of their time, because signing costs as much as
 * serving. If preparation cannot keep up, requests are sent late; they are counted in {@link
 * Report#late}, and their latency includes it: a run with many of them measured the generator.
 *
 * @param <R> a prepared request
 */
public final class LoadGenerator<R> {

    /** Supplies requests; called by several threads at once. */
    public interface Source<R> {
        /** The next request, or blocks until there is one. */
        R next() throws InterruptedException;
    }

    /**
     * What a run measured.
     *
     * @param sent number of requests sent
     * @param late number of requests sent more than 5 ms after they were due
     * @param elapsed from the first request to the last answer
     * @param latencies in microseconds, from when a request was due to when its answer was complete
     */
    public record Report(long sent, long late, Duration elapsed, Histogram latencies) {

        /** Latency below which the given share of requests stayed, in milliseconds. */
        public double percentileMillis(double percent) {
            return latencies.getValueAtPercentile(percent) / 1000.0;
        }
    }

    private static final long LATE_NANOS = 5_000_000;

    private final Source<R> source;
    private final Function<R, CompletionStage<?>> send;
    private final int preparers;
    private final int ahead;
    private final AtomicBoolean stopped = new AtomicBoolean();

    /**
     * A generator.
     *
     * @param source prepares requests
     * @param send sends one and completes when its answer is there; must not block
     * @param preparers number of threads that prepare
     * @param ahead number of requests prepared ahead of their time
     */
    public LoadGenerator(
            Source<R> source, Function<R, CompletionStage<?>> send, int preparers, int ahead) {
        this.source = source;
        this.send = send;
        this.preparers = preparers;
        this.ahead = ahead;
    }

    /** Ends a run early; requests in flight are still waited for. */
    public void stop() {
        stopped.set(true);
    }

    /**
     * Sends requests at a steady rate and waits for all answers. Runs once.
     *
     * @param perSecond rate
     * @param count number of requests
     */
    public Report run(double perSecond, long count) throws InterruptedException {
        BlockingQueue<R> prepared = new ArrayBlockingQueue<>(ahead);
        Thread[] threads = startPreparing(prepared);
        Recorder recorder = new Recorder(3);
        Semaphore inFlight = new Semaphore(Integer.MAX_VALUE);
        long late = 0;
        long sent = 0;
        double interval = 1e9 / perSecond;
        R next = prepared.take();
        long start = System.nanoTime();
        try {
            while (sent < count && !stopped.get()) {
                long due = start + (long) (sent * interval);
                waitUntil(due);
                if (System.nanoTime() - due > LATE_NANOS) {
                    late++;
                }
                inFlight.acquire();
                send.apply(next)
                        .whenComplete(
                                (answer, failure) -> {
                                    try {
                                        recorder.recordValue(
                                                Math.max(0, (System.nanoTime() - due) / 1000));
                                    } finally {
                                        inFlight.release();
                                    }
                                });
                sent++;
                if (sent < count && !stopped.get()) {
                    next = prepared.take();
                }
            }
            inFlight.acquire(Integer.MAX_VALUE);
        } finally {
            stopped.set(true);
            for (Thread thread : threads) {
                thread.interrupt();
            }
        }
        return new Report(
                sent,
                late,
                Duration.ofNanos(System.nanoTime() - start),
                recorder.getIntervalHistogram());
    }

    private Thread[] startPreparing(BlockingQueue<R> prepared) {
        Thread[] threads = new Thread[preparers];
        for (int i = 0; i < preparers; i++) {
            threads[i] =
                    Thread.ofPlatform()
                            .daemon()
                            .name("load-prepare-" + i)
                            .start(() -> prepare(prepared));
        }
        return threads;
    }

    private void prepare(BlockingQueue<R> prepared) {
        try {
            while (!stopped.get()) {
                prepared.put(source.next());
            }
        } catch (InterruptedException over) {
            Thread.currentThread().interrupt();
        }
    }

    private static void waitUntil(long due) throws InterruptedException {
        for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
            LockSupport.parkNanos(left);
            if (Thread.interrupted()) {
                throw new InterruptedException("the load was interrupted");
            }
        }
    }
}
