package io.relayminer.core.redis;

/**
 * Share of an application's stake that one supplier may consume in a session, as miners publish it.
 *
 * @param factor greater than 0
 * @param updatedAt Unix seconds
 */
public record ServiceFactor(double factor, long updatedAt) {

    /** The stored form: JSON in UTF-8. */
    public byte[] encode() {
        GoJsonWriter json = new GoJsonWriter();
        json.beginObject().name("factor").value(factor).name("updated_at").value(updatedAt);
        return json.endObject().toBytes();
    }

    /**
     * Reads a stored factor.
     *
     * @throws RedisStateException.MalformedValue if it is not such a JSON object, or the factor is
     *     not greater than 0
     */
    public static ServiceFactor decode(byte[] stored) {
        GoJsonReader json = GoJsonReader.parse("service factor", stored);
        double factor = json.float64("factor");
        if (!(factor > 0)) {
            throw json.wrong("factor", "greater than 0");
        }
        return new ServiceFactor(factor, json.int64("updated_at"));
    }
}
