package io.relayminer.core.meter;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.CompletionStage;

/** The shared counters. Stages fail with whatever the store's client reports. */
interface MeterStore {

    /**
     * What is asked in one exchange: to give back {@code returned} and to take up to {@code want}.
     * The request may be sent again as it is; only the first one that arrives is carried out, and
     * of a later sequence number none with an earlier one.
     *
     * @param sequence number of the request, which grows with each one of this process
     * @param terms limit in force
     * @param returned upokt not needed any more
     * @param least upokt below which a grant is of no use, at least 1
     * @param step what a grant is a multiple of, upokt, at least 1
     * @param want upokt wanted; 0 to give back only
     */
    record Request(
            long sequence, MeterTerms terms, long returned, long least, long step, long want) {}

    /**
     * Outcome of one exchange.
     *
     * @param granted upokt added to the caller's lease
     * @param consumed value of the shared counter afterwards, upokt
     */
    record Exchange(long granted, long consumed) {}

    /** Carries a request out, in one step. */
    CompletionStage<Exchange> exchange(MeteredSession session, Request request);

    /** Forgets the counter of a session whose claim is under way. */
    CompletionStage<@Nullable Void> remove(String sessionId, String supplier);
}
