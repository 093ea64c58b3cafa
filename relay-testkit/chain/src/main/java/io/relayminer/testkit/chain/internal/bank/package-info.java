/** Coins and accounts. */
@org.jspecify.annotations.NullMarked
package io.relayminer.testkit.chain.internal.bank;
