/**
 * The modules' parameters, with their history, and the calendar of sessions that follows from them.
 */
@org.jspecify.annotations.NullMarked
package io.relayminer.testkit.chain.internal.params;
