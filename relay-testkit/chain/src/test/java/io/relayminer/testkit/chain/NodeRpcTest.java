package io.relayminer.testkit.chain;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;

import io.relayminer.core.wire.application.QueryGetApplicationRequest;
import io.relayminer.core.wire.cosmos.auth.QueryAccountRequest;
import io.relayminer.core.wire.cosmos.tx.BroadcastMode;
import io.relayminer.core.wire.cosmos.tx.BroadcastTxRequest;
import io.relayminer.core.wire.cosmos.tx.SimulateRequest;
import io.relayminer.core.wire.session.QueryGetSessionRequest;
import io.relayminer.testkit.chain.genesis.Genesis;
import io.relayminer.testkit.chain.genesis.LocalnetAccounts;
import io.relayminer.testkit.chain.internal.encoding.GoJson;
import io.relayminer.testkit.chain.internal.encoding.Hashes;
import io.relayminer.testkit.chain.internal.node.NodeJson;
import io.relayminer.testkit.chain.internal.rpc.RpcParams;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** What general tools of the Cosmos world call over CometBFT's RPC. */
class NodeRpcTest {
    private static final LocalnetAccounts.Entry APP1 = LocalnetAccounts.named("app1");
    private static final int APP1_NUMBER = 3;

    private final DevChain chain = DevChain.start(Genesis.localnet().build());
    private final HttpClient http = HttpClient.newHttpClient();

    @AfterEach
    void close() {
        chain.close();
    }

    private static String rpc(String method, String params) {
        return "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\""
                + method
                + "\",\"params\":"
                + params
                + "}";
    }

    private CompletableFuture<JsonNode> post(DevChain target, String body) {
        return http.sendAsync(
                        HttpRequest.newBuilder(URI.create(target.rpcAddress()))
                                .POST(HttpRequest.BodyPublishers.ofString(body))
                                .build(),
                        HttpResponse.BodyHandlers.ofString())
                .thenApply(
                        response -> {
                            try {
                                return GoJson.MAPPER.readTree(response.body());
                            } catch (java.io.IOException e) {
                                throw new java.io.UncheckedIOException(e);
                            }
                        });
    }

    private JsonNode call(String method, String params) {
        return post(chain, rpc(method, params)).join();
    }

