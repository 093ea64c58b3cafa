package io.relayminer.testkit.chain;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;

import io.relayminer.core.wire.tendermint.types.BlockID;
import io.relayminer.core.wire.tendermint.types.Commit;
import io.relayminer.core.wire.tendermint.types.CommitSig;
import io.relayminer.core.wire.tendermint.types.Header;
import io.relayminer.core.wire.tendermint.types.PartSetHeader;
import io.relayminer.core.wire.tendermint.version.Consensus;
import io.relayminer.testkit.chain.internal.block.CometHashes;

import java.time.Instant;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Locale;

/** Reads CometBFT's JSON back into messages. */
final class CometVectors {
    private CometVectors() {}

    static ByteString hex(JsonNode text) {
        return ByteString.copyFrom(HexFormat.of().parseHex(text.asText().toLowerCase(Locale.ROOT)));
    }

    static ByteString base64(JsonNode text) {
        return text.isNull()
                ? ByteString.EMPTY
                : ByteString.copyFrom(Base64.getDecoder().decode(text.asText()));
    }

    static Timestamp time(JsonNode text) {
        return CometHashes.timestamp(Instant.parse(text.asText()));
    }

    static BlockID blockId(JsonNode json) {
        return BlockID.newBuilder()
                .setHash(hex(json.get("hash")))
                .setPartSetHeader(
                        PartSetHeader.newBuilder()
                                .setTotal(json.at("/parts/total").asInt())
                                .setHash(hex(json.at("/parts/hash"))))
                .build();
    }

    static Header header(JsonNode json) {
        return Header.newBuilder()
                .setVersion(
                        Consensus.newBuilder()
                                .setBlock(json.at("/version/block").asLong())
                                .setApp(json.at("/version/app").asLong()))
                .setChainId(json.get("chain_id").asText())
                .setHeight(Long.parseLong(json.get("height").asText()))
                .setTime(time(json.get("time")))
                .setLastBlockId(blockId(json.get("last_block_id")))
                .setLastCommitHash(hex(json.get("last_commit_hash")))
                .setDataHash(hex(json.get("data_hash")))
                .setValidatorsHash(hex(json.get("validators_hash")))
                .setNextValidatorsHash(hex(json.get("next_validators_hash")))
                .setConsensusHash(hex(json.get("consensus_hash")))
                .setAppHash(hex(json.get("app_hash")))
                .setLastResultsHash(hex(json.get("last_results_hash")))
                .setEvidenceHash(hex(json.get("evidence_hash")))
                .setProposerAddress(hex(json.get("proposer_address")))
                .build();
    }

    static Commit commit(JsonNode json) {
        Commit.Builder commit =
                Commit.newBuilder()
                        .setHeight(Long.parseLong(json.get("height").asText()))
                        .setRound(json.get("round").asInt())
                        .setBlockId(blockId(json.get("block_id")));
        for (JsonNode signature : json.get("signatures")) {
            commit.addSignatures(
                    CommitSig.newBuilder()
                            .setBlockIdFlagValue(signature.get("block_id_flag").asInt())
                            .setValidatorAddress(hex(signature.get("validator_address")))
                            .setTimestamp(time(signature.get("timestamp")))
                            .setSignature(base64(signature.get("signature"))));
        }
        return commit.build();
    }
}
