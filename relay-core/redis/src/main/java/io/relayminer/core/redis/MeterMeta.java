package io.relayminer.core.redis;

/**
 * What a relay meter was created with, under {@link RedisKeys#meterMeta}.
 *
 * @param sessionId session the meter belongs to
 * @param applicationAddress application that pays
 * @param serviceId service of the session
 * @param supplierAddress supplier that serves
 * @param sessionEndHeight last block of the session
 * @param maxStakeUpokt what may be consumed, in upokt
 * @param createdAt Unix seconds
 * @param createdWithFactor service factor at creation, 0 when none is configured
 * @param createdWithAppStake application stake at creation, in upokt
 */
public record MeterMeta(
        String sessionId,
        String applicationAddress,
        String serviceId,
        String supplierAddress,
        long sessionEndHeight,
        long maxStakeUpokt,
        long createdAt,
        double createdWithFactor,
        long createdWithAppStake) {

    /** The stored form: JSON in UTF-8. */
    public byte[] encode() {
        GoJsonWriter json = new GoJsonWriter();
        json.beginObject().name("session_id").value(sessionId);
        json.name("app_address").value(applicationAddress);
        json.name("service_id").value(serviceId);
        json.name("supplier_address").value(supplierAddress);
        json.name("session_end_height").value(sessionEndHeight);
        json.name("max_stake_upokt").value(maxStakeUpokt);
        json.name("created_at").value(createdAt);
        json.name("created_with_factor").value(createdWithFactor);
        json.name("created_with_app_stake").value(createdWithAppStake);
        return json.endObject().toBytes();
    }

    /**
     * Reads a stored value.
     *
     * @throws RedisStateException.MalformedValue if it is not such a JSON object; treat the meter
     *     as absent once and overwrite it
     */
    public static MeterMeta decode(byte[] stored) {
        GoJsonReader json = GoJsonReader.parse("meter metadata", stored);
        return new MeterMeta(
                json.string("session_id"),
                json.string("app_address"),
                json.string("service_id"),
                json.string("supplier_address"),
                json.int64("session_end_height"),
                json.int64("max_stake_upokt"),
                json.int64("created_at"),
                json.float64("created_with_factor"),
                json.int64("created_with_app_stake"));
    }
}
