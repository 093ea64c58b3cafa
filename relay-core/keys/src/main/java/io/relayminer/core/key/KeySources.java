package io.relayminer.core.key;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.TreeMap;

/** Opens key sources by the kind that the configuration names. */
public final class KeySources {

    private KeySources() {}

    /**
     * Opens sources, in the order given. Where two have the key of one supplier it does not matter
     * which is used.
     *
     * @param sources settings of each source by its kind
     * @throws KeySourceException if a kind is not known or a source refuses its settings; sources
     *     opened before are closed again
     */
    public static List<KeySource> open(Map<String, Map<String, Object>> sources) {
        List<KeySource> opened = new ArrayList<>();
        Map<String, KeySourceProvider> providers = providers();
        try {
            sources.forEach((kind, values) -> opened.add(open(providers, kind, values)));
        } catch (RuntimeException e) {
            opened.forEach(KeySource::close);
            throw e;
        }
        return List.copyOf(opened);
    }

    private static KeySource open(
            Map<String, KeySourceProvider> providers, String kind, Map<String, Object> values) {
        KeySourceProvider provider = providers.get(kind);
        if (provider == null) {
            throw new KeySourceException(
                    "unknown key source '"
                            + kind
                            + "'; known are "
                            + String.join(", ", providers.keySet()));
        }
        return provider.open(new KeySourceSettings(kind, values));
    }

    private static Map<String, KeySourceProvider> providers() {
        Map<String, KeySourceProvider> providers = new TreeMap<>();
        for (KeySourceProvider provider : ServiceLoader.load(KeySourceProvider.class)) {
            providers.putIfAbsent(provider.kind(), provider);
        }
        return providers;
    }
}
