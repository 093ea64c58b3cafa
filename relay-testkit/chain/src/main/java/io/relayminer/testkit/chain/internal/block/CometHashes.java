package io.relayminer.testkit.chain.internal.block;

import com.google.protobuf.ByteString;
import com.google.protobuf.BytesValue;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.Int64Value;
import com.google.protobuf.StringValue;
import com.google.protobuf.Timestamp;

import io.relayminer.core.wire.tendermint.types.Block;
import io.relayminer.core.wire.tendermint.types.BlockID;
import io.relayminer.core.wire.tendermint.types.Commit;
import io.relayminer.core.wire.tendermint.types.CommitSig;
import io.relayminer.core.wire.tendermint.types.Header;
import io.relayminer.core.wire.tendermint.types.PartSetHeader;
import io.relayminer.testkit.chain.internal.encoding.Hashes;
import io.relayminer.testkit.chain.internal.execution.TxResult;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * The hashes that tie blocks together: a binary Merkle tree with SHA-256 over prefixed leaves (00)
 * and inner nodes (01), split at the largest power of two below the number of leaves.
 */
public final class CometHashes {
    private static final int PART_BYTES = 65_536;

    private CometHashes() {}

    /** Root of the tree over {@code leaves}; the hash of nothing when there are none. 32 bytes. */
    public static ByteString merkleRoot(List<ByteString> leaves) {
        if (leaves.isEmpty()) {
            return Hashes.sha256(ByteString.EMPTY);
        }
        if (leaves.size() == 1) {
            return ByteString.copyFrom(Hashes.sha256(new byte[] {0}, leaves.get(0).toByteArray()));
        }
        int split = Integer.highestOneBit(leaves.size() - 1);
        return ByteString.copyFrom(
                Hashes.sha256(
                        new byte[] {1},
                        merkleRoot(leaves.subList(0, split)).toByteArray(),
                        merkleRoot(leaves.subList(split, leaves.size())).toByteArray()));
    }

    /**
     * The encoded fields of a header in the order in which they are hashed; zero values are empty.
     */
    public static List<ByteString> headerLeaves(Header header) {
        List<ByteString> leaves = new ArrayList<>();
        leaves.add(header.getVersion().toByteString());
        leaves.add(StringValue.of(header.getChainId()).toByteString());
        leaves.add(Int64Value.of(header.getHeight()).toByteString());
        leaves.add(header.getTime().toByteString());
        leaves.add(blockIdWithParts(header.getLastBlockId()).toByteString());
        for (ByteString hash :
                List.of(
                        header.getLastCommitHash(),
                        header.getDataHash(),
                        header.getValidatorsHash(),
                        header.getNextValidatorsHash(),
                        header.getConsensusHash(),
                        header.getAppHash(),
                        header.getLastResultsHash(),
                        header.getEvidenceHash(),
                        header.getProposerAddress())) {
            leaves.add(BytesValue.of(hash).toByteString());
        }
        return leaves;
    }

    /** Hash of a header, 32 bytes; empty for one without validators hash. */
    public static ByteString headerHash(Header header) {
        return header.getValidatorsHash().isEmpty()
                ? ByteString.EMPTY
                : merkleRoot(headerLeaves(header));
    }

    private static BlockID blockIdWithParts(BlockID id) {
        return id.hasPartSetHeader()
                ? id
                : id.toBuilder().setPartSetHeader(PartSetHeader.getDefaultInstance()).build();
    }

    /** Hash of a block's transactions: the tree over their hashes. */
    public static ByteString dataHash(List<ByteString> txs) {
        return merkleRoot(txs.stream().map(Hashes::sha256).toList());
    }

    /** Hash of the results of a block's transactions. */
    static ByteString resultsHash(List<TxResult> results) {
        return merkleRoot(results.stream().map(CometHashes::hashedForm).toList());
    }

    public static ByteString commitHash(Commit commit) {
        return merkleRoot(
                commit.getSignaturesList().stream().map(CommitSig::toByteString).toList());
    }

