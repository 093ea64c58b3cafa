package io.relayminer.benchmarks.ring;

import io.relayminer.ring.PrivateKey;
import io.relayminer.ring.PublicKey;
import io.relayminer.ring.Ring;
import io.relayminer.ring.RingSignature;
import io.relayminer.ring.RingSigner;
import io.relayminer.ring.RingVerdict;
import io.relayminer.ring.RingVerifier;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Ring signatures of several sizes. <em>Warm</em>: keys and image recur and have their tables, as
 * after the first relays of a gateway. <em>Cold</em>: the verifier remembers nothing, so every key
 * is hashed to the curve and every image decoded again; the ring itself is at hand. <em>Cold
 * keys</em>: the members' keys are decoded as well.
 */
@State(Scope.Thread)
public class RingBench {
    private static final int INPUTS = 64;

    private final byte[][] messages = new byte[INPUTS][32];
    private final List<PrivateKey> keys = new ArrayList<>();
    private final RingVerifier warm = RingVerifier.builder().tableExecutor(Runnable::run).build();
    private final RingVerifier cold =
            RingVerifier.builder().tableMemory(0).tableExecutor(Runnable::run).build();
    private final SecureRandom random = new SecureRandom();
    private final Rings n2;
    private final Rings n3;
    private final Rings n5;
    private final Rings n16;
    private final RingSigner signer;
    private int next;

    /** A ring and signatures for it. */
    private static final class Rings {
        final Ring ring;
        final byte[][] signatures = new byte[INPUTS][];

        Rings(Ring ring) {
            this.ring = ring;
        }
    }

    public RingBench() {
        SplittableRandom seeded = new SplittableRandom(2);
        for (byte[] message : messages) {
            seeded.nextBytes(message);
        }
        byte[] bytes = new byte[32];
        for (int i = 0; i < 16; i++) {
            seeded.nextBytes(bytes);
            bytes[0] = 1;
            keys.add(PrivateKey.of(bytes));
        }
        signer = new RingSigner(keys.getFirst(), random);
        n2 = rings(2);
        n3 = rings(3);
        n5 = rings(5);
        n16 = rings(16);
    }

    private Rings rings(int size) {
        Rings rings =
                new Rings(
                        Ring.of(
                                keys.subList(0, size).stream()
                                        .map(PrivateKey::publicKey)
                                        .toList()));
        for (int i = 0; i < INPUTS; i++) {
            rings.signatures[i] = signer.sign(messages[i], rings.ring).encoded();
        }
        return rings;
    }

    /** Lets every key of every ring reach its largest table. */
    @Setup
    public void warmUp() {
        for (Rings rings : List.of(n2, n3, n5, n16)) {
            for (int i = 0; i < 200; i++) {
                verify(warm, rings);
            }
        }
    }

    @TearDown
    public void close() {
        warm.close();
        cold.close();
        signer.close();
    }

    private int next() {
        next = (next + 1) & (INPUTS - 1);
        return next;
    }

    private RingVerdict verify(RingVerifier verifier, Rings rings) {
        int i = next();
        RingVerdict verdict = verifier.verify(messages[i], rings.signatures[i], rings.ring);
        if (!verdict.accepted()) {
            throw new IllegalStateException(verdict.toString());
        }
        return verdict;
    }

    @Benchmark
    public RingVerdict verify_n2_warm() {
        return verify(warm, n2);
    }

    @Benchmark
    public RingVerdict verify_n3_warm() {
        return verify(warm, n3);
    }

    @Benchmark
    public RingVerdict verify_n5_warm() {
        return verify(warm, n5);
    }

    @Benchmark
    public RingVerdict verify_n16_warm() {
        return verify(warm, n16);
    }

    @Benchmark
    public RingVerdict verify_n2_cold() {
        return verify(cold, n2);
    }

    @Benchmark
    public RingVerdict verify_n3_cold() {
        return verify(cold, n3);
    }

    @Benchmark
    public RingVerdict verify_n5_cold() {
        return verify(cold, n5);
    }

    @Benchmark
    public RingVerdict verify_n16_cold() {
        return verify(cold, n16);
    }

    @Benchmark
    public RingVerdict verify_n2_cold_keys() {
        int i = next();
        byte[] signature = n2.signatures[i];
        RingSignature decoded = RingSignature.decode(signature, 2);
        Ring ring =
                Ring.of(
                        List.of(
                                PublicKey.of(decoded.memberKey(0)),
                                PublicKey.of(decoded.memberKey(1))));
        return cold.verify(messages[i], signature, ring);
    }

    @Benchmark
    public RingSignature sign_n2() {
        return signer.sign(messages[next()], n2.ring);
    }

    @Benchmark
    public RingSignature sign_n5() {
        return signer.sign(messages[next()], n5.ring);
    }

    /** Includes the hash of the key to the curve: signing for a fresh key. */
    @Benchmark
    public byte[] key_image() {
        try (RingSigner fresh = new RingSigner(keys.get(1), random)) {
            return fresh.keyImage();
        }
    }
}
