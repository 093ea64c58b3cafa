package io.relayminer.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import org.junit.jupiter.api.DynamicTest;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * A file of golden vectors: every vector becomes a test of its own, and {@link #conclude} fails
 * unless each of them ran and passed. The counts are left in {@code target/conformance} for the
 * conformance report.
 */
final class GoldenVectors {
    private final String file;
    private final JsonNode vectors;
    private final Set<String> passed = new LinkedHashSet<>();

    GoldenVectors(String file) {
        this.file = file;
        try (InputStream in =
                GoldenVectors.class.getResourceAsStream("/vectors/" + file + ".json")) {
            vectors = new ObjectMapper().readTree(in).get("vectors");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns one test per vector, named by its id. */
    Stream<DynamicTest> tests(Consumer<JsonNode> check) {
        return vectors.valueStream()
                .map(
                        vector -> {
                            String id = vector.get("id").textValue();
                            return DynamicTest.dynamicTest(
                                    id,
                                    () -> {
                                        check.accept(vector);
                                        passed.add(id);
                                    });
                        });
    }

    /** Writes the counts and fails if a vector of the file did not run and pass. */
    void conclude() throws IOException {
        Path directory = Files.createDirectories(Path.of("target", "conformance"));
        Files.writeString(
                directory.resolve(file + ".properties"),
                "cases=" + vectors.size() + "\npassed=" + passed.size() + "\n");
        assertEquals(vectors.size(), passed.size(), "vectors of " + file + " run and passed");
    }

    static byte[] bytes(JsonNode vector, String field) {
        return hex(vector.get(field).textValue());
    }

    static byte[] hex(String hex) {
        return HexFormat.of().parseHex(hex);
    }

    static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }
}
