package io.relayminer.testkit.chain;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;

import io.relayminer.core.wire.tendermint.types.Header;
import io.relayminer.testkit.chain.RpcParams.Declared;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;

/** The methods of CometBFT's RPC, whatever transport they are called over. */
final class RpcMethods {
    private static final int MAX_PER_PAGE = 100;
    private static final int DEFAULT_PER_PAGE = 30;
    private static final int MAX_BLOCK_METAS = 20;
    private static final int GENESIS_CHUNK = 16 * 1024 * 1024;

    @FunctionalInterface
    private interface Handler {
        JsonNode answer(RpcParams params) throws RpcException;
    }

    /** A method that may have to wait before it can answer. */
    @FunctionalInterface
    private interface WaitingHandler {
        CompletionStage<JsonNode> answer(RpcParams params) throws RpcException;
    }

    /** When clients may cache an answer. */
    private enum Cacheable {
        NEVER,
        ALWAYS,
        WITH_HEIGHT
    }

    private record Method(List<Declared> params, Cacheable cacheable, WaitingHandler handler) {}

    private final CometNode node;
    private final ByteString genesisText;
    private final Map<String, Method> methods = new LinkedHashMap<>();

    RpcMethods(CometNode node) {
        this.node = node;
        this.genesisText = ByteString.copyFromUtf8(node.genesis().toString());
        List<Declared> none = List.of();
        List<Declared> atHeight = RpcParams.declare("height", RpcParams.Type.INT64);
        List<Declared> tx = RpcParams.declare("tx", RpcParams.Type.BASE64);
        add("health", none, Cacheable.NEVER, params -> CometJson.object());
        add("status", none, Cacheable.NEVER, params -> status());
        add("net_info", none, Cacheable.NEVER, params -> netInfo());
        add("abci_info", none, Cacheable.ALWAYS, params -> abciInfo());
        add(
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
        add("genesis", none, Cacheable.ALWAYS, params -> genesis());
        add(
                "genesis_chunked",
                RpcParams.declare("chunk", RpcParams.Type.UINT64),
                Cacheable.ALWAYS,
                this::genesisChunk);
        add("block", atHeight, Cacheable.WITH_HEIGHT, params -> block(blockAt(params)));
        add(
                "block_by_hash",
                RpcParams.declare("hash", RpcParams.Type.BASE64),
                Cacheable.ALWAYS,
                params -> block(node.blockByHash(params.bytes("hash"))));
        add("header", atHeight, Cacheable.WITH_HEIGHT, params -> header(blockAt(params)));
        add(
                "header_by_hash",
                RpcParams.declare("hash", RpcParams.Type.HEX),
                Cacheable.ALWAYS,
                params -> header(node.blockByHash(params.bytes("hash"))));
        add("block_results", atHeight, Cacheable.WITH_HEIGHT, this::blockResults);
        add("commit", atHeight, Cacheable.WITH_HEIGHT, this::commit);
        add("consensus_params", atHeight, Cacheable.WITH_HEIGHT, this::consensusParams);
        add(
                "validators",
                RpcParams.declare(
                        "height",
                        RpcParams.Type.INT64,
                        "page",
                        RpcParams.Type.INT64,
                        "per_page",
                        RpcParams.Type.INT64),
                Cacheable.WITH_HEIGHT,
                this::validators);
        add(
                "blockchain",
                RpcParams.declare(
                        "minHeight", RpcParams.Type.INT64, "maxHeight", RpcParams.Type.INT64),
                Cacheable.ALWAYS,
                this::blockchain);
        add(
                "tx",
                RpcParams.declare("hash", RpcParams.Type.BASE64, "prove", RpcParams.Type.BOOL),
                Cacheable.ALWAYS,
                this::tx);
        List<Declared> search =
                RpcParams.declare(
                        "query",
                        RpcParams.Type.TEXT,
                        "prove",
                        RpcParams.Type.BOOL,
                        "page",
                        RpcParams.Type.INT64,
                        "per_page",
                        RpcParams.Type.INT64,
                        "order_by",
                        RpcParams.Type.TEXT);
        add("tx_search", search, Cacheable.NEVER, this::txSearch);
        add(
                "block_search",
                RpcParams.declare(
                        "query",
                        RpcParams.Type.TEXT,
                        "page",
                        RpcParams.Type.INT64,
                        "per_page",
                        RpcParams.Type.INT64,
                        "order_by",
                        RpcParams.Type.TEXT),
                Cacheable.NEVER,
                this::blockSearch);
        add(
                "broadcast_tx_sync",
                tx,
                Cacheable.NEVER,
                params -> broadcast(params.bytes("tx"), true));
        add(
                "broadcast_tx_async",
                tx,
                Cacheable.NEVER,
                params -> broadcast(params.bytes("tx"), false));
        methods.put(
                "broadcast_tx_commit",
                new Method(tx, Cacheable.NEVER, params -> broadcastAndWait(params.bytes("tx"))));
        add(
                "check_tx",
                tx,
                Cacheable.NEVER,
                params -> CometJson.txResult(node.check(params.bytes("tx"))));
        add("num_unconfirmed_txs", none, Cacheable.NEVER, params -> unconfirmed(null));
        add(
                "unconfirmed_txs",
                RpcParams.declare("limit", RpcParams.Type.INT64),
                Cacheable.NEVER,
                params -> unconfirmed(params.integer("limit", DEFAULT_PER_PAGE)));
    }

    private void add(String name, List<Declared> params, Cacheable cacheable, Handler handler) {
        methods.put(
                name,
                new Method(
                        params,
                        cacheable,
                        call -> CompletableFuture.completedStage(handler.answer(call))));
    }

    boolean has(String method) {
        return methods.containsKey(method);
    }

    /** Methods with their parameter names, for the index page. */
    Map<String, List<String>> index() {
        Map<String, List<String>> index = new LinkedHashMap<>();
        methods.forEach(
                (name, method) ->
                        index.put(name, method.params().stream().map(Declared::name).toList()));
        return index;
    }

    /** Parses the parameters of a call. */
    RpcParams params(String method, @Nullable JsonNode params) throws RpcException {
        return RpcParams.ofJson(declared(method), params);
    }

    RpcParams params(String method, Map<String, String> query) throws RpcException {
        return RpcParams.ofQuery(declared(method), query);
    }

    private List<Declared> declared(String method) throws RpcException {
        Method found = methods.get(method);
        if (found == null) {
            throw RpcException.methodNotFound();
        }
        return found.params();
    }

    /** Whether the answer to a call with these parameters never changes; errors included. */
    boolean isCacheable(String method, RpcParams params) {
        Method found = methods.get(method);
        if (found == null) {
            return false;
        }
        return switch (found.cacheable()) {
            case NEVER -> false;
            case ALWAYS -> true;
            case WITH_HEIGHT -> params.has("height");
        };
    }

    /**
     * Calls a method. The answer is there already unless the method waits for a block; it then
     * fails with an {@link RpcException}, and may come on any thread.
     */
    CompletionStage<JsonNode> call(String method, RpcParams params) throws RpcException {
        Method found = methods.get(method);
        if (found == null) {
            throw RpcException.methodNotFound();
        }
        return found.handler().answer(params);
    }

    private long heightOf(RpcParams params) throws RpcException {
        if (!params.has("height")) {
            return node.height();
        }
        long height = params.integer("height", 0);
        if (height <= 0) {
            throw RpcException.internal("height must be greater than 0, but got " + height);
        }
        if (height > node.height()) {
            throw RpcException.internal(
                    "height "
                            + height
                            + " must be less than or equal to the current blockchain"
                            + " height "
                            + node.height());
        }
        if (height < node.lowestHeight()) {
            throw RpcException.internal(
                    "height "
                            + height
                            + " is not available, lowest height is "
                            + node.lowestHeight());
        }
        return height;
    }

    private @Nullable StoredBlock blockAt(RpcParams params) throws RpcException {
        return node.block(heightOf(params));
    }

    private static ObjectNode block(@Nullable StoredBlock block) {
        ObjectNode json = CometJson.object();
        if (block == null) {
            json.set(
                    "block_id",
                    CometJson.blockId(
                            io.relayminer.core.wire.tendermint.types.BlockID.getDefaultInstance()));
            json.putNull("block");
        } else {
            json.set("block_id", CometJson.blockId(block.id()));
            json.set("block", CometJson.block(block.block()));
        }
        return json;
    }

    private static ObjectNode header(@Nullable StoredBlock block) {
        ObjectNode json = CometJson.object();
        if (block == null) {
            json.putNull("header");
        } else {
            json.set("header", CometJson.header(block.block().getHeader()));
        }
        return json;
    }

    private JsonNode blockResults(RpcParams params) throws RpcException {
        long height = heightOf(params);
        StoredBlock block = node.block(height);
        if (block == null) {
            throw RpcException.internal("could not find results for height #" + height);
        }
        return CometJson.blockResults(block);
    }

    private JsonNode commit(RpcParams params) throws RpcException {
        StoredBlock block = blockAt(params);
        ObjectNode json = CometJson.object();
        if (block == null) {
            json.putNull("signed_header");
            return json;
        }
        ObjectNode signed = json.putObject("signed_header");
        signed.set("header", CometJson.header(block.block().getHeader()));
        signed.set("commit", CometJson.commit(node.commit(block)));
        json.put("canonical", block.height() != node.height());
        return json;
    }

    private JsonNode consensusParams(RpcParams params) throws RpcException {
        ObjectNode json = CometJson.object();
        json.put("block_height", Long.toString(heightOf(params)));
        json.set("consensus_params", CometJson.versionedConsensusParams());
        return json;
    }

    private JsonNode validators(RpcParams params) throws RpcException {
        ObjectNode json = CometJson.object();
        json.put("block_height", Long.toString(heightOf(params)));
        ObjectNode validator = json.putArray("validators").addObject();
        putValidator(validator);
        validator.put("proposer_priority", "0");
        json.put("count", "1");
        json.put("total", "1");
        return json;
    }

    private void putValidator(ObjectNode json) {
        CometNode.Identity identity = node.identity();
        json.put("address", Hashes.upperHex(identity.validatorAddress()));
        json.putObject("pub_key")
                .put("type", "tendermint/PubKeyEd25519")
                .put("value", CometJson.base64(identity.validatorKey()));
        json.put("voting_power", Long.toString(identity.votingPower()));
    }

    private JsonNode status() {
        CometNode.Identity identity = node.identity();
        ObjectNode json = CometJson.object();
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
        putValidator(json.putObject("validator_info"));
        return json;
    }

    private static void putSync(
            ObjectNode json, String which, @Nullable StoredBlock block, long height) {
        Header header = block == null ? Header.getDefaultInstance() : block.block().getHeader();
        json.put(which + "_block_hash", block == null ? "" : Hashes.upperHex(block.id().getHash()));
        json.put(which + "_app_hash", Hashes.upperHex(header.getAppHash()));
        json.put(which + "_block_height", Long.toString(block == null ? 0 : height));
        json.put(which + "_block_time", CometJson.time(header.getTime()));
    }

    private JsonNode netInfo() {
        ObjectNode json = CometJson.object();
        json.put("listening", true);
        json.putArray("listeners").add("Listener(@)");
        json.put("n_peers", "0");
        json.putArray("peers");
        return json;
    }

    private JsonNode abciInfo() {
        ObjectNode json = CometJson.object();
        ObjectNode response = json.putObject("response");
        response.put("data", node.identity().chainId());
        if (!node.identity().applicationVersion().isEmpty()) {
            response.put("version", node.identity().applicationVersion());
        }
        StoredBlock last = node.block(node.height());
        if (last != null) {
            response.put("last_block_height", Long.toString(last.height()));
            response.put("last_block_app_hash", CometJson.base64(last.appHash()));
        }
        return json;
    }

    private JsonNode abciQuery(RpcParams params) {
        CometNode.QueryAnswer answer =
                node.query(params.text("path"), params.bytes("data"), params.integer("height", 0));
        ObjectNode json = CometJson.object();
        ObjectNode response = json.putObject("response");
        response.put("code", answer.code());
        response.put("log", answer.log());
        response.put("info", "");
        response.put("index", "0");
        response.putNull("key");
        ByteString value = answer.value();
        response.put("value", answer.code() != 0 ? null : CometJson.base64(value));
        response.putNull("proofOps");
        response.put("height", Long.toString(answer.height()));
        response.put("codespace", answer.codespace());
        return json;
    }

    private JsonNode blockchain(RpcParams params) throws RpcException {
        long top = params.integer("maxHeight", 0);
        long max = top == 0 ? node.height() : Math.min(node.height(), top);
        long min =
                Math.max(
                        Math.max(1, params.integer("minHeight", 0)),
                        Math.max(node.lowestHeight(), max - MAX_BLOCK_METAS + 1));
        if (min > max) {
            throw RpcException.internal(
                    "invalid request: min height "
                            + min
                            + " can't be greater than max height "
                            + max);
        }
        ObjectNode json = CometJson.object();
        json.put("last_height", Long.toString(node.height()));
        ArrayNode metas = json.putArray("block_metas");
        for (long height = max; height >= min; height--) {
            StoredBlock block = node.block(height);
            if (block != null) {
                ObjectNode meta = metas.addObject();
                meta.set("block_id", CometJson.blockId(block.id()));
                meta.put("block_size", Integer.toString(CometHashes.encodedSize(block.block())));
                meta.set("header", CometJson.header(block.block().getHeader()));
                meta.put("num_txs", Integer.toString(block.block().getData().getTxsCount()));
            }
        }
        return json;
    }

    private JsonNode tx(RpcParams params) throws RpcException {
        ByteString hash = params.bytes("hash");
        PocketChain.TxLocation location = node.find(hash);
        StoredBlock block = location == null ? null : node.block(location.height());
        if (location == null || block == null) {
            throw RpcException.internal("tx (" + Hashes.upperHex(hash) + ") not found");
        }
        return tx(block, location.index(), params.flag("prove"));
    }

    private static ObjectNode tx(StoredBlock block, int index, boolean prove) {
        ByteString tx = block.block().getData().getTxs(index);
        ObjectNode json = CometJson.object();
        json.put("hash", Hashes.upperHex(Hashes.sha256(tx)));
        json.put("height", Long.toString(block.height()));
        json.put("index", index);
        json.set("tx_result", CometJson.txResult(block.results().get(index)));
        json.put("tx", CometJson.base64(tx));
        if (prove) {
            json.set("proof", TxInclusion.prove(block.block().getData().getTxsList(), index));
        }
        return json;
    }

    /** A transaction in a block. */
    private record Found(StoredBlock block, int index) {}

    private JsonNode txSearch(RpcParams params) throws RpcException {
        List<Found> found = new ArrayList<>();
        for (TxSearch.Hit hit : search(params.text("query"))) {
            found.add(new Found(hit.block(), hit.index()));
        }
        if (isDescending(params)) {
            Collections.reverse(found);
        }
        ObjectNode json = CometJson.object();
        ArrayNode txs = json.putArray("txs");
        for (Found hit : page(found, params)) {
            txs.add(tx(hit.block(), hit.index(), params.flag("prove")));
        }
        json.put("total_count", Integer.toString(found.size()));
        return json;
    }

    private List<TxSearch.Hit> search(String query) throws RpcException {
        try {
            return TxSearch.find(node.blocks(), query);
        } catch (EventQuery.SyntaxException e) {
            throw RpcException.internal(e.text());
        }
    }

    private JsonNode blockSearch(RpcParams params) throws RpcException {
        EventQuery query;
        try {
            query = EventQuery.parse(params.text("query"));
        } catch (EventQuery.SyntaxException e) {
            throw RpcException.internal(e.text());
        }
        List<StoredBlock> found = new ArrayList<>();
        for (StoredBlock block : node.blocks()) {
            Map<String, List<String>> events = CometJson.eventMap("NewBlock", block.events());
            events.put("block.height", List.of(Long.toString(block.height())));
            if (query.matches(events)) {
                found.add(block);
            }
        }
        if (!params.text("order_by").equals("asc")) {
            isDescending(params);
            Collections.reverse(found);
        }
        ObjectNode json = CometJson.object();
        ArrayNode blocks = json.putArray("blocks");
        for (StoredBlock block : page(found, params)) {
            blocks.add(block(block));
        }
        json.put("total_count", Integer.toString(found.size()));
        return json;
    }

    private static boolean isDescending(RpcParams params) throws RpcException {
        return switch (params.text("order_by")) {
            case "", "asc" -> false;
            case "desc" -> true;
            default ->
                    throw RpcException.internal(
                            "expected order_by to be either `asc` or `desc` or empty");
        };
    }

    private static <T> List<T> page(List<T> found, RpcParams params) throws RpcException {
        long asked = params.integer("per_page", DEFAULT_PER_PAGE);
        int perPage = (int) (asked < 1 ? DEFAULT_PER_PAGE : Math.min(asked, MAX_PER_PAGE));
        int pages = Math.max(1, (found.size() + perPage - 1) / perPage);
        long page = params.integer("page", 1);
        if (page <= 0 || page > pages) {
            throw RpcException.internal(
                    "page should be within [1, " + pages + "] range, given " + page);
        }
        int from = (int) (page - 1) * perPage;
        return found.subList(from, Math.min(found.size(), from + perPage));
    }

    private JsonNode broadcast(ByteString tx, boolean wait) throws RpcException {
        ObjectNode json = CometJson.object();
        TxResult result;
        try {
            result = node.broadcast(tx);
        } catch (Mempool.RefusalException e) {
            throw RpcException.internal(e.text());
        }
        json.put("code", wait ? result.code() : 0);
        json.put("data", wait ? Hashes.upperHex(result.data()) : "");
        json.put("log", wait ? result.logText() : "");
        json.put("codespace", wait ? result.codespace() : "");
        json.put("hash", Hashes.upperHex(Hashes.sha256(tx)));
        return json;
    }

    private CompletionStage<JsonNode> broadcastAndWait(ByteString tx) throws RpcException {
        CometNode.Submission submission;
        try {
            submission = node.submit(tx);
        } catch (Mempool.RefusalException e) {
            throw RpcException.internal("error on broadcastTxCommit: " + e.text());
        }
        ObjectNode json = CometJson.object();
        json.set("check_tx", CometJson.txResult(submission.check()));
        if (!submission.check().ok()) {
            json.set("tx_result", CometJson.txResult(TxResult.NONE));
            json.put("hash", Hashes.upperHex(Hashes.sha256(tx)));
            json.put("height", "0");
            return CompletableFuture.completedStage(json);
        }
        return submission
                .location()
                .handle(
                        (location, failure) -> {
                            StoredBlock block =
                                    location == null ? null : node.block(location.height());
                            if (block == null) {
                                throw new CompletionException(
                                        RpcException.internal(
                                                "timed out waiting for tx to be included in a"
                                                        + " block"));
                            }
                            json.set(
                                    "tx_result",
                                    CometJson.txResult(block.results().get(location.index())));
                            json.put("hash", Hashes.upperHex(Hashes.sha256(tx)));
                            json.put("height", Long.toString(location.height()));
                            return json;
                        });
    }

    private JsonNode genesis() throws RpcException {
        if (genesisText.size() > GENESIS_CHUNK) {
            throw RpcException.internal(
                    "genesis response is large, please use the genesis_chunked API instead");
        }
        ObjectNode json = CometJson.object();
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
        ObjectNode json = CometJson.object();
        json.put("chunk", Long.toString(chunk));
        json.put("total", Integer.toString(chunks));
        json.put(
                "data",
                CometJson.base64(
                        genesisText.substring(
                                from, Math.min(genesisText.size(), from + GENESIS_CHUNK))));
        return json;
    }

    private JsonNode unconfirmed(@Nullable Long limit) {
        List<ByteString> waiting = node.waiting();
        long bytes = 0;
        for (ByteString tx : waiting) {
            bytes += tx.size();
        }
        int shown =
                limit == null
                        ? 0
                        : (int)
                                Math.min(
                                        waiting.size(),
                                        limit < 1
                                                ? DEFAULT_PER_PAGE
                                                : Math.min(limit, MAX_PER_PAGE));
        ObjectNode json = CometJson.object();
        json.put("n_txs", Integer.toString(waiting.size()));
        json.put("total", Integer.toString(waiting.size()));
        json.put("total_bytes", Long.toString(bytes));
        if (limit == null) {
            json.putNull("txs");
        } else {
            ArrayNode txs = json.putArray("txs");
            waiting.subList(0, shown).forEach(tx -> txs.add(CometJson.base64(tx)));
        }
        return json;
    }
}
