package io.relayminer.core.config;

/**
 * {@code redis.namespace}: the configurable parts of key names. Each part has its own default; all
 * processes of a fleet must agree on all of them.
 */
public record NamespaceConfig(
        @Key("First part of every key.") String basePrefix,
        @Key("Part of the keys of cached chain data.") String cachePrefix,
        @Key("Part of the channels of events.") String eventsPrefix,
        @Key("Part of the relay streams' keys.") String streamsPrefix,
        @Key("Part of the keys of miner state.") String minerPrefix,
        @Key("Part of the keys of supplier states.") String supplierPrefix,
        @Key("Part of the keys of the relay meter.") String meterPrefix,
        @Key("Part of the keys of parameters.") String paramsPrefix,
        @Key("Second part of the consumer group's name.") String consumerGroupPrefix) {

    /** Puts the defaults in place and refuses parts that would break the key grammar. */
    public NamespaceConfig {
        basePrefix = part("base_prefix", basePrefix, "ha");
        cachePrefix = part("cache_prefix", cachePrefix, "cache");
        eventsPrefix = part("events_prefix", eventsPrefix, "events");
        streamsPrefix = part("streams_prefix", streamsPrefix, "relays");
        minerPrefix = part("miner_prefix", minerPrefix, "miner");
        supplierPrefix = part("supplier_prefix", supplierPrefix, "supplier");
        meterPrefix = part("meter_prefix", meterPrefix, "meter");
        paramsPrefix = part("params_prefix", paramsPrefix, "params");
        consumerGroupPrefix = part("consumer_group_prefix", consumerGroupPrefix, "miners");
    }

    /** All parts at their defaults. */
    @SuppressWarnings("NullAway") // null is how the reader says "absent"
    public static NamespaceConfig defaults() {
        return new NamespaceConfig(null, null, null, null, null, null, null, null, null);
    }

    private static String part(String name, String value, String fallback) {
        String part = Check.textOr(value, fallback);
        if (part.indexOf('{') >= 0 || part.indexOf('}') >= 0 || part.indexOf('|') >= 0) {
            throw new IllegalArgumentException(name + " must not contain '{', '}' or '|'");
        }
        return part;
    }
}
