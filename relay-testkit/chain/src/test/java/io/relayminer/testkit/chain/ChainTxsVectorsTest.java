package io.relayminer.testkit.chain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import com.google.protobuf.util.JsonFormat;

import io.relayminer.core.wire.application.Application;
import io.relayminer.core.wire.cosmos.tx.Tx;
import io.relayminer.core.wire.proof.Claim;
import io.relayminer.core.wire.proof.ClaimProofStatus;
import io.relayminer.core.wire.proof.MsgCreateClaim;
import io.relayminer.core.wire.proof.MsgSubmitProof;
import io.relayminer.core.wire.proof.QueryAllClaimsResponse;
import io.relayminer.core.wire.service.RelayMiningDifficulty;
import io.relayminer.core.wire.session.QueryGetSessionResponse;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.core.wire.shared.Supplier;
import io.relayminer.core.wire.tendermint.types.Block;
import io.relayminer.core.wire.tendermint.types.BlockID;
import io.relayminer.core.wire.tendermint.types.Commit;
import io.relayminer.core.wire.tendermint.types.Data;
import io.relayminer.core.wire.tendermint.types.EvidenceList;
import io.relayminer.core.wire.tendermint.types.Header;
import io.relayminer.testkit.chain.genesis.Genesis;
import io.relayminer.testkit.chain.genesis.LocalnetAccounts;
import io.relayminer.testkit.chain.internal.bank.Bank;
import io.relayminer.testkit.chain.internal.block.CometHashes;
import io.relayminer.testkit.chain.internal.block.GenesisState;
import io.relayminer.testkit.chain.internal.block.Mempool;
import io.relayminer.testkit.chain.internal.block.NodeSettings;
import io.relayminer.testkit.chain.internal.block.PocketChain;
import io.relayminer.testkit.chain.internal.block.ValidatorKey;
import io.relayminer.testkit.chain.internal.claims.ClaimRules;
import io.relayminer.testkit.chain.internal.claims.ProofLottery;
import io.relayminer.testkit.chain.internal.claims.ProofRules;
import io.relayminer.testkit.chain.internal.claims.Signatures;
import io.relayminer.testkit.chain.internal.claims.SubmittedProof;
import io.relayminer.testkit.chain.internal.encoding.Hashes;
import io.relayminer.testkit.chain.internal.execution.AbciEvent;
import io.relayminer.testkit.chain.internal.execution.AbciException;
import io.relayminer.testkit.chain.internal.execution.ExecutionContext;
import io.relayminer.testkit.chain.internal.execution.TxResult;
import io.relayminer.testkit.chain.internal.node.NodeJson;
import io.relayminer.testkit.chain.internal.params.ChainParams;
import io.relayminer.testkit.chain.internal.params.SessionCalendar;
import io.relayminer.testkit.chain.internal.session.SessionDraw;
import io.relayminer.testkit.chain.internal.settlement.Settlement;
import io.relayminer.testkit.chain.internal.state.Branch;
import io.relayminer.testkit.chain.internal.state.ChainAccount;
import io.relayminer.testkit.chain.internal.state.Keys;
import io.relayminer.testkit.chain.internal.state.StateReader;
import io.relayminer.testkit.chain.internal.state.StateStore;
import io.relayminer.testkit.chain.internal.tx.AnteHandler;
import io.relayminer.testkit.chain.internal.tx.AnteHandler.Mode;
import io.relayminer.testkit.chain.internal.tx.Messages;
import io.relayminer.testkit.chain.internal.tx.TxExecution;
import io.relayminer.testkit.vectors.VectorFile;

import org.junit.jupiter.api.Test;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.security.KeyFactory;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Replays recorded transactions, sessions, blocks and settlements of a real node.
 *
 * <p>The recording holds no complete state, so each case runs on a localnet state seeded with what
 * the recording says was there: tip, block hashes, sequences and balances that its own error texts
 * name, claims and parameters in force. Gas is modelled, not metered as in a real node's store: its
 * amounts are compared by size only.
 */
class ChainTxsVectorsTest {
    private static final int SEQUENCE_UNKNOWN = -1;
    private static final Pattern EXPECTED_SEQUENCE =
            Pattern.compile("expected (\\d+), got \\d+: incorrect account");
    private static final Pattern SPENDABLE =
            Pattern.compile("spendable balance (\\d+)upokt is smaller");
    private static final Pattern ACCOUNT_HAS =
            Pattern.compile("account has (\\d+), but the proof submission fee");
    private static final Pattern USED_NONCE =
            Pattern.compile("sender (\\w+) has already used timeout (\\d+)");
    private static final Pattern SOURCE_POSITION =
            Pattern.compile(" \\[[^\\]]+\\] with gas used: '\\d+'$");
    private static final Pattern GAS_USED =
            Pattern.compile("location: [^;]+; gasWanted: (\\d+), gasUsed: \\d+");

    private final VectorFile file;
    private final Map<Long, ByteString> blockHashes = new TreeMap<>();
    private final Map<String, ByteString> validatorKeys = new HashMap<>();
    private final ClaimHistory history = new ClaimHistory();

    ChainTxsVectorsTest() throws Exception {
        file = new VectorFile("chain-txs.json");
        for (JsonNode vector : file.vectors()) {
            switch (vector.get("kind").asText()) {
                case "block" -> {
                    long height = vector.get("height").asLong();
                    blockHashes.put(height, hex(vector.at("/block_id/hash")));
                    if (height > 1) {
                        blockHashes.put(height - 1, hex(vector.at("/header/last_block_id/hash")));
                    }
                }
                case "session" -> {
                    blockHashes.put(
                            vector.get("session_start").asLong(),
                            hex(vector.get("start_block_hash")));
                    blockHashes.put(
                            vector.get("seed_height").asLong(), hex(vector.get("seed_block_hash")));
                }
                default -> {}
            }
        }
        history.read();
    }

