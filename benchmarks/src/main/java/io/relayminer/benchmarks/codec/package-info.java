/** The codec suite: what decoding, hashing and encoding a relay costs. */
@NullMarked
package io.relayminer.benchmarks.codec;

import org.jspecify.annotations.NullMarked;
