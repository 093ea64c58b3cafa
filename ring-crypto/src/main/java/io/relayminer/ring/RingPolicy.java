package io.relayminer.ring;

/**
 * Which mathematically valid ring signatures a verifier refuses nevertheless. The defaults accept
 * everything an honest signer produces and are a strict subset of what the chain accepts.
 *
 * @param maxMembers most members a ring may have, at least 1; honest rings have about eight
 * @param singleMemberAllowed whether a ring of one is accepted; no signing library makes one, the
 *     chain accepts them
 * @param scalarsCanonical whether a scalar not below the group order is refused rather than
 *     reduced; a non-canonical scalar is a second encoding of the same signature
 * @param placeholderSignerRefused whether a signature by the placeholder member is refused. An
 *     application without gateways has a ring of itself and a placeholder whose private key is
 *     derived from a public string, so anyone could sign relays at that application's expense; such
 *     a signature is recognised by its key image. The chain accepts it.
 */
public record RingPolicy(
        int maxMembers,
        boolean singleMemberAllowed,
        boolean scalarsCanonical,
        boolean placeholderSignerRefused) {
    /** At most 64 members, at least two, canonical scalars, no placeholder signer. */
    public static final RingPolicy DEFAULT = new RingPolicy(64, false, true, true);

    /** Validates the bounds. */
    public RingPolicy {
        if (maxMembers < 1) {
            throw new IllegalArgumentException("maxMembers must be at least 1, not " + maxMembers);
        }
    }

    /** Returns this policy with another bound on the ring size. */
    public RingPolicy withMaxMembers(int members) {
        return new RingPolicy(
                members, singleMemberAllowed, scalarsCanonical, placeholderSignerRefused);
    }

    /** Returns this policy with rings of one allowed or not. */
    public RingPolicy withSingleMemberAllowed(boolean allowed) {
        return new RingPolicy(maxMembers, allowed, scalarsCanonical, placeholderSignerRefused);
    }

    /** Returns this policy with non-canonical scalars refused or reduced. */
    public RingPolicy withScalarsCanonical(boolean canonical) {
        return new RingPolicy(maxMembers, singleMemberAllowed, canonical, placeholderSignerRefused);
    }

    /** Returns this policy with placeholder signers refused or accepted. */
    public RingPolicy withPlaceholderSignerRefused(boolean refused) {
        return new RingPolicy(maxMembers, singleMemberAllowed, scalarsCanonical, refused);
    }
}
