package io.relayminer.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * One file of golden vectors. Running it checks every vector and leaves the tally for the
 * conformance table.
 */
public final class VectorFile {

    /** Checks one vector with assertions. */
    public interface Check {
        void run(JsonNode vector) throws Exception;
    }

    private final String name;
    private final List<JsonNode> vectors = new ArrayList<>();

    public VectorFile(String name) {
        this.name = name;
        String resource = "/vectors/" + name;
        try (InputStream in = VectorFile.class.getResourceAsStream(resource)) {
            new ObjectMapper()
                    .readTree(Objects.requireNonNull(in, resource))
                    .get("vectors")
                    .forEach(vectors::add);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public List<JsonNode> vectors() {
        return vectors;
    }

    /** The vector with this id. */
    public JsonNode get(String id) {
        return vectors.stream()
                .filter(vector -> vector.get("id").asText().equals(id))
                .findFirst()
                .orElseThrow();
    }

    /**
     * Runs all vectors, writes how many ran and passed, and fails with the ids of those that did
     * not.
     */
    public void runAll(Check check) throws IOException {
        List<String> failures = new ArrayList<>();
        Set<String> ids = new LinkedHashSet<>();
        AssertionError first = null;
        for (JsonNode vector : vectors) {
            String id = vector.get("id").asText();
            assertTrue(ids.add(id), () -> "repeated id " + id);
            try {
                check.run(vector);
            } catch (Throwable e) {
                failures.add(id);
                AssertionError failure = new AssertionError(id + ": " + e, e);
                if (first == null) {
                    first = failure;
                } else {
                    first.addSuppressed(failure);
                }
            }
        }
        Path folder = Files.createDirectories(Path.of("target", "conformance"));
        Files.writeString(
                folder.resolve(name + ".properties"),
                "cases=" + ids.size() + "\npassed=" + (ids.size() - failures.size()) + "\n");
        assertEquals(vectors.size(), ids.size(), "every vector of the file runs");
        if (first != null) {
            throw new AssertionError(
                    failures.size() + " of " + ids.size() + " failed: " + failures, first);
        }
    }

    public static byte[] hex(JsonNode node) {
        return HexFormat.of().parseHex(node.asText());
    }

    public static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    public static byte[] base64(JsonNode node) {
        return Base64.getDecoder().decode(node.asText());
    }

    /** A 64-bit number that may be unsigned, from a JSON number or a decimal string. */
    public static long uint64(JsonNode node) {
        return node.isTextual() && !node.asText().startsWith("-")
                ? Long.parseUnsignedLong(node.asText())
                : node.isTextual() ? Long.parseLong(node.asText()) : node.longValue();
    }
}
