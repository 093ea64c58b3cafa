package io.relayminer.core.redis;

import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * Identifies a relay meter: member of {@link RedisKeys#meterActive()} and message on {@link
 * RedisKeys#meterCleanupChannel()}, written {@code session|supplier}.
 *
 * @param sessionId id of the session
 * @param supplier bech32 address of the supplier
 */
public record MeterId(String sessionId, String supplier) {

    /** {@code session|supplier} in UTF-8. */
    public byte[] encode() {
        return (sessionId + "|" + supplier).getBytes(StandardCharsets.UTF_8);
    }

    /** Reads a member or message; empty unless it has exactly two non-empty parts. */
    public static Optional<MeterId> decode(byte[] text) {
        String s = new String(text, StandardCharsets.UTF_8);
        int bar = s.indexOf('|');
        if (bar <= 0 || bar == s.length() - 1 || s.indexOf('|', bar + 1) >= 0) {
            return Optional.empty();
        }
        return Optional.of(new MeterId(s.substring(0, bar), s.substring(bar + 1)));
    }
}
