import com.google.googlejavaformat.java.Formatter;
import com.google.googlejavaformat.java.JavaFormatterOptions;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Checks or applies the source format: {@code Format.java check|apply PATH...}. */
final class Format {

    public static void main(String[] args) throws Exception {
        boolean apply = args[0].equals("apply");
        Formatter formatter =
                new Formatter(
                        JavaFormatterOptions.builder()
                                .style(JavaFormatterOptions.Style.AOSP)
                                .build());
        int different = 0;
        for (int i = 1; i < args.length; i++) {
            for (Path file : sources(Path.of(args[i]))) {
                String source = Files.readString(file);
                String formatted;
                try {
                    formatted = formatter.formatSourceAndFixImports(source);
                } catch (Exception e) {
                    System.err.println(file + ": cannot be formatted: " + e.getMessage());
                    different++;
                    continue;
                }
                if (formatted.equals(source)) {
                    continue;
                }
                different++;
                if (apply) {
                    Files.writeString(file, formatted);
                }
                System.err.println((apply ? "formatted " : "not formatted: ") + file);
            }
        }
        if (different > 0 && !apply) {
            System.err.println("Run .ci/format to format the sources.");
            System.exit(1);
        }
    }

    private static List<Path> sources(Path root) throws Exception {
        try (var paths = Files.walk(root)) {
            return paths.filter(p -> p.toString().endsWith(".java"))
                    .filter(p -> !p.toString().contains("/target/"))
                    .sorted()
                    .toList();
        }
    }
}
