package io.relayminer.core.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.core.metrics.Info;

import java.io.IOException;
import java.io.InputStream;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryUsage;
import java.lang.management.RuntimeMXBean;
import java.net.URL;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import java.util.jar.Manifest;

/**
 * The runtime of a process, and the commit it was built from: the usual {@code jvm_*} and {@code
 * process_*}, and those of {@code ha_runtime_*} that mean something on a JVM.
 *
 * <p>The {@code ha_runtime_*} names come from another runtime. Threads stand for its goroutines;
 * virtual threads are not among them, because the platform does not count them. Counts of
 * allocations, stacks and released memory have no counterpart and are left out rather than exported
 * as zero.
 */
public final class ProcessMetrics {

    private static final String UNKNOWN = "unknown";

    private ProcessMetrics() {}

    /**
     * Registers everything. Values are read at each scrape.
     *
     * @param registry where
     * @param component what this process is, e.g. {@code miner}
     * @param version its version
     * @param main a class of its archive, which tells the commit it was built from
     */
    public static void bindTo(
            PrometheusMeterRegistry registry, String component, String version, Class<?> main) {
        // An info metric of the Prometheus client: the suffix is reserved to that type.
        Info.builder()
                .name("ha_build_info")
                .help("The build, in its labels")
                .labelNames("version", "commit", "component")
                .register(registry.getPrometheusRegistry())
                .setLabelValues(version, commit(main), component);
        new JvmMemoryMetrics().bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        new ClassLoaderMetrics().bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
        new UptimeMetrics().bindTo(registry);
        new FileDescriptorMetrics().bindTo(registry);
        memory(registry);
        threads(registry);
        collections(registry);
    }

    /** Commit that a class was built from, {@code unknown} if the build was not told. */
    private static String commit(Class<?> main) {
        String self = main.getName().replace('.', '/') + ".class";
        URL at = main.getClassLoader() == null ? null : main.getClassLoader().getResource(self);
        if (at == null || !at.getProtocol().equals("jar")) {
            return UNKNOWN;
        }
        String jar = at.toString().substring(0, at.toString().length() - self.length());
        try (InputStream in =
                java.net.URI.create(jar + "META-INF/MANIFEST.MF").toURL().openStream()) {
            String commit = new Manifest(in).getMainAttributes().getValue("Build-Commit");
            return commit == null || commit.isBlank() ? UNKNOWN : commit;
        } catch (IOException e) {
            return UNKNOWN;
        }
    }

    private static void memory(MeterRegistry registry) {
        Supplier<MemoryUsage> heap = ManagementFactory.getMemoryMXBean()::getHeapMemoryUsage;
        gauge(registry, "heap_alloc_bytes", "Heap in use", heap, MemoryUsage::getUsed);
        gauge(registry, "heap_inuse_bytes", "Heap in use", heap, MemoryUsage::getUsed);
        gauge(
                registry,
                "heap_sys_bytes",
                "Heap taken from the system",
                heap,
                h -> h.getCommitted());
        gauge(
                registry,
                "heap_idle_bytes",
                "Heap taken from the system and not in use",
                heap,
                h -> Math.max(0, h.getCommitted() - h.getUsed()));
    }

    private static void threads(MeterRegistry registry) {
        Supplier<Integer> count = ManagementFactory.getThreadMXBean()::getThreadCount;
        gauge(registry, "goroutines", "Live threads", count, Integer::doubleValue);
        gauge(registry, "threads", "Live platform threads", count, Integer::doubleValue);
    }

    private static void collections(MeterRegistry registry) {
        List<GarbageCollectorMXBean> collectors = ManagementFactory.getGarbageCollectorMXBeans();
        RuntimeMXBean runtime = ManagementFactory.getRuntimeMXBean();
        FunctionCounter.builder(
                        "ha_runtime_gc_completed",
                        collectors,
                        all -> sum(all, GarbageCollectorMXBean::getCollectionCount))
                .description("Garbage collections")
                .register(registry);
        // A gauge, because a counter's name would get another suffix.
        Gauge.builder("ha_runtime_gc_pause_total_nanoseconds", collectors, all -> millis(all) * 1e6)
                .description("Time spent in garbage collections")
                .register(registry);
        Gauge.builder(
                        "ha_runtime_gc_cpu_fraction",
                        collectors,
                        all -> millis(all) / Math.max(1, runtime.getUptime()))
                .description("Share of the time that garbage collections took")
                .register(registry);
        Gauge.builder("ha_runtime_last_gc_timestamp_seconds", collectors, all -> last(all, runtime))
                .description("End of the last garbage collection, 0 before the first")
                .register(registry);
    }

    private static double millis(List<GarbageCollectorMXBean> collectors) {
        return sum(collectors, GarbageCollectorMXBean::getCollectionTime);
    }

    private static double sum(
            List<GarbageCollectorMXBean> collectors, ToDoubleFunction<GarbageCollectorMXBean> of) {
        // A collector that cannot tell says -1.
        return collectors.stream().mapToDouble(of).filter(value -> value > 0).sum();
    }

    private static double last(List<GarbageCollectorMXBean> collectors, RuntimeMXBean runtime) {
        double newest = 0;
        for (GarbageCollectorMXBean collector : collectors) {
            if (collector instanceof com.sun.management.GarbageCollectorMXBean detailed
                    && detailed.getLastGcInfo() != null) {
                newest = Math.max(newest, (double) detailed.getLastGcInfo().getEndTime());
            }
        }
        return newest == 0 ? 0 : (runtime.getStartTime() + newest) / 1e3;
    }

    private static <T> void gauge(
            MeterRegistry registry,
            String name,
            String description,
            Supplier<T> source,
            ToDoubleFunction<T> value) {
        Gauge.builder("ha_runtime_" + name, () -> value.applyAsDouble(source.get()))
                .description(description)
                .register(registry);
    }
}
