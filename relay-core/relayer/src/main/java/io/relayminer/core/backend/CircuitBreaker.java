package io.relayminer.core.backend;

import io.relayminer.transport.Headers;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/**
 * Decides whether one endpoint is in service.
 *
 * <p>Two observers report to it. <em>Traffic</em> takes the endpoint out after a number of failures
 * in a row; when the recovery time has passed, one relay is let through as a trial (half-open), and
 * only its success brings the endpoint back. <em>Active checks</em> take it out and bring it back
 * by probes. What the checks took out, traffic does not bring back: a late success of a request
 * sent before must not overrule a probe that looks at the content of the answer.
 *
 * <p>Cancellations and oversized answers are neutral: they say as much about the request as about
 * the endpoint, so they neither count as a failure nor reset the count; a trial that ends so leaves
 * the endpoint out until the recovery time has passed again. Timeouts say a little more: one in a
 * row may be a heavy request, many are a hung node. They have a threshold of their own, leave the
 * count of failures alone, and any answer resets theirs.
 *
 * <p>An endpoint in service may ask for a pause; it is then passed over while another one is there.
 *
 * <p>Thread-safe. The common case, a success on an endpoint without failures, is two volatile
 * reads.
 */
final class CircuitBreaker {

    /** Reports changes; called at most once per change, under the lock. */
    interface Listener {
        void down(String reason);

        void up(Duration downtime);
    }

    private enum State {
        UP,
        DOWN_BY_TRAFFIC,
        DOWN_BY_CHECK
    }

    private final int threshold;
    private final int timeoutThreshold;
    private final long recoveryMillis;
    private final InstantSource clock;
    private final Listener listener;

    private volatile State state = State.UP;
    private volatile int failures;
    private volatile int timeouts;
    private volatile long pausedUntil = Long.MIN_VALUE;
    private volatile boolean trialInFlight;

    /** When the endpoint went down, for the log. */
    private long downSince;

    /**
     * When the current wait for a trial began; later than {@link #downSince} after a failed one.
     */
    private volatile long waitingSince;

    CircuitBreaker(PoolSpec.Breaker spec, InstantSource clock, Listener listener) {
        this.threshold = spec.failureThreshold();
        this.timeoutThreshold = spec.timeoutThreshold();
        this.recoveryMillis = spec.recoveryTimeout().toMillis();
        this.clock = clock;
        this.listener = listener;
    }

    /** Whether relays normally go to this endpoint; says nothing about trials. */
    boolean isUp() {
        return state == State.UP;
    }

    /** Whether {@link #tryAcquire} would succeed. */
    boolean isAvailable() {
        return state == State.UP || trialDue();
    }

    /**
     * Permission for one attempt; every success must be followed by exactly one of {@link
     * #succeeded}, {@link #failed}, {@link #timedOut} and {@link #neutral}.
     */
    boolean tryAcquire() {
        if (state == State.UP) {
            return true;
        }
        if (!trialDue()) {
            return false;
        }
        synchronized (this) {
            if (state == State.UP) {
                return true;
            }
            if (!trialDue()) {
                return false;
            }
            trialInFlight = true;
            return true;
        }
    }

    private boolean trialDue() {
        return state == State.DOWN_BY_TRAFFIC
                && !trialInFlight
                && recoveryMillis > 0
                && clock.millis() - waitingSince >= recoveryMillis;
    }

    /** An attempt was answered below 500. */
    void succeeded() {
        if (state == State.UP && failures == 0 && timeouts == 0) {
            return;
        }
        synchronized (this) {
            failures = 0;
            timeouts = 0;
            trialInFlight = false;
            if (state == State.DOWN_BY_TRAFFIC) {
                comeUp();
            }
        }
    }

    /** An attempt failed for a reason that is the endpoint's. */
    synchronized void failed(String reason) {
        timeouts = 0;
        if (state != State.UP) {
            trialWithoutSuccess();
            return;
        }
        failures = failures + 1;
        if (failures >= threshold) {
            goDown(State.DOWN_BY_TRAFFIC, reason);
        }
    }

    /** An attempt ended in a way that says nothing about the endpoint. */
    void neutral() {
        if (!trialInFlight) {
            return;
        }
        synchronized (this) {
            trialWithoutSuccess();
        }
    }

    /** An attempt was not answered in time. */
    synchronized void timedOut(String reason) {
        if (state != State.UP) {
            trialWithoutSuccess();
            return;
        }
        timeouts = timeouts + 1;
        if (timeoutThreshold > 0 && timeouts >= timeoutThreshold) {
            goDown(State.DOWN_BY_TRAFFIC, reason);
        }
    }

    private void trialWithoutSuccess() {
        if (trialInFlight) {
            trialInFlight = false;
            waitingSince = clock.millis();
        }
    }

    /** Whether the endpoint is in a pause it asked for. */
    boolean isPaused() {
        return pausedUntil != Long.MIN_VALUE && clock.millis() < pausedUntil;
    }

    /** What an attempt says of the endpoint: one of those above. */
    void report(Assessment assessment) {
        switch (assessment.verdict()) {
            case GOOD -> succeeded();
            case BAD -> failed(assessment.reason());
            case SLOW -> timedOut(assessment.reason());
            case NEUTRAL -> neutral();
        }
        Headers asking = assessment.askingForPause();
        if (asking != null) {
            Instant now = clock.instant();
            pausedUntil = now.plus(RetryAfter.of(asking, now)).toEpochMilli();
        }
    }

    /** Enough active checks in a row failed. */
    synchronized void checkedDown(String reason) {
        if (state == State.UP) {
            goDown(State.DOWN_BY_CHECK, reason);
        } else {
            state = State.DOWN_BY_CHECK;
        }
    }

    /** Enough active checks in a row succeeded. */
    synchronized void checkedUp() {
        failures = 0;
        timeouts = 0;
        trialInFlight = false;
        if (state != State.UP) {
            comeUp();
        }
    }

    private void goDown(State to, String reason) {
        long now = clock.millis();
        state = to;
        trialInFlight = false;
        downSince = now;
        waitingSince = now;
        listener.down(reason);
    }

    private void comeUp() {
        state = State.UP;
        listener.up(Duration.ofMillis(Math.max(0, clock.millis() - downSince)));
    }
}
