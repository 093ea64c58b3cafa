package io.relayminer.testkit.chain.internal.rpc;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;

import io.relayminer.core.wire.tendermint.types.Header;
import io.relayminer.testkit.chain.internal.block.PocketChain;
import io.relayminer.testkit.chain.internal.block.StoredBlock;
import io.relayminer.testkit.chain.internal.encoding.Hashes;
import io.relayminer.testkit.chain.internal.node.CometNode;
import io.relayminer.testkit.chain.internal.node.NodeJson;
import io.relayminer.testkit.chain.internal.rpc.RpcMethods.Cacheable;
import io.relayminer.testkit.chain.internal.rpc.RpcParams.Declared;

import org.jspecify.annotations.Nullable;

import java.util.List;

/** What a node says of itself: its state, its peers, its application and its genesis. */
final class NodeMethods {
    private static final int GENESIS_CHUNK = 16 * 1024 * 1024;

    private final CometNode node;
    private final ByteString genesisText;

    NodeMethods(CometNode node) {
        this.node = node;
        this.genesisText = ByteString.copyFromUtf8(node.genesis().toString());
    }

    void addTo(RpcMethods methods) {
        List<Declared> none = List.of();
        methods.add("health", none, Cacheable.NEVER, params -> NodeJson.object());
        methods.add("status", none, Cacheable.NEVER, params -> status());
        methods.add("net_info", none, Cacheable.NEVER, params -> netInfo());
        methods.add("abci_info", none, Cacheable.ALWAYS, params -> abciInfo());
        methods.add(
                "abci_query",
                RpcParams.declare(
                        "path",
                        RpcParams.Type.TEXT,
                        "data",
                        RpcParams.Type.HEX,
                        "height",
                        RpcParams.Type.INT64,
                        "prove",
                        RpcParams.Type.BOOL),
                Cacheable.NEVER,
                this::abciQuery);
        methods.add("genesis", none, Cacheable.ALWAYS, params -> genesis());
        methods.add(
                "genesis_chunked",
                RpcParams.declare("chunk", RpcParams.Type.UINT64),
                Cacheable.ALWAYS,
                this::genesisChunk);
    }

    private JsonNode status() {
        CometNode.Identity identity = node.identity();
        ObjectNode json = NodeJson.object();
        ObjectNode info = json.putObject("node_info");
        info.putObject("protocol_version")
                .put("p2p", "8")
                .put("block", Long.toString(PocketChain.BLOCK_PROTOCOL))
                .put("app", "0");
        info.put("id", identity.nodeId());
        info.put("listen_addr", identity.listenAddress());
        info.put("network", identity.chainId());
        info.put("version", identity.version());
        info.put("channels", identity.channels());
        info.put("moniker", identity.moniker());
        info.putObject("other").put("tx_index", "on").put("rpc_address", identity.rpcAddress());
        ObjectNode sync = json.putObject("sync_info");
        putSync(sync, "latest", node.block(node.height()), node.height());
        putSync(sync, "earliest", node.block(node.lowestHeight()), node.lowestHeight());
        sync.put("catching_up", false);
        json.set("validator_info", NodeJson.validator(node.identity()));
        return json;
    }

    private static void putSync(
            ObjectNode json, String which, @Nullable StoredBlock block, long height) {
        Header header = block == null ? Header.getDefaultInstance() : block.block().getHeader();
        json.put(which + "_block_hash", block == null ? "" : Hashes.upperHex(block.id().getHash()));
        json.put(which + "_app_hash", Hashes.upperHex(header.getAppHash()));
        json.put(which + "_block_height", Long.toString(block == null ? 0 : height));
        json.put(which + "_block_time", NodeJson.time(header.getTime()));
    }

    private JsonNode netInfo() {
        ObjectNode json = NodeJson.object();
        json.put("listening", true);
        json.putArray("listeners").add("Listener(@)");
        json.put("n_peers", "0");
        json.putArray("peers");
        return json;
    }

    private JsonNode abciInfo() {
        ObjectNode json = NodeJson.object();
        ObjectNode response = json.putObject("response");
        response.put("data", node.identity().chainId());
        if (!node.identity().applicationVersion().isEmpty()) {
            response.put("version", node.identity().applicationVersion());
        }
        StoredBlock last = node.block(node.height());
        if (last != null) {
            response.put("last_block_height", Long.toString(last.height()));
            response.put("last_block_app_hash", NodeJson.base64(last.appHash()));
        }
        return json;
    }

    private JsonNode abciQuery(RpcParams params) {
        CometNode.QueryAnswer answer =
                node.query(params.text("path"), params.bytes("data"), params.integer("height", 0));
        ObjectNode json = NodeJson.object();
        ObjectNode response = json.putObject("response");
        response.put("code", answer.code());
        response.put("log", answer.log());
        response.put("info", "");
        response.put("index", "0");
        response.putNull("key");
        ByteString value = answer.value();
        response.put("value", answer.code() != 0 ? null : NodeJson.base64(value));
        response.putNull("proofOps");
        response.put("height", Long.toString(answer.height()));
        response.put("codespace", answer.codespace());
        return json;
    }

    private JsonNode genesis() throws RpcException {
        if (genesisText.size() > GENESIS_CHUNK) {
            throw RpcException.internal(
                    "genesis response is large, please use the genesis_chunked API instead");
        }
        ObjectNode json = NodeJson.object();
        json.set("genesis", node.genesis());
        return json;
    }

    private JsonNode genesisChunk(RpcParams params) throws RpcException {
        int chunks = (genesisText.size() + GENESIS_CHUNK - 1) / GENESIS_CHUNK;
        long chunk = params.integer("chunk", 0);
        if (chunk > chunks - 1) {
            throw RpcException.internal(
                    "there are " + (chunks - 1) + " chunks, " + chunk + " is invalid");
        }
        int from = (int) chunk * GENESIS_CHUNK;
        ObjectNode json = NodeJson.object();
        json.put("chunk", Long.toString(chunk));
        json.put("total", Integer.toString(chunks));
        json.put(
                "data",
                NodeJson.base64(
                        genesisText.substring(
                                from, Math.min(genesisText.size(), from + GENESIS_CHUNK))));
        return json;
    }
}
