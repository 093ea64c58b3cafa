package io.relayminer.core.wire;

/**
 * Bounds that are checked before a message is built.
 *
 * @param maxBytes longest encoding, in bytes
 * @param maxDepth deepest nesting of messages and groups; the outermost message is at depth 1
 * @param maxFields most field occurrences in the whole message, nested and unknown ones included.
 *     Every object that decoding allocates stands for at least one, so this also bounds allocations
 */
public record WireLimits(int maxBytes, int maxDepth, int maxFields) {

    /** For relays: the request or response itself. Relays have eight known fields per side. */
    public static final WireLimits RELAY = new WireLimits(32 << 20, 16, 256);

    /** For the HTTP message inside a relay, whose header map is the only part that can grow. */
    public static final WireLimits HTTP = new WireLimits(32 << 20, 8, 8192);

    public WireLimits {
        if (maxBytes < 0 || maxDepth < 1 || maxFields < 0) {
            throw new IllegalArgumentException("wire limits must not be negative");
        }
    }

    /** These limits with another bound on the size. */
    public WireLimits withMaxBytes(int bytes) {
        return new WireLimits(bytes, maxDepth, maxFields);
    }
}
