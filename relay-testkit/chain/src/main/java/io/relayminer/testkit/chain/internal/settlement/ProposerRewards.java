package io.relayminer.testkit.chain.internal.settlement;

import io.relayminer.core.wire.tokenomics.EventValidatorRewardDistribution;
import io.relayminer.core.wire.tokenomics.SettlementOpReason;
import io.relayminer.testkit.chain.genesis.Genesis;
import io.relayminer.testkit.chain.internal.execution.ExecutionContext;

import java.math.BigInteger;
import java.util.Map;
import java.util.TreeMap;

/** The proposer's part of what a session end mints, collected by reason and paid at once. */
final class ProposerRewards {
    private static final String TOKENOMICS = "tokenomics";
    private static final String COMMISSION_RATE = "0.100000000000000000";
    private static final int COMMISSION_DIVISOR = 10;

    private final Genesis.Validator validator;
    private final Map<SettlementOpReason, BigInteger> shares = new TreeMap<>();

    ProposerRewards(Genesis.Validator validator) {
        this.validator = validator;
    }

    void add(SettlementOpReason reason, BigInteger amount) {
        shares.merge(reason, amount, BigInteger::add);
    }

    void pay(ExecutionContext context, SettlementBatch batch) {
        shares.forEach((reason, amount) -> pay(context, reason, amount, batch));
    }

    private void pay(
            ExecutionContext context,
            SettlementOpReason reason,
            BigInteger amount,
            SettlementBatch batch) {
        if (amount.signum() == 0) {
            return;
        }
        BigInteger commission = amount.divide(BigInteger.valueOf(COMMISSION_DIVISOR));
        context.emit(
                EventValidatorRewardDistribution.newBuilder()
                        .setSessionEndBlockHeight(batch.sessionEnd())
                        .setOpReason(reason)
                        .setValidatorOperatorAddress(validator.operatorAddress())
                        .setValidatorAccountAddress(validator.accountAddress())
                        .setCommissionRate(COMMISSION_RATE)
                        .setPoolShareUpokt(amount.toString())
                        .setCommissionUpokt(commission.toString())
                        .setSelfDelegationRewardUpokt(amount.subtract(commission).toString())
                        .setDelegatorsRewardUpokt("0")
                        .setTotalDelegatedStakeUpokt(validator.bondedUpokt().toString())
                        .setNumDelegators(0)
                        .build());
        batch.pay(TOKENOMICS, validator.accountAddress(), reason, amount);
    }
}
