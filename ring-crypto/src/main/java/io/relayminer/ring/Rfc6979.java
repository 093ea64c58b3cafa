package io.relayminer.ring;

import io.relayminer.ring.secp256k1.Scalar;

import java.security.DigestException;
import java.security.MessageDigest;
import java.util.Arrays;

/**
 * The deterministic nonce stream of RFC 6979 section 3.2 with HMAC-SHA-256, for a 256-bit group
 * order: the candidates are the successive outputs, those outside [1, N) are skipped. Wiped when
 * closed.
 */
final class Rfc6979 implements AutoCloseable {
    private static final int HASH = 32;
    private static final int BLOCK = 64;

    private final MessageDigest sha = Digests.sha256();
    private final byte[] key = new byte[HASH];
    private final byte[] v = new byte[HASH];
    private final byte[] pad = new byte[BLOCK];
    private final byte[] inner = new byte[HASH];
    private boolean started;

    /** Seeds the stream with a private key and the digest to be signed. */
    Rfc6979(Scalar privateKey, byte[] digest) {
        byte[] seed = new byte[HASH + 1 + 2 * HASH];
        privateKey.putBytes(seed, HASH + 1);
        // bits2octets: the digest as an integer, reduced modulo N.
        Scalar reduced = new Scalar();
        reduced.setBytes(digest, 0);
        reduced.putBytes(seed, 2 * HASH + 1);
        Arrays.fill(v, (byte) 1);
        for (byte round = 0; round < 2; round++) {
            System.arraycopy(v, 0, seed, 0, HASH);
            seed[HASH] = round;
            hmac(seed, seed.length, key);
            hmac(v, HASH, v);
        }
        Arrays.fill(seed, (byte) 0);
    }

    /** Sets {@code nonce} to the next candidate in [1, N). */
    void next(Scalar nonce) {
        while (true) {
            if (started) {
                byte[] retry = Arrays.copyOf(v, HASH + 1);
                hmac(retry, retry.length, key);
                hmac(v, HASH, v);
                Arrays.fill(retry, (byte) 0);
            }
            started = true;
            hmac(v, HASH, v);
            if (nonce.setBytes(v, 0) && !nonce.isZero()) {
                return;
            }
        }
    }

    /** out ← HMAC-SHA-256(key, data[0, length)); {@code out} may be the key or the data. */
    private void hmac(byte[] data, int length, byte[] out) {
        keyPad(0x36);
        sha.update(pad);
        sha.update(data, 0, length);
        finish(inner);
        keyPad(0x5c);
        sha.update(pad);
        sha.update(inner);
        finish(out);
    }

    private void keyPad(int value) {
        Arrays.fill(pad, HASH, BLOCK, (byte) value);
        for (int i = 0; i < HASH; i++) {
            pad[i] = (byte) (key[i] ^ value);
        }
    }

    private void finish(byte[] out) {
        try {
            sha.digest(out, 0, HASH);
        } catch (DigestException e) {
            throw new IllegalStateException("SHA-256 produces 32 bytes", e);
        }
    }

    @Override
    public void close() {
        Arrays.fill(key, (byte) 0);
        Arrays.fill(v, (byte) 0);
        Arrays.fill(pad, (byte) 0);
        Arrays.fill(inner, (byte) 0);
        sha.reset();
    }
}
