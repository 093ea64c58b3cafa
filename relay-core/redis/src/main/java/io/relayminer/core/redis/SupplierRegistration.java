package io.relayminer.core.redis;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * Entry of the supplier registry under {@link RedisKeys#supplierRegistryEntry}.
 *
 * @param operatorAddress bech32 address
 * @param services service ids; null is written as JSON null, as every known writer does
 * @param status {@code active} or {@code draining}
 * @param updatedAt Unix seconds
 */
public record SupplierRegistration(
        String operatorAddress, @Nullable List<String> services, String status, long updatedAt) {

    /** Copies the list. */
    public SupplierRegistration {
        services = services == null ? null : List.copyOf(services);
    }

    /** The stored form: JSON in UTF-8. */
    public byte[] encode() {
        GoJsonWriter json = new GoJsonWriter();
        json.beginObject().name("operator_addr").value(operatorAddress);
        json.name("services").strings(services);
        json.name("status").value(status).name("updated_at").value(updatedAt);
        return json.endObject().toBytes();
    }

    /**
     * Reads a stored entry.
     *
     * @throws RedisStateException.MalformedValue if it is not such a JSON object
     */
    public static SupplierRegistration decode(byte[] stored) {
        GoJsonReader json = GoJsonReader.parse("supplier registration", stored);
        return new SupplierRegistration(
                json.string("operator_addr"),
                json.strings("services"),
                json.string("status"),
                json.int64("updated_at"));
    }

    /**
     * A change of the registry, sent on {@link RedisKeys#supplierUpdateChannel()}.
     *
     * @param action {@code add}, {@code update}, {@code draining} or {@code remove}
     * @param operatorAddress bech32 address
     * @param services service ids; omitted when null or empty
     * @param reason why; omitted when empty
     */
    public record Update(
            String action, String operatorAddress, @Nullable List<String> services, String reason) {

        /** Copies the list. */
        public Update {
            services = services == null ? null : List.copyOf(services);
        }

        /** The message: JSON in UTF-8. */
        public byte[] encode() {
            GoJsonWriter json = new GoJsonWriter();
            json.beginObject().name("action").value(action);
            json.name("operator_addr").value(operatorAddress);
            if (services != null && !services.isEmpty()) {
                json.name("services").strings(services);
            }
            if (!reason.isEmpty()) {
                json.name("reason").value(reason);
            }
            return json.endObject().toBytes();
        }

        /**
         * Reads a message.
         *
         * @throws RedisStateException.MalformedValue if it is not such a JSON object
         */
        public static Update decode(byte[] message) {
            GoJsonReader json = GoJsonReader.parse("supplier update", message);
            return new Update(
                    json.string("action"),
                    json.string("operator_addr"),
                    json.strings("services"),
                    json.string("reason"));
        }
    }
}
