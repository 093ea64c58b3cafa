package io.relayminer.testkit.chain.internal.stake;

import io.relayminer.core.wire.application.Application;
import io.relayminer.core.wire.application.ApplicationUnbondingReason;
import io.relayminer.core.wire.application.EventApplicationUnbondingEnd;
import io.relayminer.core.wire.application.UndelegatingGatewayList;
import io.relayminer.core.wire.shared.Params;
import io.relayminer.testkit.chain.internal.bank.Bank;
import io.relayminer.testkit.chain.internal.encoding.Bech32Text;
import io.relayminer.testkit.chain.internal.execution.AbciException;
import io.relayminer.testkit.chain.internal.execution.ExecutionContext;
import io.relayminer.testkit.chain.internal.params.ChainParams;
import io.relayminer.testkit.chain.internal.state.Branch;
import io.relayminer.testkit.chain.internal.state.Keys;

import java.math.BigInteger;
import java.util.List;
import java.util.Map;

/**
 * What happens to stakes at the end of a block: unbonded applications leave, old undelegations are
 * forgotten.
 */
public final class StakeRules {
    private StakeRules() {}

    public static void endBlock(ExecutionContext context) throws AbciException {
        Branch state = context.state();
        Params shared = ChainParams.shared(state);
        for (Application stored : state.values(Keys.APPLICATIONS, Application.class)) {
            Application app = pruneUndelegations(context, shared, stored);
            long unstakeEnd = app.getUnstakeSessionEndHeight();
            long unbonded =
                    unstakeEnd
                            + shared.getApplicationUnbondingPeriodSessions()
                                    * shared.getNumBlocksPerSession();
            if (unstakeEnd != 0 && context.height() >= unbonded) {
                release(context, app, unbonded);
            }
        }
    }

    private static Application pruneUndelegations(
            ExecutionContext context, Params shared, Application app) {
        long horizon =
                context.height()
                        - (shared.getGracePeriodEndOffsetBlocks()
                                + 2 * shared.getNumBlocksPerSession());
        Application.Builder pruned = app.toBuilder();
        for (Map.Entry<Long, UndelegatingGatewayList> pending :
                app.getPendingUndelegationsMap().entrySet()) {
            if (pending.getKey() < horizon) {
                pruned.removePendingUndelegations(pending.getKey());
            }
        }
        Application result = pruned.build();
        if (result.getPendingUndelegationsCount() != app.getPendingUndelegationsCount()) {
            context.state().put(Keys.APPLICATIONS + app.getAddress(), result);
        }
        return result;
    }

    private static void release(ExecutionContext context, Application app, long unbonded)
            throws AbciException {
        BigInteger stake = Bank.amount(app.getStake());
        if (stake.signum() > 0) {
            Bank.send(
                    context,
                    Bech32Text.moduleAddress("application"),
                    app.getAddress(),
                    List.of(Bank.coin(stake)));
        }
        context.state().delete(Keys.APPLICATIONS + app.getAddress());
        boolean belowMinimum =
                stake.compareTo(Bank.amount(ChainParams.application(context.state()).getMinStake()))
                        < 0;
        context.emit(
                EventApplicationUnbondingEnd.newBuilder()
                        .setApplication(app)
                        .setReason(
                                belowMinimum
                                        ? ApplicationUnbondingReason
                                                .APPLICATION_UNBONDING_REASON_BELOW_MIN_STAKE
                                        : ApplicationUnbondingReason
                                                .APPLICATION_UNBONDING_REASON_ELECTIVE)
                        .setSessionEndHeight(app.getUnstakeSessionEndHeight())
                        .setUnbondingEndHeight(unbonded)
                        .build());
    }
}
