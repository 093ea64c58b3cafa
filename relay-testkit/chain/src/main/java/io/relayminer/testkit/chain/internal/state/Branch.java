package io.relayminer.testkit.chain.internal.state;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Uncommitted writes on top of a {@link StateReader}, which may itself be a branch.
 *
 * <p>Everything that may have to be undone runs in a branch of its own: the messages of a
 * transaction on top of its ante handler, a transaction on top of its block, the mempool's checks
 * on top of the last commit. {@link #writeTo} merges upwards, dropping the branch undoes. A branch
 * with a meter charges gas for each access; a nested branch has its own.
 *
 * <p>Not thread safe.
 */
public final class Branch implements StateReader {
    /** Marks a deleted key in {@link #writes()}. */
    static final Object DELETED =
            new Object() {
                @Override
                public String toString() {
                    return "deleted";
                }
            };

    private final StateReader base;
    private final TreeMap<String, Object> writes = new TreeMap<>();
    private @Nullable GasMeter meter;

    public Branch(StateReader base) {
        this.base = base;
    }

    /** Charges every following access to {@code meter}; {@code null} ends charging. */
    public void meter(@Nullable GasMeter meter) {
        this.meter = meter;
    }

    @Override
    public @Nullable Object get(String key) {
        Object value = peek(key);
        GasMeter charged = meter;
        if (charged != null) {
            charged.consume(GasMeter.READ_FLAT, "ReadFlat");
            charged.consume(
                    GasMeter.READ_PER_BYTE
                            * (Keys.gasLength(key) + (value == null ? 0 : size(value))),
                    "ReadPerByte");
        }
        return value;
    }

    @Override
    public boolean has(String key) {
        GasMeter charged = meter;
        if (charged != null) {
            charged.consume(GasMeter.HAS, "Has");
        }
        return peek(key) != null;
    }

    private @Nullable Object peek(String key) {
        Object written = writes.get(key);
        if (written != null) {
            return written == DELETED ? null : written;
        }
        return base instanceof Branch parent ? parent.peek(key) : base.get(key);
    }

    @Override
    public List<Map.Entry<String, Object>> scan(String prefix) {
        List<Map.Entry<String, Object>> found = peekScan(prefix);
        GasMeter charged = meter;
        if (charged != null) {
            for (Map.Entry<String, Object> entry : found) {
                charged.consume(
                        GasMeter.READ_PER_BYTE
                                * (Keys.gasLength(entry.getKey()) + size(entry.getValue())),
                        "ValuePerByte");
                charged.consume(GasMeter.ITERATE_NEXT, "IterNextFlat");
            }
        }
        return found;
    }

    private List<Map.Entry<String, Object>> peekScan(String prefix) {
        List<Map.Entry<String, Object>> below =
                base instanceof Branch parent ? parent.peekScan(prefix) : base.scan(prefix);
        SortedMap<String, Object> above = writes.subMap(prefix, prefix + Character.MAX_VALUE);
        if (above.isEmpty()) {
            return below;
        }
        TreeMap<String, Object> merged = new TreeMap<>();
        for (Map.Entry<String, Object> entry : below) {
            merged.put(entry.getKey(), entry.getValue());
        }
        merged.putAll(above);
        List<Map.Entry<String, Object>> found = new ArrayList<>();
        for (Map.Entry<String, Object> entry : merged.entrySet()) {
            if (entry.getValue() != DELETED) {
                found.add(Map.entry(entry.getKey(), entry.getValue()));
            }
        }
        return found;
    }

    public void put(String key, Object value) {
        GasMeter charged = meter;
        if (charged != null) {
            charged.consume(GasMeter.WRITE_FLAT, "WriteFlat");
            charged.consume(
                    GasMeter.WRITE_PER_BYTE * (Keys.gasLength(key) + size(value)), "WritePerByte");
        }
        writes.put(key, value);
    }

    public void delete(String key) {
        GasMeter charged = meter;
        if (charged != null) {
            charged.consume(GasMeter.DELETE, "Delete");
        }
        writes.put(key, DELETED);
    }

    /** Merges all writes into {@code parent}, free of gas. */
    public void writeTo(Branch parent) {
        parent.writes.putAll(writes);
    }

    /** The writes so far, by key. */
    public SortedMap<String, Object> writes() {
        return writes;
    }

    private static long size(Object value) {
        if (value instanceof MessageLite message) {
            return message.getSerializedSize();
        }
        if (value instanceof ByteString bytes) {
            return bytes.size();
        }
        return StateStore.bytesOf(value).length;
    }
}
