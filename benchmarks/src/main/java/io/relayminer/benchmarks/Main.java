package io.relayminer.benchmarks;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

import io.relayminer.benchmarks.node.NodeSuite;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;

/** Runs one suite and prints its figures; {@code benchmarks/run} starts it. */
@Command(
        name = "benchmarks/run",
        mixinStandardHelpOptions = true,
        description = "Measures a suite and prints: name value unit ratio-to-yardstick")
public final class Main implements Callable<Integer> {

    private static final Map<String, Suite> SUITES =
            new TreeMap<>(
                    Map.of(
                            "ring", new JmhSuite("io.relayminer.benchmarks.ring", true),
                            "trie", new JmhSuite("io.relayminer.benchmarks.trie", false),
                            "codec", new JmhSuite("io.relayminer.benchmarks.codec", false),
                            "node", new NodeSuite()));

    @Parameters(paramLabel = "SUITE", description = "One of: ring, trie, codec, node.")
    private String suite = "";

    @Option(names = "--quick", description = "End within two minutes, with wider errors.")
    private boolean quick;

    @Option(names = "--json", description = "Print one object {name: {value, unit, ratio}}.")
    private boolean json;

    private final PrintStream out;

    private Main(PrintStream out) {
        this.out = out;
    }

    public static void main(String[] args) {
        PrintStream out = System.out;
        // The harness reports its progress on the standard output; the figures alone belong there.
        System.setOut(System.err);
        int status = new CommandLine(new Main(out)).execute(args);
        out.flush();
        System.exit(status);
    }

    @Override
    public Integer call() throws Exception {
        Suite chosen = SUITES.get(suite);
        if (chosen == null) {
            System.err.println("unknown suite " + suite + "; there are " + SUITES.keySet());
            return CommandLine.ExitCode.USAGE;
        }
        List<Figure> figures = chosen.run(quick);
        if (json) {
            out.println(asJson(figures));
        } else {
            for (Figure figure : figures) {
                out.printf(
                        Locale.ROOT,
                        "%-40s %14.3f %-8s %s%n",
                        figure.name(),
                        figure.value(),
                        figure.unit(),
                        ratio(figure.ratio()));
            }
        }
        return CommandLine.ExitCode.OK;
    }

    private static String ratio(@Nullable Double ratio) {
        return ratio == null ? "-" : String.format(Locale.ROOT, "%.4f", ratio);
    }

    private static String asJson(List<Figure> figures) throws Exception {
        ObjectMapper mapper = new ObjectMapper();
        ObjectNode object = mapper.createObjectNode();
        for (Figure figure : figures) {
            object.putObject(figure.name())
                    .put("value", figure.value())
                    .put("unit", figure.unit())
                    .put("ratio", figure.ratio());
        }
        return mapper.writerWithDefaultPrettyPrinter().writeValueAsString(object);
    }
}
