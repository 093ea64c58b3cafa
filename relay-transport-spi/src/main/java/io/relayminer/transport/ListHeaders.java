package io.relayminer.transport;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;

/** Headers as one flat list of alternating names and values; look-ups scan, headers are few. */
record ListHeaders(List<String> fields) implements Headers {

    static final Headers EMPTY = new ListHeaders(List.of());

    @Override
    public @Nullable String first(String name) {
        for (int i = 0; i < fields.size(); i += 2) {
            if (fields.get(i).equalsIgnoreCase(name)) {
                return fields.get(i + 1);
            }
        }
        return null;
    }

    @Override
    public List<String> all(String name) {
        List<String> values = new ArrayList<>(1);
        for (int i = 0; i < fields.size(); i += 2) {
            if (fields.get(i).equalsIgnoreCase(name)) {
                values.add(fields.get(i + 1));
            }
        }
        return values;
    }

    @Override
    public void forEach(BiConsumer<? super String, ? super String> visitor) {
        for (int i = 0; i < fields.size(); i += 2) {
            visitor.accept(fields.get(i), fields.get(i + 1));
        }
    }
}
