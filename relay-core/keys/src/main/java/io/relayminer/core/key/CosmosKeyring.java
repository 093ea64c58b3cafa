package io.relayminer.core.key;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.relayminer.core.wire.CanonicalForm;
import io.relayminer.core.wire.TypeUrls;
import io.relayminer.core.wire.WireException;
import io.relayminer.core.wire.WireLimits;
import io.relayminer.core.wire.cosmos.keyring.Record;
import io.relayminer.core.wire.cosmos.secp256k1.PrivKey;
import io.relayminer.core.wire.cosmos.secp256k1.PubKey;
import io.relayminer.ring.PrivateKey;
import io.relayminer.ring.RingException;

import java.io.IOException;
import java.net.URLDecoder;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A key ring of the chain's own command line tool. Settings: {@code backend} ({@code test}, {@code
 * file} or {@code memory}; {@code os} cannot be read from here), {@code dir} (the tool's home;
 * default {@code .pocket} in the user's home), {@code passphrase} for {@code file}, {@code
 * key_names} to take some keys only, {@code app_name} (accepted; these backends do not use it).
 *
 * <p>A record without a private key on disk (of a hardware wallet, a multi-signature) or one that
 * does not open is left out and reported.
 */
public final class CosmosKeyring implements KeySourceProvider {

    private static final WireLimits LIMITS = new WireLimits(KeyFiles.MAX_BYTES, 8, 64);
    private static final String SUFFIX = ".info";

    /** What the tool itself uses for its test backend. */
    private static final String TEST_PASSPHRASE = "test";

    private static final int MAX_FILES = 10_000;

    @Override
    public String kind() {
        return "keyring";
    }

    @Override
    public KeySource open(KeySourceSettings settings) {
        settings.allow("backend", "dir", "app_name", "key_names", "passphrase");
        String backend = settings.required("backend");
        Path home =
                settings.optional("dir")
                        .map(Path::of)
                        .orElseGet(() -> Path.of(System.getProperty("user.home"), ".pocket"));
        List<String> names = settings.list("key_names");
        return switch (backend) {
            case "test" -> disk(home.resolve("keyring-test"), TEST_PASSPHRASE, names);
            case "file" ->
                    disk(home.resolve("keyring-file"), settings.required("passphrase"), names);
            case "memory" -> disk(home.resolve("keyring-memory"), TEST_PASSPHRASE, names);
            case "os" ->
                    throw new KeySourceException(
                            "keyring backend 'os' cannot be read by a daemon; use 'file' or"
                                    + " 'test'");
            default ->
                    throw new KeySourceException(
                            "unsupported keyring backend; known are file, test and memory");
        };
    }

    private static KeySource disk(Path folder, String passphrase, List<String> names) {
        if (Files.exists(folder) && !Files.isDirectory(folder)) {
            throw new KeySourceException("keyring path is not a directory: " + folder);
        }
        return new Source(folder, passphrase.toCharArray(), names);
    }

    /** Decodes a record; the bytes are those of the decrypted item. */
    static SupplierKey fromRecord(byte[] bytes) {
        Record record;
        try {
            record = CanonicalForm.decode(bytes, Record.getDefaultInstance(), LIMITS);
        } catch (WireException e) {
            throw new KeySourceException(
                    "record in an old format; let the chain's tool migrate the key ring");
        }
        if (!record.hasLocal()) {
            throw new KeySourceException("record holds no private key");
        }
        SupplierKey key;
        try {
            byte[] secret =
                    TypeUrls.unpack(
                                    record.getLocal().getPrivKey(),
                                    PrivKey.getDefaultInstance(),
                                    LIMITS)
                            .getKey()
                            .toByteArray();
            try {
                key = new SupplierKey(PrivateKey.of(secret));
            } finally {
                Arrays.fill(secret, (byte) 0);
            }
            byte[] stated =
                    TypeUrls.unpack(record.getPubKey(), PubKey.getDefaultInstance(), LIMITS)
                            .getKey()
                            .toByteArray();
            if (!Arrays.equals(stated, key.publicKey())) {
                throw new InvalidKeyException("private and public key of the record do not match");
            }
        } catch (WireException e) {
            throw new KeySourceException("record holds no secp256k1 key");
        } catch (RingException e) {
            throw new InvalidKeyException("not a private key");
        }
        return key;
    }

    private static final class Source implements KeySource {

        private final Path folder;
        private final char[] passphrase;
        private final List<String> names;

        Source(Path folder, char[] passphrase, List<String> names) {
            this.folder = folder;
            this.passphrase = passphrase;
            this.names = names;
        }

        @Override
        public String description() {
            return "keyring " + folder;
        }

        @Override
        public String metricName() {
            return "keyring";
        }

        @Override
        public LoadedKeys load() {
            Map<String, Path> items = items();
            List<String> wanted = names.isEmpty() ? List.copyOf(items.keySet()) : names;
            List<SupplierKey> keys = new ArrayList<>();
            List<String> problems = new ArrayList<>();
            for (String name : wanted) {
                Path item = items.get(name);
                if (item == null) {
                    problems.add(name + ": no such key in " + description());
                    continue;
                }
                try {
                    byte[] record =
                            KeyringItem.open(new String(KeyFiles.read(item), US_ASCII), passphrase);
                    try {
                        keys.add(fromRecord(record));
                    } finally {
                        Arrays.fill(record, (byte) 0);
                    }
                } catch (KeyException e) {
                    problems.add(name + ": " + e.getMessage());
                } catch (IOException e) {
                    problems.add(name + ": cannot be read");
                }
            }
            return new LoadedKeys(keys, problems);
        }

        @Override
        public String fingerprint() {
            StringBuilder state = new StringBuilder();
            items().forEach(
                            (name, file) -> {
                                state.append(name).append('=');
                                try {
                                    state.append(KeyFiles.fingerprint(KeyFiles.read(file)));
                                } catch (KeySourceException | IOException e) {
                                    state.append("unreadable");
                                }
                                state.append('\n');
                            });
            return state.toString();
        }

        /** Records by key name. A key ring that does not exist yet has none. */
        private Map<String, Path> items() {
            Map<String, Path> items = new TreeMap<>();
            if (!Files.isDirectory(folder)) {
                return items;
            }
            try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder, "*" + SUFFIX)) {
                for (Path entry : entries) {
                    String file = entry.getFileName().toString();
                    items.put(name(file.substring(0, file.length() - SUFFIX.length())), entry);
                    if (items.size() > MAX_FILES) {
                        throw new KeySourceException(
                                description() + " holds more than " + MAX_FILES + " keys");
                    }
                }
            } catch (IOException e) {
                throw new KeySourceException("failed to read " + description(), e);
            }
            return items;
        }

        /** File names escape what they cannot hold with percent signs. */
        private static String name(String file) {
            try {
                return URLDecoder.decode(file.replace("+", "%2B"), UTF_8);
            } catch (IllegalArgumentException e) {
                return file;
            }
        }

        @Override
        public void close() {
            Arrays.fill(passphrase, '\0');
        }
    }
}
