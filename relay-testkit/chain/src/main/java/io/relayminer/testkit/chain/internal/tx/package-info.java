/** Transactions: decoding, the checks before their messages run, the messages, governance. */
@org.jspecify.annotations.NullMarked
package io.relayminer.testkit.chain.internal.tx;