    @Test
    void everyRecordedCase() throws Exception {
        file.runAll("chain-txs.devchain", this::check);
    }

    private void check(JsonNode vector) throws Exception {
        switch (vector.get("kind").asText()) {
            case "tx" -> checkTx(vector);
            case "simulate" -> checkSimulation(vector);
            case "session" -> checkSession(vector);
            case "block" -> checkBlock(vector);
            case "settlement" -> checkSettlement(vector);
            case "lottery" -> checkLottery(vector);
            case "lottery_redraw" -> checkRedraw(vector);
            case "accounts" -> checkAccounts(vector);
            default -> throw new AssertionError("unknown kind " + vector.get("kind"));
        }
    }

    private static ByteString hex(JsonNode text) {
        return ByteString.copyFrom(
                HexFormat.of().parseHex(text.asText().toLowerCase(java.util.Locale.ROOT)));
    }

    private static ByteString base64(JsonNode text) {
        return ByteString.copyFrom(Base64.getDecoder().decode(text.asText()));
    }

    private static <B extends Message.Builder> B fromJson(JsonNode json, B builder)
            throws Exception {
        JsonFormat.parser()
                .usingTypeRegistry(com.google.protobuf.TypeRegistry.newBuilder().build())
                .merge(json.toString(), builder);
        return builder;
    }

    // ------------------------------------------------------------------------------------------------------ state

    /** Localnet state at a height, with the recorded block hashes. */
    private Branch localnet() {
        StateStore store = new StateStore();
        Branch state = new Branch(store.at(0));
        GenesisState.write(state, Genesis.localnet().build());
        blockHashes.forEach((height, hash) -> state.put(Keys.blockHash(height), hash));
        return state;
    }

    private TxExecution execution(BigDecimal minimumGasPrice) {
        return new TxExecution(new AnteHandler("pocket", minimumGasPrice));
    }

    /**
     * Seeds what the case's own texts and its place in the recording tell about the state it ran
     * on.
     */
    private Branch seeded(JsonNode vector, long height, ByteString tx, List<String> texts)
            throws Exception {
        Branch state = localnet();
        history.seed(state, height, tx);
        Tx decoded = tryParse(tx);
        if (decoded == null || decoded.getBody().getMessagesCount() == 0) {
            return state;
        }
        String signer = signerOf(decoded);
        if (!signer.isEmpty()) {
            seedAccount(state, decoded, signer, texts);
        }
        return state;
    }

    private static Tx tryParse(ByteString tx) {
        try {
            return Tx.parseFrom(tx);
        } catch (com.google.protobuf.InvalidProtocolBufferException e) {
            return null;
        }
    }

    private static String signerOf(Tx tx) {
        try {
            return Messages.signer(tx.getBody().getMessages(0));
        } catch (AbciException e) {
            return "";
        }
    }

    private static void seedAccount(Branch state, Tx tx, String signer, List<String> texts) {
        ChainAccount account = Bank.account(state, signer);
        if (account == null) {
            return;
        }
        long sequence =
                tx.getBody().getUnordered() || tx.getAuthInfo().getSignerInfosCount() == 0
                        ? 0
                        : tx.getAuthInfo().getSignerInfos(0).getSequence();
        for (String text : texts) {
            Matcher expected = EXPECTED_SEQUENCE.matcher(text);
            if (expected.find()) {
                sequence = Long.parseLong(expected.group(1));
            }
            Matcher spendable = SPENDABLE.matcher(text);
            if (spendable.find()) {
                BigInteger balance = new BigInteger(spendable.group(1));
                boolean inMessage = text.contains("failed to execute message");
                BigInteger fee =
                        inMessage && !tx.getAuthInfo().getFee().getAmountList().isEmpty()
                                ? Bank.amount(tx.getAuthInfo().getFee().getAmount(0))
                                : BigInteger.ZERO;
                Bank.setBalance(state, signer, Bank.DENOM, balance.add(fee));
            }
            Matcher has = ACCOUNT_HAS.matcher(text);
            if (has.find()) {
                BigInteger fee =
                        tx.getAuthInfo().getFee().getAmountList().isEmpty()
                                ? BigInteger.ZERO
                                : Bank.amount(tx.getAuthInfo().getFee().getAmount(0));
                Bank.setBalance(state, signer, Bank.DENOM, new BigInteger(has.group(1)).add(fee));
            }
            Matcher used = USED_NONCE.matcher(text);
            if (used.find()) {
                state.put(Keys.nonce(Long.parseLong(used.group(2)), used.group(1)), true);
            }
        }
        Bank.putAccount(state, account.withSequence(sequence));
    }

    /** The claims and parameters of the recording, as they were at each height. */
    private final class ClaimHistory {
        private record Entry(long height, int index, Claim claim) {}

        private final List<Entry> entries = new ArrayList<>();
        private final Map<Long, Map<String, Message>> paramsFrom = new TreeMap<>();
        private final Map<String, ByteString> rootsOfTrees = new LinkedHashMap<>();
        private final Map<String, SessionHeader> headersOfTrees = new LinkedHashMap<>();

        void read() throws Exception {
            for (JsonNode vector : file.vectors()) {
                String kind = vector.get("kind").asText();
                if (kind.equals("tx") && vector.hasNonNull("delivered")) {
                    readDelivered(vector);
                } else if (kind.equals("session")) {
                    readSession(vector);
                }
            }
            entries.sort(
                    java.util.Comparator.comparingLong(Entry::height)
                            .thenComparingInt(Entry::index));
        }

