/**
 * What a miner keeps between two instructions: session records, the outbox of messages that are not
 * on the chain yet, and the log of submissions, on Redis and fenced by the supplier's lease.
 */
@NullMarked
package io.relayminer.core.miner.store;

import org.jspecify.annotations.NullMarked;
