package io.relayminer.benchmarks.node;

import java.time.Duration;

/**
 * How long and how hard the node is driven.
 *
 * @param relaysPerSecond the steady rate
 * @param relayBytes size of a relay's JSON-RPC body
 * @param sessionBlocks blocks of one second in a session
 * @param warmUpSessions whole sessions in which relays are sent as fast as they are answered,
 *     before anything is measured; compilers need minutes, most of all for what happens once a
 *     batch
 * @param measuredSessions whole sessions that the steady rate is measured over, at least one
 * @param sampleSeconds time at the steady rate in which the commands to Redis are watched
 * @param floodRelays relays of the throughput measurement
 * @param floodInFlight relays in flight at once in warm-up and throughput measurement
 * @param proxyWarmUp requests sent to the bare proxy before it is measured
 * @param proxyTime how long the bare proxy is measured at the steady rate
 */
public record NodePlan(
        int relaysPerSecond,
        int relayBytes,
        int sessionBlocks,
        int warmUpSessions,
        int measuredSessions,
        int sampleSeconds,
        int floodRelays,
        int floodInFlight,
        int proxyWarmUp,
        Duration proxyTime) {

    /** Four sessions of warm-up and three measured, the last of which ends with 10,000 relays. */
    public static final NodePlan FULL =
            new NodePlan(400, 1000, 27, 4, 3, 3, 16_000, 64, 30_000, Duration.ofSeconds(20));

    /** One session of 5,200 relays, after what is left of the first one as warm-up. */
    public static final NodePlan QUICK =
            new NodePlan(400, 1000, 15, 0, 1, 2, 5_000, 64, 20_000, Duration.ofSeconds(6));

    /** Checks the bounds. */
    public NodePlan {
        if (sessionBlocks <= sampleSeconds + 1 || measuredSessions < 1 || relaysPerSecond < 1) {
            throw new IllegalArgumentException(
                    "a session must be longer than the sample, and one must be measured");
        }
    }

    /**
     * Relays sent at the steady rate. The load ends two blocks before its last session does, so
     * that no relay, not even one that is signed ahead of its time, belongs to the session after.
     */
    long steadyRelays() {
        return (long) relaysPerSecond * (sessionBlocks * measuredSessions - 2);
    }
}
