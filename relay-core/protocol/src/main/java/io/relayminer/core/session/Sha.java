package io.relayminer.core.session;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** The two hashes sessions use. Both are in every Java runtime. */
final class Sha {

    private Sha() {}

    /** SHA-256 of the parts one after another. */
    static byte[] sha256(byte[]... parts) {
        return digest("SHA-256", parts);
    }

    /** SHA3-256 (the standard one, not Keccak-256) of the parts one after another. */
    static byte[] sha3(byte[]... parts) {
        return digest("SHA3-256", parts);
    }

    private static byte[] digest(String algorithm, byte[]... parts) {
        try {
            MessageDigest digest = MessageDigest.getInstance(algorithm);
            for (byte[] part : parts) {
                digest.update(part);
            }
            return digest.digest();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this Java runtime has no " + algorithm, e);
        }
    }
}
