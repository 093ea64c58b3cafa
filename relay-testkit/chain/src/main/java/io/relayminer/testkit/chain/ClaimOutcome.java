package io.relayminer.testkit.chain;

import java.math.BigInteger;

/**
 * How a claim ended.
 *
 * @param height height of the settling block
 * @param kind what happened
 * @param supplier operator address
 * @param application application address
 * @param serviceId service
 * @param sessionId session id; empty for claims that were not paid, whose events do not name it
 * @param sessionEnd last height of the session, as the claim said
 * @param relays number of relays claimed
 * @param claimedUpokt amount claimed
 * @param settledUpokt amount the application was charged, 0 unless settled
 * @param mintedUpokt amount distributed, 0 unless settled
 * @param reason why it was not settled, empty otherwise
 */
public record ClaimOutcome(
        long height,
        Kind kind,
        String supplier,
        String application,
        String serviceId,
        String sessionId,
        long sessionEnd,
        long relays,
        BigInteger claimedUpokt,
        BigInteger settledUpokt,
        BigInteger mintedUpokt,
        String reason) {

    /** The ways a claim can end. */
    public enum Kind {
        /** Paid. */
        SETTLED,
        /** A required proof was missing or invalid; the supplier was slashed. */
        EXPIRED,
        /** Could not be settled; nobody was paid or slashed. */
        DISCARDED
    }
}
