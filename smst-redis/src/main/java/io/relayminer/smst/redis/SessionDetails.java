package io.relayminer.smst.redis;

import java.util.Map;

/**
 * What a script needs to know about a session besides its leaves.
 *
 * @param sessionId id, as it stands in the indexes
 * @param newRecord fields of a record that does not exist yet, in the reference's names, without
 *     {@code relay_count} and {@code total_compute_units}, which the scripts keep; {@code state}
 *     must be {@code active}
 * @param now time of the change, as the record stores times
 * @param timeToLiveMillis how long record, indexes and leaves live if nobody touches them again; 0
 *     for ever
 */
public record SessionDetails(
        String sessionId, Map<String, byte[]> newRecord, String now, long timeToLiveMillis) {}
