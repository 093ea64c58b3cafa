/** What a full node knows beside its application, and CometBFT's JSON of it. */
@org.jspecify.annotations.NullMarked
package io.relayminer.testkit.chain.internal.node;
