package io.relayminer.ring;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** The JDK's digests by their standard names; every Java platform has them. */
final class Digests {
    private Digests() {}

    static MessageDigest sha256() {
        return digest("SHA-256");
    }

    /** FIPS 202 SHA3-256, not the older Keccak-256. */
    static MessageDigest sha3of256() {
        return digest("SHA3-256");
    }

    /** FIPS 202 SHA3-512, not the older Keccak-512. */
    static MessageDigest sha3of512() {
        return digest("SHA3-512");
    }

    private static MessageDigest digest(String algorithm) {
        try {
            return MessageDigest.getInstance(algorithm);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this Java platform lacks " + algorithm, e);
        }
    }
}