        private void readDelivered(JsonNode vector) throws Exception {
            if (vector.at("/delivered/tx_result/code").asInt() != 0) {
                return;
            }
            Tx tx = Tx.parseFrom(base64(vector.get("tx")));
            for (Any message : tx.getBody().getMessagesList()) {
                if (message.getTypeUrl().equals("/pocket.proof.MsgCreateClaim")) {
                    MsgCreateClaim claim = MsgCreateClaim.parseFrom(message.getValue());
                    entries.add(
                            new Entry(
                                    vector.at("/delivered/height").asLong(),
                                    vector.at("/delivered/index").asInt(),
                                    Claim.newBuilder()
                                            .setSupplierOperatorAddress(
                                                    claim.getSupplierOperatorAddress())
                                            .setSessionHeader(claim.getSessionHeader())
                                            .setRootHash(claim.getRootHash())
                                            .build()));
                }
            }
        }

        private void readSession(JsonNode vector) throws Exception {
            SessionHeader header =
                    QueryGetSessionResponse.parseFrom(
                                    base64(vector.get("get_session_response_b64")))
                            .getSession()
                            .getHeader();
            long start = vector.get("session_start").asLong();
            Map<String, Message> params = new HashMap<>();
            params.put(
                    ChainParams.PROOF,
                    fromJson(
                                    vector.get("proof_params"),
                                    io.relayminer.core.wire.proof.Params.newBuilder())
                            .build());
            params.put(
                    ChainParams.SERVICE,
                    fromJson(
                                    vector.get("service_params"),
                                    io.relayminer.core.wire.service.Params.newBuilder())
                            .build());
            RelayMiningDifficulty difficulty =
                    fromJson(vector.get("difficulty_at_start"), RelayMiningDifficulty.newBuilder())
                            .build();
            params.put(Keys.difficultyHistory(difficulty.getServiceId(), start), difficulty);
            paramsFrom.put(start, params);
            for (JsonNode tree : vector.path("trees")) {
                String key = header.getSessionId() + "/" + tree.get("supplier").asText();
                rootsOfTrees.put(key, hex(tree.get("root")));
                headersOfTrees.put(key, header);
            }
        }

        /** Puts parameters and claims in force just before a transaction of this height runs. */
        void seed(Branch state, long height, ByteString tx) throws Exception {
            for (Map.Entry<Long, Map<String, Message>> entry : paramsFrom.entrySet()) {
                if (entry.getKey() <= height) {
                    entry.getValue().forEach(state::put);
                }
            }
            Tx decoded = tryParse(tx);
            if (decoded == null) {
                return;
            }
            for (Any message : decoded.getBody().getMessagesList()) {
                if (message.getTypeUrl().equals("/pocket.proof.MsgSubmitProof")
                        || message.getTypeUrl().equals("/pocket.proof.MsgCreateClaim")) {
                    MsgSubmitProof named;
                    try {
                        named = MsgSubmitProof.parseFrom(message.getValue());
                    } catch (com.google.protobuf.InvalidProtocolBufferException e) {
                        continue;
                    }
                    seedClaim(
                            state,
                            height,
                            named.getSessionHeader().getSessionId(),
                            named.getSupplierOperatorAddress());
                }
            }
        }

        private void seedClaim(Branch state, long height, String sessionId, String supplier) {
            for (Entry entry : entries) {
                if (entry.height() < height
                        && entry.claim().getSessionHeader().getSessionId().equals(sessionId)
                        && entry.claim().getSupplierOperatorAddress().equals(supplier)) {
                    ClaimRules.put(state, entry.claim());
                }
            }
        }

        private boolean knows(StateReader state, String sessionId, String supplier) {
            return state.has(Keys.claim(sessionId, supplier));
        }
    }

    // --------------------------------------------------------------------------------------------------------- tx

    private static String withoutGas(String text) {
        return GAS_USED.matcher(text).replaceAll("gasWanted: $1");
    }

    private void checkTx(JsonNode vector) throws Exception {
        ByteString tx = base64(vector.get("tx"));
        assertEquals(vector.get("hash").asText(), Hashes.upperHex(Hashes.sha256(tx)), "hash");
        List<String> texts = new ArrayList<>();
        texts.add(vector.at("/check/raw_log").asText());
        texts.add(vector.at("/check/log").asText());
        if (vector.has("check")) {
            checkCheckTx(vector, tx, texts);
        }
        if (vector.hasNonNull("delivered")) {
            checkDelivery(vector, tx);
        }
    }

    private void checkCheckTx(JsonNode vector, ByteString tx, List<String> texts) throws Exception {
        JsonNode check = vector.get("check");
        if (check.has("grpc_status")) {
            // gRPC refuses it before the chain sees it; DevChainTest covers that. The chain itself:
            assertEquals(18, checkAt(localnet(), vector, tx, BigDecimal.ZERO).code());
            return;
        }
        int code = check.get("code").asInt();
        String note = vector.path("note").asText();
        if (code == 19 || code == 20 || code == 21 || code < 0) {
            checkRefusal(vector, tx, code);
            return;
        }
        if (tx.isEmpty()) {
            texts.clear();
        }
        Branch state = seeded(vector, vector.get("tip").asLong(), tx, texts);
        BigDecimal minimum =
                note.contains("minimum-gas-prices 0.001upokt")
                                || check.toString().contains("insufficient fees;")
                        ? new BigDecimal("0.001")
                        : BigDecimal.ZERO;
        TxResult result = checkAt(state, vector, tx, minimum);
        assertEquals(code, result.code(), result.logText());
        assertEquals(check.get("codespace").asText(), result.codespace());
        String recorded =
                check.has("raw_log") ? check.get("raw_log").asText() : check.get("log").asText();
        if (check.path("raw_log_not_utf8").asBoolean()) {
            ByteString response = base64(vector.get("check_response_b64"));
            assertEquals(
                    io.relayminer.core.wire.cosmos.tx.BroadcastTxResponse.parseFrom(response)
                            .getTxResponse()
                            .getRawLogBytes(),
                    result.log());
        } else {
            assertEquals(
                    withoutGas(recorded.replace(" [stack trace removed]", "")),
                    withoutGas(result.logText()));
        }
    }

