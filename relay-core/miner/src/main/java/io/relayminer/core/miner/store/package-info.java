/**
 * What miners keep, as one contract: {@link io.relayminer.core.miner.store.MinerStore} for a fleet,
 * {@link io.relayminer.core.miner.store.SupplierStore} for one supplier in the hands of its owner,
 * and the records, messages and reports in them. {@link
 * io.relayminer.core.miner.store.SessionState} is the only list of what may follow what.
 */
@NullMarked
package io.relayminer.core.miner.store;

import org.jspecify.annotations.NullMarked;
