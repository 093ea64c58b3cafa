package io.relayminer.core.redis;

import java.time.OffsetDateTime;

/**
 * A new block, as the leading miner announces it on {@link RedisKeys#blockChannel()}.
 *
 * @param height block height
 * @param hash 32 bytes of the canonical block id, or empty when unknown; not copied
 * @param timestamp block header time
 */
@SuppressWarnings("ArrayRecordComponent") // not copied; documented as such
public record BlockEvent(long height, byte[] hash, OffsetDateTime timestamp) {

    /** The message: JSON in UTF-8, hash in standard base64, time with up to nine digits. */
    public byte[] encode() {
        GoJsonWriter json = new GoJsonWriter();
        json.beginObject().name("height").value(height);
        if (hash.length > 0) {
            json.name("hash").base64(hash);
        }
        return json.name("timestamp").value(GoTime.format(timestamp)).endObject().toBytes();
    }

    /**
     * Reads a message.
     *
     * @throws RedisStateException.MalformedValue if it is not such a JSON object
     */
    public static BlockEvent decode(byte[] message) {
        GoJsonReader json = GoJsonReader.parse("block event", message);
        byte[] hash = json.bytes("hash");
        String time = json.string("timestamp");
        return new BlockEvent(
                json.int64("height"),
                hash == null ? new byte[0] : hash,
                time.isEmpty() ? GoTime.ZERO : GoTime.parse("block event timestamp", time));
    }
}