    private TxResult checkAt(Branch state, JsonNode vector, ByteString tx, BigDecimal minimum) {
        return execution(minimum)
                .run(
                        new ExecutionContext(
                                state,
                                vector.get("tip").asLong(),
                                Instant.parse(vector.get("tip_time").asText())),
                        tx,
                        Mode.CHECK)
                .result();
    }

    /** Refusals of the mempool itself. */
    private void checkRefusal(JsonNode vector, ByteString tx, int code) throws Exception {
        NodeSettings settings =
                new NodeSettings(
                        BigDecimal.ZERO,
                        2,
                        1_073_741_824L,
                        vector.path("note").asText().contains("max_tx_bytes")
                                        || vector.toString().contains("Max size is 2000")
                                ? 2_000
                                : 100_000_000,
                        1,
                        NodeSettings.LOCALNET.commitTimeout());
        Mempool mempool = new Mempool(settings);
        ByteString hash = Hashes.sha256(tx);
        String id = vector.get("id").asText();
        if (id.startsWith("mempool-full")) {
            ByteString waiting = base64(file.get("mempool-full-2").get("tx"));
            mempool.add(waiting, Hashes.sha256(waiting), 1);
            ByteString exact = base64(file.get("fee-exact").get("tx"));
            mempool.add(exact, Hashes.sha256(exact), 1);
        } else if (!id.startsWith("tx-too-large")) {
            mempool.remember(hash);
        }
        try {
            mempool.admit(tx, hash);
            throw new AssertionError("admitted");
        } catch (Mempool.RefusalException e) {
            if (code > 0) {
                assertEquals(code, e.error().code);
            } else {
                assertEquals(vector.at("/check/data").asText(), e.text());
            }
        }
    }

    private void checkDelivery(JsonNode vector, ByteString tx) throws Exception {
        long height = vector.at("/delivered/height").asLong();
        JsonNode recorded = vector.at("/delivered/tx_result");
        List<String> texts = List.of(recorded.get("log").asText());
        Branch state = seeded(vector, height, tx, texts);
        tailor(state, vector, tx, recorded);
        Tx decoded = Tx.parseFrom(tx);
        TxResult result = deliver(state, height, blockTime(vector, decoded), tx);
        if (recorded.get("log").asText().contains("window close height")
                && result.logText().contains("session ID does not match")) {
            checkWindowOfForeignSession(state, height, decoded, recorded.get("log").asText());
            return;
        }
        assertEquals(recorded.get("code").asInt(), result.code(), result.logText());
        assertEquals(recorded.get("codespace").asText(), result.codespace());
        assertEquals(withoutGas(recorded.get("log").asText()), withoutGas(result.logText()));
        assertEquals(
                recorded.get("data").isNull() ? ByteString.EMPTY : base64(recorded.get("data")),
                result.data());
        assertEquals(recorded.get("gas_wanted").asText(), Long.toString(result.gasWanted()));
        assertEquals(texts(recorded.get("events")), texts(NodeJson.events(result.events())));
        double ratio = result.gasUsed() / recorded.get("gas_used").asDouble();
        assertTrue(
                ratio > 0.5 && ratio < 2,
                "gas " + result.gasUsed() + " for " + recorded.get("gas_used"));
        if (vector.has("end_block_proof_checks")) {
            checkProofChecks(vector, state, height);
        }
    }

    /**
     * The window rule for a session whose start block's hash is not part of the recording, so that
     * its id cannot be recomputed: the message runs with the id that the seeded state gives the
     * session.
     */
    private static void checkWindowOfForeignSession(
            Branch state, long height, Tx tx, String recorded) throws Exception {
        Any message = tx.getBody().getMessages(0);
        MsgSubmitProof named = MsgSubmitProof.parseFrom(message.getValue());
        SessionHeader header = named.getSessionHeader();
        String sessionId =
                SessionDraw.hydrate(
                                state,
                                height,
                                header.getApplicationAddress(),
                                header.getServiceId(),
                                header.getSessionStartBlockHeight())
                        .getSessionId();
        ByteString renamed =
                named.toBuilder()
                        .setSessionHeader(header.toBuilder().setSessionId(sessionId))
                        .build()
                        .toByteString();
        try {
            Messages.execute(
                    new ExecutionContext(new Branch(state), height, Instant.EPOCH),
                    message.toBuilder().setValue(renamed).build());
            throw new AssertionError("accepted outside of its window");
        } catch (AbciException e) {
            assertEquals(
                    SOURCE_POSITION.matcher(recorded).replaceAll(""),
                    "failed to execute message; message index: 0: " + e.log().toStringUtf8());
        }
    }

    private TxResult deliver(Branch state, long height, Instant time, ByteString tx) {
        return execution(BigDecimal.ZERO)
                .run(new ExecutionContext(state, height, time), tx, Mode.DELIVER)
                .result();
    }

    /** A time at which the transaction was still good: it was included, so there was one. */
    private static Instant blockTime(JsonNode vector, Tx tx) {
        if (vector.has("tip_time")) {
            return Instant.parse(vector.get("tip_time").asText()).plusSeconds(2);
        }
        Timestamp timeout = tx.getBody().getTimeoutTimestamp();
        return CometHashes.instant(timeout).minusSeconds(1);
    }

