/** Leases with epochs, leadership and fair-share assignment. */
@org.jspecify.annotations.NullMarked
package io.relayminer.leader;
