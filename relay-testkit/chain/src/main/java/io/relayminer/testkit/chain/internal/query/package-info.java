/** Queries that are answered from state, by method name. */
@org.jspecify.annotations.NullMarked
package io.relayminer.testkit.chain.internal.query;