    /** Adjusts what only the recorded outcome tells. */
    private void tailor(Branch state, JsonNode vector, ByteString tx, JsonNode recorded)
            throws Exception {
        String events = recorded.get("events").toString();
        Tx decoded = Tx.parseFrom(tx);
        for (Any message : decoded.getBody().getMessagesList()) {
            if (!message.getTypeUrl().startsWith("/pocket.proof.Msg")) {
                continue;
            }
            boolean isProof = message.getTypeUrl().equals("/pocket.proof.MsgSubmitProof");
            MsgSubmitProof named = MsgSubmitProof.parseFrom(message.getValue());
            String sessionId = named.getSessionHeader().getSessionId();
            String supplier = named.getSupplierOperatorAddress();
            String key = sessionId + "/" + supplier;
            if (isProof
                    && !history.knows(state, sessionId, supplier)
                    && !recorded.get("log").asText().contains("no claim found")) {
                Claim claim = claimBeforeSettlement(sessionId, supplier);
                ByteString root =
                        claim != null ? claim.getRootHash() : history.rootsOfTrees.get(key);
                if (root != null) {
                    SessionHeader header =
                            claim != null
                                    ? claim.getSessionHeader()
                                    : history.headersOfTrees.get(key);
                    ClaimRules.put(
                            state,
                            Claim.newBuilder()
                                    .setSupplierOperatorAddress(supplier)
                                    .setSessionHeader(header)
                                    .setRootHash(root)
                                    .build());
                }
            }
            if (!isProof && events.contains("EventClaimCreated")) {
                Claim present = state.get(Keys.claim(sessionId, supplier), Claim.class);
                if (present != null) {
                    ClaimRules.remove(state, present);
                }
            }
            if (isProof) {
                seedStatus(state, vector, sessionId, supplier);
                if (events.contains("EventProofUpdated")) {
                    state.put(
                            Keys.proof(sessionId, supplier),
                            io.relayminer.core.wire.proof.Proof.getDefaultInstance());
                }
            }
        }
        if (recorded.toString().contains("EventClaimUpdated")) {
            seedReplaced(state, decoded);
        }
    }

    private static void seedReplaced(Branch state, Tx decoded) throws Exception {
        for (Any message : decoded.getBody().getMessagesList()) {
            if (message.getTypeUrl().equals("/pocket.proof.MsgCreateClaim")) {
                MsgCreateClaim claim = MsgCreateClaim.parseFrom(message.getValue());
                if (decoded.getBody().getMessagesCount() == 1) {
                    ClaimRules.put(
                            state,
                            Claim.newBuilder()
                                    .setSupplierOperatorAddress(claim.getSupplierOperatorAddress())
                                    .setSessionHeader(claim.getSessionHeader())
                                    .setRootHash(claim.getRootHash())
                                    .build());
                }
            }
        }
    }

    /**
     * Status left by the last recorded proof check of the claim before this transaction's block.
     */
    private void seedStatus(Branch state, JsonNode vector, String sessionId, String supplier)
            throws Exception {
        Claim claim = state.get(Keys.claim(sessionId, supplier), Claim.class);
        if (claim == null) {
            return;
        }
        long height = vector.at("/delivered/height").asLong();
        int status = 0;
        long latest = 0;
        for (JsonNode other : file.vectors()) {
            long otherHeight = other.at("/delivered/height").asLong();
            if (!other.has("end_block_proof_checks")
                    || otherHeight >= height
                    || otherHeight < latest) {
                continue;
            }
            for (JsonNode check : other.get("end_block_proof_checks")) {
                if (unquote(check.get("supplier_operator_address")).equals(supplier)
                        && unquote(check.get("session_end_block_height"))
                                .equals(
                                        Long.toString(
                                                claim.getSessionHeader()
                                                        .getSessionEndBlockHeight()))
                        && unquote(check.get("service_id"))
                                .equals(claim.getSessionHeader().getServiceId())) {
                    status = check.get("claim_proof_status_int").asInt();
                    latest = otherHeight;
                }
            }
        }
        ClaimRules.put(state, claim.toBuilder().setProofValidationStatusValue(status).build());
    }

    private Claim claimBeforeSettlement(String sessionId, String supplier) throws Exception {
        for (JsonNode vector : file.vectors()) {
            if (!vector.get("kind").asText().equals("settlement")) {
                continue;
            }
            for (Claim claim :
                    QueryAllClaimsResponse.parseFrom(base64(vector.get("claims_before_b64")))
                            .getClaimsList()) {
                if (claim.getSessionHeader().getSessionId().equals(sessionId)
                        && claim.getSupplierOperatorAddress().equals(supplier)) {
                    return claim;
                }
            }
        }
        return null;
    }

    private static String unquote(JsonNode attribute) {
        return attribute.asText().replace("\"", "");
    }

    private static List<String> texts(JsonNode events) {
        List<String> texts = new ArrayList<>();
        events.forEach(event -> texts.add(event.toString()));
        return texts;
    }

    private void checkProofChecks(JsonNode vector, Branch state, long height) throws Exception {
        JsonNode checks = vector.get("end_block_proof_checks");
        for (JsonNode other : file.vectors()) {
            if (other.hasNonNull("delivered")
                    && other.at("/delivered/height").asLong() == height
                    && other.at("/delivered/index").asInt() > vector.at("/delivered/index").asInt()
                    && other.at("/delivered/tx_result/code").asInt() == 0) {
                ByteString tx = base64(other.get("tx"));
                history.seed(state, height, tx);
                tailor(state, other, tx, other.at("/delivered/tx_result"));
                TxResult result = deliver(state, height, blockTime(other, Tx.parseFrom(tx)), tx);
                assertTrue(result.ok(), other.get("id") + ": " + result.logText());
            }
        }
        ExecutionContext end = new ExecutionContext(state, height, Instant.EPOCH);
        ProofRules.endBlock(end);
        List<Map<String, String>> actual = new ArrayList<>();
        for (AbciEvent event : end.events()) {
            Map<String, String> values = new TreeMap<>();
            event.attributes().forEach(attribute -> values.put(attribute.key(), attribute.value()));
            values.put("mode", "EndBlock");
            actual.add(values);
        }
        for (JsonNode check : checks) {
            Map<String, String> expected = new TreeMap<>();
            check.properties()
                    .forEach(field -> expected.put(field.getKey(), field.getValue().asText()));
            assertTrue(
                    actual.contains(expected),
                    "proof check\n  " + expected + "\nnot among\n  " + actual);
        }
    }

