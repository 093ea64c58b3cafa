package io.relayminer.core.config;

import com.fasterxml.jackson.annotation.JsonCreator;

import io.relayminer.provider.Provider;
import io.relayminer.provider.ProviderSettings;

import org.jspecify.annotations.Nullable;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A section of a configuration that selects a plug-in by the key {@code type}; all its other keys
 * are the plug-in's, which checks them. Immutable.
 */
public final class ProviderSection {

    private static final String TYPE = "type";

    private final String type;
    private final Map<String, @Nullable Object> values;

    private ProviderSection(String type, Map<String, @Nullable Object> values) {
        this.type = type;
        this.values = values;
    }

    /**
     * A section as it stands in a document.
     *
     * @param section keys to what a YAML reader makes of their values
     * @throws IllegalArgumentException if there is no type
     */
    @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
    public static ProviderSection of(Map<String, @Nullable Object> section) {
        if (!(section.get(TYPE) instanceof String type) || type.isBlank()) {
            throw new IllegalArgumentException("type is required: the name of a plug-in");
        }
        Map<String, @Nullable Object> values = new LinkedHashMap<>(section);
        values.remove(TYPE);
        return new ProviderSection(type.strip(), values);
    }

    /** A section that says no more than the type. */
    public static ProviderSection of(String type) {
        return new ProviderSection(type, Map.of());
    }

    /** The word that selects the plug-in; see {@link Provider#type}. */
    public String type() {
        return type;
    }

    /**
     * What the plug-in reads.
     *
     * @param path where the section stands, for messages
     */
    public ProviderSettings settings(String path) {
        return ProviderSettings.of(path, values);
    }

    /** The keys and values apart from the type; values may be secrets. */
    Map<String, @Nullable Object> values() {
        return values;
    }

    /** The type and the names of the other keys, never a value. */
    @Override
    public String toString() {
        return type + values.keySet();
    }
}
