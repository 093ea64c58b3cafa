package io.relayminer.ring;

/**
 * Why a ring signature is refused. Everything before {@link #KEY_IMAGE} is decided without curve
 * arithmetic.
 */
public enum RingRejection {
    /**
     * The bytes are fewer than the 69 of a header, or not exactly 69 + 65·n for the claimed n
     * members.
     */
    LENGTH("signature length does not match its member count"),
    /** The signature claims no members at all. */
    NO_MEMBERS("ring has no members"),
    /** The signature has one member and the policy requires two. */
    SINGLE_MEMBER("ring has a single member"),
    /** The signature has more members than the policy or the expected ring allows. */
    TOO_MANY_MEMBERS("ring has too many members"),
    /** A scalar is not below the group order. */
    SCALAR_RANGE("scalar is not below the group order"),
    /** A member's key is not in the expected ring. */
    NOT_A_MEMBER("member key is not in the expected ring"),
    /** The signer is the placeholder, whose private key everyone knows. */
    PLACEHOLDER_SIGNER("signed with the publicly known placeholder key"),
    /** A member's key is not a point of the curve. */
    MEMBER_KEY("member key is not a curve point"),
    /** The key image is not a point of the curve. */
    KEY_IMAGE("key image is not a curve point"),
    /** The chain of challenges does not close: forged, corrupted, or made for another message. */
    CHALLENGE("challenge does not match"),
    /**
     * The chain of challenges closes only if short challenges are right-aligned. The signature was
     * made honestly by a library that differs from the network's; the chain refuses such a relay,
     * so it is refused here.
     */
    FOREIGN_CHALLENGE_ENCODING("challenge was encoded by an incompatible signing library");

    private final String description;

    RingRejection(String description) {
        this.description = description;
    }

    /** Returns a short text for logs and error replies. */
    public String description() {
        return description;
    }
}
