package io.relayminer.core.meter;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.CompletionStage;

/** The shared counters. Stages fail with whatever the store's client reports. */
interface MeterStore {

    /**
     * Outcome of one exchange.
     *
     * @param granted upokt added to the caller's lease
     * @param consumed value of the shared counter afterwards, upokt
     */
    record Exchange(long granted, long consumed) {}

    /**
     * Gives back {@code returned} and takes up to {@code want}, in one step.
     *
     * @param session whose budget
     * @param terms limit in force
     * @param returned upokt not needed any more
     * @param want upokt wanted, a multiple of the cost; 0 to give back only
     */
    CompletionStage<Exchange> exchange(
            MeteredSession session, MeterTerms terms, long returned, long want);

    /** Forgets the counter of a session whose claim is under way. */
    CompletionStage<@Nullable Void> remove(String sessionId, String supplier);
}
