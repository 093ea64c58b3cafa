package io.relayminer.benchmarks;

import com.sun.management.ThreadMXBean;

import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.infra.IterationParams;
import org.openjdk.jmh.profile.InternalProfiler;
import org.openjdk.jmh.results.AggregationPolicy;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.ScalarResult;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.util.Collection;
import java.util.List;
import java.util.function.LongUnaryOperator;

/**
 * Adds to each iteration the processor time that the benchmark's thread spent on an operation, in
 * nanoseconds, and the bytes it allocated; of several iterations the least is taken.
 *
 * <p>For code that only computes this is the figure to compare. Elapsed time also counts the
 * moments at which a busy machine ran something else, and they fall on one benchmark and not on the
 * other. The time of the collector and of the compiler is not counted: both run in threads of their
 * own. Likewise the bytes are those of the benchmark's thread, without what the harness allocates
 * in others; its few hundred bytes for each iteration remain.
 */
public final class ProcessorTimeProfiler implements InternalProfiler {
    static final String TIME = "processor.time.norm";
    static final String ALLOCATION = "thread.alloc.norm";

    private static final String WORKER = "-jmh-worker-";

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private long nanosBefore;
    private long bytesBefore;

    /** Created by the harness in the process that measures. */
    public ProcessorTimeProfiler() {}

    @Override
    public String getDescription() {
        return "processor time of the benchmark's thread per operation";
    }

    @Override
    public void beforeIteration(BenchmarkParams benchmark, IterationParams iteration) {
        nanosBefore = workers(threads::getThreadCpuTime);
        bytesBefore = workers(threads::getThreadAllocatedBytes);
    }

    @Override
    public Collection<? extends Result<?>> afterIteration(
            BenchmarkParams benchmark, IterationParams iteration, IterationResult result) {
        double operations = result.getMetadata().getAllOps();
        double bytes = workers(threads::getThreadAllocatedBytes) - bytesBefore;
        double nanos = workers(threads::getThreadCpuTime) - nanosBefore;
        return List.of(
                new ScalarResult(TIME, nanos / operations, "ns/op", AggregationPolicy.MIN),
                new ScalarResult(ALLOCATION, bytes / operations, "B/op", AggregationPolicy.MIN));
    }

    private long workers(LongUnaryOperator figure) {
        long sum = 0;
        for (ThreadInfo thread : threads.getThreadInfo(threads.getAllThreadIds())) {
            if (thread != null && thread.getThreadName().contains(WORKER)) {
                sum += Math.max(0, figure.applyAsLong(thread.getThreadId()));
            }
        }
        return sum;
    }
}
