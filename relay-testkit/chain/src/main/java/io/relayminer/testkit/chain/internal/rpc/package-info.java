/** CometBFT's RPC over HTTP and websocket. */
@org.jspecify.annotations.NullMarked
package io.relayminer.testkit.chain.internal.rpc;
