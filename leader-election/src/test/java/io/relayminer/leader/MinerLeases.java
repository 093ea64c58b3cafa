package io.relayminer.leader;

/** Names of leases as a miner chooses them. */
final class MinerLeases {

    private MinerLeases() {}

    static LeaseKeys keys(String supplier) {
        return new LeaseKeys("ha:miner:claim:" + supplier, "ha:miner:claim_epoch:" + supplier);
    }
}
