package io.relayminer.core.redis;

/**
 * Declares a session (not) rewardable, on {@link RedisKeys#rewardableChannel()}. Nobody sends it
 * today; relayers understand it.
 *
 * @param sessionId id of the session
 * @param rewardable whether relays of the session can still be paid
 * @param reason why not, may be empty
 */
public record RewardableEvent(String sessionId, boolean rewardable, String reason) {

    /** The message: JSON in UTF-8. */
    public byte[] encode() {
        GoJsonWriter json = new GoJsonWriter();
        json.beginObject().name("session_id").value(sessionId);
        json.name("is_rewardable").value(rewardable);
        if (!reason.isEmpty()) {
            json.name("reason").value(reason);
        }
        return json.endObject().toBytes();
    }

    /**
     * Reads a message.
     *
     * @throws RedisStateException.MalformedValue if it is not such a JSON object
     */
    public static RewardableEvent decode(byte[] message) {
        GoJsonReader json = GoJsonReader.parse("rewardable event", message);
        return new RewardableEvent(
                json.string("session_id"), json.bool("is_rewardable"), json.string("reason"));
    }
}
