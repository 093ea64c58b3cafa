/** The end of claims: payment within what an application can bear, or penalty. */
@org.jspecify.annotations.NullMarked
package io.relayminer.testkit.chain.internal.settlement;
