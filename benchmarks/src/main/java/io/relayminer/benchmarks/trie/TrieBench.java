package io.relayminer.benchmarks.trie;

import io.relayminer.smst.ClosestProof;
import io.relayminer.smst.CompactClosestProof;
import io.relayminer.smst.MerkleSumRoot;
import io.relayminer.smst.ProofVerdict;
import io.relayminer.smst.SparseMerkleSumTrie;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.SplittableRandom;

/**
 * A session's trie, with relays of 1,000 bytes. Building starts from relays and their hashes and
 * ends with the root, so it contains the hashing of every relay. The relays of a build share one
 * buffer: the trie keeps digests only, as a miner's does.
 */
@State(Scope.Thread)
public class TrieBench {

    private static final int RELAY_BYTES = 1000;
    private static final int PATHS = 256;

    private final byte[] relay = new byte[RELAY_BYTES];
    private final byte[] hash = new byte[32];
    private final byte[][] paths = new byte[PATHS][32];
    private int turn;

    private final SparseMerkleSumTrie trie10k;
    private final MerkleSumRoot root;
    private final ClosestProof proof;
    private final byte[] proofBytes;
    private final MessageDigest sha256;

    /** Fills the buffers and builds what the proofs are of. */
    public TrieBench() {
        SplittableRandom random = new SplittableRandom(42);
        random.nextBytes(relay);
        random.nextBytes(hash);
        for (byte[] path : paths) {
            random.nextBytes(path);
        }
        SparseMerkleSumTrie.Builder builder = SparseMerkleSumTrie.builder();
        for (int i = 0; i < 10_000; i++) {
            builder.add(numbered(hash.clone(), i), numbered(relay.clone(), i), 1000);
        }
        trie10k = builder.build();
        root = trie10k.root();
        proof = trie10k.proveClosest(paths[0]);
        proofBytes = proof.compact().encode();
        sha256 = sha256();
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static byte[] numbered(byte[] bytes, int i) {
        ByteBuffer.wrap(bytes).putInt(0, i);
        return bytes;
    }

    private MerkleSumRoot build(int leaves) {
        SparseMerkleSumTrie.Builder builder = SparseMerkleSumTrie.digestBuilder(leaves);
        for (int i = 0; i < leaves; i++) {
            builder.add(numbered(hash, i), numbered(relay, i), 1000);
        }
        return builder.build().root();
    }

    /** 1,000 relays to a root. */
    @Benchmark
    public MerkleSumRoot build_1k() {
        return build(1_000);
    }

    /** 10,000 relays to a root. */
    @Benchmark
    public MerkleSumRoot build_10k() {
        return build(10_000);
    }

    /** 100,000 relays to a root. */
    @Benchmark
    public MerkleSumRoot build_100k() {
        return build(100_000);
    }

    /** A million relays to a root. */
    @Benchmark
    public MerkleSumRoot build_1m() {
        return build(1_000_000);
    }

    /** Closest proof out of a built trie of 10,000 leaves, to the bytes of the proof message. */
    @Benchmark
    public byte[] prove_10k() {
        return trie10k.proveClosest(paths[turn++ & PATHS - 1]).compact().encode();
    }

    /** Proof bytes to a verdict: decode, decompact, verify. */
    @Benchmark
    public ProofVerdict verify_proof() {
        return CompactClosestProof.verify(proofBytes, root);
    }

    /** The miner's own check of a proof before it is submitted. */
    @Benchmark
    public ProofVerdict verify_proof_strictly() {
        return proof.verifyStrictly(root, paths[0]);
    }

    /** A proof to the bytes of the proof message. */
    @Benchmark
    public byte[] encode_proof() {
        return proof.compact().encode();
    }

    /** The bytes of a proof message to a proof. */
    @Benchmark
    public CompactClosestProof decode_proof() {
        return CompactClosestProof.decode(proofBytes);
    }

    /** The JDK's SHA-256 over 1,000 bytes. */
    @Benchmark
    public byte[] yardstick_jdk_sha256() {
        return sha256.digest(relay);
    }
}
