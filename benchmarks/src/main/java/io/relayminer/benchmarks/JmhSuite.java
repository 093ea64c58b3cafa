package io.relayminer.benchmarks;

import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/**
 * The benchmarks of one package: classes named {@code …Bench}, one method for each figure, and one
 * method {@code yardstick_…} that the others are divided by.
 *
 * <p>Each benchmark runs in a process of its own, so none is compiled with the profile of another.
 * A ratio is only as good as its yardstick: it is measured in a process before and in one after all
 * others, in quick runs too with enough warm-up to be compiled fully, and the lesser figure counts.
 */
final class JmhSuite implements Suite {

    private static final String YARDSTICK = "yardstick_";

    private final String packageName;
    private final boolean processorTime;

    /**
     * @param packageName where the benchmarks are
     * @param processorTime whether figures are the least processor time of an iteration, for suites
     *     that only compute, rather than the mean elapsed time
     */
    JmhSuite(String packageName, boolean processorTime) {
        this.packageName = packageName;
        this.processorTime = processorTime;
    }

    @Override
    public List<Figure> run(boolean quick) throws Exception {
        String benchmarks = "^" + packageName.replace(".", "\\.") + "\\.[A-Za-z0-9]+Bench\\.";
        TimeValue yardstickWarmup = TimeValue.milliseconds(1000);
        TimeValue time = TimeValue.milliseconds(quick ? 300 : 1000);
        Options yardstickOptions =
                options(quick ? 3 : 5, yardstickWarmup, quick ? 3 : 5, time)
                        .include(benchmarks + YARDSTICK)
                        .build();
        Options options =
                options(
                                quick ? 2 : 5,
                                TimeValue.milliseconds(quick ? 400 : 1000),
                                quick ? 3 : 5,
                                time)
                        .include(benchmarks)
                        .exclude(benchmarks + YARDSTICK)
                        .build();
        List<RunResult> yardsticks = new ArrayList<>(new Runner(yardstickOptions).run());
        Collection<RunResult> results = new Runner(options).run();
        yardsticks.addAll(new Runner(yardstickOptions).run());
        RunResult yardstick =
                yardsticks.stream().min(Comparator.comparingDouble(this::nanos)).orElseThrow();
        double unit = nanos(yardstick);

        List<Figure> figures = new ArrayList<>();
        figures.add(scaled(method(yardstick), unit, 1.0));
        for (RunResult result : results) {
            double nanos = nanos(result);
            figures.add(scaled(method(result), nanos, nanos / unit));
            Result<?> allocated =
                    result.getSecondaryResults().get(ProcessorTimeProfiler.ALLOCATION);
            if (allocated != null) {
                figures.add(
                        new Figure(method(result) + "_alloc", allocated.getScore(), "B/op", null));
            }
        }
        return figures;
    }

    private static ChainedOptionsBuilder options(
            int warmups, TimeValue warmup, int iterations, TimeValue iteration) {
        return new OptionsBuilder()
                .mode(Mode.AverageTime)
                .timeUnit(TimeUnit.NANOSECONDS)
                .threads(1)
                .forks(1)
                .warmupIterations(warmups)
                .warmupTime(warmup)
                .measurementIterations(iterations)
                .measurementTime(iteration)
                .addProfiler(ProcessorTimeProfiler.class)
                .shouldFailOnError(true)
                .jvmArgsAppend("-Xms1g", "-Xmx2g");
    }

    private double nanos(RunResult result) {
        return processorTime
                ? Objects.requireNonNull(
                                result.getSecondaryResults().get(ProcessorTimeProfiler.TIME))
                        .getScore()
                : result.getPrimaryResult().getScore();
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
