package io.relayminer.testkit.chain;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * A file of golden vectors: runs every one of them, reports all failures at once, and leaves a
 * count for the conformance table.
 */
final class VectorFile {
    private final String name;
    private final JsonNode root;

    VectorFile(String name) throws IOException {
        this.name = name;
        try (InputStream in =
                Objects.requireNonNull(
                        VectorFile.class.getResourceAsStream("/vectors/" + name + ".json"), name)) {
            root = new ObjectMapper().readTree(in);
        }
    }

    /** Checks one vector; throws when it does not hold. */
    @FunctionalInterface
    interface Check {
        void run(JsonNode vector) throws Exception;
    }

    List<JsonNode> vectors() {
        List<JsonNode> vectors = new ArrayList<>();
        root.get("vectors").forEach(vectors::add);
        return vectors;
    }

    JsonNode vector(String id) {
        for (JsonNode vector : root.get("vectors")) {
            if (vector.get("id").asText().equals(id)) {
                return vector;
            }
        }
        throw new IllegalArgumentException(name + " has no vector " + id);
    }

    /** Runs {@code check} on every vector and writes the count under {@code countName}. */
    void runAll(String countName, Check check) throws IOException {
        int cases = 0;
        List<String> failures = new ArrayList<>();
        for (JsonNode vector : root.get("vectors")) {
            cases++;
            try {
                check.run(vector);
            } catch (Exception | AssertionError e) {
                failures.add(vector.get("id").asText() + ": " + e);
                if (Boolean.getBoolean("vectors.trace")) {
                    e.printStackTrace();
                }
            }
        }
        Path folder = Files.createDirectories(Path.of("target", "conformance"));
        Files.writeString(
                folder.resolve(countName + ".properties"),
                "cases=" + cases + "\npassed=" + (cases - failures.size()) + "\n");
        assertEquals(root.get("vectors").size(), cases, name);
        assertEquals("", String.join("\n", failures), failures.size() + " of " + cases);
    }
}
