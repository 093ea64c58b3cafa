package io.relayminer.testkit.chain;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.ByteString;

import io.relayminer.core.wire.tendermint.types.Block;
import io.relayminer.core.wire.tendermint.types.BlockID;
import io.relayminer.core.wire.tendermint.types.Commit;
import io.relayminer.core.wire.tendermint.types.Data;
import io.relayminer.core.wire.tendermint.types.EvidenceList;
import io.relayminer.core.wire.tendermint.types.Header;
import io.relayminer.testkit.chain.internal.block.CometHashes;
import io.relayminer.testkit.chain.internal.block.Mempool;
import io.relayminer.testkit.chain.internal.block.PocketChain;
import io.relayminer.testkit.chain.internal.block.StoredBlock;
import io.relayminer.testkit.chain.internal.encoding.GoJson;
import io.relayminer.testkit.chain.internal.encoding.Hashes;
import io.relayminer.testkit.chain.internal.execution.AbciEvent;
import io.relayminer.testkit.chain.internal.execution.AbciException.SdkError;
import io.relayminer.testkit.chain.internal.execution.TxResult;
import io.relayminer.testkit.chain.internal.faults.FaultState;
import io.relayminer.testkit.chain.internal.node.CometNode;
import io.relayminer.testkit.chain.internal.node.NodeJson;
import io.relayminer.testkit.chain.internal.rpc.RpcServer;
import io.relayminer.testkit.vectors.VectorFile;
import io.vertx.core.Vertx;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;

/**
 * CometBFT's interface, served from the constructed six-block chain that the vectors were recorded
 * on.
 */
class CometVectorsTest {
    private final VectorFile file = new VectorFile("cometbft.json");
    private final ConstructedNode node = new ConstructedNode(file);
    private final HttpClient http = HttpClient.newHttpClient();
    private Vertx vertx = Vertx.vertx();
    private RpcServer server = new RpcServer(node, new FaultState(), vertx, "127.0.0.1", 0);
    private @Nullable WebSocketClient socket;

    @BeforeEach
    void connect() throws Exception {
        socket = WebSocketClient.connect(server.port());
    }

    @AfterEach
    void stop() {
        server.close();
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }

    @Test
    void everyRecordedCase() throws Exception {
        file.runAll(this::check);
    }

    private void check(JsonNode vector) throws Exception {
        switch (vector.get("kind").asText()) {
            case "header_hash" -> checkHeaderHash(vector);
            case "data_hash" -> checkDataHash(vector);
            case "rpc" -> {
                if (vector.get("transport").asText().equals("websocket")) {
                    checkWebSocket(vector);
                } else {
                    checkHttp(vector);
                }
            }
            case "ws_event" -> checkEvent(vector);
            default -> throw new AssertionError("unknown kind " + vector.get("kind"));
        }
    }

    private static void checkHeaderHash(JsonNode vector) {
        Header header = CometVectors.header(vector.get("header"));
        List<String> leaves = new ArrayList<>();
        CometHashes.headerLeaves(header).forEach(leaf -> leaves.add(Hashes.lowerHex(leaf)));
        List<String> expected = new ArrayList<>();
        vector.get("leaves")
                .forEach(leaf -> expected.add(leaf.asText().toLowerCase(java.util.Locale.ROOT)));
        assertEquals(expected, leaves);
        ByteString hash = CometHashes.headerHash(header);
        assertEquals(
                vector.get("hash").isNull() ? "" : vector.get("hash").asText(),
                Hashes.upperHex(hash));
    }

    private static void checkDataHash(JsonNode vector) {
        List<ByteString> txs = new ArrayList<>();
        vector.get("txs").forEach(tx -> txs.add(txBytes(tx)));
        assertEquals(vector.get("hash").asText(), Hashes.upperHex(CometHashes.dataHash(txs)));
    }

    private static ByteString txBytes(JsonNode text) {
        return CometVectors.hex(text);
    }

    private static String text(JsonNode request) {
        return request.isTextual() ? request.asText() : request.toString();
    }

