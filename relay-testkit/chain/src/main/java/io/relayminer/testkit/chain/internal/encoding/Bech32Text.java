package io.relayminer.testkit.chain.internal.encoding;

import com.google.protobuf.ByteString;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Bech32 addresses with the error texts of a Cosmos node, which clients see in query and
 * transaction results. (The library for production code is in {@code io.relayminer.ring}; its
 * errors are worded for its own callers.)
 */
public final class Bech32Text {
    static final String ACCOUNT_PREFIX = "pokt";
    static final String VALIDATOR_PREFIX = "poktvaloper";
    public static final String CONSENSUS_PREFIX = "poktvalcons";

    private static final String CHARSET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    private static final int MAX_LENGTH = 1023;

    private Bech32Text() {}

    /** The text is no account address; the message is what the chain says about it. */
    public static final class AddressException extends Exception {
        private static final long serialVersionUID = 1L;

        AddressException(String message) {
            super(message);
        }

        public String text() {
            return java.util.Objects.requireNonNull(getMessage());
        }
    }

    private record Decoded(String prefix, ByteString bytes) {}

    public static boolean isAccount(String text) {
        try {
            decodeAccount(text);
            return true;
        } catch (AddressException e) {
            return false;
        }
    }

    /** The payload (20 bytes for keys and modules) of a {@code pokt} address. */
    public static ByteString decodeAccount(String text) throws AddressException {
        if (text.isBlank()) {
            throw new AddressException("empty address string is not allowed");
        }
        Decoded decoded = decode(text);
        if (!decoded.prefix().equals(ACCOUNT_PREFIX)) {
            throw new AddressException(
                    "invalid Bech32 prefix; expected "
                            + ACCOUNT_PREFIX
                            + ", got "
                            + decoded.prefix());
        }
        if (decoded.bytes().isEmpty()) {
            throw new AddressException("addresses cannot be empty: unknown address");
        }
        if (decoded.bytes().size() > 255) {
            throw new AddressException(
                    "address max length is 255, got "
                            + decoded.bytes().size()
                            + ": unknown address");
        }
        return decoded.bytes();
    }

    private static Decoded decode(String text) throws AddressException {
        if (text.length() < 8 || text.length() > MAX_LENGTH) {
            throw failed("invalid bech32 string length " + text.length());
        }
        boolean lower = false;
        boolean upper = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < 33 || c > 126) {
                throw failed("invalid character in string: '" + c + "'");
            }
            lower |= c >= 'a' && c <= 'z';
            upper |= c >= 'A' && c <= 'Z';
        }
        if (lower && upper) {
            throw failed("string not all lowercase or all uppercase");
        }
        String canonical = text.toLowerCase(Locale.ROOT);
        int separator = canonical.lastIndexOf('1');
        if (separator < 1 || separator + 7 > canonical.length()) {
            throw failed("invalid separator index " + separator);
        }
        String prefix = canonical.substring(0, separator);
        List<Integer> data = new ArrayList<>();
        for (int i = separator + 1; i < canonical.length(); i++) {
            int value = CHARSET.indexOf(canonical.charAt(i));
            if (value < 0) {
                throw failed("invalid character not part of charset: " + (int) canonical.charAt(i));
            }
            data.add(value);
        }
        List<Integer> payload = data.subList(0, data.size() - 6);
        String expected = checksum(prefix, payload);
        String actual = canonical.substring(canonical.length() - 6);
        if (!expected.equals(actual)) {
            throw failed("invalid checksum (expected " + expected + " got " + actual + ")");
        }
        return new Decoded(prefix, toBytes(payload));
    }

    private static ByteString toBytes(List<Integer> fiveBitGroups) throws AddressException {
        ByteString.Output out = ByteString.newOutput();
        int accumulator = 0;
        int bits = 0;
        for (int group : fiveBitGroups) {
            accumulator = (accumulator << 5) | group;
            bits += 5;
            if (bits >= 8) {
                bits -= 8;
                out.write((accumulator >>> bits) & 0xff);
            }
            accumulator &= (1 << bits) - 1;
        }
        if (bits >= 5 || accumulator != 0) {
            throw failed("invalid incomplete group");
        }
        return out.toByteString();
    }

    /** Encodes {@code bytes} under {@code prefix}. */
    public static String encode(String prefix, ByteString bytes) {
        List<Integer> groups = new ArrayList<>();
        int accumulator = 0;
        int bits = 0;
        for (int i = 0; i < bytes.size(); i++) {
            accumulator = (accumulator << 8) | (bytes.byteAt(i) & 0xff);
            bits += 8;
            while (bits >= 5) {
                bits -= 5;
                groups.add((accumulator >>> bits) & 31);
            }
            accumulator &= (1 << bits) - 1;
        }
        if (bits > 0) {
            groups.add((accumulator << (5 - bits)) & 31);
        }
        StringBuilder text = new StringBuilder(prefix).append('1');
        for (int group : groups) {
            text.append(CHARSET.charAt(group));
        }
        return text.append(checksum(prefix, groups)).toString();
    }

    /** Address of a module account: the first 20 bytes of SHA-256 of its name. */
    public static String moduleAddress(String moduleName) {
        return encode(
                ACCOUNT_PREFIX,
                Hashes.sha256(ByteString.copyFromUtf8(moduleName)).substring(0, 20));
    }

    private static String checksum(String prefix, List<Integer> payload) {
        int state = 1;
        for (int i = 0; i < prefix.length(); i++) {
            state = step(state, prefix.charAt(i) >>> 5);
        }
        state = step(state, 0);
        for (int i = 0; i < prefix.length(); i++) {
            state = step(state, prefix.charAt(i) & 31);
        }
        for (int group : payload) {
            state = step(state, group);
        }
        for (int i = 0; i < 6; i++) {
            state = step(state, 0);
        }
        state ^= 1;
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 6; i++) {
            text.append(CHARSET.charAt((state >>> (5 * (5 - i))) & 31));
        }
        return text.toString();
    }

    private static int step(int state, int value) {
        int top = state >>> 25;
        int next = ((state & 0x1ffffff) << 5) ^ value;
        int[] generator = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
        for (int i = 0; i < 5; i++) {
            if (((top >>> i) & 1) != 0) {
                next ^= generator[i];
            }
        }
        return next;
    }

    private static AddressException failed(String detail) {
        return new AddressException("decoding bech32 failed: " + detail);
    }
}