    private JsonNode get(String pathAndQuery) throws Exception {
        HttpResponse<String> response =
                http.send(
                        HttpRequest.newBuilder(URI.create(chain.rpcAddress() + pathAndQuery))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
        return GoJson.MAPPER.readTree(response.body());
    }

    private static String base64(ByteString bytes) {
        return NodeJson.base64(bytes);
    }

    private static String tx(ByteString tx) {
        return "{\"tx\":\"" + base64(tx) + "\"}";
    }

    private ByteString send(DevChain target) {
        return TestTransactions.send(APP1, APP1_NUMBER, target.time().plusSeconds(300));
    }

    // --------------------------------------------------------------------------------------------
    // broadcast_tx_commit

    @Test
    void commitIsWaitedForWhileOthersAreServed() throws Exception {
        ByteString tx = send(chain);
        CompletableFuture<JsonNode> answer = post(chain, rpc("broadcast_tx_commit", tx(tx)));
        await().until(() -> chain.mempoolSize() == 1);
        assertEquals("1", call("num_unconfirmed_txs", "{}").at("/result/total").asText());
        assertFalse(answer.isDone(), "nothing is in a block yet");
        chain.advance(1);
        JsonNode result = answer.join().get("result");
        assertEquals(0, result.at("/check_tx/code").asInt(-1));
        assertEquals(0, result.at("/tx_result/code").asInt(-1));
        assertEquals("2", result.get("height").asText());
        assertEquals(Hashes.upperHex(Hashes.sha256(tx)), result.get("hash").asText());
        assertTrue(result.at("/tx_result/gas_used").asLong() > 0);
        assertEquals(
                call("tx", "{\"hash\":\"" + base64(Hashes.sha256(tx)) + "\"}")
                        .at("/result/tx_result"),
                result.get("tx_result"));
        assertEquals(
                "error on broadcastTxCommit: tx already exists in cache",
                call("broadcast_tx_commit", tx(tx)).at("/error/data").asText());
    }

    @Test
    void commitOfRefusedTransactionAnswersAtOnce() {
        JsonNode result =
                call("broadcast_tx_commit", tx(ByteString.copyFromUtf8("abc"))).get("result");
        assertEquals(2, result.at("/check_tx/code").asInt());
        assertEquals(0, result.at("/tx_result/code").asInt(-1));
        assertEquals("0", result.get("height").asText());
    }

    @Test
    void commitIsNotWaitedForForEver() {
        try (DevChain impatient =
                DevChain.builder(Genesis.localnet().build())
                        .commitTimeout(Duration.ofMillis(1))
                        .start()) {
            JsonNode answer =
                    post(impatient, rpc("broadcast_tx_commit", tx(send(impatient)))).join();
            assertEquals(
                    "timed out waiting for tx to be included in a block",
                    answer.at("/error/data").asText());
            assertEquals(1, impatient.mempoolSize());
        }
    }

    @Test
    void commitOverWebSocketAndWithQueryString() throws Exception {
        WebSocketClient socket = WebSocketClient.connect(URI.create(chain.rpcAddress()).getPort());
        ByteString first = send(chain);
        socket.send(rpc("broadcast_tx_commit", tx(first)));
        await().until(() -> chain.mempoolSize() == 1);
        chain.advance(1);
        assertEquals("2", GoJson.MAPPER.readTree(socket.next(1)).at("/result/height").asText());
        ByteString second = send(chain);
        CompletableFuture<JsonNode> answer =
                CompletableFuture.supplyAsync(
                        () -> {
                            try {
                                return get("/broadcast_tx_commit?tx=0x" + Hashes.lowerHex(second));
                            } catch (Exception e) {
                                throw new IllegalStateException(e);
                            }
                        });
        await().until(() -> chain.mempoolSize() == 1);
        chain.advance(1);
        assertEquals("3", answer.join().at("/result/height").asText());
    }

    @Test
    void batchWithCommitIsAnsweredInOrder() {
        CompletableFuture<JsonNode> answer =
                post(
                        chain,
                        "["
                                + rpc("broadcast_tx_commit", tx(send(chain)))
                                + ","
                                + rpc("health", "{}").replace("\"id\":1", "\"id\":2")
                                + "]");
        await().until(() -> chain.mempoolSize() == 1);
        chain.advance(1);
        JsonNode replies = answer.join();
        assertEquals("2", replies.at("/0/result/height").asText());
        assertEquals(2, replies.at("/1/id").asInt());
    }

    /** Clients of other languages number their calls with more than 32 bits. */
    @Test
    void largeIdsComeBackAsTheyWere() throws Exception {
        long id = 123_456_789_012L;
        String call = rpc("health", "{}").replace("\"id\":1", "\"id\":" + id);
        assertEquals(id, post(chain, call).join().get("id").asLong());
        WebSocketClient socket = WebSocketClient.connect(URI.create(chain.rpcAddress()).getPort());
        socket.send(call);
        assertEquals(id, GoJson.MAPPER.readTree(socket.next()).get("id").asLong());
    }

    // ---------------------------------------------------------------------------------------------------------- search

    /** People paste hashes as they find them. */
    @Test
    void hashIsFoundInWhateverCase() throws Exception {
        ByteString tx = send(chain);
        chain.machine().broadcast(tx);
        chain.advance(1);
        for (String hash :
                List.of(Hashes.upperHex(Hashes.sha256(tx)), Hashes.lowerHex(Hashes.sha256(tx)))) {
            assertEquals(
                    "1",
                    call("tx_search", "{\"query\":\"tx.hash='" + hash + "'\"}")
                            .at("/result/total_count")
                            .asText(),
                    hash);
        }
        assertEquals(
                "0",
                call("tx_search", "{\"query\":\"tx.hash='00'\"}")
                        .at("/result/total_count")
                        .asText());
    }

    /** Values of typed events carry quotation marks, which a query string escapes. */
    @Test
    void queryStringsAreJson() throws Exception {
        chain.advance(2);
        String query = "\"block.height='\\\"3\\\"'\"";
        assertEquals(
                call("block_search", "{\"query\":" + query + "}"),
                withId(
                        get(
                                "/block_search?query="
                                        + URLEncoder.encode(query, StandardCharsets.UTF_8))));
        String plain = "block.height=3";
        JsonNode found = call("block_search", "{\"query\":\"" + plain + "\"}");
        assertEquals("1", found.at("/result/total_count").asText());
        assertEquals(
                found,
                withId(
                        get(
                                "/block_search?query=0x"
                                        + Hashes.lowerHex(ByteString.copyFromUtf8(plain)))));
        assertEquals(
                "block.height='\"3\"'",
                RpcParams.ofQuery(
                                RpcParams.declare("query", RpcParams.Type.TEXT),
                                Map.of("query", query))
                        .text("query"));
    }

    private static JsonNode withId(JsonNode answer) {
        return ((ObjectNode) answer).put("id", 1);
    }

    // --------------------------------------------------------------------------------------------------------- genesis

    @Test
    void genesisTellsWithWhatTheChainBegan() throws Exception {
        chain.advance(3);
        JsonNode genesis = call("genesis", "{}").at("/result/genesis");
        assertEquals("pocket", genesis.get("chain_id").asText());
        assertEquals("1", genesis.get("initial_height").asText());
        assertEquals(
                call("block", "{\"height\":\"1\"}").at("/result/block/header/time"),
                genesis.get("genesis_time"));
        assertEquals(
                call("consensus_params", "{\"height\":\"1\"}").at("/result/consensus_params"),
                genesis.get("consensus_params"));
        assertEquals(
                call("validators", "{\"height\":\"1\"}").at("/result/validators/0/pub_key"),
                genesis.at("/validators/0/pub_key"));
        JsonNode state = genesis.get("app_state");
        assertEquals(5, state.at("/application/applicationList").size());
        assertEquals(15, state.at("/supplier/supplierList").size());
        assertEquals(5, state.at("/service/serviceList").size());
        assertEquals(1, state.at("/gateway/gatewayList").size());
        assertEquals("10", state.at("/shared/params/num_blocks_per_session").asText());
        assertEquals("15", state.at("/session/params/num_suppliers_per_session").asText());
        JsonNode app1 = null;
        for (JsonNode balance : state.at("/bank/balances")) {
            if (balance.get("address").asText().equals(APP1.address())) {
                app1 = balance;
            }
        }
        assertNotNull(app1);
        assertEquals("upokt", app1.at("/coins/0/denom").asText());
        assertEquals("1000000000000", app1.at("/coins/0/amount").asText());
        JsonNode account = state.at("/auth/accounts/0");
        assertTrue(account.get("@type").asText().startsWith("/cosmos.auth.v1beta1."));
    }

    @Test
    void genesisComesInChunks() throws Exception {
        JsonNode chunk = call("genesis_chunked", "{\"chunk\":\"0\"}").get("result");
        assertEquals("0", chunk.get("chunk").asText());
        assertEquals("1", chunk.get("total").asText());
        JsonNode decoded =
                GoJson.MAPPER.readTree(
                        new String(
                                Base64.getDecoder().decode(chunk.get("data").asText()),
                                StandardCharsets.UTF_8));
        assertEquals(call("genesis", "{}").at("/result/genesis"), decoded);
        assertEquals(chunk, get("/genesis_chunked?chunk=0").get("result"));
        assertEquals(
                "there are 0 chunks, 1 is invalid",
                call("genesis_chunked", "{\"chunk\":\"1\"}").at("/error/data").asText());
        assertTrue(
                call("genesis_chunked", "{\"chunk\":\"-1\"}")
                        .at("/error/data")
                        .asText()
                        .contains("into Go value of type uint"));
    }

    // ------------------------------------------------------------------------------------------------------ abci_query

    private JsonNode query(String path, ByteString data, long height) {
        return call(
                        "abci_query",
                        "{\"path\":\""
                                + path
                                + "\",\"data\":\""
                                + Hashes.upperHex(data)
                                + "\",\"height\":\""
                                + height
                                + "\",\"prove\":false}")
                .at("/result/response");
    }

    /** Clients turn these codes back into gRPC codes. */
    @Test
    void queryErrorsHaveTheApplicationsCodes() {
        String application = "/pocket.application.Query/Application";
        ByteString unknown =
                QueryGetApplicationRequest.newBuilder().setAddress("x").build().toByteString();
        assertEquals(22, query(application, unknown, 0).get("code").asInt());
        JsonNode internal =
                query(
                        "/pocket.session.Query/GetSession",
                        QueryGetSessionRequest.newBuilder()
                                .setApplicationAddress(LocalnetAccounts.named("app1").address())
                                .setServiceId("develop-grpc")
                                .setBlockHeight(1)
                                .build()
                                .toByteString(),
                        0);
        assertEquals(6, internal.get("code").asInt());
        assertTrue(internal.get("log").asText().startsWith("rpc error: code = Internal desc = "));
        assertTrue(internal.get("log").asText().endsWith(": unknown request"));
        JsonNode plain =
                query(
                        "/cosmos.auth.v1beta1.Query/Account",
                        QueryAccountRequest.newBuilder()
                                .setAddress("nonsense")
                                .build()
                                .toByteString(),
                        0);
        assertEquals(18, plain.get("code").asInt());
        assertTrue(
                plain.get("log").asText().startsWith("decoding bech32 failed"),
                plain.get("log").asText());
        JsonNode simulation =
                query(
                        "/cosmos.tx.v1beta1.Service/Simulate",
                        SimulateRequest.newBuilder()
                                .setTxBytes(ByteString.copyFromUtf8("abc"))
                                .build()
                                .toByteString(),
                        0);
        assertEquals(6, simulation.get("code").asInt());
        assertTrue(simulation.get("log").asText().contains("code = Unknown"));
        JsonNode negative = query(application, unknown, -1);
        assertEquals(18, negative.get("code").asInt());
        assertEquals(
                "cannot query with height < 0; please provide a valid height: invalid request",
                negative.get("log").asText());
        JsonNode garbled = query(application, ByteString.copyFromUtf8("\n\177"), 0);
        assertEquals(18, garbled.get("code").asInt());
        assertEquals("unexpected EOF: invalid request", garbled.get("log").asText());
    }

    @Test
    void queriesBroadcastNothing() {
        JsonNode refused =
                query(
                        "/cosmos.tx.v1beta1.Service/BroadcastTx",
                        BroadcastTxRequest.newBuilder()
                                .setMode(BroadcastMode.BROADCAST_MODE_SYNC)
                                .setTxBytes(send(chain))
                                .build()
                                .toByteString(),
                        0);
        assertEquals(18, refused.get("code").asInt());
        assertEquals(
                "can't route a broadcast tx message: invalid request", refused.get("log").asText());
        assertEquals(0, chain.mempoolSize());
    }

    @Test
    void versionIsThatOfTheApplication() {
        assertEquals(
                "0.1.35",
                new String(
                        Base64.getDecoder()
                                .decode(
                                        query("/app/version", ByteString.EMPTY, 0)
                                                .get("value")
                                                .asText()),
                        StandardCharsets.UTF_8));
    }
}
