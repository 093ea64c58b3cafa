package io.relayminer.core.chain;

import io.relayminer.core.tx.GasPrice;
import io.relayminer.core.tx.TxLifetime;

/**
 * How transactions are made.
 *
 * @param memo text in every transaction, at most 256 bytes
 * @param gasLimit gas limit of a transaction with one message, twice as much with two, and so on; 0
 *     to simulate each
 * @param gasAdjustment factor on simulated gas, at least 1
 * @param gasPrice price of gas
 * @param maxGasPrice highest price the submitter goes to when nodes ask for more; equal to the
 *     price for never
 * @param lifetime how long transactions may wait
 */
public record TxSettings(
        String memo,
        long gasLimit,
        double gasAdjustment,
        GasPrice gasPrice,
        GasPrice maxGasPrice,
        TxLifetime lifetime) {

    /** What the reference uses, with the gas price that most networks ask for. */
    public static final TxSettings DEFAULT =
            new TxSettings(
                    "HA RelayMiner",
                    0,
                    1.7,
                    GasPrice.parse("0.000001upokt"),
                    GasPrice.parse("0.001upokt"),
                    TxLifetime.DEFAULT);

    public TxSettings {
        if (gasLimit < 0 || !(gasAdjustment >= 1)) {
            throw new IllegalArgumentException(
                    "gas limit must not be negative and gas adjustment at least 1");
        }
        if (maxGasPrice.upokt().compareTo(gasPrice.upokt()) < 0) {
            throw new IllegalArgumentException("the highest gas price is below the gas price");
        }
    }
}
