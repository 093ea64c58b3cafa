package io.relayminer.ring;

import io.relayminer.ring.secp256k1.AffinePoint;
import io.relayminer.ring.secp256k1.CombTable;
import io.relayminer.ring.secp256k1.GeneratorTables;
import io.relayminer.ring.secp256k1.MultiMultiplication;
import io.relayminer.ring.secp256k1.OddMultiples;
import io.relayminer.ring.secp256k1.RecodedScalar;
import io.relayminer.ring.secp256k1.Scalar;
import io.relayminer.ring.secp256k1.SecretMultiplication;

import java.security.SecureRandom;

/** Signs for two members as the incompatible libraries do: short challenges are right-aligned. */
final class ForeignSigner {
    private final Scalar key = new Scalar();
    private final PublicKey publicKey;
    private final AffinePoint image = new AffinePoint();
    private final CombTable hashTable;
    private final ChallengeHash hash = new ChallengeHash();

    ForeignSigner(PrivateKey privateKey) {
        privateKey.copyTo(key);
        publicKey = privateKey.publicKey();
        AffinePoint h = new AffinePoint();
        hash.toCurve(publicKey.encoded(), h);
        hashTable = CombTable.build(h, 6);
        new SecretMultiplication().multiply(hashTable, key, image);
    }

    byte[] sign(byte[] message, PublicKey other, SecureRandom random) {
        Scalar nonce = randomScalar(random);
        Scalar decoy = randomScalar(random);
        AffinePoint left = new AffinePoint();
        AffinePoint right = new AffinePoint();
        Scalar c1 = new Scalar();
        Scalar c0 = new Scalar();
        hash.start(message);
        hash.useRightAlignment();
        SecretMultiplication secret = new SecretMultiplication();
        secret.multiplyGenerator(nonce, left);
        secret.multiply(hashTable, nonce, right);
        hash.challenge(left, right, c1);

        AffinePoint h = new AffinePoint();
        hash.toCurve(other.encoded(), h);
        RecodedScalar s = new RecodedScalar();
        s.set(decoy);
        RecodedScalar c = new RecodedScalar();
        c.set(c1);
        OddMultiples unused = new OddMultiples();
        new MultiMultiplication()
                .commitments(
                        s,
                        c,
                        GeneratorTables.verification(),
                        CombTable.build(other.point(), 4),
                        unused,
                        CombTable.build(h, 4),
                        unused,
                        CombTable.build(image, 4),
                        unused,
                        left,
                        right);
        hash.challenge(left, right, c0);
        Scalar response = new Scalar();
        response.mul(c0, key);
        response.negate(response);
        response.add(response, nonce);

        byte[] out = new byte[199];
        out[3] = 2;
        c0.putBytes(out, 4);
        image.encode(out, 36);
        response.putBytes(out, 69);
        System.arraycopy(publicKey.encoded(), 0, out, 101, 33);
        decoy.putBytes(out, 134);
        System.arraycopy(other.encoded(), 0, out, 166, 33);
        return out;
    }

    private static Scalar randomScalar(SecureRandom random) {
        byte[] bytes = new byte[32];
        Scalar scalar = new Scalar();
        do {
            random.nextBytes(bytes);
        } while (!scalar.setBytes(bytes, 0) || scalar.isZero());
        return scalar;
    }
}