    private void checkHttp(JsonNode vector) throws Exception {
        URI uri = uri(vector.get("path").asText());
        HttpRequest.Builder request = HttpRequest.newBuilder(uri);
        if (vector.get("transport").asText().equals("http_post")) {
            request.POST(HttpRequest.BodyPublishers.ofString(text(vector.get("request"))));
        }
        HttpResponse<String> response =
                http.send(request.build(), HttpResponse.BodyHandlers.ofString());
        assertEquals(vector.get("http_status").asInt(), response.statusCode());
        assertEquals(
                vector.path("content_type").asText("").isEmpty()
                        ? ""
                        : vector.get("content_type").asText(),
                response.headers().firstValue("Content-Type").orElse(""));
        assertEquals(
                vector.path("cache_control").isTextual()
                        ? vector.get("cache_control").asText()
                        : "",
                response.headers().firstValue("Cache-Control").orElse(""));
        JsonNode expected = vector.get("response");
        if (expected == null || expected.isNull()) {
            assertEquals("", response.body());
        } else if (expected.isTextual()) {
            assertEquals(expected.asText().trim(), response.body().trim());
        } else {
            assertSame(expected, response.body());
        }
    }

    private URI uri(String path) {
        return URI.create("http://127.0.0.1:" + server.port() + path.replace("\"", "%22"));
    }

    private static void assertSame(JsonNode expected, String actual) throws Exception {
        JsonNode normalised = GoJson.MAPPER.readTree(actual);
        JsonNode wanted = GoJson.MAPPER.readTree(expected.toString());
        if (!wanted.equals(normalised)) {
            assertEquals(wanted.toPrettyString(), normalised.toPrettyString());
        }
    }

    private void checkWebSocket(JsonNode vector) throws Exception {
        WebSocketClient client = java.util.Objects.requireNonNull(socket);
        client.send(text(vector.get("request")));
        JsonNode expected = vector.get("response");
        assertSame(expected, client.next(expected.path("id").asInt(WebSocketClient.NO_ID)));
    }

    private void checkEvent(JsonNode vector) throws Exception {
        WebSocketClient client = java.util.Objects.requireNonNull(socket);
        JsonNode expected = vector.get("response");
        if (expected.has("error")) {
            server.close();
        } else {
            long height = heightOf(expected);
            client.clear();
            server.publish(java.util.Objects.requireNonNull(node.block(height)), 1);
        }
        assertSame(expected, client.next(expected.get("id").asInt()));
    }

    private static long heightOf(JsonNode frame) {
        JsonNode value = frame.at("/result/data/value");
        for (String path :
                List.of("/header/height", "/block/header/height", "/height", "/TxResult/height")) {
            if (!value.at(path).isMissingNode()) {
                return Long.parseLong(value.at(path).asText());
            }
        }
        throw new AssertionError("no height in " + frame);
    }

    /** The chain behind the vectors, rebuilt from the answers that describe it. */
    private static final class ConstructedNode implements CometNode {
        private final Map<Long, StoredBlock> blocks = new TreeMap<>();
        private final Map<Long, Commit> commits = new TreeMap<>();
        private final Identity identity;

        ConstructedNode(VectorFile file) {
            JsonNode status = file.get("status").at("/response/result");
            identity =
                    new Identity(
                            status.at("/node_info/id").asText(),
                            status.at("/node_info/listen_addr").asText(),
                            status.at("/node_info/other/rpc_address").asText(),
                            "pocket",
                            status.at("/node_info/version").asText(),
                            status.at("/node_info/channels").asText(),
                            status.at("/node_info/moniker").asText(),
                            CometVectors.hex(status.at("/validator_info/address")),
                            CometVectors.base64(status.at("/validator_info/pub_key/value")),
                            900,
                            "0.1.35");
            read(file, "block-2", null);
            read(file, "block-4", file.get("block-results-4").at("/response/result"));
            read(file, "block-5", file.get("block-results-5").at("/response/result"));
            read(file, "block-latest", file.get("block-results-6").at("/response/result"));
            for (String id : List.of("commit-5", "commit-latest")) {
                Commit commit =
                        CometVectors.commit(
                                file.get(id).at("/response/result/signed_header/commit"));
                commits.put(commit.getHeight(), commit);
            }
        }

        private void read(VectorFile file, String id, @Nullable JsonNode results) {
            JsonNode json = file.get(id).at("/response/result");
            Header header = CometVectors.header(json.at("/block/header"));
            Data.Builder data = Data.newBuilder();
            json.at("/block/data/txs").forEach(tx -> data.addTxs(CometVectors.base64(tx)));
            Block block =
                    Block.newBuilder()
                            .setHeader(header)
                            .setData(data)
                            .setEvidence(EvidenceList.getDefaultInstance())
                            .setLastCommit(CometVectors.commit(json.at("/block/last_commit")))
                            .build();
            BlockID blockId = CometHashes.blockId(block);
            assertEquals(json.at("/block_id").toString(), NodeJson.blockId(blockId).toString(), id);
            List<TxResult> txResults = new ArrayList<>();
            List<AbciEvent> events = new ArrayList<>();
            boolean restates = false;
            ByteString appHash = ByteString.EMPTY;
            if (results != null) {
                results.get("txs_results").forEach(result -> txResults.add(result(result)));
                events.addAll(events(results.get("finalize_block_events")));
                restates = !results.get("consensus_param_updates").isNull();
                appHash = CometVectors.base64(results.get("app_hash"));
            }
            blocks.put(
                    header.getHeight(),
                    new StoredBlock(block, blockId, txResults, events, appHash, restates));
        }

