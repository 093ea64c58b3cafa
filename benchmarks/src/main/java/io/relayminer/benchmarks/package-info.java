/** Runs the JMH suites and the whole-node benchmark. */
@org.jspecify.annotations.NullMarked
package io.relayminer.benchmarks;
