package io.relayminer.core.relay;

import com.github.benmanes.caffeine.cache.Ticker;

import io.relayminer.transport.MinedRelay;
import io.relayminer.transport.RelayLog;
import io.relayminer.transport.RelayLogException;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Records mined relays and decides what happens to a relay that cannot be recorded.
 *
 * <p>When an answer may go out is the log's matter: one that confirms completes an append when the
 * relay is stored, so an answered relay is never lost; one that does not completes it when the
 * relay has a place in its bounded queue. Either way a relay the log does not take is refused, or
 * answered and counted as lost if the operator prefers that.
 *
 * <p>Safe for use by any thread; never blocks.
 */
public final class RelayPublisher {

    private static final Logger LOG = LoggerFactory.getLogger(RelayPublisher.class);

    /** What became of a relay by the time it may be answered. */
    enum Receipt {
        /** It will be claimed: the log has it, or has taken it on. */
        TAKEN,
        /** It is answered but will not be paid. */
        UNPAID
    }

    private final RelayLog log;
    private final boolean serveUnpaid;
    private final RelayerMetrics metrics;
    private final LogThrottle throttle = new LogThrottle(Ticker.systemTicker());

    /**
     * Records into a log.
     *
     * @param log where; not closed here
     * @param serveUnpaid whether a relay that the log does not take is answered all the same
     * @param metrics counters
     */
    public RelayPublisher(RelayLog log, boolean serveUnpaid, RelayerMetrics metrics) {
        this.log = log;
        this.serveUnpaid = serveUnpaid;
        this.metrics = metrics;
    }

    /**
     * Records a relay.
     *
     * @return completes when the relay may be answered; fails with {@link RefusedException} if it
     *     must not be
     */
    CompletionStage<Receipt> publish(MinedRelay relay) {
        return append(relay)
                .handle(
                        (id, failure) -> {
                            if (failure == null) {
                                metrics.published(relay.serviceId(), relay.supplier());
                                return Receipt.TAKEN;
                            }
                            return notTaken(relay, RelayFailures.root(failure));
                        });
    }

    private CompletionStage<String> append(MinedRelay relay) {
        try {
            return log.append(relay);
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private Receipt notTaken(MinedRelay relay, Throwable cause) {
        boolean full = cause instanceof RelayLogException.Full;
        if (serveUnpaid) {
            metrics.lost(
                    relay.serviceId(), relay.supplier(), full ? "queue_full" : "log_unavailable");
            long more = throttle.permit();
            if (more >= 0) {
                LOG.warn(
                        "a relay of supplier {} session {} is served unpaid, as {} before it: {}",
                        relay.supplier(),
                        relay.sessionId(),
                        more,
                        cause.toString());
            }
            return Receipt.UNPAID;
        }
        long more = throttle.permit();
        if (more >= 0) {
            LOG.warn(
                    "a relay is refused, as {} before it, because the relay log does not take it:"
                            + " {}",
                    more,
                    cause.toString());
        }
        throw new RefusedException(
                full
                        ? Refusal.of(Refusal.Kind.OVERLOADED)
                        : Refusal.of(Refusal.Kind.LOG_UNAVAILABLE));
    }
}
