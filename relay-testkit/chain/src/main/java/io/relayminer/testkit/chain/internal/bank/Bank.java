package io.relayminer.testkit.chain.internal.bank;

import com.google.protobuf.ByteString;

import io.relayminer.core.wire.cosmos.base.Coin;
import io.relayminer.testkit.chain.internal.execution.AbciEvent;
import io.relayminer.testkit.chain.internal.execution.AbciException;
import io.relayminer.testkit.chain.internal.execution.AbciException.SdkError;
import io.relayminer.testkit.chain.internal.execution.ExecutionContext;
import io.relayminer.testkit.chain.internal.state.Branch;
import io.relayminer.testkit.chain.internal.state.ChainAccount;
import io.relayminer.testkit.chain.internal.state.Keys;
import io.relayminer.testkit.chain.internal.state.StateReader;

import org.jspecify.annotations.Nullable;

import java.math.BigInteger;
import java.util.List;

/** Accounts, balances and supply: the auth and bank modules' share of state. */
public final class Bank {
    public static final String DENOM = "upokt";

    private static final String NEXT_ACCOUNT_NUMBER = "nextAccountNumber";
    private static final int MAX_DENOM = 128;

    private Bank() {}

    public static @Nullable ChainAccount account(StateReader state, String address) {
        return state.get(Keys.account(address), ChainAccount.class);
    }

    public static void putAccount(Branch state, ChainAccount account) {
        state.put(Keys.account(account.address()), account);
    }

    /** Creates an ordinary account with the next free number if the address has none. */
    public static void ensureAccount(Branch state, String address) {
        if (state.has(Keys.account(address))) {
            return;
        }
        putAccount(state, ChainAccount.ofUser(address, ByteString.EMPTY, takeAccountNumber(state)));
    }

    public static long takeAccountNumber(Branch state) {
        Long next = state.get(NEXT_ACCOUNT_NUMBER, Long.class);
        long number = next == null ? 0 : next;
        state.put(NEXT_ACCOUNT_NUMBER, number + 1);
        return number;
    }

    static void setNextAccountNumber(Branch state, long number) {
        state.put(NEXT_ACCOUNT_NUMBER, number);
    }

    public static BigInteger balance(StateReader state, String address, String denom) {
        BigInteger amount = state.get(Keys.balance(address, denom), BigInteger.class);
        return amount == null ? BigInteger.ZERO : amount;
    }

    public static BigInteger supply(StateReader state, String denom) {
        BigInteger amount = state.get(Keys.supply(denom), BigInteger.class);
        return amount == null ? BigInteger.ZERO : amount;
    }

    /** Sets a balance, and keeps the index of who holds a denomination. */
    public static void setBalance(Branch state, String address, String denom, BigInteger amount) {
        boolean held = balance(state, address, denom).signum() != 0;
        String holder = Keys.holder(denom, address);
        if (held) {
            state.delete(holder);
        }
        if (amount.signum() == 0) {
            state.delete(Keys.balance(address, denom));
        } else {
            state.put(holder, true);
            state.put(Keys.balance(address, denom), amount);
        }
    }

    public static void setSupply(Branch state, String denom, BigInteger amount) {
        state.put(Keys.supply(denom), amount);
    }

    /**
     * Moves coins between addresses and emits the bank's events. An empty list moves nothing and
     * still emits.
     */
    public static void send(ExecutionContext context, String from, String to, List<Coin> coins)
            throws AbciException {
        for (Coin coin : coins) {
            spend(context.state(), from, coin);
        }
        String amount = text(coins);
        context.emit(AbciEvent.of("coin_spent", "spender", from, "amount", amount));
        for (Coin coin : coins) {
            receive(context.state(), to, coin);
        }
        context.emit(AbciEvent.of("coin_received", "receiver", to, "amount", amount));
        ensureAccount(context.state(), to);
        context.emit(AbciEvent.of("transfer", "recipient", to, "sender", from, "amount", amount));
        context.emit(AbciEvent.of("message", "sender", from));
    }

    public static void mint(ExecutionContext context, String moduleAddress, Coin coin) {
        receive(context.state(), moduleAddress, coin);
        setSupply(
                context.state(),
                coin.getDenom(),
                supply(context.state(), coin.getDenom()).add(amount(coin)));
        context.emit(
                AbciEvent.of("coin_received", "receiver", moduleAddress, "amount", text(coin)));
        context.emit(AbciEvent.of("coinbase", "minter", moduleAddress, "amount", text(coin)));
    }

    public static void burn(ExecutionContext context, String moduleAddress, Coin coin)
            throws AbciException {
        spend(context.state(), moduleAddress, coin);
        setSupply(
                context.state(),
                coin.getDenom(),
                supply(context.state(), coin.getDenom()).subtract(amount(coin)));
        context.emit(AbciEvent.of("coin_spent", "spender", moduleAddress, "amount", text(coin)));
        context.emit(AbciEvent.of("burn", "burner", moduleAddress, "amount", text(coin)));
    }

    private static void spend(Branch state, String address, Coin coin) throws AbciException {
        BigInteger have = balance(state, address, coin.getDenom());
        BigInteger left = have.subtract(amount(coin));
        if (left.signum() < 0) {
            throw AbciException.sdk(
                    SdkError.INSUFFICIENT_FUNDS,
                    "spendable balance "
                            + have
                            + coin.getDenom()
                            + " is smaller than "
                            + text(coin));
        }
        setBalance(state, address, coin.getDenom(), left);
    }

    private static void receive(Branch state, String address, Coin coin) {
        setBalance(
                state,
                address,
                coin.getDenom(),
                balance(state, address, coin.getDenom()).add(amount(coin)));
    }

    public static Coin coin(BigInteger upokt) {
        return Coin.newBuilder().setDenom(DENOM).setAmount(upokt.toString()).build();
    }

    public static Coin coin(long upokt) {
        return coin(BigInteger.valueOf(upokt));
    }

    /** The amount of a coin; an empty or malformed amount counts as zero. */
    public static BigInteger amount(Coin coin) {
        try {
            return coin.getAmount().isEmpty() ? BigInteger.ZERO : new BigInteger(coin.getAmount());
        } catch (NumberFormatException e) {
            return BigInteger.ZERO;
        }
    }

    public static String text(Coin coin) {
        return amount(coin) + coin.getDenom();
    }

    public static String text(BigInteger upokt) {
        return upokt + DENOM;
    }

    public static String text(List<Coin> coins) {
        return String.join(",", coins.stream().map(Bank::text).toList());
    }

    public static boolean isDenom(String denom) {
        return denom.length() >= 3
                && denom.length() <= MAX_DENOM
                && denom.matches("[a-zA-Z][a-zA-Z0-9/:._-]*");
    }
}
