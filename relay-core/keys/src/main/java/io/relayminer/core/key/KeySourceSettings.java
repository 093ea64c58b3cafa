package io.relayminer.core.key;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/**
 * Settings of one key source as the configuration gives them: texts, numbers, booleans and lists of
 * texts, by name. Never printed, as some are secrets.
 */
public final class KeySourceSettings {

    private final String kind;
    private final Map<String, Object> values;

    public KeySourceSettings(String kind, Map<String, Object> values) {
        this.kind = kind;
        this.values = Map.copyOf(values);
    }

    /**
     * A setting that must be there.
     *
     * @throws KeySourceException if it is missing or not a single value
     */
    public String required(String name) {
        return optional(name)
                .orElseThrow(() -> new KeySourceException(kind + ": '" + name + "' is required"));
    }

    /**
     * A setting that may be missing; an empty text counts as missing.
     *
     * @throws KeySourceException if it is not a single value
     */
    public Optional<String> optional(String name) {
        Object value = values.get(name);
        if (value == null) {
            return Optional.empty();
        }
        if (!(value instanceof String || value instanceof Number || value instanceof Boolean)) {
            throw new KeySourceException(kind + ": '" + name + "' must be a single value");
        }
        String text = value.toString();
        return text.isEmpty() ? Optional.empty() : Optional.of(text);
    }

    /**
     * A list of texts; empty if missing.
     *
     * @throws KeySourceException if it is not a list of single values
     */
    public List<String> list(String name) {
        Object value = values.get(name);
        if (value == null) {
            return List.of();
        }
        if (!(value instanceof List<?> list)
                || list.stream().anyMatch(e -> !(e instanceof String || e instanceof Number))) {
            throw new KeySourceException(kind + ": '" + name + "' must be a list of texts");
        }
        return list.stream().map(Object::toString).toList();
    }

    /**
     * Refuses settings that the source does not know.
     *
     * @throws KeySourceException naming the first unknown one
     */
    public void allow(String... names) {
        TreeSet<String> unknown = new TreeSet<>(values.keySet());
        unknown.removeAll(List.of(names));
        if (!unknown.isEmpty()) {
            throw new KeySourceException(
                    kind
                            + ": unknown setting '"
                            + unknown.first()
                            + "'; known are "
                            + String.join(", ", names));
        }
    }

    @Override
    public String toString() {
        return "KeySourceSettings[" + kind + "]";
    }
}
