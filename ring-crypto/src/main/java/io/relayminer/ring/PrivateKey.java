package io.relayminer.ring;

import io.relayminer.ring.secp256k1.AffinePoint;
import io.relayminer.ring.secp256k1.Scalar;
import io.relayminer.ring.secp256k1.SecretMultiplication;

/**
 * A secp256k1 private key: an integer in [1, N).
 *
 * <p>Signing is ECDSA as Cosmos keys do it: SHA-256 of the message, RFC 6979 nonce, low S, 64 bytes
 * R then S. All computations on the key run without branches or memory accesses that depend on it.
 * The key is wiped by {@link #close}; afterwards every operation on it throws {@link
 * IllegalStateException}. Closing while another thread signs lets that signature finish. Safe for
 * concurrent use.
 */
public final class PrivateKey implements AutoCloseable {
    /** Length in bytes. */
    public static final int LENGTH = 32;

    private final Scalar scalar;
    private final PublicKey publicKey;
    private boolean closed;

    private PrivateKey(Scalar scalar, PublicKey publicKey) {
        this.scalar = scalar;
        this.publicKey = publicKey;
    }

    /**
     * Creates a key. The caller remains responsible for wiping its own copy of the bytes.
     *
     * @param bytes 32 bytes big-endian; copied
     * @throws MalformedKeyException if there are not 32 bytes or the value is zero or not below the
     *     group order
     */
    public static PrivateKey of(byte[] bytes) {
        if (bytes.length != LENGTH) {
            throw new MalformedKeyException(
                    MalformedKeyException.Reason.LENGTH,
                    "a private key has 32 bytes, not " + bytes.length);
        }
        Scalar scalar = new Scalar();
        if (!scalar.setBytes(bytes, 0) || scalar.isZero()) {
            scalar.clear();
            throw new MalformedKeyException(
                    MalformedKeyException.Reason.SCALAR_OUT_OF_RANGE,
                    "a private key is at least 1 and below the group order");
        }
        AffinePoint point = new AffinePoint();
        new SecretMultiplication().multiplyGenerator(scalar, point);
        return new PrivateKey(scalar, PublicKey.of(point));
    }

    /** Returns the public key; available after {@link #close} too. */
    public PublicKey publicKey() {
        return publicKey;
    }

    /**
     * Signs SHA-256 of a message. The same key and message always give the same signature.
     *
     * @param message any bytes; for a relay response the 32-byte signable hash, which is thereby
     *     hashed again
     * @return 64 bytes: R and S, 32 bytes big-endian each, S at most half the group order
     * @throws IllegalStateException if the key was closed
     */
    public byte[] sign(byte[] message) {
        Scalar copy = new Scalar();
        copyTo(copy);
        try {
            return Ecdsa.sign(copy, message);
        } finally {
            copy.clear();
        }
    }

    /** Copies the secret into a scalar that the caller wipes. */
    synchronized void copyTo(Scalar out) {
        if (closed) {
            throw new IllegalStateException("the private key was closed");
        }
        out.set(scalar);
    }

    /** Wipes the key. Idempotent. */
    @Override
    public synchronized void close() {
        closed = true;
        scalar.clear();
    }

    /** Returns a text that identifies the key by its public half. */
    @Override
    public String toString() {
        return "PrivateKey[masked, public key " + publicKey + "]";
    }
}
