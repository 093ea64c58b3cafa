package io.relayminer.core.chain;

import static io.relayminer.testkit.vectors.VectorFile.base64;
import static io.relayminer.testkit.vectors.VectorFile.hex;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.Message;

import io.grpc.Status;
import io.relayminer.core.MessageTypes;
import io.relayminer.core.chain.TxFailure.Kind;
import io.relayminer.core.session.ClaimAmounts;
import io.relayminer.core.session.DelegatedGateways;
import io.relayminer.core.session.Difficulty;
import io.relayminer.core.session.ProofPath;
import io.relayminer.core.session.ProofRequirement;
import io.relayminer.core.session.SessionGrid;
import io.relayminer.core.session.SessionId;
import io.relayminer.core.session.SessionWindows;
import io.relayminer.core.tx.DecodedTx;
import io.relayminer.core.tx.TxContent;
import io.relayminer.core.wire.CanonicalForm;
import io.relayminer.core.wire.ReceivedRequest;
import io.relayminer.core.wire.ReceivedResponse;
import io.relayminer.core.wire.RelayCodec;
import io.relayminer.core.wire.TypeUrls;
import io.relayminer.core.wire.WireException;
import io.relayminer.core.wire.WireLimits;
import io.relayminer.core.wire.application.Application;
import io.relayminer.core.wire.application.QueryGetApplicationResponse;
import io.relayminer.core.wire.cosmos.tx.Tx;
import io.relayminer.core.wire.proof.Claim;
import io.relayminer.core.wire.proof.MsgCreateClaim;
import io.relayminer.core.wire.proof.MsgSubmitProof;
import io.relayminer.core.wire.proof.QueryAllClaimsResponse;
import io.relayminer.core.wire.service.Relay;
import io.relayminer.core.wire.session.QueryGetSessionResponse;
import io.relayminer.core.wire.session.Session;
import io.relayminer.core.wire.shared.Params;
import io.relayminer.core.wire.shared.Supplier;
import io.relayminer.core.wire.tokenomics.EventClaimSettled;
import io.relayminer.ring.PublicKey;
import io.relayminer.ring.Ring;
import io.relayminer.ring.RingVerdict;
import io.relayminer.ring.RingVerifier;
import io.relayminer.smst.CompactClosestProof;
import io.relayminer.smst.MerkleSumRoot;
import io.relayminer.smst.ProofVerdict;
import io.relayminer.smst.SmstException;
import io.relayminer.smst.SparseMerkleSumTrie;
import io.relayminer.testkit.vectors.VectorFile;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Transactions, sessions and settlements of a real chain: bytes, meanings of refusals, and every
 * claim and proof checked from scratch.
 */
class ChainTxsTest {

    private static final WireLimits LIMITS = new WireLimits(4 << 20, 20, 100_000);

    /** Made by hand with a field tag in its long form, which no encoder writes. */
    private static final String LONG_TAG = "body-unknown-noncritical-field";

    private final VectorFile file = new VectorFile("chain-txs.json");
    private final Map<String, JsonNode> sessions = new HashMap<>();
    private final RingVerifier verifier = RingVerifier.create();

    /** Root of the newest executed claim, by session and supplier. */
    private final Map<String, ByteString> claimed = new HashMap<>();

    /** The proof that was checked at the end of a block, by height, session and supplier. */
    private final Map<String, MsgSubmitProof> lastOfBlock = new HashMap<>();

    private int proofsVerified;

    @Test
    void everythingRecorded() throws IOException {
        TreeMap<String, JsonNode> executed = new TreeMap<>();
        for (JsonNode vector : file.vectors()) {
            if (vector.get("kind").asText().equals("session")) {
                sessions.put(vector.get("session_id").asText(), vector);
            }
            if (vector.path("delivered").has("tx_result")
                    && vector.get("delivered").get("tx_result").get("code").asInt() == 0) {
                executed.put(
                        "%09d/%09d"
                                .formatted(
                                        vector.get("delivered").get("height").asLong(),
                                        vector.get("delivered").get("index").asLong()),
                        vector);
            }
        }
        executed.values().forEach(this::remember);
        file.runAll(this::check);
        assertTrue(proofsVerified > 10, proofsVerified + " proofs verified");
    }