    // ---------------------------------------------------------------------------------------------------- simulate

    private void checkSimulation(JsonNode vector) throws Exception {
        ByteString tx = base64(vector.get("tx"));
        long tip = vector.get("tip").asLong();
        String recorded = vector.path("message").asText();
        if (tx.isEmpty()) {
            assertEquals("INVALID_ARGUMENT", vector.get("status").asText());
            return;
        }
        Branch state = seeded(vector, tip + 1, tx, List.of(recorded));
        for (Any message :
                tryParse(tx) == null
                        ? List.<Any>of()
                        : Tx.parseFrom(tx).getBody().getMessagesList()) {
            if (message.getTypeUrl().equals("/pocket.proof.MsgSubmitProof")) {
                seedForSimulatedProof(state, vector, message, recorded);
            }
        }
        Instant time =
                vector.has("tip_time")
                        ? Instant.parse(vector.get("tip_time").asText())
                        : simulationTime(vector, tx, recorded);
        TxExecution.Outcome outcome =
                execution(BigDecimal.ZERO)
                        .run(new ExecutionContext(state, tip, time), tx, Mode.SIMULATE);
        TxResult result = outcome.result();
        if (recorded.contains("window close height")
                && result.logText().contains("session ID does not match")) {
            checkWindowOfForeignSession(state, tip, Tx.parseFrom(tx), recorded);
            return;
        }
        if (vector.get("status").asText().equals("OK")) {
            assertEquals("", result.logText());
            double ratio = result.gasUsed() / vector.get("gas_used").asDouble();
            assertTrue(
                    ratio > 0.5 && ratio < 2,
                    "gas " + result.gasUsed() + " for " + vector.get("gas_used"));
        } else {
            String expected = SOURCE_POSITION.matcher(recorded).replaceAll("");
            assertEquals(
                    expected.replaceAll("[^\\x20-\\x7e]+", "?"),
                    result.logText().replaceAll("[^\\x20-\\x7e]+", "?"));
        }
    }

    private static Instant simulationTime(JsonNode vector, ByteString tx, String recorded)
            throws Exception {
        Tx decoded = tryParse(tx);
        if (decoded == null) {
            return Instant.EPOCH;
        }
        Matcher blockTime =
                Pattern.compile("block time: (\\S+) (\\S+) \\+0000 UTC").matcher(recorded);
        if (blockTime.find()) {
            return Instant.parse(blockTime.group(1) + "T" + blockTime.group(2) + "Z");
        }
        Instant timeout = AnteHandler.timeoutOf(decoded.getBody());
        if (timeout == null) {
            return Instant.parse("2026-11-21T15:20:01Z");
        }
        return recorded.contains("ttl exceeds")
                ? timeout.minusSeconds(601)
                : timeout.minusSeconds(60);
    }

    private void seedForSimulatedProof(Branch state, JsonNode vector, Any message, String recorded)
            throws Exception {
        MsgSubmitProof named = MsgSubmitProof.parseFrom(message.getValue());
        String sessionId = named.getSessionHeader().getSessionId();
        String supplier = named.getSupplierOperatorAddress();
        if (recorded.contains("no claim found")) {
            Claim present = state.get(Keys.claim(sessionId, supplier), Claim.class);
            if (present != null) {
                ClaimRules.remove(state, present);
            }
            return;
        }
        if (!history.knows(state, sessionId, supplier)) {
            Claim claim = claimBeforeSettlement(sessionId, supplier);
            String key = sessionId + "/" + supplier;
            ByteString root = claim != null ? claim.getRootHash() : history.rootsOfTrees.get(key);
            if (root != null) {
                ClaimRules.put(
                        state,
                        Claim.newBuilder()
                                .setSupplierOperatorAddress(supplier)
                                .setSessionHeader(
                                        claim != null
                                                ? claim.getSessionHeader()
                                                : history.headersOfTrees.get(key))
                                .setRootHash(root)
                                .build());
            }
        }
        if (vector.get("id").asText().contains("iproof-retry")) {
            Claim claim = state.get(Keys.claim(sessionId, supplier), Claim.class);
            if (claim != null) {
                boolean checked =
                        file.get(
                                        "iproof-wrong-path"
                                                + vector.get("id")
                                                        .asText()
                                                        .replaceAll(".*(-s\\d)$", "$1"))
                                .has("end_block_proof_checks");
                ClaimRules.put(
                        state,
                        claim.toBuilder()
                                .setProofValidationStatus(
                                        checked
                                                ? ClaimProofStatus.INVALID
                                                : ClaimProofStatus.PENDING_VALIDATION)
                                .build());
            }
        }
    }

    // ----------------------------------------------------------------------------------------------------- session

