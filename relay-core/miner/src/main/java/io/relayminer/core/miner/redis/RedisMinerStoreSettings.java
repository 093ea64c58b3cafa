package io.relayminer.core.miner.redis;

import java.time.Duration;

/**
 * Times and bounds of a miner's store on Redis.
 *
 * @param endedLife how long the record of a session that is over is kept
 * @param reportLife how long a report is kept after its last change
 * @param linger how long entries of a log gather before it is read again
 * @param block how long a read waits on the server; shorter than the command timeout
 * @param reclaimIdle entries that another live process received are taken over after so long
 * @param readEntries entries that this process reads and has not begun to work on, at most
 * @param readBytes bytes of such entries, at most, as far as that can be told before they are read
 * @param treeTimeout how long one page of a tree may take
 */
public record RedisMinerStoreSettings(
        Duration endedLife,
        Duration reportLife,
        Duration linger,
        Duration block,
        Duration reclaimIdle,
        int readEntries,
        long readBytes,
        Duration treeTimeout) {

    /** What the documentation of Redis describes. */
    public static final RedisMinerStoreSettings DEFAULT =
            new RedisMinerStoreSettings(
                    Duration.ofHours(24),
                    Duration.ofDays(7),
                    Duration.ofMillis(150),
                    Duration.ofMillis(500),
                    Duration.ofSeconds(60),
                    1024,
                    32L << 20,
                    Duration.ofSeconds(30));

    /** The same with other lives of records and reports. */
    public RedisMinerStoreSettings withLives(Duration ended, Duration report) {
        return new RedisMinerStoreSettings(
                ended, report, linger, block, reclaimIdle, readEntries, readBytes, treeTimeout);
    }

    /** The same with another time after which entries of other live processes are taken over. */
    public RedisMinerStoreSettings withReclaimIdle(Duration idle) {
        return new RedisMinerStoreSettings(
                endedLife, reportLife, linger, block, idle, readEntries, readBytes, treeTimeout);
    }

    /** The same with another linger and block time. */
    public RedisMinerStoreSettings withPace(Duration newLinger, Duration newBlock) {
        return new RedisMinerStoreSettings(
                endedLife,
                reportLife,
                newLinger,
                newBlock,
                reclaimIdle,
                readEntries,
                readBytes,
                treeTimeout);
    }

    /** The same with other bounds of what is read at once. */
    public RedisMinerStoreSettings withReadBounds(int entries, long bytes) {
        return new RedisMinerStoreSettings(
                endedLife, reportLife, linger, block, reclaimIdle, entries, bytes, treeTimeout);
    }
}
