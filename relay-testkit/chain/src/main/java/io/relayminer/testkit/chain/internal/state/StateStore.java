package io.relayminer.testkit.chain.internal.state;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;

import io.relayminer.testkit.chain.internal.encoding.Hashes;

import org.jspecify.annotations.Nullable;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.concurrent.ConcurrentSkipListMap;

/**
 * The committed state of the chain, every height of it.
 *
 * <p>A sorted map from key to a chain of versions, newest first. A reader that is bound to height
 * <i>h</i> walks a chain to the first version not above <i>h</i>; a commit of height <i>h + 1</i>
 * only puts new heads in front. Readers therefore need no lock, never see half a block, and a query
 * at any old height costs the same as one at the tip. Deletions are versions without value. Nothing
 * is ever pruned: the state of a dev chain is small, and a recorded history is what makes {@code
 * x-cosmos-block-height} and failed-run forensics possible.
 *
 * <p>Writes happen in a {@link Branch} and arrive here as one batch per block. One thread commits,
 * any number read.
 */
public final class StateStore {

    private record Version(long height, @Nullable Object value, @Nullable Version older) {}

    private final ConcurrentSkipListMap<String, Version> versions = new ConcurrentSkipListMap<>();

    /** Read access to the state as committed by the block of {@code height}. */
    public StateReader at(long height) {
        return new StateReader() {
            @Override
            public @Nullable Object get(String key) {
                return valueAt(versions.get(key), height);
            }

            @Override
            public List<Map.Entry<String, Object>> scan(String prefix) {
                List<Map.Entry<String, Object>> found = new ArrayList<>();
                for (Map.Entry<String, Version> entry :
                        versions.subMap(prefix, prefix + Character.MAX_VALUE).entrySet()) {
                    Object value = valueAt(entry.getValue(), height);
                    if (value != null) {
                        found.add(Map.entry(entry.getKey(), value));
                    }
                }
                return found;
            }
        };
    }

    private static @Nullable Object valueAt(@Nullable Version head, long height) {
        Version version = head;
        while (version != null && version.height() > height) {
            version = version.older();
        }
        return version == null ? null : version.value();
    }

    /**
     * Adds the writes of one block.
     *
     * @param writes key to new value; {@link Branch#DELETED} deletes
     */
    public void commit(long height, SortedMap<String, Object> writes) {
        for (Map.Entry<String, Object> write : writes.entrySet()) {
            Object value = write.getValue().equals(Branch.DELETED) ? null : write.getValue();
            versions.compute(write.getKey(), (key, head) -> new Version(height, value, head));
        }
    }

    /**
     * Application hash after a block: SHA-256 over the previous one and the canonical bytes of the
     * writes. 32 bytes.
     */
    public static ByteString appHash(ByteString previous, SortedMap<String, Object> writes) {
        MessageDigest digest = Hashes.newSha256();
        digest.update(previous.toByteArray());
        for (Map.Entry<String, Object> write : writes.entrySet()) {
            digest.update(write.getKey().getBytes(StandardCharsets.UTF_8));
            digest.update((byte) 0);
            digest.update(Hashes.sha256(bytesOf(write.getValue())));
        }
        return ByteString.copyFrom(digest.digest());
    }

    /** Bytes that stand for a value in hashes and gas costs. */
    static byte[] bytesOf(Object value) {
        if (value instanceof MessageLite message) {
            return message.toByteArray();
        }
        if (value instanceof ByteString bytes) {
            return bytes.toByteArray();
        }
        if (value instanceof BigInteger
                || value instanceof Long
                || value instanceof Boolean
                || value instanceof String
                || value instanceof ChainAccount) {
            return value.toString().getBytes(StandardCharsets.UTF_8);
        }
        return value.equals(Branch.DELETED)
                ? new byte[0]
                : value.toString().getBytes(StandardCharsets.UTF_8);
    }
}
