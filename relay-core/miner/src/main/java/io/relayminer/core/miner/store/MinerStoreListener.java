package io.relayminer.core.miner.store;

import org.jspecify.annotations.Nullable;

import java.time.Duration;

/** Observes a miner's store, for metrics. Called on any thread; must not block or throw. */
public interface MinerStoreListener {

    /** Observes nothing. */
    MinerStoreListener NONE = new MinerStoreListener() {};

    /** So many entries of a supplier were delivered to this process. */
    default void delivered(String supplier, int entries) {}

    /** So many of them had been delivered to somebody before. */
    default void takenOver(String supplier, int entries) {}

    /**
     * A relay was decoded after its delivery.
     *
     * @param supplier its supplier
     * @param service its service, as the entry says
     * @param age time since it was published, negative if that is not known
     */
    default void consumed(String supplier, String service, Duration age) {}

    /** An entry of a supplier could not be decoded. */
    default void malformed(String supplier) {}

    /** The log of a supplier could not be read. */
    default void readFailed(String supplier) {}

    /**
     * The record of a session could not be read.
     *
     * @param rebuilt whether it was put aside and made anew from what else is kept of the session
     */
    default void recordUnreadable(String supplier, String session, boolean rebuilt) {}

    /**
     * Something was done to a tree.
     *
     * @param operation {@code commit}, {@code discard}, {@code seal}, {@code set_root}, {@code
     *     get_root}, {@code load} or {@code adopt}
     * @param took how long it took
     * @param failure why it failed, or null
     */
    default void treeOperation(
            String operation, Duration took, MinerStoreException.@Nullable Reason failure) {}
}
