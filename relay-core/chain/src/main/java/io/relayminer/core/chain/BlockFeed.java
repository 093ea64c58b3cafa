package io.relayminer.core.chain;

import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/**
 * The blocks of the chain as they come.
 *
 * <p>Heights only go up and each is delivered once. Small gaps are filled by asking for the missing
 * blocks; a long gap, as after a long outage, is jumped over, so listeners must act on "height at
 * least", not on "height equals".
 *
 * <p>Thread-safe. Listeners are called one block at a time on a thread of the feed; a listener that
 * throws is logged and stays subscribed, a slow one delays only the blocks it has not seen.
 */
public interface BlockFeed extends AutoCloseable {

    /**
     * Starts following the chain. The stage completes with the first block known; it keeps trying
     * while no node answers and fails only if the feed is closed.
     */
    CompletionStage<Block> start();

    /**
     * The newest block known.
     *
     * @throws IllegalStateException before the stage of {@link #start} has completed
     */
    Block latest();

    /**
     * The smoothed time between blocks as their headers tell, or the configured expectation until
     * two blocks were seen.
     */
    Duration blockInterval();

    /**
     * Whether it follows the chain, or was closed. False means that it has ended for good and only
     * a new process helps; nodes that do not answer are no reason.
     */
    default boolean isAlive() {
        return true;
    }

    /**
     * Calls the listener for every block from now on, beginning with the newest one already known.
     *
     * @return ends the subscription when closed; closing twice is harmless
     */
    Subscription subscribe(Consumer<Block> listener);

    /** Stops following. No listener is called after this has returned. */
    @Override
    void close();

    /** A running subscription. */
    interface Subscription extends AutoCloseable {
        @Override
        void close();
    }
}
