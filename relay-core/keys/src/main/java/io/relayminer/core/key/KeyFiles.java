package io.relayminer.core.key;

import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;

import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.error.YAMLException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/**
 * Reads the YAML (or JSON) of key files as a stream of events.
 *
 * <p>A key is usually written without quotes, and {@code 0x…} or 64 digits in a row are a number to
 * a YAML loader. Reading events keeps the text as it stands. It also leaves nothing to expand: an
 * alias is refused where it stands, and size and depth are bounded.
 */
final class KeyFiles {

    /** Bound on the size of a file: some ten thousand keys. */
    static final int MAX_BYTES = 1 << 20;

    private static final int MAX_DEPTH = 16;

    private static final YAMLFactory YAML = yaml();

    private KeyFiles() {}

    private static YAMLFactory yaml() {
        LoaderOptions options = new LoaderOptions();
        options.setCodePointLimit(MAX_BYTES);
        options.setNestingDepthLimit(MAX_DEPTH);
        return YAMLFactory.builder().loaderOptions(options).build();
    }

    /** Content of a file. */
    static byte[] read(Path file) throws IOException {
        if (Files.size(file) > MAX_BYTES) {
            throw new KeySourceException("larger than " + MAX_BYTES + " bytes");
        }
        byte[] bytes = Files.readAllBytes(file);
        if (bytes.length > MAX_BYTES) {
            throw new KeySourceException("larger than " + MAX_BYTES + " bytes");
        }
        return bytes;
    }

    /** A fingerprint of a content that gives nothing of it away. */
    static String fingerprint(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this Java runtime has no SHA-256", e);
        }
    }

    /**
     * The list of texts under a top-level name; null if the document is empty or the name is
     * missing or null.
     */
    static @Nullable List<String> topLevelList(byte[] yaml, String name) {
        return parse(
                yaml,
                parser -> {
                    List<String> found = null;
                    while (parser.nextToken() != JsonToken.END_OBJECT) {
                        String field = parser.currentName();
                        JsonToken value = parser.nextToken();
                        if (!field.equals(name)) {
                            parser.skipChildren();
                        } else if (value == JsonToken.VALUE_NULL
                                || (value == JsonToken.VALUE_STRING
                                        && parser.getText().isEmpty())) {
                            found = null;
                        } else if (value == JsonToken.START_ARRAY) {
                            found = new ArrayList<>();
                            while (parser.nextToken() != JsonToken.END_ARRAY) {
                                found.add(scalar(parser, name));
                            }
                        } else {
                            throw new KeySourceException("'" + name + "' must be a list of texts");
                        }
                    }
                    return found;
                });
    }

    /**
     * The single values among the given top-level names; those that are missing are not in the map.
     */
    static Map<String, String> topLevelTexts(byte[] yaml, List<String> names) {
        Map<String, String> found =
                parse(
                        yaml,
                        parser -> {
                            Map<String, String> texts = new HashMap<>();
                            while (parser.nextToken() != JsonToken.END_OBJECT) {
                                String field = parser.currentName();
                                JsonToken value = parser.nextToken();
                                if (!names.contains(field)) {
                                    parser.skipChildren();
                                } else if (value == JsonToken.VALUE_NULL) {
                                    texts.remove(field);
                                } else {
                                    texts.put(field, scalar(parser, field));
                                }
                            }
                            return texts;
                        });
        return found == null ? Map.of() : found;
    }

    private interface Reader<T> {
        @Nullable T read(YAMLParser parser) throws IOException;
    }

    private static <T> @Nullable T parse(byte[] yaml, Reader<T> reader) {
        try (YAMLParser parser = YAML.createParser(yaml)) {
            JsonToken first = parser.nextToken();
            if (first == null || first == JsonToken.VALUE_NULL) {
                return null;
            }
            if (first != JsonToken.START_OBJECT) {
                throw new KeySourceException("not a YAML mapping");
            }
            return reader.read(parser);
        } catch (IOException | YAMLException e) {
            // The parser's own message quotes the file.
            throw new KeySourceException("not valid YAML" + at(e));
        }
    }

    private static String at(Exception e) {
        if (e instanceof com.fasterxml.jackson.core.JacksonException jackson
                && jackson.getLocation() != null
                && jackson.getLocation().getLineNr() > 0) {
            return " at line " + jackson.getLocation().getLineNr();
        }
        return "";
    }

    private static String scalar(YAMLParser parser, String name) throws IOException {
        JsonToken token = parser.currentToken();
        if (token == null || !token.isScalarValue() || parser.isCurrentAlias()) {
            throw new KeySourceException("'" + name + "' must hold plain texts");
        }
        return token == JsonToken.VALUE_NULL ? "" : parser.getText();
    }
}
