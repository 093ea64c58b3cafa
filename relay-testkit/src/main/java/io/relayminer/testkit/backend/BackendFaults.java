package io.relayminer.testkit.backend;

import java.time.Duration;

/**
 * Misbehaviour of a {@link DemoBackend}. All switches are off at first, take effect for the next
 * request, and may be set from any thread.
 */
public final class BackendFaults {

    private volatile Duration delay = Duration.ZERO;
    private volatile double errorRate;
    private volatile int fatPayloadBytes;
    private volatile boolean brokenCompression;
    private volatile boolean hangUp;

    BackendFaults() {}

    /** Answers each request so much later; zero switches it off. */
    public void delay(Duration time) {
        delay = time;
    }

    /** Answers this share of requests, 0 to 1, with status 500. */
    public void errorRate(double share) {
        if (!(share >= 0 && share <= 1)) {
            throw new IllegalArgumentException("the error rate is 0 to 1, not " + share);
        }
        errorRate = share;
    }

    /** Appends a member with so many bytes to each answer; 0 switches it off. */
    public void fatPayloadBytes(int bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("a payload cannot have " + bytes + " bytes");
        }
        fatPayloadBytes = bytes;
    }

    /** Declares answers to be gzip that are not. */
    public void brokenCompression(boolean on) {
        brokenCompression = on;
    }

    /** Closes the connection instead of answering. */
    public void hangUp(boolean on) {
        hangUp = on;
    }

    /** Switches everything off. */
    public void clear() {
        delay = Duration.ZERO;
        errorRate = 0;
        fatPayloadBytes = 0;
        brokenCompression = false;
        hangUp = false;
    }

    Duration delay() {
        return delay;
    }

    double errorRate() {
        return errorRate;
    }

    int fatPayloadBytes() {
        return fatPayloadBytes;
    }

    boolean brokenCompression() {
        return brokenCompression;
    }

    boolean hangUp() {
        return hangUp;
    }
}
