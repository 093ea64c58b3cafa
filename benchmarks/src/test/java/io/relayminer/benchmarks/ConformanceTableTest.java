package io.relayminer.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;

/**
 * Gathers what the vector tests of all modules counted and holds {@code docs/conformance.md}
 * against it. The benchmarks module is the last of the build, so every count is there when this
 * runs. With {@code -Dconformance.update=true} the page is written instead.
 */
class ConformanceTableTest {

    private static final Path ROOT = Path.of("").toAbsolutePath().getParent();
    private static final Path PAGE = ROOT.resolve("docs/conformance.md");

    /** Parts of other files, cut out for a test of one module; the whole files are counted. */
    private static final Set<String> EXTRACTS = Set.of("chain-trees.json", "recorded-trees.json");

    private record Row(String module, String file, int cases, int passed) {}

    @Test
    void everyCaseOfEveryVectorFileRanAndTheTableSaysSo() throws IOException {
        List<Row> rows = rows();
        for (Row row : rows) {
            assertEquals(row.cases(), row.passed(), row.module() + " " + row.file());
        }
        for (Map.Entry<String, List<Path>> entry : vectorFiles().entrySet()) {
            if (EXTRACTS.contains(entry.getKey())) {
                continue;
            }
            assertTrue(
                    rows.stream().anyMatch(row -> isOf(row, entry.getKey())),
                    () ->
                            entry.getKey()
                                    + " is a test resource but no test counted its cases; run the"
                                    + " whole build");
        }
        String page = page(rows);
        if (Boolean.getBoolean("conformance.update")) {
            Files.writeString(PAGE, page);
        }
        assertEquals(
                Files.readString(PAGE),
                page,
                "docs/conformance.md is out of date; run mvn verify -Dconformance.update=true");
    }

    /** A file may be run in two modules, each counting its own view of it under a longer name. */
    private static boolean isOf(Row row, String vectorFile) {
        String name = vectorFile.replace(".json", "");
        return row.file().equals(name) || row.file().startsWith(name + ".");
    }

    private static List<Row> rows() throws IOException {
        List<Row> rows = new ArrayList<>();
        for (Path module : modules()) {
            Path folder = module.resolve("target/conformance");
            if (!Files.isDirectory(folder)) {
                continue;
            }
            try (var files = Files.list(folder)) {
                for (Path file : files.sorted().toList()) {
                    Properties counts = new Properties();
                    try (Reader reader = Files.newBufferedReader(file)) {
                        counts.load(reader);
                    }
                    rows.add(
                            new Row(
                                    ROOT.relativize(module).toString(),
                                    file.getFileName()
                                            .toString()
                                            .replaceAll("(\\.json)?\\.properties$", ""),
                                    Integer.parseInt(counts.getProperty("cases")),
                                    Integer.parseInt(counts.getProperty("passed"))));
                }
            }
        }
        return rows;
    }

    private static Map<String, List<Path>> vectorFiles() throws IOException {
        Map<String, List<Path>> files = new TreeMap<>();
        for (Path module : modules()) {
            Path folder = module.resolve("src/test/resources/vectors");
            if (Files.isDirectory(folder)) {
                try (var paths = Files.list(folder)) {
                    paths.filter(p -> p.toString().endsWith(".json"))
                            .forEach(
                                    p ->
                                            files.computeIfAbsent(
                                                            p.getFileName().toString(),
                                                            k -> new ArrayList<>())
                                                    .add(p));
                }
            }
        }
        return files;
    }

    /** Modules stand in the root or one folder below it. */
    private static List<Path> modules() throws IOException {
        try (var paths = Files.walk(ROOT, 2)) {
            return paths.filter(p -> Files.exists(p.resolve("pom.xml"))).sorted().toList();
        }
    }

    private static String page(List<Row> rows) {
        StringBuilder out =
                new StringBuilder(
                        """
                        # Conformance

                        Golden vectors of the protocol and recorded exchanges of the running reference, run by the build.
                        This page is generated by the tests; the build fails if a case is not run or the page is out of date.

                        | module | vectors | cases run | passed |
                        |---|---|---:|---:|
                        """);
        for (Row row : rows) {
            out.append("| ")
                    .append(row.module())
                    .append(" | ")
                    .append(row.file())
                    .append(" | ")
                    .append(row.cases())
                    .append(" | ")
                    .append(row.passed())
                    .append(" |\n");
        }
        return out.toString();
    }
}
