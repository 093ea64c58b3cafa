package io.relayminer.core.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;

import java.util.function.ToDoubleFunction;

/**
 * Shows what a process remembers of the chain's answers in its own memory. A miss is a question
 * that memory could not answer, whoever answered it then.
 */
public final class QueryCacheMetrics {

    private QueryCacheMetrics() {}

    /**
     * Shows one memory. Values are read at each scrape.
     *
     * @param registry where
     * @param client what the questions are about, e.g. {@code shared}
     * @param cacheType which of its answers are remembered, e.g. {@code params_at_height}
     * @param owner what the values are read from; shown for as long as somebody else holds it
     * @param hits questions answered from memory so far
     * @param misses questions that were not
     * @param size entries in memory
     */
    public static <T> void show(
            MeterRegistry registry,
            String client,
            String cacheType,
            T owner,
            ToDoubleFunction<T> hits,
            ToDoubleFunction<T> misses,
            ToDoubleFunction<T> size) {
        Tags tags = Tags.of("client", client, "cache_type", cacheType);
        FunctionCounter.builder("ha_query_cache_hits", owner, hits)
                .description("Questions to the chain answered from memory")
                .tags(tags)
                .register(registry);
        FunctionCounter.builder("ha_query_cache_misses", owner, misses)
                .description("Questions to the chain that memory could not answer")
                .tags(tags)
                .register(registry);
        Gauge.builder("ha_query_cache_size", owner, size)
                .description("Answers of the chain in memory")
                .tags(tags)
                .register(registry);
    }
}
