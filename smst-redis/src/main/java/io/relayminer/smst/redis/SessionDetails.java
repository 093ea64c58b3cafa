package io.relayminer.smst.redis;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a script needs to know about a session besides its leaves. Validated when it is made,
 * because a script that finds out in the middle has written half.
 *
 * @param sessionId id, as it stands in the indexes; not empty
 * @param newRecord fields of a record that does not exist yet, in the reference's names, without
 *     {@code relay_count} and {@code total_compute_units}, which the scripts keep; {@code state}
 *     must be {@code active}. Copied; the values are not
 * @param now time of the change, as the record stores times; not empty
 * @param timeToLiveMillis how long record, indexes and leaves live if nobody touches them again; 0
 *     for ever
 */
public record SessionDetails(
        String sessionId, Map<String, byte[]> newRecord, String now, long timeToLiveMillis) {

    private static final String ACTIVE = "active";

    /**
     * Checks what it is given.
     *
     * @throws IllegalArgumentException naming the component that cannot be used
     */
    public SessionDetails {
        if (sessionId.isEmpty()) {
            throw new IllegalArgumentException("sessionId is empty");
        }
        if (now.isEmpty()) {
            throw new IllegalArgumentException("now is empty");
        }
        if (timeToLiveMillis < 0) {
            throw new IllegalArgumentException(
                    "timeToLiveMillis is " + timeToLiveMillis + "; give 0 for ever, or more");
        }
        newRecord = new LinkedHashMap<>(newRecord);
        byte[] state = newRecord.get("state");
        if (state == null || !new String(state, StandardCharsets.UTF_8).equals(ACTIVE)) {
            throw new IllegalArgumentException(
                    "newRecord has no field state with the value active; a session begins there");
        }
        for (String counter : new String[] {"relay_count", "total_compute_units"}) {
            if (newRecord.containsKey(counter)) {
                throw new IllegalArgumentException(
                        "newRecord has a field " + counter + ", which only the scripts write");
            }
        }
    }

    /**
     * A session whose record says no more than that it is there, which is enough for those who keep
     * nothing else in it. It lives for ever.
     *
     * @param sessionId id of the session
     * @param now time of the change
     * @return the details
     */
    public static SessionDetails of(String sessionId, String now) {
        Map<String, byte[]> record = new LinkedHashMap<>();
        record.put("session_id", sessionId.getBytes(StandardCharsets.UTF_8));
        record.put("state", ACTIVE.getBytes(StandardCharsets.UTF_8));
        record.put("last_updated_at", now.getBytes(StandardCharsets.UTF_8));
        return new SessionDetails(sessionId, record, now, 0);
    }
}
