/**
 * The messages of the Pocket protocol as bytes: bounded decoding, the one canonical encoding that
 * gateway, relayer, miner and chain have to agree on, and the hashes and signable bytes made of it.
 *
 * <p>The message classes in the packages below this one are generated from the {@code .proto}
 * files. Everything that has to be right about them beyond field numbers is here, because a chain
 * node encodes with rules that protobuf-java does not know: some embedded messages are always
 * written, unknown fields are dropped, a zero amount is written as {@code "0"}.
 */
@NullMarked
package io.relayminer.core.wire;

import org.jspecify.annotations.NullMarked;
