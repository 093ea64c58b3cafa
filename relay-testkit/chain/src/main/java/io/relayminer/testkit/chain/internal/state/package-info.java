/**
 * The state of the chain: versioned by height, branched for each transaction, with gas for access.
 */
@org.jspecify.annotations.NullMarked
package io.relayminer.testkit.chain.internal.state;