    private void remember(JsonNode vector) {
        for (Any any : DecodedTx.of(bytes(vector.get("tx"))).body().getMessagesList()) {
            if (TypeUrls.is(any, MsgCreateClaim.getDefaultInstance())) {
                MsgCreateClaim claim =
                        TypeUrls.unpack(any, MsgCreateClaim.getDefaultInstance(), LIMITS);
                claimed.put(
                        claim.getSessionHeader().getSessionId()
                                + "/"
                                + claim.getSupplierOperatorAddress(),
                        claim.getRootHash());
            } else if (TypeUrls.is(any, MsgSubmitProof.getDefaultInstance())) {
                MsgSubmitProof proof =
                        TypeUrls.unpack(any, MsgSubmitProof.getDefaultInstance(), LIMITS);
                lastOfBlock.put(place(vector, proof), proof);
            }
        }
    }

    private static String place(JsonNode vector, MsgSubmitProof proof) {
        return vector.get("delivered").get("height").asText()
                + "/"
                + proof.getSessionHeader().getSessionId()
                + "/"
                + proof.getSupplierOperatorAddress();
    }

    private void check(JsonNode vector) throws Exception {
        switch (vector.get("kind").asText()) {
            case "tx" -> transaction(vector);
            case "simulate" -> simulation(vector);
            case "session" -> session(vector);
            case "block" -> block(vector);
            case "settlement" -> settlement(vector);
            case "lottery" -> lottery(vector);
            case "lottery_redraw" -> redraw(vector);
            case "accounts" ->
                    vector.get("accounts")
                            .forEach(
                                    account ->
                                            assertEquals(
                                                    account.get("address").asText(),
                                                    PublicKey.of(hex(account.get("public_key")))
                                                            .address()
                                                            .toString()));
            default -> throw new AssertionError("unknown kind " + vector.get("kind"));
        }
    }

    private static ByteString bytes(JsonNode node) {
        return ByteString.copyFrom(base64(node));
    }

    private void transaction(JsonNode vector) throws Exception {
        ByteString bytes = bytes(vector.get("tx"));
        assertEquals(vector.get("hash").asText(), TxContent.hash(bytes));
        JsonNode check = vector.get("check");
        long code = check == null ? 0 : check.path("code").asLong();
        if (code == 2) {
            // Not a transaction in the chain's eyes. Reading it must end in an ordinary way.
            try {
                DecodedTx.of(bytes).encode();
            } catch (WireException refused) {
                assertFalse(refused.getMessage().isBlank());
            }
        } else {
            DecodedTx decoded = DecodedTx.of(bytes);
            boolean canonical = !vector.get("id").asText().equals(LONG_TAG);
            if (canonical) {
                assertEquals(bytes, decoded.encode());
            }
            assertEquals(decoded, DecodedTx.of(decoded.encode()));
            if (canonical && vector.has("decoded")) {
                Message expected =
                        MessageTypes.parseJson(
                                Tx.getDefaultInstance(), vector.get("decoded").toString());
                assertEquals(
                        expected,
                        Tx.newBuilder()
                                .setBody(decoded.body())
                                .setAuthInfo(decoded.authInfo())
                                .addAllSignatures(decoded.signatures())
                                .build());
            }
        }
        if (code > 0) {
            meaning(
                    check.path("codespace").asText(),
                    code,
                    check.has("raw_log")
                            ? check.get("raw_log").asText()
                            : check.path("log").asText());
        }
        JsonNode delivered = vector.get("delivered");
        if (delivered != null && delivered.has("tx_result")) {
            JsonNode result = delivered.get("tx_result");
            if (result.get("code").asLong() != 0) {
                meaning(
                        result.path("codespace").asText(),
                        result.get("code").asLong(),
                        result.get("log").asText());
            }
        }
        if (vector.has("end_block_proof_checks") && delivered != null) {
            proofs(vector);
        }
    }

    /** Every refusal of the chain means something to us. */
    private static void meaning(String codespace, long code, String log) {
        TxFailure failure = TxFailures.ofCode(codespace, code, log);
        if (code == 19) {
            return;
        }
        assertNotEquals(Kind.OTHER, failure.kind(), log);
        assertEquals(log.contains("message index: "), failure.messageIndex().isPresent());
        assertFalse(failure.text().contains(".go:"), failure.text());
        Kind expected = expectedKind(log);
        if (expected != null) {
            assertEquals(expected, failure.kind(), log);
        }
    }

