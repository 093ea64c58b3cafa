package io.relayminer.core.miner;

import java.time.Duration;

/**
 * How the miner works on its suppliers.
 *
 * @param batchSize entries taken from the log at once
 * @param commitRelays relays committed by one script at most
 * @param commitBytes bytes of relays committed by one script at most
 * @param pollWait how long the worker waits for entries before it looks at blocks again
 * @param claimSettle time between the opening of the claim window and the sealing of a session, in
 *     which relayers that lag or wait for a slow backend finish what they accepted; rounded up to
 *     blocks, at least one unless it is zero, and never more than half of the claim window
 * @param claimPolicy which sessions are worth a claim
 * @param claimBatching whether claims of a supplier share transactions
 * @param proofBatching whether proofs of a supplier share transactions
 * @param maxResends transactions signed again for one message; re-sending the same bytes is not
 *     counted
 * @param chainTimeout limit for one question to the chain
 * @param txFeeUpokt assumed fee of one transaction, for the decision whether a claim pays
 */
public record MinerSettings(
        int batchSize,
        int commitRelays,
        int commitBytes,
        Duration pollWait,
        Duration claimSettle,
        ClaimPolicy claimPolicy,
        boolean claimBatching,
        boolean proofBatching,
        int maxResends,
        Duration chainTimeout,
        long txFeeUpokt) {

    /** Which sessions are claimed. */
    public enum ClaimPolicy {
        /** Every session with a leaf. */
        ALWAYS,
        /** Sessions whose reward exceeds the fees of the transactions. */
        FEES,
        /**
         * Sessions whose reward exceeds fees and, weighted with the chance that a proof is asked
         * for, the chain's proof submission fee.
         */
        EXPECTED_VALUE
    }

    /** Values for a chain with blocks of seconds to a minute. */
    public static final MinerSettings DEFAULT =
            new MinerSettings(
                    1000,
                    256,
                    2 << 20,
                    Duration.ofMillis(200),
                    Duration.ofSeconds(4),
                    ClaimPolicy.EXPECTED_VALUE,
                    true,
                    true,
                    5,
                    Duration.ofSeconds(10),
                    1);

    /** The same settings with another choice of the sessions that are claimed. */
    public MinerSettings withClaimPolicy(ClaimPolicy policy) {
        return new MinerSettings(
                batchSize,
                commitRelays,
                commitBytes,
                pollWait,
                claimSettle,
                policy,
                claimBatching,
                proofBatching,
                maxResends,
                chainTimeout,
                txFeeUpokt);
    }
}
