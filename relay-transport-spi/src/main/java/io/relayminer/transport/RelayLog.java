package io.relayminer.transport;

import java.util.concurrent.CompletionStage;

/**
 * The durable log between those who serve relays and those who claim them: one ordered log per
 * supplier, appended to by any number of relayers and consumed by the one miner that owns the
 * supplier.
 *
 * <p>The contract is at-least-once. A relay whose append completed normally is delivered until it
 * was acknowledged, whatever process dies in between; it may be delivered several times, and the
 * same relay may be appended twice. Consumers therefore treat the relay hash as identity.
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

    /**
     * Opens the log of one supplier for consumption. Only the owner of the supplier may do so;
     * opening takes over everything that earlier owners received and did not acknowledge.
     *
     * @param supplier bech32 operator address
     * @throws RelayLogException if the storage does not answer
     */
    RelayLogReader open(String supplier);

    /**
     * Stops accepting relays, waits a bounded time for the stages of those already accepted, and
     * releases resources. Readers must be closed before.
     */
    @Override
    void close();
}