    private static Kind expectedKind(String log) {
        if (log.contains("is less than") && log.contains("commit height")) {
            return Kind.WINDOW_NOT_OPEN;
        }
        if (log.contains("is greater than session") && log.contains("window close")) {
            return Kind.WINDOW_CLOSED;
        }
        if (log.contains("proof not required")) {
            return Kind.PROOF_NOT_REQUIRED;
        }
        if (log.contains("already used timeout")) {
            return Kind.NONCE_USED;
        }
        if (log.contains("ttl exceeds 10m0s")) {
            return Kind.EXPIRY_TOO_FAR;
        }
        if (log.contains("no claim found")) {
            return Kind.CLAIM_NOT_FOUND;
        }
        if (log.contains("proof submission fee is")) {
            return Kind.INSUFFICIENT_PROOF_FEE;
        }
        if (log.contains("out of gas")) {
            return Kind.OUT_OF_GAS;
        }
        if (log.contains("insufficient funds") && !log.contains("message index")) {
            return Kind.INSUFFICIENT_FUNDS;
        }
        if (log.contains("insufficient fee")) {
            return Kind.FEE_TOO_LOW;
        }
        if (log.contains("failed to execute message") && !log.contains("is ahead of")) {
            return Kind.MESSAGE_REFUSED;
        }
        return null;
    }

    private static void simulation(JsonNode vector) {
        if (vector.get("status").asText().equals("OK")) {
            assertTrue(Long.parseLong(vector.get("gas_used").asText()) > 0);
            return;
        }
        String message = vector.get("message").asText();
        TxFailure failure =
                TxFailures.ofStatus(
                        Status.fromCodeValue(vector.get("status_code").asInt())
                                .withDescription(message));
        assertNotEquals(Kind.OTHER, failure.kind(), message);
        assertEquals(message.contains("message index: "), failure.messageIndex().isPresent());
        assertFalse(failure.text().contains(".go:"), failure.text());
        Kind expected = expectedKind(message);
        if (expected != null) {
            assertEquals(expected, failure.kind(), message);
        }
    }

    private void session(JsonNode vector) throws Exception {
        long start = vector.get("session_start").asLong();
        long end = vector.get("session_end").asLong();
        String application = vector.get("application").asText();
        String service = vector.get("service_id").asText();
        Params params = json(Params.getDefaultInstance(), vector.get("shared_params"));
        assertEquals(start, SessionGrid.startHeight(params, end));
        assertEquals(end, SessionGrid.endHeight(params, start));
        SessionId id =
                SessionId.of(hex(vector.get("start_block_hash")), service, application, start);
        assertEquals(vector.get("session_id").asText(), id.hex());

        Session session =
                CanonicalForm.decode(
                                base64(vector.get("get_session_response_b64")),
                                QueryGetSessionResponse.getDefaultInstance(),
                                LIMITS)
                        .getSession();
        assertEquals(id.hex(), session.getSessionId());
        List<String> served =
                session.getSuppliersList().stream().map(Supplier::getOperatorAddress).toList();
        List<String> ranked = new ArrayList<>(served);
        ranked.sort((a, b) -> Long.compare(id.weight(a), id.weight(b)));
        assertEquals(ranked, served, "suppliers come in the order of their rank");

        if (vector.has("seed_height")) {
            assertEquals(
                    vector.get("seed_height").asLong(),
                    SessionWindows.of(params, end).seedHeight());
            assertEquals(
                    vector.get("proof_path").asText(),
                    hex(ProofPath.of(hex(vector.get("seed_block_hash")), id.hex())));
        }
        if (vector.has("trees")) {
            for (JsonNode tree : vector.get("trees")) {
                tree(vector, tree);
            }
        }
    }

    private void tree(JsonNode session, JsonNode tree) {
        SparseMerkleSumTrie.Builder builder = SparseMerkleSumTrie.builder();
        byte[] target = base64(session.get("difficulty_at_start").get("target_hash"));
        for (JsonNode node : tree.get("relays")) {
            byte[] leaf = base64(node);
            assertTrue(Difficulty.isMet(RelayCodec.relayHash(leaf), target));
            Relay relay = RelayCodec.decodeRelay(leaf, WireLimits.RELAY);
            assertArrayEquals(leaf, relay.toByteArray());
            assertTrue(isSigned(relay, session, tree.get("supplier_public_key")));
            builder.add(RelayCodec.relayHash(leaf), leaf, tree.get("weight").asLong());
        }
        SparseMerkleSumTrie trie = builder.build();
        assertEquals(tree.get("root").asText(), trie.root().toString());
        if (tree.has("honest_proof")) {
            byte[] path = hex(session.get("proof_path"));
            byte[] proof = base64(tree.get("honest_proof"));
            assertEquals(
                    new ProofVerdict.Valid(),
                    CompactClosestProof.decode(proof).verifyStrictly(trie.root(), path));
            assertArrayEquals(proof, trie.proveClosest(path).compact().encode());
        }
    }

