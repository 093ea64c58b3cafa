package io.relayminer.core.chain;

import com.google.protobuf.ByteString;
import com.google.protobuf.BytesValue;
import com.google.protobuf.Int64Value;
import com.google.protobuf.StringValue;

import io.relayminer.core.wire.tendermint.types.BlockID;
import io.relayminer.core.wire.tendermint.types.Header;
import io.relayminer.core.wire.tendermint.types.PartSetHeader;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.Optional;

/**
 * The hash of a block header: the root of a Merkle tree over its fourteen fields. It is the block
 * id, so a client that has the header need not ask for it.
 *
 * <p>The tree is that of RFC 6962: leaves and inner nodes are told apart by a first byte, and the
 * left part of a split has the largest power of two smaller than the number of leaves.
 */
final class HeaderHash {

    private HeaderHash() {}

    /** The hash, 32 bytes; empty for a header without validators hash, which has none. */
    static Optional<ByteString> of(Header header) {
        return header.getValidatorsHash().isEmpty()
                ? Optional.empty()
                : Optional.of(merkleRoot(leaves(header)));
    }

    /** The fields as they are hashed, in order. An empty value is no bytes. */
    static List<ByteString> leaves(Header header) {
        BlockID last = header.getLastBlockId();
        if (!last.hasPartSetHeader()) {
            last = last.toBuilder().setPartSetHeader(PartSetHeader.getDefaultInstance()).build();
        }
        return List.of(
                header.getVersion().toByteString(),
                StringValue.of(header.getChainId()).toByteString(),
                Int64Value.of(header.getHeight()).toByteString(),
                header.getTime().toByteString(),
                last.toByteString(),
                bytes(header.getLastCommitHash()),
                bytes(header.getDataHash()),
                bytes(header.getValidatorsHash()),
                bytes(header.getNextValidatorsHash()),
                bytes(header.getConsensusHash()),
                bytes(header.getAppHash()),
                bytes(header.getLastResultsHash()),
                bytes(header.getEvidenceHash()),
                bytes(header.getProposerAddress()));
    }

    private static ByteString bytes(ByteString value) {
        return BytesValue.of(value).toByteString();
    }

    static ByteString merkleRoot(List<ByteString> leaves) {
        MessageDigest digest = sha256();
        if (leaves.isEmpty()) {
            return ByteString.copyFrom(digest.digest());
        }
        return ByteString.copyFrom(node(leaves, digest));
    }

    private static byte[] node(List<ByteString> leaves, MessageDigest digest) {
        int count = leaves.size();
        if (count == 1) {
            digest.update((byte) 0);
            digest.update(leaves.get(0).asReadOnlyByteBuffer());
            return digest.digest();
        }
        int split = Integer.highestOneBit(count - 1);
        byte[] left = node(leaves.subList(0, split), digest);
        byte[] right = node(leaves.subList(split, count), digest);
        digest.update((byte) 1);
        digest.update(left);
        digest.update(right);
        return digest.digest();
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this Java runtime has no SHA-256", e);
        }
    }
}
