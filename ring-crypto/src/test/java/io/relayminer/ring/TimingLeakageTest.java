package io.relayminer.ring;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/**
 * A statistical test for timing leaks in the manner of dudect: an operation is timed with a fixed
 * special secret and with random ones, in random order, and Welch's t statistic compares the two
 * populations. A dependence of the time on the secret drives |t| up with the number of
 * measurements; without one it stays near zero.
 *
 * <p>Part of the benchmark profile, as its result means something on a quiet machine only: {@code
 * mvn -pl ring-crypto -am test -Dtest=TimingLeakageTest -Dring.leakage=20000}, where the number is
 * the measurements per population.
 */
@EnabledIfSystemProperty(named = "ring.leakage", matches = "[0-9]+")
class TimingLeakageTest {
    /** The customary threshold of the method. */
    private static final double THRESHOLD = 10;

    private static final int MEASUREMENTS = Integer.getInteger("ring.leakage", 0);
    private static final byte[] MESSAGE = new byte[32];

    private final SplittableRandom random = new SplittableRandom(4);

    /** The all-but-zero key: one bit set, every window and digit of it extreme. */
    private static byte[] special() {
        byte[] key = new byte[32];
        key[31] = 1;
        return key;
    }

    private byte[] uniform() {
        byte[] key = new byte[32];
        random.nextBytes(key);
        key[0] &= 0x7f;
        key[31] |= 1;
        return key;
    }

    @Test
    void keyDerivation() {
        // Parsing rejects and copies alike for every key; the multiplication is what takes the
        // time.
        byte[][] keys = new byte[2][];
        check(
                "key derivation",
                population -> keys[population] = population == 0 ? special() : uniform(),
                population -> PrivateKey.of(keys[population]).close());
    }

    @Test
    void ecdsaSigning() {
        PrivateKey[] keys = {PrivateKey.of(special()), PrivateKey.of(special())};
        check(
                "ECDSA signing",
                population -> {
                    // The special key's object is made anew as well, so that both are equally
                    // young.
                    keys[population].close();
                    keys[population] = PrivateKey.of(population == 0 ? special() : uniform());
                },
                population -> keys[population].sign(MESSAGE));
    }

    /**
     * The signer's key and its nonce are secret: an extreme pair against random ones. The message
     * is random in both populations, so that the challenge and with it the time of the decoy's
     * arithmetic, which is public, has the same distribution.
     */
    @Test
    void ringSigning() {
        PublicKey decoy = PrivateKey.of(uniform()).publicKey();
        byte[] message = new byte[32];
        NonceSource[] nonces = {new NonceSource(), new NonceSource()};
        RingSigner[] signers = new RingSigner[2];
        Ring[] rings = new Ring[2];
        check(
                "ring signing",
                population -> {
                    random.nextBytes(message);
                    nonces[population].next = population == 0 ? special() : uniform();
                    if (signers[population] != null) {
                        signers[population].close();
                    }
                    try (PrivateKey key = PrivateKey.of(population == 0 ? special() : uniform())) {
                        signers[population] = new RingSigner(key, nonces[population]);
                        rings[population] = Ring.of(List.of(key.publicKey(), decoy));
                    }
                },
                population -> signers[population].sign(message, rings[population]));
    }

    /** Yields a chosen nonce first, then random responses for the decoys. */
    private static final class NonceSource implements RandomGenerator {
        private final SplittableRandom random = new SplittableRandom(5);
        private byte @Nullable [] next;

        @Override
        public long nextLong() {
            return random.nextLong();
        }

        @Override
        public void nextBytes(byte[] bytes) {
            random.nextBytes(bytes);
            if (next != null) {
                System.arraycopy(next, 0, bytes, 0, bytes.length);
                next = null;
            }
        }
    }

    private void check(String what, Consumer<Integer> prepare, Consumer<Integer> operation) {
        for (int i = 0; i < 20_000; i++) {
            prepare.accept(i & 1);
            operation.accept(i & 1);
        }
        long[][] times = new long[2][MEASUREMENTS];
        int[] counts = new int[2];
        while (counts[0] < MEASUREMENTS || counts[1] < MEASUREMENTS) {
            int population = random.nextInt(2);
            prepare.accept(population);
            long start = System.nanoTime();
            operation.accept(population);
            long time = System.nanoTime() - start;
            if (counts[population] < MEASUREMENTS) {
                times[population][counts[population]++] = time;
            }
        }
        double t = welch(crop(times, 0), crop(times, 1));
        System.out.printf("leakage of %s: |t| = %.2f%n", what, Math.abs(t));
        assertTrue(Math.abs(t) < THRESHOLD, what + " depends on the key: t = " + t);
    }

    /**
     * Drops what interrupts and collections lengthened: the slowest tenth, by a limit common to
     * both populations.
     */
    private static double[] crop(long[][] times, int population) {
        long[] all = new long[2 * MEASUREMENTS];
        System.arraycopy(times[0], 0, all, 0, MEASUREMENTS);
        System.arraycopy(times[1], 0, all, MEASUREMENTS, MEASUREMENTS);
        Arrays.sort(all);
        long limit = all[all.length * 9 / 10];
        return Arrays.stream(times[population]).filter(x -> x <= limit).asDoubleStream().toArray();
    }

    private static double welch(double[] a, double[] b) {
        double meanA = Arrays.stream(a).average().orElseThrow();
        double meanB = Arrays.stream(b).average().orElseThrow();
        double varianceA =
                Arrays.stream(a).map(x -> (x - meanA) * (x - meanA)).sum() / (a.length - 1);
        double varianceB =
                Arrays.stream(b).map(x -> (x - meanB) * (x - meanB)).sum() / (b.length - 1);
        return (meanA - meanB) / Math.sqrt(varianceA / a.length + varianceB / b.length);
    }
}
