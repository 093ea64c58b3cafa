package io.relayminer.benchmarks;

import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.concurrent.TimeUnit;

/**
 * The benchmarks of one package: classes named {@code …Bench}, one method for each figure, and one
 * method {@code yardstick_…} that the others are divided by.
 */
final class JmhSuite implements Suite {

    private static final String YARDSTICK = "yardstick_";

    private final String packageName;

    JmhSuite(String packageName) {
        this.packageName = packageName;
    }

    @Override
    public List<Figure> run(boolean quick) throws Exception {
        var options =
                new OptionsBuilder()
                        .include("^" + packageName.replace(".", "\\.") + "\\.[A-Za-z0-9]+Bench\\.")
                        .mode(Mode.AverageTime)
                        .timeUnit(TimeUnit.NANOSECONDS)
                        .threads(1)
                        .forks(1)
                        .warmupIterations(quick ? 2 : 5)
                        .warmupTime(TimeValue.milliseconds(quick ? 400 : 1000))
                        .measurementIterations(quick ? 3 : 5)
                        .measurementTime(TimeValue.milliseconds(quick ? 300 : 1000))
                        .addProfiler(GCProfiler.class)
                        .shouldFailOnError(true)
                        .jvmArgsAppend("-Xms1g", "-Xmx2g")
                        .build();
        Collection<RunResult> results = new Runner(options).run();
        OptionalDouble yardstick =
                results.stream()
                        .filter(r -> method(r).startsWith(YARDSTICK))
                        .mapToDouble(r -> r.getPrimaryResult().getScore())
                        .findFirst();
        List<Figure> figures = new ArrayList<>();
        for (RunResult result : results) {
            double nanos = result.getPrimaryResult().getScore();
            Double ratio = yardstick.isPresent() ? nanos / yardstick.getAsDouble() : null;
            figures.add(scaled(method(result), nanos, ratio));
            Result<?> allocated = result.getSecondaryResults().get("gc.alloc.rate.norm");
            if (allocated != null) {
                figures.add(
                        new Figure(method(result) + "_alloc", allocated.getScore(), "B/op", null));
            }
        }
        return figures;
    }

    private static Figure scaled(String name, double nanos, @Nullable Double ratio) {
        if (nanos >= 1e6) {
            return new Figure(name, nanos / 1e6, "ms/op", ratio);
        }
        return nanos >= 1e3
                ? new Figure(name, nanos / 1e3, "us/op", ratio)
                : new Figure(name, nanos, "ns/op", ratio);
    }

    private static String method(RunResult result) {
        String full = result.getParams().getBenchmark();
        StringBuilder name = new StringBuilder(full.substring(full.lastIndexOf('.') + 1));
        for (String key : result.getParams().getParamsKeys()) {
            name.append('_').append(result.getParams().getParam(key).toLowerCase(Locale.ROOT));
        }
        return name.toString();
    }
}
