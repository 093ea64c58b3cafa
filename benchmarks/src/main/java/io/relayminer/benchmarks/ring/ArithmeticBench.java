package io.relayminer.benchmarks.ring;

import io.relayminer.ring.PrivateKey;
import io.relayminer.ring.PublicKey;
import io.relayminer.ring.secp256k1.AffinePoint;
import io.relayminer.ring.secp256k1.CombTable;
import io.relayminer.ring.secp256k1.FieldElement;
import io.relayminer.ring.secp256k1.FieldInversion;
import io.relayminer.ring.secp256k1.GeneratorTables;
import io.relayminer.ring.secp256k1.MultiMultiplication;
import io.relayminer.ring.secp256k1.OddMultiples;
import io.relayminer.ring.secp256k1.OddMultiplesBuilder;
import io.relayminer.ring.secp256k1.RecodedScalar;
import io.relayminer.ring.secp256k1.Scalar;
import io.relayminer.ring.secp256k1.SecretMultiplication;

import org.bouncycastle.crypto.ec.CustomNamedCurves;
import org.bouncycastle.math.ec.ECPoint;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

import java.math.BigInteger;
import java.util.SplittableRandom;

/** Field, scalar multiplication and ECDSA, and the yardstick of the suite. */
@State(Scope.Thread)
public class ArithmeticBench {
    private static final int INPUTS = 64;

    private final FieldElement a = new FieldElement();
    private final FieldElement b = new FieldElement();
    private final FieldInversion inversion = new FieldInversion();
    private final Scalar[] scalars = new Scalar[INPUTS];
    private final BigInteger[] integers = new BigInteger[INPUTS];
    private final byte[][] messages = new byte[INPUTS][32];
    private final byte[][] signatures = new byte[INPUTS][];
    private final byte[][] keys = new byte[INPUTS][];
    private final PublicKey[] publicKeys = new PublicKey[INPUTS];
    private final SecretMultiplication secret = new SecretMultiplication();
    private final MultiMultiplication multiplication = new MultiMultiplication();
    private final RecodedScalar recoded = new RecodedScalar();
    private final RecodedScalar zero = new RecodedScalar();
    private final OddMultiples multiples = new OddMultiples();
    private final OddMultiplesBuilder builder = new OddMultiplesBuilder();
    private final AffinePoint point = new AffinePoint();
    private final AffinePoint out = new AffinePoint();
    private CombTable comb = GeneratorTables.verification();
    private ECPoint yardstickPoint = CustomNamedCurves.getByName("secp256k1").getG();
    private PrivateKey key = PrivateKey.of(one());
    private int next;

    private static byte[] one() {
        byte[] one = new byte[32];
        one[31] = 1;
        return one;
    }

    @Setup
    public void setUp() {
        SplittableRandom random = new SplittableRandom(1);
        byte[] bytes = new byte[32];
        for (int i = 0; i < INPUTS; i++) {
            random.nextBytes(bytes);
            scalars[i] = new Scalar();
            scalars[i].setBytes(bytes, 0);
            integers[i] = new BigInteger(1, bytes);
            random.nextBytes(messages[i]);
        }
        bytes[0] = 1;
        key = PrivateKey.of(bytes);
        for (int i = 0; i < INPUTS; i++) {
            signatures[i] = key.sign(messages[i]);
            bytes[1] = (byte) i;
            publicKeys[i] = PrivateKey.of(bytes).publicKey();
            keys[i] = publicKeys[i].encoded();
        }
        a.setBytes(bytes, 0);
        b.setBytes(messages[0], 0);
        zero.set(new Scalar());
        point.decode(key.publicKey().encoded(), 0);
        comb = CombTable.build(point, 10);
        yardstickPoint = yardstickPoint.multiply(integers[0]).normalize();
    }

    private int next() {
        next = (next + 1) & (INPUTS - 1);
        return next;
    }

    @Benchmark
    public ECPoint yardstick_bc_multiply() {
        return yardstickPoint.multiply(integers[next()]).normalize();
    }

    @Benchmark
    public FieldElement field_mul() {
        a.mul(a, b);
        return a;
    }

    @Benchmark
    public FieldElement field_sqr() {
        a.square(a);
        return a;
    }

    @Benchmark
    public FieldElement field_inv() {
        a.add(b);
        inversion.invertVartime(a, a);
        return a;
    }

    @Benchmark
    public FieldElement field_inv_constant_time() {
        a.add(b);
        inversion.invert(a, a);
        return a;
    }

    /** A point seen for the first time. */
    @Benchmark
    public AffinePoint scalar_mult_cold() {
        recoded.set(scalars[next()]);
        builder.add(point, multiples);
        builder.build();
        multiplication.combination(
                zero, GeneratorTables.verification(), recoded, null, multiples, out);
        return out;
    }

    /** A point with a ten-tooth comb. */
    @Benchmark
    public AffinePoint scalar_mult_comb() {
        recoded.set(scalars[next()]);
        multiplication.combination(
                zero, GeneratorTables.verification(), recoded, comb, multiples, out);
        return out;
    }

    @Benchmark
    public AffinePoint base_mult_constant_time() {
        secret.multiplyGenerator(scalars[next()], out);
        return out;
    }

    @Benchmark
    public byte[] ecdsa_sign() {
        return key.sign(messages[next()]);
    }

    @Benchmark
    public boolean ecdsa_verify() {
        int i = next();
        return key.publicKey().verify(messages[i], signatures[i]);
    }

    @Benchmark
    public PublicKey public_key_decode() {
        return PublicKey.of(keys[next()]);
    }

    /** Over many keys, as the number of rounds differs from key to key. */
    @Benchmark
    public byte[] hash_to_curve() {
        return publicKeys[next()].hashToCurve();
    }
}
