/**
 * The rules of claims and proofs, written from the protocol: windows, signatures, trees, lottery.
 */
@org.jspecify.annotations.NullMarked
package io.relayminer.testkit.chain.internal.claims;
