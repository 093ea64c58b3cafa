/** The ways in which a chain can be made to misbehave. */
@org.jspecify.annotations.NullMarked
package io.relayminer.testkit.chain.faults;