    private boolean isSigned(Relay relay, JsonNode session, JsonNode supplierKey) {
        JsonNode keys = session.get("ring_public_keys");
        List<PublicKey> gateways = new ArrayList<>();
        keys.get("gateways").forEach(key -> gateways.add(PublicKey.of(hex(key))));
        Ring ring = Ring.expected(PublicKey.of(hex(keys.get("application"))), gateways);
        ReceivedRequest request = ReceivedRequest.of(relay.getReq());
        RingVerdict verdict =
                verifier.verify(
                        request.signableHash(),
                        relay.getReq().getMeta().getSignature().toByteArray(),
                        ring);
        if (!verdict.accepted()) {
            return false;
        }
        return PublicKey.of(hex(supplierKey))
                .verify(
                        ReceivedResponse.of(relay.getRes()).signableHash(),
                        relay.getRes().getMeta().getSupplierOperatorSignature().toByteArray());
    }

    /** Checks the proofs of an executed transaction and compares with what the chain found. */
    private void proofs(JsonNode vector) {
        for (Any any : DecodedTx.of(bytes(vector.get("tx"))).body().getMessagesList()) {
            if (!TypeUrls.is(any, MsgSubmitProof.getDefaultInstance())) {
                continue;
            }
            MsgSubmitProof proof =
                    TypeUrls.unpack(any, MsgSubmitProof.getDefaultInstance(), LIMITS);
            JsonNode session = sessions.get(proof.getSessionHeader().getSessionId());
            ByteString root =
                    claimed.get(
                            proof.getSessionHeader().getSessionId()
                                    + "/"
                                    + proof.getSupplierOperatorAddress());
            JsonNode supplierKey = null;
            if (session != null && session.has("trees")) {
                for (JsonNode tree : session.get("trees")) {
                    if (tree.get("supplier").asText().equals(proof.getSupplierOperatorAddress())) {
                        supplierKey = tree.get("supplier_public_key");
                    }
                }
            }
            boolean replaced = !proof.equals(lastOfBlock.get(place(vector, proof)));
            if (session == null || root == null || supplierKey == null || replaced) {
                continue;
            }
            for (JsonNode verdict : vector.get("end_block_proof_checks")) {
                if (isAbout(verdict, proof)) {
                    boolean valid = verdict.get("claim_proof_status_int").asText().equals("1");
                    assertEquals(valid, isValid(proof, root, session, supplierKey));
                    proofsVerified++;
                }
            }
        }
    }

    private static boolean isAbout(JsonNode verdict, MsgSubmitProof proof) {
        return verdict.get("supplier_operator_address")
                        .asText()
                        .equals("\"" + proof.getSupplierOperatorAddress() + "\"")
                && verdict.get("application_address")
                        .asText()
                        .equals("\"" + proof.getSessionHeader().getApplicationAddress() + "\"")
                && verdict.get("session_end_block_height")
                        .asText()
                        .equals("\"" + proof.getSessionHeader().getSessionEndBlockHeight() + "\"");
    }

    private boolean isValid(
            MsgSubmitProof message, ByteString root, JsonNode session, JsonNode supplierKey) {
        try {
            CompactClosestProof proof =
                    CompactClosestProof.decode(message.getProof().toByteArray());
            Relay relay = RelayCodec.decodeRelay(proof.relay(), WireLimits.RELAY);
            byte[] path =
                    ProofPath.of(
                            hex(session.get("seed_block_hash")),
                            message.getSessionHeader().getSessionId());
            return isSigned(relay, session, supplierKey)
                    && java.util.Arrays.equals(path, proof.path())
                    && proof.verify(MerkleSumRoot.of(root.toByteArray()))
                            instanceof ProofVerdict.Valid;
        } catch (SmstException | WireException e) {
            return false;
        }
    }

    private static void block(JsonNode vector) throws Exception {
        if (vector.has("header") && vector.get("block_id").get("hash").asText().length() == 64) {
            assertEquals(
                    vector.get("block_id").get("hash").asText().toLowerCase(java.util.Locale.ROOT),
                    hex(
                            HeaderHash.of(CometJson.header(vector.get("header")))
                                    .orElseThrow()
                                    .toByteArray()));
        }
        List<ByteString> leaves = new ArrayList<>();
        for (JsonNode tx : vector.get("txs")) {
            byte[] bytes = base64(tx);
            leaves.add(
                    ByteString.copyFrom(
                            java.security.MessageDigest.getInstance("SHA-256").digest(bytes)));
            assertEquals(
                    ByteString.copyFrom(bytes), DecodedTx.of(ByteString.copyFrom(bytes)).encode());
        }
        assertEquals(
                vector.get("header").get("data_hash").asText().toLowerCase(java.util.Locale.ROOT),
                hex(HeaderHash.merkleRoot(leaves).toByteArray()));
    }

