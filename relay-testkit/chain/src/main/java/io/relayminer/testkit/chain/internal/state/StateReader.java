package io.relayminer.testkit.chain.internal.state;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Read access to chain state at one point in time. Keys are ASCII text whose natural order is the
 * iteration order; values are immutable objects.
 */
public interface StateReader {

    /** The value of {@code key}, or {@code null}. */
    @Nullable Object get(String key);

    /**
     * All entries whose key starts with {@code prefix}, ascending by key; a copy that later writes
     * do not change.
     */
    List<Map.Entry<String, Object>> scan(String prefix);

    /** The value of {@code key} as {@code type}, or {@code null} when there is none. */
    default <T> @Nullable T get(String key, Class<T> type) {
        Object value = get(key);
        return value == null ? null : type.cast(value);
    }

    default boolean has(String key) {
        return get(key) != null;
    }

    /** The values of all keys with {@code prefix}, in key order. */
    default <T> List<T> values(String prefix, Class<T> type) {
        List<T> values = new ArrayList<>();
        for (Map.Entry<String, Object> entry : scan(prefix)) {
            values.add(type.cast(entry.getValue()));
        }
        return values;
    }
}
