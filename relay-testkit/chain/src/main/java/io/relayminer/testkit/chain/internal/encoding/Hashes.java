package io.relayminer.testkit.chain.internal.encoding;

import com.google.protobuf.ByteString;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** The hash functions of the chain, and hexadecimal text as its interfaces print it. */
public final class Hashes {
    private Hashes() {}

    public static MessageDigest newSha256() {
        return digest("SHA-256");
    }

    /** FIPS 202 SHA3-256, 32 bytes. */
    public static MessageDigest newSha3() {
        return digest("SHA3-256");
    }

    private static MessageDigest digest(String name) {
        try {
            return MessageDigest.getInstance(name);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("the Java platform lacks " + name, e);
        }
    }

    public static byte[] sha256(byte[]... parts) {
        MessageDigest digest = newSha256();
        for (byte[] part : parts) {
            digest.update(part);
        }
        return digest.digest();
    }

    public static ByteString sha256(ByteString bytes) {
        return ByteString.copyFrom(sha256(bytes.toByteArray()));
    }

    public static String upperHex(ByteString bytes) {
        return java.util.HexFormat.of().withUpperCase().formatHex(bytes.toByteArray());
    }

    public static String lowerHex(ByteString bytes) {
        return java.util.HexFormat.of().formatHex(bytes.toByteArray());
    }

    /** What Go says about a character that is no hexadecimal digit. */
    public static String hexProblem(char c) {
        return String.format("encoding/hex: invalid byte: U+%04X '%c'", (int) c, c);
    }
}
