package io.relayminer.core.miner;

import com.google.protobuf.ByteString;

import io.relayminer.core.session.Difficulty;
import io.relayminer.core.session.ProofPath;
import io.relayminer.core.wire.BasicRules;
import io.relayminer.core.wire.RelayCodec;
import io.relayminer.core.wire.WireException;
import io.relayminer.core.wire.WireLimits;
import io.relayminer.core.wire.proof.MsgSubmitProof;
import io.relayminer.core.wire.service.Relay;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.smst.ClosestProof;
import io.relayminer.smst.CompactClosestProof;
import io.relayminer.smst.LeafNodeSource;
import io.relayminer.smst.MerkleSumRoot;
import io.relayminer.smst.ProofVerdict;
import io.relayminer.smst.SparseMerkleSumTrie;

import org.jspecify.annotations.Nullable;

/**
 * Builds the proof of a claim and checks it as the chain will, before a fee is paid for it: the
 * closest leaf for the asked path under the claimed root, a relay of this session and supplier, and
 * a hash that meets the difficulty.
 */
final class ProofBuilder {

    /** A proof, or why there is none. */
    sealed interface Result {
        /** A proof that holds. */
        record Built(MsgSubmitProof message) implements Result {}

        /** The chain would refuse the proof; another attempt gives the same one. */
        record Unsound(String reason) implements Result {}
    }

    private ProofBuilder() {}

    /**
     * Builds and verifies.
     *
     * @param seedBlockHash 32-byte hash of the seed block
     * @param header header of the claim as the chain stores it
     */
    static Result build(
            String supplier,
            SessionHeader header,
            SessionConstants session,
            SparseMerkleSumTrie trie,
            LeafNodeSource leaves,
            MerkleSumRoot root,
            byte[] seedBlockHash) {
        byte[] path = ProofPath.of(seedBlockHash, header.getSessionId());
        ClosestProof closest = trie.proveClosest(path, leaves);
        CompactClosestProof compact = closest.compact();
        byte[] bytes = compact.encode();
        ProofVerdict verdict = CompactClosestProof.decode(bytes).verifyStrictly(root, path);
        if (!(verdict instanceof ProofVerdict.Valid)) {
            return new Result.Unsound("the proof does not hold under the claimed root: " + verdict);
        }
        String problem = relayProblem(supplier, header, session, compact.relay());
        if (problem != null) {
            return new Result.Unsound(problem);
        }
        return new Result.Built(
                MsgSubmitProof.newBuilder()
                        .setSupplierOperatorAddress(supplier)
                        .setSessionHeader(header)
                        .setProof(ByteString.copyFrom(bytes))
                        .build());
    }

    private static @Nullable String relayProblem(
            String supplier, SessionHeader header, SessionConstants session, byte[] relayBytes) {
        Relay relay;
        try {
            relay = RelayCodec.decodeRelay(relayBytes, WireLimits.RELAY);
            BasicRules.check(relay.getReq());
            BasicRules.check(relay.getRes());
        } catch (WireException e) {
            return "the relay of the closest leaf is malformed: " + e.getMessage();
        }
        if (!relay.getReq().getMeta().getSupplierOperatorAddress().equals(supplier)) {
            return "the relay of the closest leaf names another supplier";
        }
        if (!relay.getReq().getMeta().getSessionHeader().equals(header)
                || !relay.getRes().getMeta().getSessionHeader().equals(header)) {
            return "the relay of the closest leaf belongs to another session";
        }
        if (!Difficulty.isMet(RelayCodec.relayHash(relayBytes), session.target())) {
            return "the relay of the closest leaf does not meet the difficulty";
        }
        return null;
    }
}
