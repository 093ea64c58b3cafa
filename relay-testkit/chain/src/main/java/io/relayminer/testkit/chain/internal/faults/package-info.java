/** Which faults are switched on at the moment. */
@org.jspecify.annotations.NullMarked
package io.relayminer.testkit.chain.internal.faults;
