package io.relayminer.core.key;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A directory of files with one key each; setting {@code path}. Files that end in {@code .yaml},
 * {@code .yml} or {@code .json} are read, in name order, not those in directories below. Each names
 * an {@code operator_address} and its {@code private_key_hex}; they have to belong together. A bad
 * file is left out and reported, and during a reload its key stays as it was. The directory is
 * created if it does not exist.
 */
public final class KeysDirectory implements KeySourceProvider {

    private static final String ADDRESS = "operator_address";
    private static final String KEY = "private_key_hex";

    /** Bound on the number of files looked at. */
    private static final int MAX_FILES = 10_000;

    @Override
    public String kind() {
        return "keys_dir";
    }

    @Override
    public KeySource open(KeySourceSettings settings) {
        settings.allow("path");
        Path path = Path.of(settings.required("path"));
        if (Files.exists(path) && !Files.isDirectory(path)) {
            throw new KeySourceException("keys path is not a directory: " + path);
        }
        createPrivate(path);
        return new Source(path);
    }

    static void createPrivate(Path path) {
        if (Files.exists(path)) {
            return;
        }
        try {
            if (path.getFileSystem().supportedFileAttributeViews().contains("posix")) {
                Files.createDirectories(
                        path,
                        PosixFilePermissions.asFileAttribute(
                                PosixFilePermissions.fromString("rwx------")));
            } else {
                Files.createDirectories(path);
            }
        } catch (IOException e) {
            throw new KeySourceException("cannot create keys directory " + path, e);
        }
    }

    /**
     * Reads the key of a file's content.
     *
     * @throws KeyException if it is not one key with its address
     */
    static SupplierKey parse(byte[] yaml) {
        Map<String, String> texts = KeyFiles.topLevelTexts(yaml, List.of(ADDRESS, KEY));
        String address = texts.getOrDefault(ADDRESS, "");
        if (address.isEmpty()) {
            throw new KeySourceException("missing required field '" + ADDRESS + "'");
        }
        if (!address.startsWith("pokt1")) {
            throw new KeySourceException("invalid " + ADDRESS + ": must start with 'pokt1'");
        }
        String hex = texts.getOrDefault(KEY, "");
        if (hex.isEmpty()) {
            throw new KeySourceException("missing required field '" + KEY + "'");
        }
        SupplierKey key;
        try {
            key = SupplierKey.fromHex(hex);
        } catch (InvalidKeyException e) {
            throw new KeySourceException("invalid " + KEY + ": " + e.getMessage());
        }
        if (!key.address().equals(address)) {
            throw new InvalidKeyException(
                    "the key belongs to " + key.address() + ", not to " + address);
        }
        return key;
    }

    private static final class Source implements KeySource {

        private final Path path;
        private final Map<String, SupplierKey> lastGood = new HashMap<>();

        Source(Path path) {
            this.path = path;
        }

        @Override
        public String description() {
            return "keys directory " + path;
        }

        @Override
        public String metricName() {
            return "file";
        }

        @Override
        public LoadedKeys load() {
            List<SupplierKey> keys = new ArrayList<>();
            List<String> problems = new ArrayList<>();
            Map<String, SupplierKey> good = new HashMap<>();
            for (Path file : files()) {
                String name = file.getFileName().toString();
                try {
                    good.put(name, parse(KeyFiles.read(file)));
                } catch (KeyException e) {
                    problems.add(name + ": " + e.getMessage());
                } catch (IOException e) {
                    problems.add(name + ": cannot be read");
                }
                // Half-written files are bad files for a moment: what they held stays until they
                // are
                // good again or gone.
                SupplierKey key = good.getOrDefault(name, lastGood.get(name));
                if (key != null) {
                    good.put(name, key);
                    keys.add(key);
                }
            }
            lastGood.clear();
            lastGood.putAll(good);
            return new LoadedKeys(keys, problems);
        }

        @Override
        public String fingerprint() {
            StringBuilder state = new StringBuilder();
            for (Path file : files()) {
                state.append(file.getFileName()).append('=');
                try {
                    state.append(KeyFiles.fingerprint(KeyFiles.read(file)));
                } catch (KeySourceException | IOException e) {
                    state.append("unreadable");
                }
                state.append('\n');
            }
            return state.toString();
        }

        private List<Path> files() {
            List<Path> files = new ArrayList<>();
            try (DirectoryStream<Path> entries = Files.newDirectoryStream(path)) {
                for (Path entry : entries) {
                    String name = entry.getFileName().toString().toLowerCase(Locale.ROOT);
                    boolean named =
                            name.endsWith(".yaml")
                                    || name.endsWith(".yml")
                                    || name.endsWith(".json");
                    if (named && Files.isRegularFile(entry)) {
                        files.add(entry);
                    }
                    if (files.size() > MAX_FILES) {
                        throw new KeySourceException(
                                description() + " holds more than " + MAX_FILES + " files");
                    }
                }
            } catch (IOException e) {
                throw new KeySourceException("failed to read " + description(), e);
            }
            files.sort(null);
            return files;
        }
    }
}
