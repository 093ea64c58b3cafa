package io.relayminer.smst;

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
    interface Check {
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

    /**
     * Runs all vectors, writes how many ran and passed, and fails with the ids of those that did
     * not.
     */
    void runAll(Check check) throws IOException {
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
                if (first == null) {
                    first = new AssertionError(id + ": " + e.getMessage(), e);
                }
            }
        }
        tally(ids.size(), failures.size());
        assertEquals(vectors.size(), ids.size(), "every vector of the file runs");
        if (first != null) {
            throw new AssertionError(
                    failures.size() + " of " + ids.size() + " failed: " + failures, first);
        }
    }

    private void tally(int cases, int failures) throws IOException {
        Path folder = Files.createDirectories(Path.of("target", "conformance"));
        Files.writeString(
                folder.resolve(name + ".properties"),
                "cases=" + cases + "\npassed=" + (cases - failures) + "\n");
    }

    public static byte[] hex(JsonNode node) {
        return HexFormat.of().parseHex(node.asText());
    }

    static byte[] hexOrNull(JsonNode node) {
        return node == null || node.isNull() ? null : hex(node);
    }

    static List<byte[]> hexList(JsonNode node) {
        List<byte[]> list = new ArrayList<>();
        node.forEach(element -> list.add(hex(element)));
        return list;
    }

    static String hex(byte[] bytes) {
        return bytes == null ? null : HexFormat.of().formatHex(bytes);
    }

    static List<String> hex(List<byte[]> list) {
        return list.stream().map(VectorFile::hex).toList();
    }
}
