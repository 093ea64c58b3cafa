/**
 * The chain as seen from outside: queries over gRPC, blocks over CometBFT RPC and WebSocket, and
 * transactions, each over several nodes with deadlines and failover.
 *
 * <p>Nothing in here caches; that is the job of the cache tiers above it. Nothing blocks either:
 * every call returns a stage that completes on a thread of the client, so callers that need a
 * thread of their own continue with an executor.
 */
@NullMarked
package io.relayminer.core.chain;

import org.jspecify.annotations.NullMarked;
