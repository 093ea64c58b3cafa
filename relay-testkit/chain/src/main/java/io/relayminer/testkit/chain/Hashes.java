package io.relayminer.testkit.chain;

import com.google.protobuf.ByteString;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** The hash functions of the chain, and hexadecimal text as its interfaces print it. */
final class Hashes {
    private Hashes() {}

    static MessageDigest newSha256() {
        return digest("SHA-256");
    }

    /** FIPS 202 SHA3-256, 32 bytes. */
    static MessageDigest newSha3() {
        return digest("SHA3-256");
    }

    private static MessageDigest digest(String name) {
        try {
            return MessageDigest.getInstance(name);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("the Java platform lacks " + name, e);
        }
    }

    static byte[] sha256(byte[]... parts) {
        MessageDigest digest = newSha256();
        for (byte[] part : parts) {
            digest.update(part);
        }
        return digest.digest();
    }

    static ByteString sha256(ByteString bytes) {
        return ByteString.copyFrom(sha256(bytes.toByteArray()));
    }

    static String upperHex(ByteString bytes) {
        return java.util.HexFormat.of().withUpperCase().formatHex(bytes.toByteArray());
    }

    static String lowerHex(ByteString bytes) {
        return java.util.HexFormat.of().formatHex(bytes.toByteArray());
    }
}