    private static void settlement(JsonNode vector) throws Exception {
        QueryAllClaimsResponse claims =
                CanonicalForm.decode(
                        base64(vector.get("claims_before_b64")),
                        QueryAllClaimsResponse.getDefaultInstance(),
                        LIMITS);
        for (int i = 0; i < claims.getClaimsCount(); i++) {
            assertEquals(
                    json(Claim.getDefaultInstance(), vector.get("claims_before").get(i)),
                    claims.getClaims(i));
        }
        Params params = json(Params.getDefaultInstance(), vector.get("shared_params"));
        assertEquals(
                vector.get("height").asLong(),
                SessionWindows.of(params, vector.get("session_end").asLong()).settlementHeight());
        for (JsonNode node : vector.get("events")) {
            Map<String, String> attributes = new HashMap<>();
            node.get("attributes")
                    .forEach(a -> attributes.put(a.get("key").asText(), a.get("value").asText()));
            ChainEvent event = new ChainEvent(node.get("type").asText(), attributes);
            if (!event.type().startsWith("pocket.")) {
                continue;
            }
            Message decoded = TypedEvents.decode(event, MessageTypes.named(event.type()));
            if (decoded instanceof EventClaimSettled settled) {
                JsonNode difficulty = vector.get("difficulty_at_start").get(settled.getServiceId());
                ClaimAmounts amounts =
                        ClaimAmounts.of(
                                settled.getNumClaimedComputeUnits(),
                                settled.getNumRelays(),
                                difficulty == null || !difficulty.has("target_hash")
                                        ? Difficulty.baseTarget()
                                        : base64(difficulty.get("target_hash")),
                                params.getComputeUnitsToTokensMultiplier(),
                                params.getComputeUnitCostGranularity());
                assertEquals(settled.getClaimedUpokt(), amounts.claimedUpokt() + "upokt");
                assertEquals(
                        settled.getNumEstimatedComputeUnits(), amounts.estimatedComputeUnits());
                assertEquals(settled.getNumEstimatedRelays(), amounts.estimatedRelays());
            }
        }
    }

    private static void lottery(JsonNode vector) {
        byte[] seed = hex(vector.get("seed_block_hash"));
        double probability = vector.get("proof_request_probability").asDouble();
        for (JsonNode row : vector.get("cases")) {
            Claim claim =
                    CanonicalForm.decode(
                            base64(row.get("claim")), Claim.getDefaultInstance(), LIMITS);
            double sample = ProofRequirement.sample(claim, seed);
            assertEquals(row.get("sample").asDouble(), sample);
            assertEquals(row.get("required").asBoolean(), sample <= probability);
        }
    }

    private static void redraw(JsonNode vector) {
        byte[] seed = hex(vector.get("seed_block_hash"));
        for (JsonNode row : vector.get("cases")) {
            for (int i = 0; i < row.get("claims").size(); i++) {
                Claim claim =
                        CanonicalForm.decode(
                                base64(row.get("claims").get(i)),
                                Claim.getDefaultInstance(),
                                LIMITS);
                assertEquals(
                        row.get("samples").get(i).asDouble(), ProofRequirement.sample(claim, seed));
            }
        }
    }

    @SuppressWarnings("unchecked")
    private static <M extends Message> M json(M type, JsonNode json) throws Exception {
        return (M) MessageTypes.parseJson(type, json.toString());
    }

    @Test
    void gatewaysOfARecordedApplication() {
        for (JsonNode vector : file.vectors()) {
            if (vector.has("application_b64")) {
                Application application =
                        CanonicalForm.decode(
                                        base64(vector.get("application_b64")),
                                        QueryGetApplicationResponse.getDefaultInstance(),
                                        LIMITS)
                                .getApplication();
                assertEquals(
                        vector.get("ring_public_keys").get("gateways").size(),
                        DelegatedGateways.at(application, vector.get("session_end").asLong())
                                .size());
            }
        }
    }

    @Test
    void anEventWithAValueItCannotHaveIsRefused() {
        String type = "pocket.tokenomics.EventClaimSettled";
        EventClaimSettled message = EventClaimSettled.getDefaultInstance();
        for (Map<String, String> attributes :
                List.of(
                        Map.of("num_relays", "\"x\""),
                        Map.of("num_relays", "{"),
                        Map.of("session_id", "5"))) {
            ChainEvent event = new ChainEvent(type, attributes);
            assertThrows(ChainAnswerException.class, () -> TypedEvents.decode(event, message));
        }
        assertThrows(
                ChainAnswerException.class,
                () -> TypedEvents.decode(new ChainEvent("other", Map.of()), message));
    }
}
