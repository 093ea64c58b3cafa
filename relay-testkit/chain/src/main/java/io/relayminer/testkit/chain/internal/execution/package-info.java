/** What every message runs in: its view of state and time, its events, and how it fails. */
@org.jspecify.annotations.NullMarked
package io.relayminer.testkit.chain.internal.execution;
