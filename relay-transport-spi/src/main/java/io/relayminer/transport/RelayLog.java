package io.relayminer.transport;

import java.util.concurrent.CompletionStage;

/**
 * Where those who serve relays put them for those who claim them: one ordered log per supplier,
 * appended to by any number of relayers. Reading it is the business of the store of the miner that
 * owns the supplier, which takes a relay out of the log in the act that keeps it elsewhere.
 *
 * <p>A relay whose append completed normally is not lost, whatever process dies. The same relay may
 * be appended twice, so readers take the relay hash as identity.
 *
 * <p>Implementations are safe for use by any thread. {@code append} never blocks and its stage may
 * be completed on a thread of the implementation, so do not block in dependent actions.
 */
public interface RelayLog extends AutoCloseable {

    /**
     * Appends a relay to its supplier's log.
     *
     * @param relay the relay; {@link MinedRelay#incomplete()} must be null
     * @return completes with the entry's id when the relay is stored as durably as the
     *     implementation was configured to confirm, or fails with a {@link RelayLogException}
     */
    CompletionStage<String> append(MinedRelay relay);

    /** Relays accepted and not yet confirmed, for metrics; 0 if the log does not count them. */
    default int unconfirmed() {
        return 0;
    }

    /**
     * Stops accepting relays, waits a bounded time for the stages of those already accepted, and
     * releases resources.
     */
    @Override
    void close();
}
