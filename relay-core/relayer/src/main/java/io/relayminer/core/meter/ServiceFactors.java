package io.relayminer.core.meter;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.CompletionStage;

/** The operator's budget factors per service. */
public interface ServiceFactors {

    /**
     * The factor if it is known without waiting: positive, or 0 when none is configured; null if
     * unknown.
     */
    @Nullable Double peek(String serviceId);

    /**
     * The factor.
     *
     * @return a stage with a positive factor, or 0 when none is configured
     */
    CompletionStage<Double> get(String serviceId);
}
