/** What is staked: services, suppliers and applications, and how difficulty is computed. */
@org.jspecify.annotations.NullMarked
package io.relayminer.testkit.chain.internal.stake;
