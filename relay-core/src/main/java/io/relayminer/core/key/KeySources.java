package io.relayminer.core.key;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.TreeMap;

/** Opens key sources by the kind that the configuration names. */
public final class KeySources {

    private KeySources() {}

    /**
     * Opens the sources of a configuration: those it names directly, then those of other kinds, in
     * that order. Where two sources have the key of one supplier it does not matter which is used.
     *
     * @throws KeySourceException if a kind is not known or a source refuses its settings; sources
     *     opened before are closed again
     */
    public static List<KeySource> open(KeysConfig config) {
        Map<String, Map<String, Object>> wanted = new LinkedHashMap<>();
        if (!config.inline().isEmpty()) {
            wanted.put("inline", Map.of("keys", config.inline()));
        }
        if (!config.keysFile().isEmpty()) {
            wanted.put("keys_file", Map.of("path", config.keysFile()));
        }
        if (!config.keysDir().isEmpty()) {
            wanted.put("keys_dir", Map.of("path", config.keysDir()));
        }
        if (!config.keyring().backend().isEmpty()) {
            wanted.put("keyring", config.keyring().settings());
        }
        List<KeySource> opened = new ArrayList<>();
        Map<String, KeySourceProvider> providers = providers();
        try {
            wanted.forEach((kind, values) -> opened.add(open(providers, kind, values)));
            config.sources().forEach((kind, values) -> opened.add(open(providers, kind, values)));
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