    /** Hash of a validator set of one. */
    public static ByteString validatorsHash(ByteString ed25519PublicKey, long power) {
        return merkleRoot(
                List.of(
                        encode(
                                out -> {
                                    out.writeByteArray(
                                            1,
                                            encode(key -> key.writeBytes(1, ed25519PublicKey))
                                                    .toByteArray());
                                    out.writeInt64(2, power);
                                })));
    }

    /** Hash of the consensus parameters that headers commit to. */
    public static ByteString consensusHash(long maxBytes, long maxGas) {
        return Hashes.sha256(
                encode(
                        out -> {
                            out.writeInt64(1, maxBytes);
                            out.writeInt64(2, maxGas);
                        }));
    }

    /** Id of a block: its header's hash and the root over its 64 KiB parts. */
    public static BlockID blockId(Block block) {
        ByteString encoded = encodeBlock(block);
        List<ByteString> parts = new ArrayList<>();
        for (int from = 0; from < encoded.size(); from += PART_BYTES) {
            parts.add(encoded.substring(from, Math.min(encoded.size(), from + PART_BYTES)));
        }
        return BlockID.newBuilder()
                .setHash(headerHash(block.getHeader()))
                .setPartSetHeader(
                        PartSetHeader.newBuilder()
                                .setTotal(parts.size())
                                .setHash(merkleRoot(parts)))
                .build();
    }

    /**
     * The encoding of a block that is cut into parts; sub-messages that hold values are always
     * written.
     */
    private static ByteString encodeBlock(Block block) {
        Header header = block.getHeader();
        Block.Builder complete =
                block.toBuilder()
                        .setHeader(
                                header.toBuilder()
                                        .setLastBlockId(blockIdWithParts(header.getLastBlockId())))
                        .setData(block.getData())
                        .setEvidence(block.getEvidence());
        if (block.hasLastCommit()) {
            complete.setLastCommit(
                    block.getLastCommit().toBuilder()
                            .setBlockId(blockIdWithParts(block.getLastCommit().getBlockId())));
        }
        return complete.build().toByteString();
    }

    /** Length of a block's encoding in bytes. */
    public static int encodedSize(Block block) {
        return encodeBlock(block).size();
    }

    /** The bytes a validator signs to commit to a block. */
    public static byte[] voteSignBytes(String chainId, Commit commit, Timestamp time) {
        BlockID id = commit.getBlockId();
        ByteString vote =
                encode(
                        out -> {
                            out.writeEnum(1, 2);
                            out.writeSFixed64(2, commit.getHeight());
                            if (commit.getRound() != 0) {
                                out.writeSFixed64(3, commit.getRound());
                            }
                            out.writeByteArray(
                                    4,
                                    encode(
                                                    idOut -> {
                                                        idOut.writeBytes(1, id.getHash());
                                                        idOut.writeMessage(
                                                                2, id.getPartSetHeader());
                                                    })
                                            .toByteArray());
                            out.writeMessage(5, time);
                            out.writeString(6, chainId);
                        });
        return encode(out -> out.writeByteArrayNoTag(vote.toByteArray())).toByteArray();
    }

    public static Timestamp timestamp(Instant time) {
        return Timestamp.newBuilder()
                .setSeconds(time.getEpochSecond())
                .setNanos(time.getNano())
                .build();
    }

    public static Instant instant(Timestamp time) {
        return Instant.ofEpochSecond(time.getSeconds(), time.getNanos());
    }

    @FunctionalInterface
    interface Encoder {
        void writeTo(CodedOutputStream out) throws IOException;
    }

    static ByteString encode(Encoder encoder) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        try {
            encoder.writeTo(out);
            out.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return ByteString.copyFrom(bytes.toByteArray());
    }

    /** The part of a result that the next header commits to. */
    private static ByteString hashedForm(TxResult result) {
        return encode(
                out -> {
                    if (result.code() != 0) {
                        out.writeUInt32(1, result.code());
                    }
                    if (!result.data().isEmpty()) {
                        out.writeBytes(2, result.data());
                    }
                    if (result.gasWanted() != 0) {
                        out.writeInt64(5, result.gasWanted());
                    }
                    if (result.gasUsed() != 0) {
                        out.writeInt64(6, result.gasUsed());
                    }
                });
    }
}
