package io.relayminer.testkit.chain;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.ByteString;
import com.google.protobuf.Message;

import io.relayminer.core.wire.application.Application;
import io.relayminer.core.wire.application.QueryAllApplicationsResponse;
import io.relayminer.core.wire.cosmos.auth.QueryAccountInfoResponse;
import io.relayminer.core.wire.cosmos.bank.QueryBalanceResponse;
import io.relayminer.core.wire.cosmos.tx.Tx;
import io.relayminer.core.wire.proof.Claim;
import io.relayminer.core.wire.proof.QueryAllClaimsResponse;
import io.relayminer.core.wire.proof.QueryGetClaimResponse;
import io.relayminer.core.wire.service.QueryAllRelayMiningDifficultyResponse;
import io.relayminer.core.wire.service.QueryGetRelayMiningDifficultyAtHeightResponse;
import io.relayminer.core.wire.service.QueryRelayMiningDifficultyHistoryResponse;
import io.relayminer.core.wire.service.RelayMiningDifficulty;
import io.relayminer.core.wire.service.RelayMiningDifficultyUpdate;
import io.relayminer.core.wire.shared.Supplier;
import io.relayminer.core.wire.supplier.QueryAllSuppliersResponse;
import io.relayminer.core.wire.supplier.QueryGetSupplierResponse;
import io.relayminer.testkit.chain.genesis.Genesis;
import io.relayminer.testkit.chain.genesis.LocalnetAccounts;
import io.relayminer.testkit.chain.internal.bank.Bank;
import io.relayminer.testkit.chain.internal.block.Mempool;
import io.relayminer.testkit.chain.internal.block.PocketChain;
import io.relayminer.testkit.chain.internal.claims.ClaimRules;
import io.relayminer.testkit.chain.internal.execution.ExecutionContext;
import io.relayminer.testkit.chain.internal.params.ChainParams;
import io.relayminer.testkit.chain.internal.state.Branch;
import io.relayminer.testkit.chain.internal.state.ChainAccount;
import io.relayminer.testkit.chain.internal.state.Keys;
import io.relayminer.testkit.vectors.VectorFile;

import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * A chain that relives the recorded one: its block times, its known block hashes as far as the
 * state machine uses them, its recorded transactions, and at the heights at which the recording was
 * asked something, the state its answers show.
 */
final class RecordedChain {
    static final long LAST_HEIGHT = 838;

    private static final Instant BLOCK_2 = Instant.parse("2026-11-21T15:12:55.979675526Z");
    private static final Instant BLOCK_838 = Instant.parse("2026-11-21T15:40:52.828624366Z");

    private final VectorFile transcripts;
    private final VectorFile txs;
    private final TreeMap<Long, List<Consumer<ExecutionContext>>> seeds = new TreeMap<>();
    private final TreeMap<Long, List<ByteString>> injected = new TreeMap<>();

    private RecordedChain() throws Exception {
        transcripts = new VectorFile("chain-transcripts.json");
        txs = new VectorFile("chain-txs.json");
    }

    static DevChain start() throws Exception {
        return new RecordedChain().run();
    }

    static Instant timeOf(long height) {
        if (height <= 1) {
            return Instant.parse("2025-12-19T23:17:58.285290945Z");
        }
        long nanos = Duration.between(BLOCK_2, BLOCK_838).toNanos() / (LAST_HEIGHT - 2);
        return BLOCK_2.plusNanos((height - 2) * nanos);
    }

    private void at(long height, Consumer<ExecutionContext> seed) {
        seeds.computeIfAbsent(height, h -> new ArrayList<>()).add(seed);
    }

