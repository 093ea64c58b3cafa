package io.relayminer.testkit.chain.internal.rpc;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import io.relayminer.core.wire.tendermint.types.BlockID;
import io.relayminer.testkit.chain.internal.block.CometHashes;
import io.relayminer.testkit.chain.internal.block.StoredBlock;
import io.relayminer.testkit.chain.internal.node.CometNode;
import io.relayminer.testkit.chain.internal.node.NodeJson;
import io.relayminer.testkit.chain.internal.rpc.RpcMethods.Cacheable;
import io.relayminer.testkit.chain.internal.rpc.RpcParams.Declared;

import org.jspecify.annotations.Nullable;

import java.util.List;

/** Blocks by height and by hash, and what belongs to them: results, commits, validators. */
final class BlockMethods {
    private static final int MAX_BLOCK_METAS = 20;

    private final CometNode node;

    BlockMethods(CometNode node) {
        this.node = node;
    }

    void addTo(RpcMethods methods) {
        List<Declared> atHeight = RpcParams.declare("height", RpcParams.Type.INT64);
        methods.add("block", atHeight, Cacheable.WITH_HEIGHT, params -> block(blockAt(params)));
        methods.add(
                "block_by_hash",
                RpcParams.declare("hash", RpcParams.Type.BASE64),
                Cacheable.ALWAYS,
                params -> block(node.blockByHash(params.bytes("hash"))));
        methods.add("header", atHeight, Cacheable.WITH_HEIGHT, params -> header(blockAt(params)));
        methods.add(
                "header_by_hash",
                RpcParams.declare("hash", RpcParams.Type.HEX),
                Cacheable.ALWAYS,
                params -> header(node.blockByHash(params.bytes("hash"))));
        methods.add("block_results", atHeight, Cacheable.WITH_HEIGHT, this::blockResults);
        methods.add("commit", atHeight, Cacheable.WITH_HEIGHT, this::commit);
        methods.add("consensus_params", atHeight, Cacheable.WITH_HEIGHT, this::consensusParams);
        methods.add(
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
        methods.add(
                "blockchain",
                RpcParams.declare(
                        "minHeight", RpcParams.Type.INT64, "maxHeight", RpcParams.Type.INT64),
                Cacheable.ALWAYS,
                this::blockchain);
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

    static ObjectNode block(@Nullable StoredBlock block) {
        ObjectNode json = NodeJson.object();
        if (block == null) {
            json.set("block_id", NodeJson.blockId(BlockID.getDefaultInstance()));
            json.putNull("block");
        } else {
            json.set("block_id", NodeJson.blockId(block.id()));
            json.set("block", NodeJson.block(block.block()));
        }
        return json;
    }

    private static ObjectNode header(@Nullable StoredBlock block) {
        ObjectNode json = NodeJson.object();
        if (block == null) {
            json.putNull("header");
        } else {
            json.set("header", NodeJson.header(block.block().getHeader()));
        }
        return json;
    }

    private JsonNode blockResults(RpcParams params) throws RpcException {
        long height = heightOf(params);
        StoredBlock block = node.block(height);
        if (block == null) {
            throw RpcException.internal("could not find results for height #" + height);
        }
        return NodeJson.blockResults(block);
    }

    private JsonNode commit(RpcParams params) throws RpcException {
        StoredBlock block = blockAt(params);
        ObjectNode json = NodeJson.object();
        if (block == null) {
            json.putNull("signed_header");
            return json;
        }
        ObjectNode signed = json.putObject("signed_header");
        signed.set("header", NodeJson.header(block.block().getHeader()));
        signed.set("commit", NodeJson.commit(node.commit(block)));
        json.put("canonical", block.height() != node.height());
        return json;
    }

    private JsonNode consensusParams(RpcParams params) throws RpcException {
        ObjectNode json = NodeJson.object();
        json.put("block_height", Long.toString(heightOf(params)));
        json.set("consensus_params", NodeJson.versionedConsensusParams());
        return json;
    }

    private JsonNode validators(RpcParams params) throws RpcException {
        ObjectNode json = NodeJson.object();
        json.put("block_height", Long.toString(heightOf(params)));
        json.putArray("validators")
                .add(NodeJson.validator(node.identity()).put("proposer_priority", "0"));
        json.put("count", "1");
        json.put("total", "1");
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
        ObjectNode json = NodeJson.object();
        json.put("last_height", Long.toString(node.height()));
        ArrayNode metas = json.putArray("block_metas");
        for (long height = max; height >= min; height--) {
            StoredBlock block = node.block(height);
            if (block != null) {
                ObjectNode meta = metas.addObject();
                meta.set("block_id", NodeJson.blockId(block.id()));
                meta.put("block_size", Integer.toString(CometHashes.encodedSize(block.block())));
                meta.set("header", NodeJson.header(block.block().getHeader()));
                meta.put("num_txs", Integer.toString(block.block().getData().getTxsCount()));
            }
        }
        return json;
    }
}
