/** Blocks: mempool, proposal, execution in order, commit, and the hashes that chain them. */
@org.jspecify.annotations.NullMarked
package io.relayminer.testkit.chain.internal.block;
