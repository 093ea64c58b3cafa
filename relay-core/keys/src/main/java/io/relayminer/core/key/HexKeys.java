package io.relayminer.core.key;

/** Private keys as hex text. */
final class HexKeys {

    private static final int DIGITS = 64;

    private HexKeys() {}

    /** The 32 bytes; the caller wipes them. */
    static byte[] decode(String text) {
        String digits = text.strip();
        if (digits.startsWith("0x") || digits.startsWith("0X")) {
            digits = digits.substring(2);
        }
        if (digits.isEmpty()) {
            throw new InvalidKeyException("empty key");
        }
        if (digits.length() != DIGITS) {
            throw new InvalidKeyException(
                    "invalid length: expected 64 hex characters (32 bytes), got "
                            + digits.length());
        }
        byte[] bytes = new byte[DIGITS / 2];
        for (int i = 0; i < DIGITS; i++) {
            char c = digits.charAt(i);
            int value = c < 0x80 ? Character.digit(c, 16) : -1;
            if (value < 0) {
                java.util.Arrays.fill(bytes, (byte) 0);
                throw new InvalidKeyException("invalid hex character at position " + i);
            }
            bytes[i / 2] |= (byte) ((i & 1) == 0 ? value << 4 : value);
        }
        return bytes;
    }
}