    private void checkSession(JsonNode vector) throws Exception {
        QueryGetSessionResponse recorded =
                QueryGetSessionResponse.parseFrom(base64(vector.get("get_session_response_b64")));
        Branch state = localnet();
        state.put(
                Keys.APPLICATIONS + vector.get("application").asText(),
                io.relayminer.core.wire.application.QueryGetApplicationResponse.parseFrom(
                                base64(vector.get("application_b64")))
                        .getApplication());
        for (Supplier supplier : recorded.getSession().getSuppliersList()) {
            String key = Keys.SUPPLIERS + supplier.getOperatorAddress();
            state.put(
                    key,
                    state.get(key, Supplier.class).toBuilder()
                            .setStake(supplier.getStake())
                            .setUnstakeSessionEndHeight(supplier.getUnstakeSessionEndHeight())
                            .build());
        }
        long end = vector.get("session_end").asLong();
        for (long height : new long[] {vector.get("session_start").asLong(), end}) {
            assertEquals(
                    recorded.getSession(),
                    SessionDraw.hydrate(
                            state,
                            end + 30,
                            vector.get("application").asText(),
                            vector.get("service_id").asText(),
                            height));
        }
        assertEquals(vector.get("session_id").asText(), recorded.getSession().getSessionId());
        SessionCalendar grid =
                new SessionCalendar(
                        fromJson(
                                        vector.get("shared_params"),
                                        io.relayminer.core.wire.shared.Params.newBuilder())
                                .build());
        assertEquals(vector.get("seed_height").asLong(), grid.seedHeight(end));
        ByteString path =
                ProofLottery.proofPath(
                        hex(vector.get("seed_block_hash")), vector.get("session_id").asText());
        assertEquals(vector.get("proof_path").asText(), Hashes.lowerHex(path));
        for (JsonNode tree : vector.path("trees")) {
            SubmittedProof proof =
                    SubmittedProof.decode(base64(tree.get("honest_proof")).toByteArray());
            assertEquals(path, ByteString.copyFrom(proof.path()));
            byte[] root = hex(tree.get("root")).toByteArray();
            assertTrue(proof.verify(root), "honest proof of " + tree.get("supplier"));
            List<ByteString> relays = new ArrayList<>();
            tree.get("relays").forEach(relay -> relays.add(base64(relay)));
            assertTrue(relays.contains(ByteString.copyFrom(proof.relayBytes())));
            root[47]++;
            assertTrue(!proof.verify(root), "proof of another root");
        }
    }

    // ------------------------------------------------------------------------------------------------------- block

    private void checkBlock(JsonNode vector) throws Exception {
        Header header = CometVectors.header(vector.get("header"));
        List<ByteString> txs = new ArrayList<>();
        vector.get("txs").forEach(tx -> txs.add(base64(tx)));
        Commit commit = CometVectors.commit(vector.get("last_commit"));
        Block block =
                Block.newBuilder()
                        .setHeader(header)
                        .setData(Data.newBuilder().addAllTxs(txs))
                        .setEvidence(EvidenceList.getDefaultInstance())
                        .setLastCommit(commit)
                        .build();
        assertEquals(header.getDataHash(), CometHashes.dataHash(txs));
        assertEquals(header.getLastCommitHash(), CometHashes.commitHash(commit));
        BlockID id = CometHashes.blockId(block);
        assertEquals(vector.at("/block_id").toString(), NodeJson.blockId(id).toString());
        assertEquals(vector.get("header").toString(), NodeJson.header(header).toString());
        Genesis.Validator validator = LocalnetAccounts.validator();
        assertEquals(
                header.getValidatorsHash(),
                CometHashes.validatorsHash(validator.publicKey(), validator.power()));
        assertEquals(
                header.getConsensusHash(),
                CometHashes.consensusHash(PocketChain.MAX_BLOCK_BYTES, PocketChain.MAX_BLOCK_GAS));
        if (commit.getSignaturesCount() > 0) {
            byte[] signed =
                    CometHashes.voteSignBytes(
                            "pocket", commit, commit.getSignatures(0).getTimestamp());
            assertTrue(
                    verify(validator.publicKey(), signed, commit.getSignatures(0).getSignature()));
            assertEquals(
                    commit.getSignatures(0).getSignature(),
                    new ValidatorKey(validator.seed()).sign(signed));
        }
    }