        private static TxResult result(JsonNode json) {
            return new TxResult(
                    json.get("code").asInt(),
                    json.get("codespace").asText(),
                    CometVectors.base64(json.get("data")),
                    ByteString.copyFromUtf8(json.get("log").asText()),
                    Long.parseLong(json.get("gas_wanted").asText()),
                    Long.parseLong(json.get("gas_used").asText()),
                    events(json.get("events")));
        }

        private static List<AbciEvent> events(JsonNode json) {
            List<AbciEvent> events = new ArrayList<>();
            for (JsonNode event : json) {
                List<AbciEvent.Attribute> attributes = new ArrayList<>();
                for (JsonNode attribute : event.path("attributes")) {
                    attributes.add(
                            new AbciEvent.Attribute(
                                    attribute.get("key").asText(),
                                    attribute.get("value").asText(),
                                    attribute.get("index").asBoolean()));
                }
                events.add(new AbciEvent(event.get("type").asText(), attributes));
            }
            return events;
        }

        @Override
        public Identity identity() {
            return identity;
        }

        @Override
        public long height() {
            return 6;
        }

        @Override
        public long lowestHeight() {
            return 2;
        }

        @Override
        public @Nullable StoredBlock block(long height) {
            return blocks.get(height);
        }

        @Override
        public @Nullable StoredBlock blockByHash(ByteString hash) {
            return null;
        }

        @Override
        public Commit commit(StoredBlock block) {
            return java.util.Objects.requireNonNull(commits.get(block.height()));
        }

        @Override
        public PocketChain.@Nullable TxLocation find(ByteString txHash) {
            for (StoredBlock block : blocks.values()) {
                for (int i = 0; i < block.block().getData().getTxsCount(); i++) {
                    if (Hashes.sha256(block.block().getData().getTxs(i)).equals(txHash)) {
                        return new PocketChain.TxLocation(block.height(), i);
                    }
                }
            }
            return null;
        }

        /** Answers by what the transaction says it wants. */
        @Override
        public TxResult broadcast(ByteString tx) throws Mempool.RefusalException {
            return switch (tx.toStringUtf8()) {
                case "dup" ->
                        throw new Mempool.RefusalException(
                                SdkError.TX_IN_MEMPOOL_CACHE, "tx already exists in cache");
                case "full" ->
                        throw new Mempool.RefusalException(
                                SdkError.MEMPOOL_IS_FULL,
                                "mempool is full: number of txs 5000 (max: 5000), total txs bytes"
                                        + " 12345 (max: 67108864)");
                case "big" ->
                        throw new Mempool.RefusalException(
                                SdkError.TX_TOO_LARGE,
                                "Tx too large. Max size is 1048576, but got 2000000");
                case "bad" ->
                        new TxResult(
                                18,
                                "sdk",
                                ByteString.EMPTY,
                                ByteString.copyFromUtf8(
                                        "failed to add unordered nonce: already used timeout"
                                                + " 1767323045678901234 for address 0102: invalid"
                                                + " request"),
                                0,
                                0,
                                List.of());
                case "data" ->
                        new TxResult(
                                0,
                                "",
                                ByteString.copyFrom(new byte[] {(byte) 0xab, (byte) 0xcd}),
                                ByteString.EMPTY,
                                0,
                                0,
                                List.of());
                default -> check(tx);
            };
        }

        @Override
        public JsonNode genesis() {
            return NodeJson.object();
        }

        @Override
        public Submission submit(ByteString tx) throws Mempool.RefusalException {
            return new Submission(broadcast(tx), new CompletableFuture<>());
        }

        @Override
        public TxResult check(ByteString tx) {
            return new TxResult(0, "", ByteString.EMPTY, ByteString.EMPTY, 0, 0, List.of());
        }

        @Override
        public List<ByteString> waiting() {
            return List.of();
        }

        @Override
        public QueryAnswer query(String path, ByteString data, long height) {
            return new QueryAnswer(0, "", ByteString.EMPTY, height, "");
        }

        @Override
        public Iterable<StoredBlock> blocks() {
            return blocks.values();
        }
    }
}
