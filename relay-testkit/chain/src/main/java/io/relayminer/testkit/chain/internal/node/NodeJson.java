package io.relayminer.testkit.chain.internal.node;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;

import io.relayminer.core.wire.tendermint.types.Block;
import io.relayminer.core.wire.tendermint.types.BlockID;
import io.relayminer.core.wire.tendermint.types.Commit;
import io.relayminer.core.wire.tendermint.types.CommitSig;
import io.relayminer.core.wire.tendermint.types.Header;
import io.relayminer.testkit.chain.internal.block.CometHashes;
import io.relayminer.testkit.chain.internal.block.PocketChain;
import io.relayminer.testkit.chain.internal.block.StoredBlock;
import io.relayminer.testkit.chain.internal.encoding.Clocks;
import io.relayminer.testkit.chain.internal.encoding.Hashes;
import io.relayminer.testkit.chain.internal.execution.AbciEvent;
import io.relayminer.testkit.chain.internal.execution.TxResult;

import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.List;

/**
 * CometBFT's JSON: 64-bit integers are strings, hashes upper-case hexadecimal, other bytes base64,
 * times RFC 3339 in UTC without trailing zeros.
 */
public final class NodeJson {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    private static final DateTimeFormatter SECONDS =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss");

    private NodeJson() {}

    public static ObjectNode object() {
        return NODES.objectNode();
    }

    public static String base64(ByteString bytes) {
        return Base64.getEncoder().encodeToString(bytes.toByteArray());
    }

    public static String time(Timestamp timestamp) {
        Instant instant = CometHashes.instant(timestamp);
        return SECONDS.format(LocalDateTime.ofInstant(instant, ZoneOffset.UTC))
                + Clocks.fraction(instant)
                + "Z";
    }

    public static ObjectNode blockId(BlockID id) {
        ObjectNode json = object();
        json.put("hash", Hashes.upperHex(id.getHash()));
        json.putObject("parts")
                .put("total", Integer.toUnsignedLong(id.getPartSetHeader().getTotal()))
                .put("hash", Hashes.upperHex(id.getPartSetHeader().getHash()));
        return json;
    }

    public static ObjectNode header(Header header) {
        ObjectNode json = object();
        ObjectNode version = json.putObject("version");
        if (header.getVersion().getBlock() != 0) {
            version.put("block", Long.toUnsignedString(header.getVersion().getBlock()));
        }
        if (header.getVersion().getApp() != 0) {
            version.put("app", Long.toUnsignedString(header.getVersion().getApp()));
        }
        json.put("chain_id", header.getChainId());
        json.put("height", Long.toString(header.getHeight()));
        json.put("time", time(header.getTime()));
        json.set("last_block_id", blockId(header.getLastBlockId()));
        json.put("last_commit_hash", Hashes.upperHex(header.getLastCommitHash()));
        json.put("data_hash", Hashes.upperHex(header.getDataHash()));
        json.put("validators_hash", Hashes.upperHex(header.getValidatorsHash()));
        json.put("next_validators_hash", Hashes.upperHex(header.getNextValidatorsHash()));
        json.put("consensus_hash", Hashes.upperHex(header.getConsensusHash()));
        json.put("app_hash", Hashes.upperHex(header.getAppHash()));
        json.put("last_results_hash", Hashes.upperHex(header.getLastResultsHash()));
        json.put("evidence_hash", Hashes.upperHex(header.getEvidenceHash()));
        json.put("proposer_address", Hashes.upperHex(header.getProposerAddress()));
        return json;
    }

    public static ObjectNode block(Block block) {
        ObjectNode json = object();
        json.set("header", header(block.getHeader()));
        ArrayNode txs = json.putObject("data").putArray("txs");
        block.getData().getTxsList().forEach(tx -> txs.add(base64(tx)));
        json.putObject("evidence").putArray("evidence");
        json.set("last_commit", commit(block.getLastCommit()));
        return json;
    }

    public static ObjectNode commit(Commit commit) {
        ObjectNode json = object();
        json.put("height", Long.toString(commit.getHeight()));
        json.put("round", commit.getRound());
        json.set("block_id", blockId(commit.getBlockId()));
        ArrayNode signatures = json.putArray("signatures");
        for (CommitSig signature : commit.getSignaturesList()) {
            signatures
                    .addObject()
                    .put("block_id_flag", signature.getBlockIdFlagValue())
                    .put("validator_address", Hashes.upperHex(signature.getValidatorAddress()))
                    .put("timestamp", time(signature.getTimestamp()))
                    .put("signature", base64(signature.getSignature()));
        }
        return json;
    }

    /** The node's validator, without its priority. */
    public static ObjectNode validator(CometNode.Identity identity) {
        ObjectNode json = object();
        json.put("address", Hashes.upperHex(identity.validatorAddress()));
        json.putObject("pub_key")
                .put("type", "tendermint/PubKeyEd25519")
                .put("value", base64(identity.validatorKey()));
        json.put("voting_power", Long.toString(identity.votingPower()));
        return json;
    }

