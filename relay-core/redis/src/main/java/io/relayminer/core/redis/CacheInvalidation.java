package io.relayminer.core.redis;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A message on an invalidation channel: everything of a type, or one entry.
 *
 * <p>Messages are compared with the two bytes <code>{}</code> before they are parsed, because that
 * is how every reader does it. A message that cannot be parsed is an error and must leave caches as
 * they are (for service factors: clear everything).
 */
public sealed interface CacheInvalidation {

    /** The whole type. */
    record Everything() implements CacheInvalidation {}

    /**
     * One entry.
     *
     * @param key address or id
     */
    record One(String key) implements CacheInvalidation {}

    /** Cached types and the member that names their entries in messages. */
    enum Type {
        /** Applications, by address. */
        APPLICATION("application", "address"),
        /** Public keys of accounts, by address. */
        ACCOUNT("account", "address"),
        /** Services, by id. */
        SERVICE("service", "service_id"),
        /** Supplier states, by operator address. */
        SUPPLIER("supplier", "operator_address"),
        /** Current shared params; no entries. */
        SHARED_PARAMS("shared_params", ""),
        /** Current proof params; no entries. */
        PROOF_PARAMS("proof_params", ""),
        /** Service factors, by service; here "everything" means the default factor only. */
        SERVICE_FACTOR("service_factor", "service_id");

        private final String wire;
        private final String member;

        Type(String wire, String member) {
            this.wire = wire;
            this.member = member;
        }

        /** The type's name in keys and channels. */
        public String wire() {
            return wire;
        }
    }

    /** The message for everything of a type: exactly two bytes. */
    static byte[] everything() {
        return "{}".getBytes(StandardCharsets.US_ASCII);
    }

    /** The message for one entry. */
    static byte[] one(Type type, String key) {
        if (type.member.isEmpty()) {
            return everything();
        }
        String quoted = new GoJsonWriter().value(key).toString();
        String space = type == Type.SERVICE_FACTOR ? "" : " ";
        return ("{\"" + type.member + "\":" + space + quoted + "}")
                .getBytes(StandardCharsets.UTF_8);
    }

    /** The message for one entry as operators' tools send it, with a superseded member beside. */
    static byte[] oneFromTool(Type type, String key) {
        String quoted = new GoJsonWriter().value(key).toString();
        if (type.member.isEmpty()) {
            return ("{\"key\": " + quoted + "}").getBytes(StandardCharsets.UTF_8);
        }
        return ("{\"key\": " + quoted + ", \"" + type.member + "\": " + quoted + "}")
                .getBytes(StandardCharsets.UTF_8);
    }

    /**
     * Reads a message.
     *
     * @throws RedisStateException.MalformedValue if it is neither <code>{}</code> nor names an
     *     entry
     */
    static CacheInvalidation decode(Type type, byte[] message) {
        if (type.member.isEmpty() || Arrays.equals(message, everything())) {
            return new Everything();
        }
        GoJsonReader json = GoJsonReader.parse(type.wire + " invalidation", message);
        String key = json.string(type.member);
        if (key.isEmpty()) {
            throw new RedisStateException.MalformedValue(
                    type.wire + " invalidation names no '" + type.member + "'");
        }
        return new One(key);
    }
}
