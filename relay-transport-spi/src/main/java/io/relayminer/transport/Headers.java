package io.relayminer.transport;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;

/**
 * An ordered multimap of HTTP header fields with case-insensitive names.
 *
 * <p>A transport gives out a view of what it parsed, without copying; {@link #of} and {@link
 * #builder()} make free-standing ones. Instances are read-only to their receiver and safe to read
 * from any thread.
 */
public interface Headers {

    /** No fields at all. */
    static Headers empty() {
        return ListHeaders.EMPTY;
    }

    /** The first value of a field, or {@code null} if the field is absent. */
    @Nullable String first(String name);

    /** All values of a field in order; empty if the field is absent. */
    List<String> all(String name);

    /** Visits every (name, value) pair in order, repeated fields once per value. */
    void forEach(BiConsumer<? super String, ? super String> visitor);

    /** Whether the field occurs at least once. */
    default boolean contains(String name) {
        return first(name) != null;
    }

    /**
     * Headers from alternating names and values.
     *
     * @throws IllegalArgumentException if a value is missing
     */
    static Headers of(String... namesAndValues) {
        if (namesAndValues.length % 2 != 0) {
            throw new IllegalArgumentException(
                    "Headers.of needs pairs of name and value, got "
                            + namesAndValues.length
                            + " strings");
        }
        return new ListHeaders(List.of(namesAndValues));
    }

    /** An empty builder. */
    static Builder builder() {
        return new Builder();
    }

    /** Collects fields in order. Not thread-safe. */
    final class Builder {
        private final ArrayList<String> fields = new ArrayList<>();

        private Builder() {}

        /** Appends one field, keeping earlier ones of that name. */
        public Builder add(String name, String value) {
            fields.add(name);
            fields.add(value);
            return this;
        }

        /** Replaces all fields of that name by one. */
        public Builder set(String name, String value) {
            remove(name);
            return add(name, value);
        }

        /** Drops all fields of that name. */
        public Builder remove(String name) {
            for (int i = fields.size() - 2; i >= 0; i -= 2) {
                if (fields.get(i).equalsIgnoreCase(name)) {
                    fields.remove(i + 1);
                    fields.remove(i);
                }
            }
            return this;
        }

        /** Whether the field has been added. */
        public boolean contains(String name) {
            for (int i = 0; i < fields.size(); i += 2) {
                if (fields.get(i).equalsIgnoreCase(name)) {
                    return true;
                }
            }
            return false;
        }

        /** The collected headers; the builder may be used further without changing them. */
        public Headers build() {
            return fields.isEmpty() ? ListHeaders.EMPTY : new ListHeaders(List.copyOf(fields));
        }
    }
}
