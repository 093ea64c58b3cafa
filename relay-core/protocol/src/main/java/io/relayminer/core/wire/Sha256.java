package io.relayminer.core.wire;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** SHA-256 of the JDK, which every Java runtime has to provide. */
final class Sha256 {

    /**
     * Copied instead of looked up among the providers each time, which costs as much as hashing.
     */
    private static final MessageDigest FRESH = lookUp();

    private Sha256() {}

    private static MessageDigest lookUp() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this Java runtime has no SHA-256", e);
        }
    }

    static MessageDigest newDigest() {
        try {
            return (MessageDigest) FRESH.clone();
        } catch (CloneNotSupportedException e) {
            // Not every provider can; ours to pay for then.
            return lookUp();
        }
    }

    static byte[] of(byte[] bytes) {
        return newDigest().digest(bytes);
    }
}
