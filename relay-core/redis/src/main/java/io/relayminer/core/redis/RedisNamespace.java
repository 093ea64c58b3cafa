package io.relayminer.core.redis;

import org.jspecify.annotations.Nullable;

/**
 * The configurable parts of key names. Each empty or absent part is defaulted on its own: a
 * namespace that only sets {@code base} to {@code prod} yields {@code prod:cache:…}, never {@code
 * prod::…}.
 *
 * @param base first segment of every key, default {@code ha}
 * @param cache caches of chain entities, default {@code cache}
 * @param events pub/sub channels, default {@code events}
 * @param streams relay streams, default {@code relays}
 * @param miner miner state, default {@code miner}
 * @param supplier supplier states, default {@code supplier}
 * @param meter relay meter, default {@code meter}
 * @param params legacy parameter cache, default {@code params}
 * @param consumerGroup suffix of the consumer group, by default the plural of miner; the group is
 *     {@code base-consumerGroup}
 */
public record RedisNamespace(
        String base,
        String cache,
        String events,
        String streams,
        String miner,
        String supplier,
        String meter,
        String params,
        String consumerGroup) {

    /** The namespace with every part at its default. */
    public static final RedisNamespace DEFAULT =
            new RedisNamespace(null, null, null, null, null, null, null, null, null);

    /** Replaces absent and empty parts by their defaults. */
    public RedisNamespace(
            @Nullable String base,
            @Nullable String cache,
            @Nullable String events,
            @Nullable String streams,
            @Nullable String miner,
            @Nullable String supplier,
            @Nullable String meter,
            @Nullable String params,
            @Nullable String consumerGroup) {
        this.base = part(base, "ha");
        this.cache = part(cache, "cache");
        this.events = part(events, "events");
        this.streams = part(streams, "relays");
        this.miner = part(miner, "miner");
        this.supplier = part(supplier, "supplier");
        this.meter = part(meter, "meter");
        this.params = part(params, "params");
        this.consumerGroup = part(consumerGroup, "miners");
    }

    /**
     * The default namespace under another base.
     *
     * @param base first segment of every key; empty means {@code ha}
     */
    public static RedisNamespace ofBase(String base) {
        return new RedisNamespace(base, null, null, null, null, null, null, null, null);
    }

    private static String part(@Nullable String value, String fallback) {
        if (value == null || value.isEmpty()) {
            return fallback;
        }
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c <= ' ' || c == '{' || c == '}' || c == '*' || c == '?' || c == '|') {
                throw new RedisStateException.MalformedValue(
                        "redis.namespace: '"
                                + value
                                + "' contains the character '"
                                + c
                                + "', which has a meaning in key patterns; use letters, digits,"
                                + " '-', '_' and ':'");
            }
        }
        if (value.startsWith(":") || value.endsWith(":") || value.contains("::")) {
            throw new RedisStateException.MalformedValue(
                    "redis.namespace: '" + value + "' would produce an empty key segment");
        }
        return value;
    }
}