    private static boolean verify(ByteString key, byte[] message, ByteString signature)
            throws Exception {
        byte[] prefix = HexFormat.of().parseHex("302a300506032b6570032100");
        byte[] encoded = ByteString.copyFrom(prefix).concat(key).toByteArray();
        Signature verifier = Signature.getInstance("Ed25519");
        verifier.initVerify(
                KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(encoded)));
        verifier.update(message);
        return verifier.verify(signature.toByteArray());
    }

    // -------------------------------------------------------------------------------------------------- settlement

    private void checkSettlement(JsonNode vector) throws Exception {
        Branch state = localnet();
        long height = vector.get("height").asLong();
        state.put(
                ChainParams.SHARED,
                fromJson(
                                vector.get("shared_params"),
                                io.relayminer.core.wire.shared.Params.newBuilder())
                        .build());
        state.put(
                ChainParams.PROOF,
                fromJson(
                                vector.get("proof_params"),
                                io.relayminer.core.wire.proof.Params.newBuilder())
                        .build());
        state.put(
                ChainParams.TOKENOMICS,
                fromJson(
                                vector.get("tokenomics_params"),
                                io.relayminer.core.wire.tokenomics.Params.newBuilder())
                        .build());
        state.put(
                ChainParams.SERVICE,
                fromJson(
                                vector.get("service_params"),
                                io.relayminer.core.wire.service.Params.newBuilder())
                        .build());
        long sessionEnd = vector.get("session_end").asLong();
        long seedHeight = new SessionCalendar(ChainParams.shared(state)).seedHeight(sessionEnd);
        state.put(Keys.blockHash(seedHeight), hex(vector.get("seed_block_hash")));
        vector.get("difficulty_current_before")
                .forEach(json -> seedCurrentDifficulty(state, json, height));
        for (JsonNode json : vector.get("difficulty_at_start")) {
            RelayMiningDifficulty difficulty =
                    fromJson(json, RelayMiningDifficulty.newBuilder()).build();
            if (difficulty.getBlockHeight() != 0) {
                state.put(
                        Keys.difficultyHistory(
                                difficulty.getServiceId(), difficulty.getBlockHeight()),
                        difficulty);
            }
        }
        seedStakes(state, vector);
        for (Claim claim :
                QueryAllClaimsResponse.parseFrom(base64(vector.get("claims_before_b64")))
                        .getClaimsList()) {
            ClaimRules.put(state, claim);
        }
        for (JsonNode other : file.vectors()) {
            if (other.at("/delivered/height").asLong() == height) {
                ByteString tx = base64(other.get("tx"));
                assertTrue(deliver(state, height, blockTime(other, Tx.parseFrom(tx)), tx).ok());
            }
        }
        ProofRules.endBlock(new ExecutionContext(state, height, Instant.EPOCH));
        ExecutionContext context = new ExecutionContext(state, height, Instant.EPOCH);
        Settlement.endBlock(context, LocalnetAccounts.validator());

        List<String> expected = new ArrayList<>();
        for (JsonNode event : vector.get("events")) {
            if (!event.get("type").asText().contains("EventProofValidityChecked")) {
                expected.add(event.toString());
            }
        }
        List<String> actual = new ArrayList<>();
        for (AbciEvent event : context.events()) {
            if (event.type().startsWith("pocket.")) {
                actual.add(
                        NodeJson.events(List.of(event.with("mode", "EndBlock"))).get(0).toString());
            }
        }
        for (int i = 0; i < Math.min(expected.size(), actual.size()); i++) {
            assertEquals(expected.get(i), actual.get(i), "event " + i);
        }
        assertEquals(expected.size(), actual.size());
        checkStakes(state, vector);
        assertEquals(
                vector.get("claims_after").size(), state.values(Keys.CLAIMS, Claim.class).size());
    }

    private static void seedCurrentDifficulty(Branch state, JsonNode json, long height) {
        try {
            RelayMiningDifficulty difficulty =
                    fromJson(json, RelayMiningDifficulty.newBuilder()).build();
            boolean stored = difficulty.getBlockHeight() != height - 1;
            if (stored) {
                state.put(Keys.DIFFICULTY + difficulty.getServiceId(), difficulty);
            }
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private static void seedStakes(Branch state, JsonNode vector) {
        vector.get("application_stakes")
                .get(0)
                .properties()
                .forEach(
                        entry -> {
                            String key = Keys.APPLICATIONS + entry.getKey();
                            Application app = state.get(key, Application.class);
                            state.put(
                                    key,
                                    app.toBuilder()
                                            .setStake(
                                                    Bank.coin(
                                                            new BigInteger(
                                                                    entry.getValue().asText())))
                                            .build());
                        });
        vector.get("supplier_stakes")
                .get(0)
                .properties()
                .forEach(
                        entry -> {
                            String key = Keys.SUPPLIERS + entry.getKey();
                            Supplier supplier = state.get(key, Supplier.class);
                            state.put(
                                    key,
                                    supplier.toBuilder()
                                            .setStake(
                                                    Bank.coin(
                                                            new BigInteger(
                                                                    entry.getValue()
                                                                            .get(0)
                                                                            .asText())))
                                            .setUnstakeSessionEndHeight(
                                                    entry.getValue().get(1).asLong())
                                            .build());
                        });
        vector.get("balances")
                .get(0)
                .properties()
                .forEach(
                        entry ->
                                Bank.setBalance(
                                        state,
                                        entry.getKey(),
                                        Bank.DENOM,
                                        new BigInteger(entry.getValue().asText())));
        Bank.setSupply(
                state, Bank.DENOM, new BigInteger(vector.get("supply_upokt").get(0).asText()));
    }

    private static void checkStakes(Branch state, JsonNode vector) {
        vector.get("application_stakes")
                .get(1)
                .properties()
                .forEach(
                        entry ->
                                assertEquals(
                                        entry.getValue().asText(),
                                        Bank.amount(
                                                        state.get(
                                                                        Keys.APPLICATIONS
                                                                                + entry.getKey(),
                                                                        Application.class)
                                                                .getStake())
                                                .toString(),
                                        entry.getKey()));
        vector.get("supplier_stakes")
                .get(1)
                .properties()
                .forEach(
                        entry -> {
                            Supplier supplier =
                                    state.get(Keys.SUPPLIERS + entry.getKey(), Supplier.class);
                            assertEquals(
                                    entry.getValue().toString(),
                                    "[\""
                                            + Bank.amount(supplier.getStake())
                                            + "\",\""
                                            + supplier.getUnstakeSessionEndHeight()
                                            + "\"]",
                                    entry.getKey());
                        });
        vector.get("balances")
                .get(1)
                .properties()
                .forEach(
                        entry ->
                                assertEquals(
                                        entry.getValue().asText(),
                                        Bank.balance(state, entry.getKey(), Bank.DENOM).toString(),
                                        entry.getKey()));
        assertEquals(
                vector.get("supply_upokt").get(1).asText(),
                Bank.supply(state, Bank.DENOM).toString());
    }

    // ----------------------------------------------------------------------------------------------------- lottery

    private void checkLottery(JsonNode vector) {
        double probability = vector.get("proof_request_probability").asDouble();
        ByteString seed = hex(vector.get("seed_block_hash"));
        for (JsonNode entry : vector.get("cases")) {
            double sample = ProofLottery.sample(base64(entry.get("claim")), seed);
            assertEquals(entry.get("sample").asDouble(), sample);
            assertEquals(entry.get("required").asBoolean(), sample <= probability);
            assertEquals(
                    entry.get("required").asBoolean() ? "expired" : "settled",
                    entry.get("outcome").asText());
        }
    }

    private void checkRedraw(JsonNode vector) {
        ByteString seed = hex(vector.get("seed_block_hash"));
        for (JsonNode entry : vector.get("cases")) {
            for (int i = 0; i < entry.get("claims").size(); i++) {
                double sample = ProofLottery.sample(base64(entry.get("claims").get(i)), seed);
                assertEquals(entry.get("samples").get(i).asDouble(), sample);
            }
        }
    }

    private void checkAccounts(JsonNode vector) {
        for (JsonNode account : vector.get("accounts")) {
            ByteString key = hex(account.get("public_key"));
            assertEquals(account.get("address").asText(), Signatures.addressOf(key));
            LocalnetAccounts.Entry entry = LocalnetAccounts.named(account.get("name").asText());
            assertEquals(entry.address(), account.get("address").asText());
            assertEquals(entry.publicKey(), key);
            assertEquals(
                    account.get("account_number").asInt(), LocalnetAccounts.all().indexOf(entry));
        }
    }
}
