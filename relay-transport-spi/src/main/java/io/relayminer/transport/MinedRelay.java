package io.relayminer.transport;

import org.jspecify.annotations.Nullable;

/**
 * A served relay that met its session's difficulty and waits to become a leaf of a claim.
 *
 * <p>Arrays are not copied; whoever makes or receives a relay must not change them.
 *
 * @param relayHash 32-byte SHA-256 of {@code relayBytes}, the key of the leaf; empty if the sender
 *     left it to the consumer
 * @param relayBytes canonical bytes of the relay without the response payload, the value of the
 *     leaf
 * @param computeUnitsPerRelay weight of the leaf, unsigned; resolved at session start
 * @param sessionId 64 hex digits
 * @param sessionStartHeight first block of the session
 * @param sessionEndHeight last block of the session, greater than 0
 * @param supplier bech32 operator address; selects the log
 * @param serviceId service of the session
 * @param application bech32 address of the application
 * @param arrivalHeight block height when the request arrived
 * @param publishedAtUnixNano when the relay was appended; 0 lets the log fill it in
 */
@SuppressWarnings("ArrayRecordComponent") // not copied; documented as such
public record MinedRelay(
        byte[] relayHash,
        byte[] relayBytes,
        long computeUnitsPerRelay,
        String sessionId,
        long sessionStartHeight,
        long sessionEndHeight,
        String supplier,
        String serviceId,
        String application,
        long arrivalHeight,
        long publishedAtUnixNano) {

    /** Length of a relay hash in bytes. */
    public static final int HASH_LENGTH = 32;

    /**
     * Checks the length of the hash.
     *
     * @throws IllegalArgumentException if the hash has a wrong length
     */
    public MinedRelay {
        if (relayHash.length != 0 && relayHash.length != HASH_LENGTH) {
            throw new IllegalArgumentException(
                    "relay hash has " + relayHash.length + " bytes instead of " + HASH_LENGTH);
        }
    }

    /** Why this relay cannot be appended, or null if it can. */
    public @Nullable String incomplete() {
        if (sessionId.isEmpty()) {
            return "the session id is missing";
        }
        if (sessionEndHeight <= 0) {
            return "the session end height is " + sessionEndHeight;
        }
        if (supplier.isEmpty()) {
            return "the supplier address is missing";
        }
        return null;
    }

    /** The relay with the time at which it was appended. */
    public MinedRelay publishedAt(long unixNano) {
        return new MinedRelay(
                relayHash,
                relayBytes,
                computeUnitsPerRelay,
                sessionId,
                sessionStartHeight,
                sessionEndHeight,
                supplier,
                serviceId,
                application,
                arrivalHeight,
                unixNano);
    }
}
