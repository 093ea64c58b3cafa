package io.relayminer.core.key;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * One YAML file with a list of hex keys under {@code keys}; setting {@code path}. The file is good
 * or bad as a whole: one wrong entry refuses it, and all problems are reported at once.
 */
public final class KeysFile implements KeySourceProvider {

    @Override
    public String kind() {
        return "keys_file";
    }

    @Override
    public KeySource open(KeySourceSettings settings) {
        settings.allow("path");
        Path path = Path.of(settings.required("path"));
        if (!Files.exists(path)) {
            throw new KeySourceException("supplier keys file does not exist: " + path);
        }
        return new Source(path);
    }

    /**
     * Reads the keys of a file's content.
     *
     * @throws KeySourceException listing everything that is wrong with it
     */
    static List<SupplierKey> parse(byte[] yaml) {
        List<String> texts = KeyFiles.topLevelList(yaml, "keys");
        if (texts == null) {
            throw new KeySourceException("'keys' field is required");
        }
        if (texts.isEmpty()) {
            throw new KeySourceException("'keys' array is empty - at least one key is required");
        }
        List<SupplierKey> keys = new ArrayList<>();
        List<String> problems = new ArrayList<>();
        for (int i = 0; i < texts.size(); i++) {
            try {
                keys.add(SupplierKey.fromHex(texts.get(i)));
            } catch (InvalidKeyException e) {
                problems.add("key[" + i + "]: " + e.getMessage());
            }
        }
        if (!problems.isEmpty()) {
            throw new KeySourceException(
                    "key file validation failed:\n  - " + String.join("\n  - ", problems));
        }
        return keys;
    }

    private record Source(Path path) implements KeySource {

        @Override
        public String description() {
            return "supplier keys file " + path;
        }

        @Override
        public String metricName() {
            return "supplier_keys_file";
        }

        @Override
        public LoadedKeys load() {
            try {
                return new LoadedKeys(parse(KeyFiles.read(path)), List.of());
            } catch (KeySourceException e) {
                throw new KeySourceException(description() + ": " + e.getMessage());
            } catch (IOException e) {
                throw new KeySourceException("failed to read " + description(), e);
            }
        }

        @Override
        public String fingerprint() {
            // The content, not the file: replacing it by renaming or through a link counts as well.
            try {
                return KeyFiles.fingerprint(KeyFiles.read(path));
            } catch (IOException e) {
                throw new KeySourceException("failed to read " + description(), e);
            }
        }
    }
}
