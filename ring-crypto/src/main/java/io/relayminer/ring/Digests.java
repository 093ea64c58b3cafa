package io.relayminer.ring;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** The JDK's digests by their standard names; every Java platform has them. */
final class Digests {

    /** Copied: a search among the providers for each signature would cost as much as its hashes. */
    private static final MessageDigest SHA_256 = digest("SHA-256");

    private Digests() {}

    static MessageDigest sha256() {
        try {
            return (MessageDigest) SHA_256.clone();
        } catch (CloneNotSupportedException e) {
            // Not every provider can.
            return digest("SHA-256");
        }
    }

    private static MessageDigest digest(String algorithm) {
        try {
            return MessageDigest.getInstance(algorithm);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this Java platform lacks " + algorithm, e);
        }
    }
}
