package io.relayminer.benchmarks;

import org.jspecify.annotations.Nullable;

/**
 * One measured figure.
 *
 * @param name lower case with underscores, unique in its suite
 * @param value in {@code unit}
 * @param unit for example {@code us/op}
 * @param ratio {@code value} divided by the suite's yardstick of the same run; {@code null} where a
 *     ratio says nothing
 */
public record Figure(String name, double value, String unit, @Nullable Double ratio) {}
