package io.relayminer.leader;

/**
 * Is told what happens to leases, for metrics and logs. Called on the thread that keeps them; must
 * not block or throw.
 */
public interface LeaseListener {

    /** Hears nothing. */
    LeaseListener NONE = new LeaseListener() {};

    /**
     * A lease was acquired and work started.
     *
     * @param lease the lease
     */
    default void acquired(Lease lease) {}

    /**
     * A lease was lost without having been given back.
     *
     * @param lease the lease
     * @param why the store's answer
     */
    default void lost(Lease lease, Renewal why) {}

    /**
     * A lease was given back after its work had ended.
     *
     * @param lease the lease
     */
    default void released(Lease lease) {}

    /**
     * Work under a lease could not start; the lease was given back.
     *
     * @param lease the lease
     * @param failure what the work said
     */
    default void startFailed(Lease lease, RuntimeException failure) {}

    /**
     * Work under a lease ended although nobody had asked it to. It is started again.
     *
     * @param lease the lease
     */
    default void endedByItself(Lease lease) {}

    /**
     * The store gave no definite answer.
     *
     * @param operation {@code acquire}, {@code renew}, {@code release}, {@code heartbeat} or {@code
     *     look}
     * @param failure what it said
     */
    default void storeFailed(String operation, LeaseStoreException failure) {}
}
