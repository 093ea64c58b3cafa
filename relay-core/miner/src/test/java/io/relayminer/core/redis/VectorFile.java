package io.relayminer.core.redis;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A file of vectors, and the count of those that a test ran. */
final class VectorFile {

    private final String name;
    private final List<JsonNode> vectors = new ArrayList<>();

    VectorFile(String name) {
        this.name = name;
        try (InputStream in = VectorFile.class.getResourceAsStream("/vectors/" + name)) {
            new ObjectMapper().readTree(in).get("vectors").forEach(vectors::add);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    List<JsonNode> vectors() {
        return vectors;
    }

    void report(int passed) {
        try {
            Path folder = Path.of("target", "conformance");
            Files.createDirectories(folder);
            Files.writeString(
                    folder.resolve(name + ".properties"),
                    "cases=" + vectors.size() + "\npassed=" + passed + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
