/**
 * The whole node under load, as processes of their own: Redis, the development chain, a backend,
 * one relayer, one miner and a gateway, on one machine.
 *
 * <p>{@link io.relayminer.benchmarks.node.NodeSuite} says what is measured and when.
 */
@org.jspecify.annotations.NullMarked
package io.relayminer.benchmarks.node;
