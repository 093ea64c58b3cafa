package io.relayminer.testkit.chain.internal.rpc;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;

import io.relayminer.testkit.chain.internal.block.Mempool;
import io.relayminer.testkit.chain.internal.block.StoredBlock;
import io.relayminer.testkit.chain.internal.encoding.Hashes;
import io.relayminer.testkit.chain.internal.execution.TxResult;
import io.relayminer.testkit.chain.internal.node.CometNode;
import io.relayminer.testkit.chain.internal.node.NodeJson;
import io.relayminer.testkit.chain.internal.rpc.RpcMethods.Cacheable;
import io.relayminer.testkit.chain.internal.rpc.RpcParams.Declared;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;

/** Transactions on their way into a block: broadcast, checked, waiting. */
final class MempoolMethods {
    private static final int DEFAULT_SHOWN = 30;
    private static final int MAX_SHOWN = 100;

    private final CometNode node;

    MempoolMethods(CometNode node) {
        this.node = node;
    }

    void addTo(RpcMethods methods) {
        List<Declared> none = List.of();
        List<Declared> tx = RpcParams.declare("tx", RpcParams.Type.BASE64);
        methods.add(
                "broadcast_tx_sync",
                tx,
                Cacheable.NEVER,
                params -> broadcast(params.bytes("tx"), true));
        methods.add(
                "broadcast_tx_async",
                tx,
                Cacheable.NEVER,
                params -> broadcast(params.bytes("tx"), false));
        methods.addWaiting(
                "broadcast_tx_commit", tx, params -> broadcastAndWait(params.bytes("tx")));
        methods.add(
                "check_tx",
                tx,
                Cacheable.NEVER,
                params -> NodeJson.txResult(node.check(params.bytes("tx"))));
        methods.add("num_unconfirmed_txs", none, Cacheable.NEVER, params -> unconfirmed(null));
        methods.add(
                "unconfirmed_txs",
                RpcParams.declare("limit", RpcParams.Type.INT64),
                Cacheable.NEVER,
                params -> unconfirmed(params.integer("limit", DEFAULT_SHOWN)));
    }

    private JsonNode broadcast(ByteString tx, boolean wait) throws RpcException {
        ObjectNode json = NodeJson.object();
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
        ObjectNode json = NodeJson.object();
        json.set("check_tx", NodeJson.txResult(submission.check()));
        if (!submission.check().ok()) {
            json.set("tx_result", NodeJson.txResult(TxResult.NONE));
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
                                    NodeJson.txResult(block.results().get(location.index())));
                            json.put("hash", Hashes.upperHex(Hashes.sha256(tx)));
                            json.put("height", Long.toString(location.height()));
                            return json;
                        });
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
                                        limit < 1 ? DEFAULT_SHOWN : Math.min(limit, MAX_SHOWN));
        ObjectNode json = NodeJson.object();
        json.put("n_txs", Integer.toString(waiting.size()));
        json.put("total", Integer.toString(waiting.size()));
        json.put("total_bytes", Long.toString(bytes));
        if (limit == null) {
            json.putNull("txs");
        } else {
            ArrayNode txs = json.putArray("txs");
            waiting.subList(0, shown).forEach(tx -> txs.add(NodeJson.base64(tx)));
        }
        return json;
    }
}
