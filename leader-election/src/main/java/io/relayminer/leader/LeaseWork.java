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

    /**
     * Work that was started. Each way to end it is called at most once, drain before abandon, and
     * neither after the work has ended.
     */
    interface Running {

        /**
         * The end of the work, whatever brought it about: being told to, or a failure of its own.
         * Work that ends by itself is started again once the lease is known to be held still; if
         * that happens repeatedly, the lease is given back for a while.
         *
         * @return the same future at each call; completes when nothing of the work is running any
         *     more, exceptionally if it failed
         */
        CompletableFuture<Void> ended();

        /**
         * The lease is lost. Stop without further effects: whatever is still sent will be refused.
         * Return soon.
         */
        void abandon();

        /**
         * The lease is to be given back in order. Stop taking in new work, finish or leave what has
         * begun so that a successor can take it up. The lease stays held and renewed until the work
         * has ended. Return soon.
         */
        void drain();

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

    /** Work that is one method, run from beginning to end on a thread of its own. */
    @FunctionalInterface
    interface Body {

        /**
         * Works until it is interrupted, which it is both when the lease is to be given back and
         * when it is lost. Ask the lease before each effect on the world.
         *
         * @param lease the lease
         * @throws Exception for whatever reason; it ends the work, which is then started again
         */
        void run(Lease lease) throws Exception;
    }

    /**
     * Work on a virtual thread.
     *
     * @param body what the thread does
     * @return the work
     */
    static LeaseWork onThread(Body body) {
        return lease -> new LeaseThread(lease, body);
    }
}
