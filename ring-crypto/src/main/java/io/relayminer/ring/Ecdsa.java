package io.relayminer.ring;

import io.relayminer.ring.secp256k1.AffinePoint;
import io.relayminer.ring.secp256k1.GeneratorTables;
import io.relayminer.ring.secp256k1.MultiMultiplication;
import io.relayminer.ring.secp256k1.OddMultiples;
import io.relayminer.ring.secp256k1.OddMultiplesBuilder;
import io.relayminer.ring.secp256k1.RecodedScalar;
import io.relayminer.ring.secp256k1.Scalar;
import io.relayminer.ring.secp256k1.SecretMultiplication;

/** ECDSA over secp256k1 with RFC 6979 nonces and low S, on SHA-256 of the message. */
final class Ecdsa {
    private static final int SIGNATURE_LENGTH = 64;
    private static final Pool<Workspace> WORKSPACES = new Pool<>(Workspace::new);

    private Ecdsa() {}

    /** Buffers of one signature or verification. */
    private static final class Workspace {
        final Scalar e = new Scalar();
        final Scalar k = new Scalar();
        final Scalar r = new Scalar();
        final Scalar s = new Scalar();
        final Scalar t = new Scalar();
        final AffinePoint point = new AffinePoint();
        final byte[] bytes = new byte[PublicKey.LENGTH];
        final SecretMultiplication secret = new SecretMultiplication();
        final MultiMultiplication multiplication = new MultiMultiplication();
        final OddMultiples multiples = new OddMultiples();
        final OddMultiplesBuilder builder = new OddMultiplesBuilder();
        final RecodedScalar u1 = new RecodedScalar();
        final RecodedScalar u2 = new RecodedScalar();
    }

    static byte[] sign(Scalar key, byte[] message) {
        byte[] digest = Digests.sha256().digest(message);
        Workspace w = WORKSPACES.take();
        try (Rfc6979 nonces = new Rfc6979(key, digest)) {
            w.e.setBytes(digest, 0);
            while (true) {
                nonces.next(w.k);
                w.secret.multiplyGenerator(w.k, w.point);
                w.point.encode(w.bytes, 0);
                w.r.setBytes(w.bytes, 1);
                w.s.mul(w.r, key);
                w.s.add(w.s, w.e);
                w.t.invert(w.k);
                w.s.mul(w.s, w.t);
                // Either is zero with probability 2^-256; then the next nonce of the stream is
                // used.
                if (!w.r.isZero() && !w.s.isZero()) {
                    break;
                }
            }
            w.s.negateIf(w.s.isHigh() ? -1L : 0L);
            byte[] signature = new byte[SIGNATURE_LENGTH];
            w.r.putBytes(signature, 0);
            w.s.putBytes(signature, 32);
            return signature;
        } finally {
            w.k.clear();
            w.t.clear();
            w.s.clear();
            WORKSPACES.give(w);
        }
    }

    static boolean verify(PublicKey key, byte[] message, byte[] signature) {
        if (signature.length != SIGNATURE_LENGTH) {
            return false;
        }
        Workspace w = WORKSPACES.take();
        try {
            if (!w.r.setBytes(signature, 0) || !w.s.setBytes(signature, 32)) {
                return false;
            }
            if (w.r.isZero() || w.s.isZero() || w.s.isHigh()) {
                return false;
            }
            w.e.setBytes(Digests.sha256().digest(message), 0);
            w.t.invertVartime(w.s);
            w.k.mul(w.e, w.t);
            w.u1.set(w.k);
            w.k.mul(w.r, w.t);
            w.u2.set(w.k);
            w.builder.add(key.point(), w.multiples);
            w.builder.build();
            w.multiplication.combination(
                    w.u1, GeneratorTables.verification(), w.u2, null, w.multiples, w.point);
            if (w.point.isInfinity()) {
                return false;
            }
            w.point.encode(w.bytes, 0);
            w.t.setBytes(w.bytes, 1);
            return w.t.sameAs(w.r);
        } finally {
            WORKSPACES.give(w);
        }
    }
}
