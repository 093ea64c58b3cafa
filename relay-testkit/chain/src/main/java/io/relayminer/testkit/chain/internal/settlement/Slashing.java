package io.relayminer.testkit.chain.internal.settlement;

import io.relayminer.core.wire.proof.Claim;
import io.relayminer.core.wire.shared.Supplier;
import io.relayminer.core.wire.shared.SupplierServiceConfig;
import io.relayminer.core.wire.supplier.EventSupplierUnbondingBegin;
import io.relayminer.core.wire.supplier.SupplierUnbondingReason;
import io.relayminer.core.wire.tokenomics.EventSupplierSlashed;
import io.relayminer.testkit.chain.internal.bank.Bank;
import io.relayminer.testkit.chain.internal.encoding.Bech32Text;
import io.relayminer.testkit.chain.internal.execution.AbciException;
import io.relayminer.testkit.chain.internal.execution.ExecutionContext;
import io.relayminer.testkit.chain.internal.params.ChainParams;
import io.relayminer.testkit.chain.internal.params.SessionCalendar;
import io.relayminer.testkit.chain.internal.stake.SupplierRegistry;
import io.relayminer.testkit.chain.internal.state.Branch;
import io.relayminer.testkit.chain.internal.state.Keys;

import java.math.BigInteger;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Penalty for claims that needed a proof and had none, or a bad one. */
final class Slashing {
    private static final String TOKENOMICS = "tokenomics";
    private static final String SUPPLIER = "supplier";

    private Slashing() {}

    /** Takes the penalty of each expired claim from its supplier's stake and burns it. */
    static void slash(ExecutionContext context, List<Claim> expired) throws AbciException {
        Branch state = context.state();
        BigInteger penalty = Bank.amount(ChainParams.proof(state).getProofMissingPenalty());
        BigInteger minimum = Bank.amount(ChainParams.supplier(state).getMinStake());
        for (Claim claim : expired) {
            String key = Keys.SUPPLIERS + claim.getSupplierOperatorAddress();
            Supplier supplier = state.get(key, Supplier.class);
            if (supplier == null) {
                continue;
            }
            BigInteger stake = Bank.amount(supplier.getStake());
            BigInteger taken = penalty.min(stake);
            if (taken.signum() > 0) {
                String module = Bech32Text.moduleAddress(TOKENOMICS);
                Bank.send(
                        context,
                        Bech32Text.moduleAddress(SUPPLIER),
                        module,
                        List.of(Bank.coin(taken)));
                Bank.burn(context, module, Bank.coin(taken));
            }
            Supplier.Builder slashed =
                    supplier.toBuilder().setStake(Bank.coin(stake.subtract(taken)));
            if (stake.subtract(taken).compareTo(minimum) < 0
                    && supplier.getUnstakeSessionEndHeight() == 0) {
                long sessionEnd =
                        new SessionCalendar(ChainParams.shared(state)).end(context.height());
                slashed.setUnstakeSessionEndHeight(sessionEnd);
                context.emit(
                        EventSupplierUnbondingBegin.newBuilder()
                                .setSupplier(withConfigsOf(context, slashed.build(), expired))
                                .setReason(
                                        SupplierUnbondingReason
                                                .SUPPLIER_UNBONDING_REASON_BELOW_MIN_STAKE)
                                .setSessionEndHeight(sessionEnd)
                                .setUnbondingEndHeight(sessionEnd)
                                .build());
            }
            state.put(key, slashed.build());
            context.emit(
                    EventSupplierSlashed.newBuilder()
                            .setProofMissingPenalty(Bank.text(taken))
                            .setServiceId(claim.getSessionHeader().getServiceId())
                            .setApplicationAddress(claim.getSessionHeader().getApplicationAddress())
                            .setSessionEndBlockHeight(
                                    claim.getSessionHeader().getSessionEndBlockHeight())
                            .setClaimProofStatusInt(claim.getProofValidationStatusValue())
                            .setSupplierOperatorAddress(claim.getSupplierOperatorAddress())
                            .setSupplierStakeAfterSlash(Bank.text(stake.subtract(taken)))
                            .build());
        }
    }

    /**
     * The record as the unbonding event shows it: with the configurations of the services of its
     * claims only.
     */
    private static Supplier withConfigsOf(
            ExecutionContext context, Supplier supplier, List<Claim> expired) {
        Supplier.Builder shown = supplier.toBuilder().clearServices();
        Set<String> services = new TreeSet<>();
        for (Claim claim : expired) {
            if (claim.getSupplierOperatorAddress().equals(supplier.getOperatorAddress())) {
                services.add(claim.getSessionHeader().getServiceId());
            }
        }
        for (String serviceId : services) {
            SupplierServiceConfig config =
                    SupplierRegistry.configAt(
                            context.state(),
                            supplier.getOperatorAddress(),
                            serviceId,
                            context.height());
            if (config != null) {
                shown.addServices(config);
            }
        }
        return shown.build();
    }
}