    public static ArrayNode events(List<AbciEvent> events) {
        ArrayNode json = NODES.arrayNode();
        for (AbciEvent event : events) {
            ObjectNode node = json.addObject().put("type", event.type());
            if (!event.attributes().isEmpty()) {
                ArrayNode attributes = node.putArray("attributes");
                for (AbciEvent.Attribute attribute : event.attributes()) {
                    attributes
                            .addObject()
                            .put("key", attribute.key())
                            .put("value", attribute.value())
                            .put("index", attribute.index());
                }
            }
        }
        return json;
    }

    public static ObjectNode txResult(TxResult result) {
        ObjectNode json = object();
        json.put("code", result.code());
        json.put("data", result.data().isEmpty() ? null : base64(result.data()));
        json.put("log", result.logText());
        json.put("info", "");
        json.put("gas_wanted", Long.toString(result.gasWanted()));
        json.put("gas_used", Long.toString(result.gasUsed()));
        json.set("events", events(result.events()));
        json.put("codespace", result.codespace());
        return json;
    }

    /** A result inside a {@code Tx} event, where zero members are left out. */
    private static ObjectNode sparseTxResult(TxResult result) {
        ObjectNode json = object();
        if (result.code() != 0) {
            json.put("code", result.code());
        }
        if (!result.data().isEmpty()) {
            json.put("data", base64(result.data()));
        }
        if (!result.log().isEmpty()) {
            json.put("log", result.logText());
        }
        if (result.gasWanted() != 0) {
            json.put("gas_wanted", Long.toString(result.gasWanted()));
        }
        if (result.gasUsed() != 0) {
            json.put("gas_used", Long.toString(result.gasUsed()));
        }
        if (!result.events().isEmpty()) {
            json.set("events", events(result.events()));
        }
        if (!result.codespace().isEmpty()) {
            json.put("codespace", result.codespace());
        }
        return json;
    }

    static ObjectNode consensusParamUpdates() {
        ObjectNode json = consensusParams();
        json.putObject("version");
        json.putObject("abci");
        return json;
    }

    /** The parameters as a genesis and the RPC state them: with the members a block leaves out. */
    public static ObjectNode versionedConsensusParams() {
        ObjectNode json = consensusParams();
        json.putObject("version").put("app", "0");
        json.putObject("abci").put("vote_extensions_enable_height", "0");
        return json;
    }

    static ObjectNode consensusParams() {
        ObjectNode json = object();
        json.putObject("block")
                .put("max_bytes", Long.toString(PocketChain.MAX_BLOCK_BYTES))
                .put("max_gas", Long.toString(PocketChain.MAX_BLOCK_GAS));
        json.putObject("evidence")
                .put("max_age_num_blocks", "100000")
                .put("max_age_duration", "172800000000000")
                .put("max_bytes", "1048576");
        json.putObject("validator").putArray("pub_key_types").add("ed25519");
        return json;
    }

    public static ObjectNode blockResults(StoredBlock block) {
        ObjectNode json = object();
        json.put("height", Long.toString(block.height()));
        if (block.results().isEmpty()) {
            json.putNull("txs_results");
        } else {
            ArrayNode results = json.putArray("txs_results");
            block.results().forEach(result -> results.add(txResult(result)));
        }
        json.set(
                "finalize_block_events",
                block.events().isEmpty() ? NODES.nullNode() : events(block.events()));
        json.putNull("validator_updates");
        json.set(
                "consensus_param_updates",
                block.restatesParams() ? consensusParamUpdates() : NODES.nullNode());
        json.put("app_hash", base64(block.appHash()));
        return json;
    }

    /** Data of the event {@code NewBlock}. */
    public static ObjectNode newBlockData(StoredBlock block) {
        ObjectNode value = object();
        value.set("block", block(block.block()));
        value.set("block_id", blockId(block.id()));
        ObjectNode result = value.putObject("result_finalize_block");
        if (!block.events().isEmpty()) {
            result.set("events", events(block.events()));
        }
        if (!block.results().isEmpty()) {
            ArrayNode results = result.putArray("tx_results");
            block.results().forEach(tx -> results.add(txResult(tx)));
        }
        if (block.restatesParams()) {
            result.putArray("validator_updates");
            result.set("consensus_param_updates", consensusParamUpdates());
        } else {
            result.putNull("validator_updates");
        }
        result.put("app_hash", base64(block.appHash()));
        return eventData("NewBlock", value);
    }

    public static ObjectNode newBlockHeaderData(StoredBlock block) {
        ObjectNode value = object();
        value.set("header", header(block.block().getHeader()));
        return eventData("NewBlockHeader", value);
    }

    public static ObjectNode newBlockEventsData(StoredBlock block) {
        ObjectNode value = object();
        value.put("height", Long.toString(block.height()));
        value.set("events", events(block.events()));
        value.put("num_txs", Integer.toString(block.results().size()));
        return eventData("NewBlockEvents", value);
    }

    public static ObjectNode txData(StoredBlock block, int index) {
        ObjectNode value = object();
        ObjectNode result = value.putObject("TxResult");
        result.put("height", Long.toString(block.height()));
        if (index != 0) {
            result.put("index", index);
        }
        result.put("tx", base64(block.block().getData().getTxs(index)));
        result.set("result", sparseTxResult(block.results().get(index)));
        return eventData("Tx", value);
    }

    private static ObjectNode eventData(String type, ObjectNode value) {
        ObjectNode data = object();
        data.put("type", "tendermint/event/" + type);
        data.set("value", value);
        return data;
    }
}
