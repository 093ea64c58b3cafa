package io.relayminer.leader;

import java.util.concurrent.CompletableFuture;

/** The work that is done under a lease. */
@FunctionalInterface
public interface LeaseWork {

    /**
     * Starts work. Called on the thread that keeps the leases: return soon, and do the work
     * elsewhere. For one resource the work under one lease has always ended before the work under
     * the next one starts.
     *
     * @param lease the lease, valid now
     * @return a handle to end the work with
     * @throws RuntimeException if the work cannot start, for example because something it depends
     *     on is down; the lease is then given back and taken again later, by this instance or
     *     another
     */
    Running start(Lease lease);

    /** Work that was started. Both ways to end it may be called, drain first; each at most once. */
    interface Running {

        /**
         * The lease is lost. Stop without further effects: whatever is still sent will be refused.
         * Return soon.
         *
         * @return completes when nothing of the work is running any more
         */
        CompletableFuture<Void> abandon();

        /**
         * The lease is to be given back in order. Stop taking in new work, finish or leave what has
         * begun so that a successor can take it up. The lease stays held and renewed until this
         * completes.
         *
         * @return completes when nothing of the work is running any more; exceptionally if that
         *     failed, which counts as an end too
         */
        CompletableFuture<Void> drain();

        /**
         * Whether it would be a bad moment to hand over, because something is half done that a
         * successor would have to start again. Busy work is handed over last, and one at a time.
         *
         * @return true if another moment would be better
         */
        default boolean isBusy() {
            return false;
        }
    }
}
