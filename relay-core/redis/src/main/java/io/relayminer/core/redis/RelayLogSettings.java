package io.relayminer.core.redis;

import java.time.Duration;

/**
 * Settings of the relay log on Redis Streams.
 *
 * @param confirm whether an append completes when Redis acknowledged it (true) or when it was
 *     accepted into the bounded queue (false)
 * @param appendTimeout how long an append is retried before it fails
 * @param maxInFlight relays that may wait for Redis
 * @param maxInFlightBytes bytes of entries that may wait for Redis
 * @param flushEvery a pipeline of so many appends is written even if no reply came back meanwhile
 * @param replayFor how long a published relay is remembered for the case of a fail-over
 * @param replayBytes how many bytes of published relays are remembered at most
 */
public record RelayLogSettings(
        boolean confirm,
        Duration appendTimeout,
        int maxInFlight,
        long maxInFlightBytes,
        int flushEvery,
        Duration replayFor,
        long replayBytes) {

    /** Confirmed appends with the bounds described in the documentation of Redis. */
    public static final RelayLogSettings DEFAULT =
            new RelayLogSettings(
                    true,
                    Duration.ofSeconds(3),
                    50_000,
                    128L << 20,
                    64,
                    Duration.ofSeconds(15),
                    64L << 20);

    /** The same settings with another confirmation mode. */
    public RelayLogSettings withConfirm(boolean value) {
        return new RelayLogSettings(
                value,
                // An unconfirmed append has nobody who waits; it is retried through an outage.
                value ? appendTimeout : Duration.ofMinutes(10),
                maxInFlight,
                maxInFlightBytes,
                flushEvery,
                replayFor,
                replayBytes);
    }

    /** The same settings with another bound of relays that wait for Redis. */
    public RelayLogSettings withMaxInFlight(int relays) {
        return new RelayLogSettings(
                confirm,
                appendTimeout,
                relays,
                maxInFlightBytes,
                flushEvery,
                replayFor,
                replayBytes);
    }
}
