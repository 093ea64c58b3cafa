package io.relayminer.ring;

import io.relayminer.ring.secp256k1.AffinePoint;
import io.relayminer.ring.secp256k1.CombTable;
import io.relayminer.ring.secp256k1.GeneratorTables;
import io.relayminer.ring.secp256k1.MultiMultiplication;
import io.relayminer.ring.secp256k1.OddMultiples;
import io.relayminer.ring.secp256k1.OddMultiplesBuilder;
import io.relayminer.ring.secp256k1.RecodedScalar;
import io.relayminer.ring.secp256k1.Scalar;
import io.relayminer.ring.secp256k1.SecretMultiplication;

import java.security.SecureRandom;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Makes ring signatures with one private key, as a gateway or an application does.
 *
 * <p>The key image and a table of the key's hash to the curve are computed once, at construction.
 * Nonce and key only meet constant-time arithmetic; the other members' scalars are public and do
 * not. Signing is randomised: no two signatures are equal.
 *
 * <p>The private key passed in is copied and may be closed by its owner; {@link #close} wipes the
 * copy. Safe for concurrent use if the random source is.
 */
public final class RingSigner implements AutoCloseable {
    private static final int SCALAR_LENGTH = 32;

    private final Scalar key = new Scalar();
    private final PublicKey publicKey;
    private final RandomGenerator random;
    private final CombTable hashTable;
    private final byte[] image = new byte[PublicKey.LENGTH];
    private final OddMultiples imageMultiples = new OddMultiples();
    private final Pool<Workspace> workspaces = new Pool<>(Workspace::new);
    private boolean closed;

    /**
     * Creates a signer.
     *
     * @param random source of nonces; whoever can predict it learns the private key
     */
    public RingSigner(PrivateKey privateKey, SecureRandom random) {
        this(privateKey, (RandomGenerator) random);
    }

    /** With any generator, for reproducible tests. */
    RingSigner(PrivateKey privateKey, RandomGenerator random) {
        this.random = random;
        this.publicKey = privateKey.publicKey();
        privateKey.copyTo(key);
        AffinePoint hash = new AffinePoint();
        new ChallengeHash().toCurve(publicKey.encodedUnshared(), hash);
        hashTable = CombTable.build(hash, SecretMultiplication.TEETH);
        AffinePoint imagePoint = new AffinePoint();
        new SecretMultiplication().multiply(hashTable, key, imagePoint);
        imagePoint.encode(image, 0);
        OddMultiplesBuilder builder = new OddMultiplesBuilder();
        builder.add(imagePoint, imageMultiples);
        builder.build();
    }

    /** Buffers of one signature. */
    private static final class Workspace {
        final ChallengeHash hash = new ChallengeHash();
        final SecretMultiplication secret = new SecretMultiplication();
        final MultiMultiplication multiplication = new MultiMultiplication();
        final RecodedScalar recodedResponse = new RecodedScalar();
        final RecodedScalar recodedChallenge = new RecodedScalar();
        final OddMultiplesBuilder builder = new OddMultiplesBuilder();
        final OddMultiples pointMultiples = new OddMultiples();
        final OddMultiples hashMultiples = new OddMultiples();
        final AffinePoint left = new AffinePoint();
        final AffinePoint right = new AffinePoint();
        final Scalar nonce = new Scalar();
        final Scalar challenge = new Scalar();
        final Scalar response = new Scalar();
        final byte[] randomBytes = new byte[SCALAR_LENGTH];
    }

    /** Returns the signer's public key. */
    public PublicKey publicKey() {
        return publicKey;
    }

    /** Returns the 33 bytes of the key image that every signature of this signer carries. */
    public byte[] keyImage() {
        return image.clone();
    }

    /**
     * Signs a hash on behalf of a ring.
     *
     * @param message 32 bytes, the hash to sign
     * @param ring at least two members, repetitions allowed, one of them this signer; the first
     *     occurrence signs
     * @throws RingSigningException if the signer is not in the ring, the ring is too small, or the
     *     signer was closed
     * @throws IllegalArgumentException if the message is not 32 bytes
     */
    public RingSignature sign(byte[] message, Ring ring) {
        if (message.length != ChallengeHash.MESSAGE_LENGTH) {
            throw new IllegalArgumentException(
                    "the message to sign is a 32-byte hash, not " + message.length + " bytes");
        }
        List<PublicKey> members = ring.members();
        int signer = members.indexOf(publicKey);
        if (signer < 0) {
            throw new RingSigningException(
                    RingSigningException.Reason.SIGNER_NOT_IN_RING,
                    "the signer's public key " + publicKey + " is not a member of the ring");
        }
        if (members.size() < 2) {
            throw new RingSigningException(
                    RingSigningException.Reason.RING_TOO_SMALL,
                    "a ring signature needs at least two members");
        }
        Scalar secret = new Scalar();
        copyKey(secret);
        Workspace w = workspaces.take();
        try {
            return sign(message, members, signer, secret, w);
        } finally {
            secret.clear();
            w.nonce.clear();
            w.response.clear();
            Arrays.fill(w.randomBytes, (byte) 0);
            workspaces.give(w);
        }
    }

    private RingSignature sign(
            byte[] message, List<PublicKey> members, int signer, Scalar secret, Workspace w) {
        int count = members.size();
        byte[] out = new byte[RingSignature.HEADER_LENGTH + RingSignature.MEMBER_LENGTH * count];
        out[0] = (byte) (count >>> 24);
        out[1] = (byte) (count >>> 16);
        out[2] = (byte) (count >>> 8);
        out[3] = (byte) count;
        System.arraycopy(image, 0, out, RingSignature.IMAGE_OFFSET, PublicKey.LENGTH);

        w.hash.start(message);
        randomScalar(w, w.nonce);
        w.secret.multiplyGenerator(w.nonce, w.left);
        w.secret.multiply(hashTable, w.nonce, w.right);
        w.hash.challenge(w.left, w.right, w.challenge);
        for (int step = 1; step < count; step++) {
            int member = (signer + step) % count;
            PublicKey key = members.get(member);
            storeChallengeIfFirst(w.challenge, member, out);
            randomScalar(w, w.response);
            storeMember(w.response, key, member, out);
            w.hash.toCurve(key.encodedUnshared(), w.right);
            w.builder.add(key.point(), w.pointMultiples);
            w.builder.add(w.right, w.hashMultiples);
            w.builder.build();
            w.recodedResponse.set(w.response);
            w.recodedChallenge.set(w.challenge);
            w.multiplication.commitments(
                    w.recodedResponse,
                    w.recodedChallenge,
                    GeneratorTables.verification(),
                    null,
                    w.pointMultiples,
                    null,
                    w.hashMultiples,
                    null,
                    imageMultiples,
                    w.left,
                    w.right);
            w.hash.challenge(w.left, w.right, w.challenge);
        }
        storeChallengeIfFirst(w.challenge, signer, out);
        // s = u − c·x
        w.response.mul(w.challenge, secret);
        w.response.negate(w.response);
        w.response.add(w.response, w.nonce);
        storeMember(w.response, publicKey, signer, out);
        return RingSignature.ofUnshared(out);
    }

    private static void storeChallengeIfFirst(Scalar challenge, int member, byte[] out) {
        if (member == 0) {
            challenge.putBytes(out, RingSignature.CHALLENGE_OFFSET);
        }
    }

    private static void storeMember(Scalar response, PublicKey key, int member, byte[] out) {
        int offset = RingSignature.memberOffset(member);
        response.putBytes(out, offset);
        System.arraycopy(
                key.encodedUnshared(),
                0,
                out,
                offset + RingSignature.KEY_OFFSET_IN_MEMBER,
                PublicKey.LENGTH);
    }

    /** Sets {@code out} to a uniform scalar in [1, N) by rejection. */
    private void randomScalar(Workspace w, Scalar out) {
        do {
            random.nextBytes(w.randomBytes);
        } while (!out.setBytes(w.randomBytes, 0) || out.isZero());
    }

    private synchronized void copyKey(Scalar out) {
        if (closed) {
            throw new RingSigningException(
                    RingSigningException.Reason.CLOSED, "the signer was closed");
        }
        out.set(key);
    }

    /** Wipes the signer's copy of the private key. Idempotent. */
    @Override
    public synchronized void close() {
        closed = true;
        key.clear();
    }

    /** Returns a text that identifies the signer by its public key. */
    @Override
    public String toString() {
        return "RingSigner[masked, public key " + publicKey + "]";
    }
}
