package io.relayminer.ring;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;

/**
 * Bech32 as specified by BIP 173 (checksum constant 1, not bech32m), with the limits Cosmos
 * addresses use: 8 to 1023 characters instead of at most 90, payloads of 1 to 255 bytes. Upper-case
 * input is accepted if no lower-case letter occurs; output is lower case.
 */
public final class Bech32 {
    /** Longest payload in bytes. */
    public static final int MAX_PAYLOAD_LENGTH = 255;

    private static final int MIN_LENGTH = 8;
    private static final int MAX_LENGTH = 1023;
    private static final int CHECKSUM_LENGTH = 6;
    private static final String ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    private static final byte[] VALUES = new byte[128];
    private static final int[] GENERATORS = {
        0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3
    };

    static {
        Arrays.fill(VALUES, (byte) -1);
        for (int i = 0; i < ALPHABET.length(); i++) {
            VALUES[ALPHABET.charAt(i)] = (byte) i;
        }
    }

    private Bech32() {}

    /**
     * Encodes a payload.
     *
     * @param prefix human-readable part: lower-case printable ASCII, not empty
     * @param payload 1 to 255 bytes
     * @throws IllegalArgumentException if an argument violates its bounds
     */
    public static String encode(String prefix, byte[] payload) {
        if (payload.length == 0 || payload.length > MAX_PAYLOAD_LENGTH) {
            throw new IllegalArgumentException(
                    "a bech32 payload has 1 to 255 bytes, not " + payload.length);
        }
        if (prefix.isEmpty()) {
            throw new IllegalArgumentException("a bech32 prefix is not empty");
        }
        for (int i = 0; i < prefix.length(); i++) {
            char c = prefix.charAt(i);
            if (c < 33 || c > 126 || (c >= 'A' && c <= 'Z')) {
                throw new IllegalArgumentException(
                        "a bech32 prefix is lower-case printable ASCII, character "
                                + i
                                + " is not");
            }
        }
        StringBuilder text =
                new StringBuilder(prefix.length() + 1 + payload.length * 2 + CHECKSUM_LENGTH);
        text.append(prefix).append('1');
        int checksum = startChecksum(prefix);
        int bits = 0;
        int bitCount = 0;
        for (byte b : payload) {
            bits = bits << 8 | (b & 0xff);
            bitCount += 8;
            while (bitCount >= 5) {
                bitCount -= 5;
                checksum = append(text, checksum, bits >>> bitCount & 31);
            }
        }
        if (bitCount > 0) {
            checksum = append(text, checksum, bits << (5 - bitCount) & 31);
        }
        for (int i = 0; i < CHECKSUM_LENGTH; i++) {
            checksum = step(checksum, 0);
        }
        checksum ^= 1;
        for (int i = 0; i < CHECKSUM_LENGTH; i++) {
            text.append(ALPHABET.charAt(checksum >>> (5 * (CHECKSUM_LENGTH - 1 - i)) & 31));
        }
        return text.toString();
    }

    /**
     * Decodes a string whose human-readable part must be the given one.
     *
     * @param prefix expected human-readable part, lower case
     * @return the payload, 1 to 255 bytes
     * @throws MalformedAddressException if the string is not bech32, has another prefix or a
     *     payload of another length
     */
    public static byte[] decode(String prefix, String text) {
        int length = text.length();
        if (length < MIN_LENGTH || length > MAX_LENGTH) {
            throw malformed(
                    MalformedAddressException.Reason.LENGTH,
                    "a bech32 string has 8 to 1023 characters, not " + length);
        }
        boolean lower = false;
        boolean upper = false;
        for (int i = 0; i < length; i++) {
            char c = text.charAt(i);
            if (c < 33 || c > 126) {
                throw malformed(
                        MalformedAddressException.Reason.CHARACTER,
                        "character " + i + " is not printable ASCII");
            }
            lower |= c >= 'a' && c <= 'z';
            upper |= c >= 'A' && c <= 'Z';
        }
        if (lower && upper) {
            throw malformed(
                    MalformedAddressException.Reason.MIXED_CASE,
                    "a bech32 string does not mix upper and lower case");
        }
        int separator = text.lastIndexOf('1');
        if (separator < 1 || separator + 1 + CHECKSUM_LENGTH > length) {
            throw malformed(
                    MalformedAddressException.Reason.SEPARATOR,
                    "a bech32 string is a prefix, the digit 1, and at least six characters");
        }
        String actualPrefix = toLowerCase(text, separator);
        int checksum = startChecksum(actualPrefix);
        for (int i = separator + 1; i < length; i++) {
            int value = VALUES[toLowerCase(text.charAt(i))];
            if (value < 0) {
                throw malformed(
                        MalformedAddressException.Reason.CHARACTER,
                        "character " + i + " is outside the bech32 alphabet");
            }
            checksum = step(checksum, value);
        }
        if (checksum != 1) {
            throw malformed(
                    MalformedAddressException.Reason.CHECKSUM, "the checksum does not match");
        }
        byte[] payload = regroup(text, separator + 1, length - CHECKSUM_LENGTH);
        if (!actualPrefix.equals(prefix)) {
            throw malformed(
                    MalformedAddressException.Reason.PREFIX,
                    "the address does not start with " + prefix + "1");
        }
        if (payload.length == 0 || payload.length > MAX_PAYLOAD_LENGTH) {
            throw malformed(
                    MalformedAddressException.Reason.PAYLOAD_LENGTH,
                    "an address has 1 to 255 bytes, not " + payload.length);
        }
        return payload;
    }

    private static byte[] regroup(String text, int from, int to) {
        ByteArrayOutputStream payload = new ByteArrayOutputStream((to - from) * 5 / 8);
        int bits = 0;
        int bitCount = 0;
        for (int i = from; i < to; i++) {
            bits = bits << 5 | VALUES[toLowerCase(text.charAt(i))];
            bitCount += 5;
            if (bitCount >= 8) {
                bitCount -= 8;
                payload.write(bits >>> bitCount);
                bits &= (1 << bitCount) - 1;
            }
        }
        if (bitCount > 4 || bits != 0) {
            throw malformed(
                    MalformedAddressException.Reason.PADDING,
                    "the data part does not regroup to whole bytes with zero padding");
        }
        return payload.toByteArray();
    }

    private static int append(StringBuilder text, int checksum, int value) {
        text.append(ALPHABET.charAt(value));
        return step(checksum, value);
    }

    private static int startChecksum(String prefix) {
        int checksum = 1;
        for (int i = 0; i < prefix.length(); i++) {
            checksum = step(checksum, prefix.charAt(i) >>> 5);
        }
        checksum = step(checksum, 0);
        for (int i = 0; i < prefix.length(); i++) {
            checksum = step(checksum, prefix.charAt(i) & 31);
        }
        return checksum;
    }

    private static int step(int checksum, int value) {
        int top = checksum >>> 25;
        int next = (checksum & 0x1ffffff) << 5 ^ value;
        for (int i = 0; i < GENERATORS.length; i++) {
            next ^= -(top >>> i & 1) & GENERATORS[i];
        }
        return next;
    }

    private static String toLowerCase(String text, int end) {
        StringBuilder lower = new StringBuilder(end);
        for (int i = 0; i < end; i++) {
            lower.append(toLowerCase(text.charAt(i)));
        }
        return lower.toString();
    }

    private static char toLowerCase(char c) {
        return c >= 'A' && c <= 'Z' ? (char) (c + 32) : c;
    }

    private static MalformedAddressException malformed(
            MalformedAddressException.Reason reason, String message) {
        return new MalformedAddressException(reason, message);
    }
}
