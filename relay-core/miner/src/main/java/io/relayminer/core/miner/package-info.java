/**
 * How mined relays become money: consume the log of each owned supplier, keep one tree per session,
 * claim it, prove it when the chain asks, and follow it to its settlement.
 *
 * <p>One {@link io.relayminer.core.miner.SupplierWorker} per supplier, sequential on one virtual
 * thread. Nothing it knows is only in memory: a session's record in Redis says where it stands, the
 * chain says what became of its claim, and another owner can go on from both at any block.
 */
@NullMarked
package io.relayminer.core.miner;

import org.jspecify.annotations.NullMarked;
