package io.relayminer.core.miner.store;

import io.relayminer.core.redis.GoJsonReader;
import io.relayminer.core.redis.GoJsonWriter;
import io.relayminer.core.redis.RedisKeys;
import io.relayminer.core.redis.RedisStateException;

import org.jspecify.annotations.Nullable;

/**
 * A claim or proof message that waits for its inclusion in a block: value of {@link
 * RedisKeys#outbox}, one hash field per session. It is stored before the first broadcast, so a
 * crash can delay a message but not lose it.
 *
 * @param message protobuf of the claim or proof message (not of the transaction), null if unknown;
 *     not copied
 * @param submitHeight height at which it was (to be) broadcast first
 * @param latestTxHash upper-case hex hash of the latest transaction, empty before any
 * @param originalTxHash hash of the first accepted transaction; empty means that none was accepted,
 *     which tells every owner to send at once
 * @param serviceId service of the session, may be empty
 * @param resends how often it was sent again
 */
@SuppressWarnings("ArrayRecordComponent") // not copied; documented as such
public record OutboxEntry(
        byte @Nullable [] message,
        long submitHeight,
        String latestTxHash,
        String originalTxHash,
        String serviceId,
        long resends) {

    /** The stored form: JSON in UTF-8. */
    public byte[] encode() {
        GoJsonWriter json = new GoJsonWriter();
        json.beginObject().name("m").base64(message).name("h").value(submitHeight);
        json.name("t").value(latestTxHash);
        if (!originalTxHash.isEmpty()) {
            json.name("o").value(originalTxHash);
        }
        if (!serviceId.isEmpty()) {
            json.name("s").value(serviceId);
        }
        if (resends != 0) {
            json.name("n").value(resends);
        }
        return json.endObject().toBytes();
    }

    /**
     * Reads a stored entry.
     *
     * @throws RedisStateException.MalformedValue if it is not such a JSON object
     */
    public static OutboxEntry decode(byte[] stored) {
        GoJsonReader json = GoJsonReader.parse("outbox entry", stored);
        return new OutboxEntry(
                json.bytes("m"),
                json.int64("h"),
                json.string("t"),
                json.string("o"),
                json.string("s"),
                json.int64("n"));
    }
}
