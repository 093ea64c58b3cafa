/**
 * What a store of miners promises, as a test to extend: {@link
 * io.relayminer.testkit.miner.MinerStoreContractTest}.
 */
@NullMarked
package io.relayminer.testkit.miner;

import org.jspecify.annotations.NullMarked;
