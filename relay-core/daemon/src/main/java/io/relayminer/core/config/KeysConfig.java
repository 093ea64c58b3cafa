package io.relayminer.core.config;

import org.jspecify.annotations.Nullable;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The {@code keys} block of a configuration. Everything is optional; sources add up. */
public record KeysConfig(
        @Key(value = "Supplier keys as hex, for trying things out.", secret = true)
                List<String> inline,
        @Key("Path of a YAML file with a list of hex keys under 'keys'.") String keysFile,
        @Key(
                        "Path of a directory of files with one 'operator_address' and"
                                + " 'private_key_hex' each.")
                String keysDir,
        @Key("A key ring of the chain's command line tool.") Keyring keyring,
        @Key("Sources of other kinds, by the name of the plug-in: a mapping of its settings.")
                Map<String, Map<String, Object>> sources) {

    /** A Cosmos key ring. */
    public record Keyring(
            @Key("Backend: file, test or memory; empty for no key ring.") String backend,
            @Key("Home of the tool that made it. Default: .pocket in the user's home.") String dir,
            @Key("Accepted for compatibility; has no effect.") String appName,
            @Key("Names of the keys to load; empty for all.") List<String> keyNames,
            @Key(value = "Passphrase of the 'file' backend.", secret = true) String passphrase) {

        // Bound from a file, where any of them may be missing.
        @SuppressWarnings("NullAway")
        public Keyring(
                @Nullable String backend,
                @Nullable String dir,
                @Nullable String appName,
                @Nullable List<String> keyNames,
                @Nullable String passphrase) {
            this.backend = backend == null ? "" : backend;
            this.dir = dir == null ? "" : dir;
            this.appName = appName == null ? "pocket" : appName;
            this.keyNames = keyNames == null ? List.of() : List.copyOf(keyNames);
            this.passphrase = passphrase == null ? "" : passphrase;
        }

        Map<String, Object> settings() {
            Map<String, Object> settings = new HashMap<>();
            settings.put("backend", backend);
            settings.put("dir", dir);
            settings.put("app_name", appName);
            settings.put("key_names", keyNames);
            settings.put("passphrase", passphrase);
            return settings;
        }

        @Override
        public String toString() {
            return "Keyring[backend=" + backend + ", dir=" + dir + ", keyNames=" + keyNames + "]";
        }
    }

    // Bound from a file, where any of them may be missing.
    @SuppressWarnings("NullAway")
    public KeysConfig(
            @Nullable List<String> inline,
            @Nullable String keysFile,
            @Nullable String keysDir,
            @Nullable Keyring keyring,
            @Nullable Map<String, Map<String, Object>> sources) {
        this.inline = inline == null ? List.of() : List.copyOf(inline);
        this.keysFile = keysFile == null ? "" : keysFile;
        this.keysDir = keysDir == null ? "" : keysDir;
        this.keyring = keyring == null ? new Keyring(null, null, null, null, null) : keyring;
        this.sources = sources == null ? Map.of() : Map.copyOf(sources);
    }

    /** Settings of each source by its kind: those with keys of their own first. */
    public Map<String, Map<String, Object>> all() {
        Map<String, Map<String, Object>> all = new LinkedHashMap<>();
        if (!inline.isEmpty()) {
            all.put("inline", Map.of("keys", inline));
        }
        if (!keysFile.isEmpty()) {
            all.put("keys_file", Map.of("path", keysFile));
        }
        if (!keysDir.isEmpty()) {
            all.put("keys_dir", Map.of("path", keysDir));
        }
        if (!keyring.backend().isEmpty()) {
            all.put("keyring", keyring.settings());
        }
        all.putAll(sources);
        return all;
    }

    /** Whether no source is configured. */
    public boolean isEmpty() {
        return inline.isEmpty()
                && keysFile.isEmpty()
                && keysDir.isEmpty()
                && keyring.backend().isEmpty()
                && sources.isEmpty();
    }

    @Override
    public String toString() {
        return "KeysConfig[inline="
                + inline.size()
                + " keys, keysFile="
                + keysFile
                + ", keysDir="
                + keysDir
                + ", keyring="
                + keyring
                + ", sources="
                + sources.keySet()
                + "]";
    }
}
