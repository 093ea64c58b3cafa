package io.relayminer.testkit.chain.internal.rpc;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;

import io.relayminer.testkit.chain.internal.block.CometHashes;
import io.relayminer.testkit.chain.internal.encoding.Hashes;
import io.relayminer.testkit.chain.internal.node.NodeJson;

import java.util.ArrayList;
import java.util.List;

/** Proofs that a transaction is part of a block's data hash. */
final class DataHashProof {
    private DataHashProof() {}

    static ObjectNode prove(List<ByteString> txs, int index) {
        List<ByteString> hashes = txs.stream().map(Hashes::sha256).toList();
        ObjectNode json = NodeJson.object();
        json.put("root_hash", Hashes.upperHex(CometHashes.merkleRoot(hashes)));
        json.put("data", NodeJson.base64(txs.get(index)));
        ObjectNode proof = json.putObject("proof");
        proof.put("total", Integer.toString(txs.size()));
        proof.put("index", Integer.toString(index));
        proof.put("leaf_hash", NodeJson.base64(CometHashes.merkleRoot(List.of(hashes.get(index)))));
        ArrayNode aunts = proof.putArray("aunts");
        for (ByteString aunt : aunts(hashes, index)) {
            aunts.add(NodeJson.base64(aunt));
        }
        return json;
    }

    /** The siblings on the way from a leaf to the root, lowest first. */
    private static List<ByteString> aunts(List<ByteString> leaves, int index) {
        if (leaves.size() <= 1) {
            return new ArrayList<>();
        }
        int split = Integer.highestOneBit(leaves.size() - 1);
        List<ByteString> left = leaves.subList(0, split);
        List<ByteString> right = leaves.subList(split, leaves.size());
        List<ByteString> aunts = index < split ? aunts(left, index) : aunts(right, index - split);
        aunts.add(CometHashes.merkleRoot(index < split ? right : left));
        return aunts;
    }
}
