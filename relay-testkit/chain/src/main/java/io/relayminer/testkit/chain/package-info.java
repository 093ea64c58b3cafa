/**
 * A Pocket chain in one process, for tests and for the localnet.
 *
 * <p>{@link io.relayminer.testkit.chain.DevChain} starts one from a {@link
 * io.relayminer.testkit.chain.genesis.Genesis} and serves what a full node serves: gRPC queries,
 * transactions, CometBFT's RPC over HTTP and websocket. Its rules (sessions, claims, proofs,
 * settlement, transaction checks) are written from the protocol, on purpose without the production
 * code that they are there to test; {@link io.relayminer.testkit.chain.faults.Faults} makes it fail
 * the ways nodes fail. Everything below {@code internal} is the chain itself and not for callers.
 */
@org.jspecify.annotations.NullMarked
package io.relayminer.testkit.chain;
