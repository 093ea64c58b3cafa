package io.relayminer.core.relay;

import io.relayminer.core.chain.ChainQueries;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Whether the chain has answered a query since the start. A relayer that learns of blocks from
 * Redis but cannot ask the chain refuses every relay, and must not take the place of one that
 * serves.
 *
 * <p>Once it has answered it is not asked again: an outage that comes later hurts only sessions
 * that nobody knows yet. Thread-safe.
 */
public final class ChainReachability {

    private static final Logger LOG = LoggerFactory.getLogger(ChainReachability.class);
    private static final long AGAIN_MILLIS = 1_000;

    private final ChainQueries chain;
    private final ScheduledExecutorService timer;
    private volatile boolean answered;
    private volatile boolean reported;

    /**
     * Asks nothing yet.
     *
     * @param timer runs the questions, each a second after a failed one, until it is shut down
     */
    public ChainReachability(ChainQueries chain, ScheduledExecutorService timer) {
        this.chain = chain;
        this.timer = timer;
    }

    /** Begins to ask; called once. */
    public void start() {
        chain.sharedParams()
                .whenComplete(
                        (params, failure) -> {
                            if (failure == null) {
                                answered = true;
                                if (reported) {
                                    LOG.info("the chain answers queries now");
                                }
                            } else {
                                failed(failure);
                            }
                        });
    }

    private void failed(Throwable failure) {
        if (!reported) {
            reported = true;
            LOG.warn(
                    "not ready: the chain does not answer queries: {}",
                    RelayFailures.root(failure).getMessage());
        }
        try {
            var unused = timer.schedule(this::start, AGAIN_MILLIS, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException stopped) {
            LOG.debug("the chain is not asked any more");
        }
    }

    /** Whether a query was answered. */
    public boolean answered() {
        return answered;
    }
}
