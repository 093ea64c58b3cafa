package io.relayminer.core.relay;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the operator of relays that come so late in their session's grace period that the claim may
 * be made without them. They are served and recorded all the same, unless the configuration says
 * otherwise.
 *
 * <p>One line per session, supplier and degree of lateness: a gateway that is behind sends many.
 * Thread-safe.
 */
final class LateRelays {

    private static final Logger LOG = LoggerFactory.getLogger(LateRelays.class);
    private static final int MOST_REMEMBERED = 10_000;

    private enum Degree {
        LAST_BLOCK,
        LATE
    }

    private record Said(String sessionId, String supplier, Degree degree) {}

    private final RelayerMetrics metrics;
    private final Cache<Said, Boolean> said =
            Caffeine.newBuilder().maximumSize(MOST_REMEMBERED).executor(Runnable::run).build();

    LateRelays(RelayerMetrics metrics) {
        this.metrics = metrics;
    }

    /**
     * Judges an authentic relay.
     *
     * @param height block height at its arrival, 0 if unknown, which counts as in time
     */
    void judge(SessionContext session, String supplier, long height) {
        long lateFrom = session.lateFrom();
        boolean late = height > 0 && height >= lateFrom;
        metrics.rewardable(!late);
        if (late) {
            warn(session, supplier, height, Degree.LATE);
        } else if (height >= session.key().end() && lateFrom - height <= 1) {
            warn(session, supplier, height, Degree.LAST_BLOCK);
        }
    }

    private void warn(SessionContext session, String supplier, long height, Degree degree) {
        SessionKey key = session.key();
        if (said.asMap().putIfAbsent(new Said(key.sessionId(), supplier, degree), true) != null) {
            return;
        }
        switch (degree) {
            case LATE ->
                    LOG.warn(
                            "late relay: session {} of supplier {} ended at {} and relays are"
                                    + " rewarded for certain before height {}; this one came at {}",
                            key.sessionId(),
                            supplier,
                            key.end(),
                            session.lateFrom(),
                            height);
            case LAST_BLOCK ->
                    LOG.warn(
                            "tight timing: session {} of supplier {} ended at {} and its relays are"
                                    + " late from height {} on; this one came at {}",
                            key.sessionId(),
                            supplier,
                            key.end(),
                            session.lateFrom(),
                            height);
        }
    }
}
