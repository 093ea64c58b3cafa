package io.relayminer.leader;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Repeats a step on a virtual thread, every so often and whenever it is woken. A step that fails is
 * logged and repeated; the loop ends only when it is told to.
 */
final class LeaseLoop {

    private static final Logger log = LoggerFactory.getLogger(LeaseLoop.class);

    private final String name;
    private final Runnable step;
    private final long pauseNanos;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private boolean woken;
    private boolean stopping;
    private boolean first = true;
    private @Nullable Thread thread;

    LeaseLoop(String name, Runnable step, long pauseNanos) {
        this.name = name;
        this.step = step;
        this.pauseNanos = pauseNanos;
    }

    void start() {
        lock.lock();
        try {
            if (thread != null || stopping) {
                throw new IllegalStateException(name + " was started or stopped before");
            }
            thread = Thread.ofVirtual().name(name).start(this::run);
        } finally {
            lock.unlock();
        }
    }

    void wake() {
        lock.lock();
        try {
            woken = true;
            changed.signal();
        } finally {
            lock.unlock();
        }
    }

    /** Ends the loop after the step that is running; returns when it has ended. */
    void stop() {
        Thread running;
        lock.lock();
        try {
            stopping = true;
            changed.signal();
            running = thread;
        } finally {
            lock.unlock();
        }
        if (running != null && running != Thread.currentThread()) {
            try {
                running.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void run() {
        while (pause()) {
            try {
                step.run();
            } catch (RuntimeException | Error e) {
                // Without this loop leases would run out one by one while the process lives.
                log.error("{} failed and goes on", name, e);
            }
        }
    }

    /** Waits for the next step; the first one is due at once. False when the loop is to end. */
    private boolean pause() {
        lock.lock();
        try {
            long left = first ? 0 : pauseNanos;
            first = false;
            while (!woken && !stopping && left > 0) {
                left = changed.awaitNanos(left);
            }
            woken = false;
            return !stopping;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            lock.unlock();
        }
    }
}
