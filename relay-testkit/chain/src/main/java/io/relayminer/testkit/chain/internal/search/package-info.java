/** Finding blocks and transactions by their events. */
@org.jspecify.annotations.NullMarked
package io.relayminer.testkit.chain.internal.search;
