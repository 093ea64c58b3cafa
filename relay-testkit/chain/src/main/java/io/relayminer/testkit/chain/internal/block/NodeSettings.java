package io.relayminer.testkit.chain.internal.block;

import java.math.BigDecimal;
import java.time.Duration;

/**
 * What a node decides for itself, whatever the chain.
 *
 * @param minimumGasPrice upokt per gas unit asked for by the mempool, 0 for none
 * @param mempoolSize most transactions waiting
 * @param maxTxsBytes most bytes waiting
 * @param maxTxBytes longest transaction
 * @param lowestHeight lowest height whose block is served; blocks below count as pruned
 * @param commitTimeout how long {@code broadcast_tx_commit} waits for a block with its transaction
 */
public record NodeSettings(
        BigDecimal minimumGasPrice,
        int mempoolSize,
        long maxTxsBytes,
        int maxTxBytes,
        long lowestHeight,
        Duration commitTimeout) {

    public static final NodeSettings LOCALNET =
            new NodeSettings(
                    BigDecimal.ZERO, 5_000, 1_073_741_824L, 100_000_000, 1, Duration.ofSeconds(10));
}
