package io.relayminer.testkit.chain.internal.block;

import com.google.protobuf.ByteString;

import io.relayminer.core.wire.application.Application;
import io.relayminer.core.wire.cosmos.base.Coin;
import io.relayminer.core.wire.gateway.Gateway;
import io.relayminer.core.wire.shared.Service;
import io.relayminer.core.wire.shared.Supplier;
import io.relayminer.testkit.chain.genesis.Genesis;
import io.relayminer.testkit.chain.internal.bank.Bank;
import io.relayminer.testkit.chain.internal.encoding.Bech32Text;
import io.relayminer.testkit.chain.internal.params.ChainParams;
import io.relayminer.testkit.chain.internal.stake.SupplierRegistry;
import io.relayminer.testkit.chain.internal.state.Branch;
import io.relayminer.testkit.chain.internal.state.ChainAccount;
import io.relayminer.testkit.chain.internal.state.Keys;

import java.math.BigInteger;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Writes a {@link Genesis} into state. */
public final class GenesisState {
    private static final BigInteger ADD_SERVICE_POOL = new BigInteger("4000000000");

    /** A module account; numbers follow the order in which a node creates them at genesis. */
    private record ModuleAccount(String name, List<String> permissions) {}

    private static final List<ModuleAccount> MODULE_ACCOUNTS =
            List.of(
                    new ModuleAccount("fee_collector", List.of()),
                    new ModuleAccount("distribution", List.of()),
                    new ModuleAccount("bonded_tokens_pool", List.of("burner", "staking")),
                    new ModuleAccount("not_bonded_tokens_pool", List.of("burner", "staking")),
                    new ModuleAccount("gov", List.of("burner")),
                    new ModuleAccount("mint", List.of("minter")),
                    new ModuleAccount("service", List.of("minter", "burner", "staking")),
                    new ModuleAccount("application", List.of("minter", "burner", "staking")),
                    new ModuleAccount("supplier", List.of("minter", "burner", "staking")),
                    new ModuleAccount("gateway", List.of("minter", "burner", "staking")),
                    new ModuleAccount("proof", List.of("minter", "burner")),
                    new ModuleAccount("tokenomics", List.of("minter", "burner")));

    private GenesisState() {}

    public static void write(Branch state, Genesis genesis) {
        state.put(ChainParams.SHARED, genesis.sharedParams());
        state.put(ChainParams.SESSION, genesis.sessionParams());
        state.put(ChainParams.PROOF, genesis.proofParams());
        state.put(ChainParams.SERVICE, genesis.serviceParams());
        state.put(ChainParams.APPLICATION, genesis.applicationParams());
        state.put(ChainParams.SUPPLIER, genesis.supplierParams());
        state.put(ChainParams.GATEWAY, genesis.gatewayParams());
        state.put(ChainParams.TOKENOMICS, genesis.tokenomicsParams());
        state.put(
                ChainParams.AUTH,
                io.relayminer.core.wire.cosmos.auth.Params.newBuilder()
                        .setMaxMemoCharacters(256)
                        .setTxSigLimit(7)
                        .setTxSizeCostPerByte(10)
                        .setSigVerifyCostEd25519(590)
                        .setSigVerifyCostSecp256K1(1_000)
                        .build());
        Map<String, BigInteger> supply = new HashMap<>();
        for (Genesis.Account account : genesis.accounts()) {
            Bank.putAccount(
                    state,
                    ChainAccount.ofUser(
                            account.address(), account.publicKey(), Bank.takeAccountNumber(state)));
            account.balances()
                    .forEach(
                            (denom, amount) -> {
                                Bank.setBalance(state, account.address(), denom, amount);
                                supply.merge(denom, amount, BigInteger::add);
                            });
        }
        writeModuleAccounts(state);
        writeStakes(state, genesis, supply);
        bond(state, genesis.validator());
        supply.forEach((denom, amount) -> Bank.setSupply(state, denom, amount));
    }

    private static void writeModuleAccounts(Branch state) {
        for (ModuleAccount module : MODULE_ACCOUNTS) {
            Bank.putAccount(
                    state,
                    new ChainAccount(
                            Bech32Text.moduleAddress(module.name()),
                            ByteString.EMPTY,
                            Bank.takeAccountNumber(state),
                            0,
                            module.name(),
                            module.permissions()));
        }
    }

    private static void writeStakes(Branch state, Genesis genesis, Map<String, BigInteger> supply) {
        for (Service service : genesis.services()) {
            state.put(Keys.SERVICES + service.getId(), service);
        }
        fund(state, "service", ADD_SERVICE_POOL, supply);
        for (Application application : genesis.applications()) {
            state.put(Keys.APPLICATIONS + application.getAddress(), application);
            fund(state, "application", amount(application.getStake()), supply);
        }
        for (Gateway gateway : genesis.gateways()) {
            state.put(Keys.GATEWAYS + gateway.getAddress(), gateway);
            fund(state, "gateway", amount(gateway.getStake()), supply);
        }
        for (Supplier supplier : genesis.suppliers()) {
            SupplierRegistry.put(state, supplier, 1);
            fund(state, "supplier", amount(supplier.getStake()), supply);
        }
    }

    private static BigInteger amount(Coin coin) {
        return Bank.amount(coin);
    }

    private static void fund(
            Branch state, String module, BigInteger amount, Map<String, BigInteger> supply) {
        String address = Bech32Text.moduleAddress(module);
        Bank.setBalance(
                state, address, Bank.DENOM, Bank.balance(state, address, Bank.DENOM).add(amount));
        supply.merge(Bank.DENOM, amount, BigInteger::add);
    }

    /** Moves the validator's self-bond into the pool, as its genesis transaction does. */
    private static void bond(Branch state, Genesis.Validator validator) {
        BigInteger balance = Bank.balance(state, validator.accountAddress(), Bank.DENOM);
        BigInteger bonded = validator.bondedUpokt().min(balance);
        Bank.setBalance(state, validator.accountAddress(), Bank.DENOM, balance.subtract(bonded));
        Bank.setBalance(state, Bech32Text.moduleAddress("bonded_tokens_pool"), Bank.DENOM, bonded);
    }
}
