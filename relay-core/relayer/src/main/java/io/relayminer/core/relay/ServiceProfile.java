package io.relayminer.core.relay;

/**
 * What the pipeline has to know of a configured service.
 *
 * @param id service id
 * @param mode when relays are verified
 * @param maxBodyBytes longest relay request, bytes
 * @param defaultType backend type of relays that name none
 */
public record ServiceProfile(
        String id, ValidationMode mode, long maxBodyBytes, RpcType defaultType) {

    /** When a relay is verified. Either way nothing is answered or mined unverified. */
    public enum ValidationMode {
        /** Before the backend is called. */
        EAGER,
        /** While the backend works; costs backend calls for relays that turn out to be forged. */
        OPTIMISTIC
    }
}
