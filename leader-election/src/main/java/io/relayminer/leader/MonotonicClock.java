package io.relayminer.leader;

/**
 * A clock that only runs forward and knows no time of day, so that nobody who sets the wall clock
 * can prolong or end a lease.
 */
@FunctionalInterface
public interface MonotonicClock {

    /**
     * The time since some fixed moment.
     *
     * @return nanoseconds; only differences mean anything, and they may wrap
     */
    long nanos();

    /**
     * The clock of this machine.
     *
     * @return a clock over {@link System#nanoTime()}
     */
    static MonotonicClock system() {
        return System::nanoTime;
    }
}
