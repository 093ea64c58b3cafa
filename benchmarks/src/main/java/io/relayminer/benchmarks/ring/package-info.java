/**
 * Ring signatures, ECDSA and the arithmetic below them, beside Bouncy Castle's point
 * multiplication.
 */
@NullMarked
package io.relayminer.benchmarks.ring;

import org.jspecify.annotations.NullMarked;
