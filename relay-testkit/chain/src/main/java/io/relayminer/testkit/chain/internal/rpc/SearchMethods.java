package io.relayminer.testkit.chain.internal.rpc;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;

import io.relayminer.testkit.chain.internal.block.PocketChain;
import io.relayminer.testkit.chain.internal.block.StoredBlock;
import io.relayminer.testkit.chain.internal.encoding.Hashes;
import io.relayminer.testkit.chain.internal.node.CometNode;
import io.relayminer.testkit.chain.internal.node.NodeJson;
import io.relayminer.testkit.chain.internal.rpc.RpcMethods.Cacheable;
import io.relayminer.testkit.chain.internal.rpc.RpcParams.Declared;
import io.relayminer.testkit.chain.internal.search.EventIndex;
import io.relayminer.testkit.chain.internal.search.EventQuery;
import io.relayminer.testkit.chain.internal.search.TxSearch;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/** Transactions by hash, and transactions and blocks by their events. */
final class SearchMethods {
    private static final int MAX_PER_PAGE = 100;
    private static final int DEFAULT_PER_PAGE = 30;

    private final CometNode node;

    SearchMethods(CometNode node) {
        this.node = node;
    }

    void addTo(RpcMethods methods) {
        methods.add(
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
        methods.add("tx_search", search, Cacheable.NEVER, this::txSearch);
        methods.add(
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
        ObjectNode json = NodeJson.object();
        json.put("hash", Hashes.upperHex(Hashes.sha256(tx)));
        json.put("height", Long.toString(block.height()));
        json.put("index", index);
        json.set("tx_result", NodeJson.txResult(block.results().get(index)));
        json.put("tx", NodeJson.base64(tx));
        if (prove) {
            json.set("proof", DataHashProof.prove(block.block().getData().getTxsList(), index));
        }
        return json;
    }

    private JsonNode txSearch(RpcParams params) throws RpcException {
        List<TxSearch.Hit> found = search(params.text("query"));
        if (isDescending(params)) {
            Collections.reverse(found);
        }
        ObjectNode json = NodeJson.object();
        ArrayNode txs = json.putArray("txs");
        for (TxSearch.Hit hit : page(found, params)) {
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
            Map<String, List<String>> events = EventIndex.of("NewBlock", block.events());
            events.put("block.height", List.of(Long.toString(block.height())));
            if (query.matches(events)) {
                found.add(block);
            }
        }
        if (!params.text("order_by").equals("asc")) {
            isDescending(params);
            Collections.reverse(found);
        }
        ObjectNode json = NodeJson.object();
        ArrayNode blocks = json.putArray("blocks");
        for (StoredBlock block : page(found, params)) {
            blocks.add(BlockMethods.block(block));
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
}
