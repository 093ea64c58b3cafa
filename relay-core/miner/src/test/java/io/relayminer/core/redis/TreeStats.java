package io.relayminer.core.redis;

import java.nio.charset.StandardCharsets;

/**
 * Count and sum of a sealed tree, stored as {@code count:sum} beside its root.
 *
 * @param count number of leaves, unsigned
 * @param sum compute units, unsigned
 */
public record TreeStats(long count, long sum) {

    /** {@code count:sum} in decimal. */
    public byte[] encode() {
        return (Long.toUnsignedString(count) + ":" + Long.toUnsignedString(sum))
                .getBytes(StandardCharsets.US_ASCII);
    }

    /**
     * Reads a stored value.
     *
     * @throws RedisStateException.MalformedValue if it is not two unsigned numbers
     */
    public static TreeStats decode(byte[] stored) {
        String text = new String(stored, StandardCharsets.US_ASCII);
        int colon = text.indexOf(':');
        try {
            if (colon > 0) {
                return new TreeStats(
                        Long.parseUnsignedLong(text.substring(0, colon)),
                        Long.parseUnsignedLong(text.substring(colon + 1)));
            }
        } catch (NumberFormatException e) {
            throw new RedisStateException.MalformedValue("tree statistics are not count:sum", e);
        }
        throw new RedisStateException.MalformedValue("tree statistics are not count:sum");
    }
}
