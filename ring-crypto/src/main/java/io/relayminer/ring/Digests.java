package io.relayminer.ring;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** The JDK's digests by their standard names; every Java platform has them. */
final class Digests {
    private Digests() {}

    static MessageDigest sha256() {
        return digest("SHA-256");
    }

    private static MessageDigest digest(String algorithm) {
        try {
            return MessageDigest.getInstance(algorithm);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this Java platform lacks " + algorithm, e);
        }
    }
}
