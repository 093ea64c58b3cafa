/** Encodings and hashes of the network's software: bech32, gob, Go's JSON and times. */
@org.jspecify.annotations.NullMarked
package io.relayminer.testkit.chain.internal.encoding;