    private DevChain run() throws Exception {
        collectBlockHashes();
        collectTransactions();
        collectState();
        DevChain chain =
                DevChain.builder(
                                Genesis.localnet()
                                        .withoutPublicKey(LocalnetAccounts.named("app5").address())
                                        .build())
                        .applicationVersion("")
                        .start();
        PocketChain machine = chain.machine();
        while (machine.height() < LAST_HEIGHT) {
            long next = machine.height() + 1;
            for (Consumer<ExecutionContext> seed : seeds.getOrDefault(next, List.of())) {
                machine.atNextBlock(seed);
            }
            for (ByteString tx : injected.getOrDefault(next, List.of())) {
                try {
                    machine.broadcast(tx);
                } catch (Mempool.RefusalException e) {
                    throw new IllegalStateException(e);
                }
            }
            machine.produce(timeOf(next));
        }
        return chain;
    }

    private static ByteString base64(JsonNode text) {
        return CometVectors.base64(text);
    }

    private void collectBlockHashes() {
        for (JsonNode vector : txs.vectors()) {
            switch (vector.get("kind").asText()) {
                case "block" -> hash(vector.get("height").asLong(), vector.at("/block_id/hash"));
                case "session" -> {
                    hash(vector.get("session_start").asLong(), vector.get("start_block_hash"));
                    hash(vector.get("seed_height").asLong(), vector.get("seed_block_hash"));
                }
                default -> {}
            }
        }
    }

    private void hash(long height, JsonNode text) {
        ByteString hash = CometVectors.hex(text);
        at(height + 1, context -> context.state().put(Keys.blockHash(height), hash));
    }

    private void collectTransactions() throws Exception {
        TreeMap<Long, TreeMap<Integer, ByteString>> byHeight = new TreeMap<>();
        for (JsonNode vector : txs.vectors()) {
            if (!vector.hasNonNull("delivered")) {
                continue;
            }
            ByteString tx = base64(vector.get("tx"));
            if (Tx.parseFrom(tx).getBody().getUnordered()) {
                byHeight.computeIfAbsent(
                                vector.at("/delivered/height").asLong(), h -> new TreeMap<>())
                        .put(vector.at("/delivered/index").asInt(), tx);
            }
        }
        byHeight.forEach(
                (height, indexed) -> injected.put(height, new ArrayList<>(indexed.values())));
    }

    private ByteString response(String id) {
        return base64(transcripts.get(id).get("response_b64"));
    }

    private void collectState() throws Exception {
        at(
                395,
                replaceClaims(
                        QueryAllClaimsResponse.parseFrom(response("query-claims-all"))
                                .getClaimsList()));
        Supplier slashed =
                QueryGetSupplierResponse.parseFrom(response("query-supplier-slashed"))
                        .getSupplier();
        at(662, context -> putSupplier(context, slashed));
        Claim forged =
                QueryGetClaimResponse.parseFrom(response("query-claim-forged-end")).getClaim();
        at(676, context -> ClaimRules.put(context.state(), forged));
        collectStateOf809();
        at(
                815,
                replaceClaims(
                        QueryAllClaimsResponse.parseFrom(response("query-lottery-claims"))
                                .getClaimsList()));
    }

    private static Consumer<ExecutionContext> replaceClaims(List<Claim> claims) {
        return context -> {
            for (Claim present : context.state().values(Keys.CLAIMS, Claim.class)) {
                ClaimRules.remove(context.state(), present);
            }
            claims.forEach(claim -> ClaimRules.put(context.state(), claim));
        };
    }

    private static void putSupplier(ExecutionContext context, Supplier supplier) {
        context.state()
                .put(
                        Keys.SUPPLIERS + supplier.getOperatorAddress(),
                        supplier.toBuilder().clearServices().clearServiceConfigHistory().build());
    }

