package io.relayminer.core.relay;

/**
 * What the pipeline has to know of a configured service.
 *
 * @param id service id
 * @param mode when relays are verified
 * @param maxBodyBytes longest relay request, bytes
 * @param defaultType backend type of relays that name none
 * @param poolProfile name of the connection limits, shown on the service's status page; empty for
 *     none
 */
public record ServiceProfile(
        String id,
        ValidationMode mode,
        long maxBodyBytes,
        RpcType defaultType,
        String poolProfile) {

    /** Longest relay request unless configured otherwise, bytes. */
    public static final long DEFAULT_MAX_BODY_BYTES = 10_485_760;

    /** A service whose relays are verified first, with JSON-RPC for those that name no type. */
    public static ServiceProfile of(String id) {
        return new ServiceProfile(
                id, ValidationMode.EAGER, DEFAULT_MAX_BODY_BYTES, RpcType.JSONRPC, "");
    }

    /** When a relay is verified. Either way nothing is answered or mined unverified. */
    public enum ValidationMode {
        /** Before the backend is called. */
        EAGER,
        /** While the backend works; costs backend calls for relays that turn out to be forged. */
        OPTIMISTIC
    }
}
