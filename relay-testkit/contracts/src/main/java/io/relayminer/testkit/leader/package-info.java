/**
 * The contract test of lease stores: an implementation extends it and says how to make things
 * expire.
 */
@NullMarked
package io.relayminer.testkit.leader;

import org.jspecify.annotations.NullMarked;
