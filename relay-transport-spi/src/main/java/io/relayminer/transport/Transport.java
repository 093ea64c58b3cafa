package io.relayminer.transport;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.CompletionStage;

/**
 * A listener that receives relays.
 *
 * <p>Lifecycle: {@link #start} once, then {@link #drain} (optional), then {@link #close}. Between
 * start and drain the transport serves; from the call of {@code drain} on it refuses new
 * connections and finishes what it has; after {@code close} its sockets and threads are gone. All
 * methods may be called from any thread and return at once.
 */
public interface Transport {

    /** Name of the transport, as in {@link InboundRelay#transport()}. */
    String name();

    /**
     * Starts to listen.
     *
     * @return the bound address, with the real port if 0 was asked for; fails with {@link
     *     TransportException} if the address cannot be bound
     * @throws IllegalStateException if started before
     */
    CompletionStage<InetSocketAddress> start(RelayHandler handler);

    /**
     * Stops accepting connections and requests and waits for the relays in flight. Streams are
     * asked to end with {@link FrameReceiver#end}; conversations of many messages are closed with
     * {@link Closing#GOING_AWAY}.
     *
     * @param grace how long to wait at most
     * @return the number of relays that were still unanswered when the grace period was over; 0 if
     *     every relay was answered and its answer written
     */
    CompletionStage<Integer> drain(Duration grace);

    /** Closes every connection, cancelling relays in flight. Idempotent. */
    CompletionStage<Void> close();
}
