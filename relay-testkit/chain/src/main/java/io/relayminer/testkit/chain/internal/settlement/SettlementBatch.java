package io.relayminer.testkit.chain.internal.settlement;

import io.relayminer.core.wire.tokenomics.EventSettlementBatch;
import io.relayminer.core.wire.tokenomics.SettlementOpReason;
import io.relayminer.testkit.chain.internal.bank.Bank;
import io.relayminer.testkit.chain.internal.encoding.Bech32Text;
import io.relayminer.testkit.chain.internal.execution.AbciException;
import io.relayminer.testkit.chain.internal.execution.ExecutionContext;

import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The bank operations of one settlement, added up.
 *
 * <p>Operations of the same kind, sender, recipient and reason become one. They are executed kind
 * by kind (mints, transfers between modules, transfers to accounts, burns), within a kind in the
 * order of their text keys: sender, recipient, then the reason's number <em>as text</em>, so that
 * 10 comes before 5.
 */
final class SettlementBatch {
    private record Operation(
            String sender,
            String recipient,
            SettlementOpReason reason,
            BigInteger amount,
            int claims) {
        Operation plus(Operation other) {
            return new Operation(
                    sender, recipient, reason, amount.add(other.amount), claims + other.claims);
        }
    }

    private final long sessionEnd;
    private final TreeMap<String, Operation> mints = new TreeMap<>();
    private final TreeMap<String, Operation> betweenModules = new TreeMap<>();
    private final TreeMap<String, Operation> toAccounts = new TreeMap<>();
    private final TreeMap<String, Operation> burns = new TreeMap<>();

    SettlementBatch(long sessionEnd) {
        this.sessionEnd = sessionEnd;
    }

    long sessionEnd() {
        return sessionEnd;
    }

    void mint(String module, SettlementOpReason reason, BigInteger amount) {
        add(mints, new Operation(module, "", reason, amount, 1));
    }

    void moveBetweenModules(
            String sender, String recipient, SettlementOpReason reason, BigInteger amount) {
        add(betweenModules, new Operation(sender, recipient, reason, amount, 1));
    }

    void pay(String sender, String recipient, SettlementOpReason reason, BigInteger amount) {
        add(toAccounts, new Operation(sender, recipient, reason, amount, 1));
    }

    void burn(String module, SettlementOpReason reason, BigInteger amount) {
        add(burns, new Operation(module, "", reason, amount, 1));
    }

    private static void add(Map<String, Operation> operations, Operation operation) {
        if (operation.amount().signum() > 0) {
            operations.merge(
                    operation.sender()
                            + "|"
                            + operation.recipient()
                            + "|"
                            + operation.reason().getNumber(),
                    operation,
                    Operation::plus);
        }
    }

    /** Executes everything. */
    void execute(ExecutionContext context) throws AbciException {
        for (Operation mint : mints.values()) {
            Bank.mint(context, Bech32Text.moduleAddress(mint.sender()), Bank.coin(mint.amount()));
            emit(context, mint, "mint");
        }
        for (Operation move : betweenModules.values()) {
            Bank.send(
                    context,
                    Bech32Text.moduleAddress(move.sender()),
                    Bech32Text.moduleAddress(move.recipient()),
                    List.of(Bank.coin(move.amount())));
            emit(context, move, "mod_to_mod");
        }
        for (Operation payment : toAccounts.values()) {
            Bank.send(
                    context,
                    Bech32Text.moduleAddress(payment.sender()),
                    payment.recipient(),
                    List.of(Bank.coin(payment.amount())));
            emit(context, payment, "mod_to_acct");
        }
        for (Operation burn : burns.values()) {
            Bank.burn(context, Bech32Text.moduleAddress(burn.sender()), Bank.coin(burn.amount()));
            emit(context, burn, "burn");
        }
    }

    private void emit(ExecutionContext context, Operation operation, String type) {
        context.emit(
                EventSettlementBatch.newBuilder()
                        .setSessionEndBlockHeight(sessionEnd)
                        .setSenderModule(operation.sender())
                        .setRecipient(operation.recipient())
                        .setOpReason(operation.reason())
                        .setTotalAmount(Bank.text(operation.amount()))
                        .setNumClaims(operation.claims())
                        .setOpType(type)
                        .build());
    }
}