    private void collectStateOf809() throws Exception {
        String supplier1 = LocalnetAccounts.named("supplier1").address();
        balance(804, supplier1, "query-height-header-current-minus-5");
        balance(809, supplier1, "query-height-header-tip");
        balance(809, LocalnetAccounts.named("app1").address(), "query-balance-found");
        List<Application> apps =
                QueryAllApplicationsResponse.parseFrom(response("query-all-apps-default"))
                        .getApplicationsList();
        at(
                809,
                context ->
                        apps.forEach(
                                app ->
                                        context.state()
                                                .put(Keys.APPLICATIONS + app.getAddress(), app)));
        List<Supplier> suppliers =
                QueryAllSuppliersResponse.parseFrom(response("query-all-suppliers-default"))
                        .getSupplierList();
        at(809, context -> suppliers.forEach(supplier -> putSupplier(context, supplier)));
        var info =
                QueryAccountInfoResponse.parseFrom(response("query-accountinfo-found")).getInfo();
        at(
                809,
                context -> {
                    ChainAccount account =
                            java.util.Objects.requireNonNull(
                                    Bank.account(context.state(), info.getAddress()));
                    Bank.putAccount(context.state(), account.withSequence(info.getSequence()));
                });
        params(
                ChainParams.PROOF,
                io.relayminer.core.wire.proof.QueryParamsResponse.parseFrom(
                                response("query-proof-params"))
                        .getParams());
        params(
                ChainParams.SERVICE,
                io.relayminer.core.wire.service.QueryParamsResponse.parseFrom(
                                response("query-service-params"))
                        .getParams());
        params(
                ChainParams.TOKENOMICS,
                io.relayminer.core.wire.tokenomics.QueryParamsResponse.parseFrom(
                                response("query-tokenomics-params"))
                        .getParams());
        difficulties();
    }

    private void balance(long height, String address, String id) throws Exception {
        BigInteger amount = Bank.amount(QueryBalanceResponse.parseFrom(response(id)).getBalance());
        at(height, context -> Bank.setBalance(context.state(), address, Bank.DENOM, amount));
    }

    private void params(String key, Message params) {
        at(809, context -> context.state().put(key, params));
    }

    private void difficulties() throws Exception {
        List<RelayMiningDifficulty> current =
                QueryAllRelayMiningDifficultyResponse.parseFrom(response("query-difficulty-all"))
                        .getRelayMiningDifficultyList();
        List<RelayMiningDifficultyUpdate> http =
                QueryRelayMiningDifficultyHistoryResponse.parseFrom(
                                response("query-difficulty-history"))
                        .getRelayMiningDifficultyHistoryList();
        List<RelayMiningDifficultyUpdate> grpc =
                QueryRelayMiningDifficultyHistoryResponse.parseFrom(
                                response("query-difficulty-history-grpc"))
                        .getRelayMiningDifficultyHistoryList();
        RelayMiningDifficulty httpAt809 =
                QueryGetRelayMiningDifficultyAtHeightResponse.parseFrom(
                                response("query-difficulty-at-http"))
                        .getRelayMiningDifficulty();
        at(
                809,
                context -> {
                    Branch state = context.state();
                    for (Map.Entry<String, Object> entry : state.scan(Keys.DIFFICULTY_HISTORY)) {
                        state.delete(entry.getKey());
                    }
                    current.forEach(
                            difficulty -> {
                                state.put(Keys.DIFFICULTY + difficulty.getServiceId(), difficulty);
                                if (!difficulty.getServiceId().equals("develop-grpc")) {
                                    state.put(
                                            Keys.difficultyHistory(
                                                    difficulty.getServiceId(),
                                                    difficulty.getBlockHeight()),
                                            difficulty);
                                }
                            });
                    http.forEach(
                            update ->
                                    state.put(
                                            Keys.difficultyHistory(
                                                    "develop-http", update.getEffectiveHeight()),
                                            update.getDifficulty()));
                    state.put(Keys.difficultyHistory("develop-http", 221), httpAt809);
                    state.put(
                            Keys.difficultyHistory("develop-http", httpAt809.getBlockHeight()),
                            httpAt809);
                    grpc.stream()
                            .filter(update -> update.getEffectiveHeight() < 809)
                            .forEach(
                                    update ->
                                            state.put(
                                                    Keys.difficultyHistory(
                                                            "develop-grpc",
                                                            update.getEffectiveHeight()),
                                                    update.getDifficulty()));
                });
    }
}
