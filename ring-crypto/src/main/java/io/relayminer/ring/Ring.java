package io.relayminer.ring;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;

/**
 * The public keys that may sign relays for an application, in an order.
 *
 * <p>A verifier uses a ring as a set: neither order nor completeness nor repetition of the keys
 * inside a signature matters, only that each of them is a member ({@link #expected}). A signer
 * needs the list ({@link #signing}). Immutable and safe for concurrent use.
 */
public final class Ring {
    /**
     * The placeholder member of an application without gateways. Its private key is SHA-256 of a
     * fixed public text (mod N − 1, plus 1), so everyone can sign with it.
     */
    public static final PublicKey PLACEHOLDER =
            PublicKey.of(
                    HexFormat.of()
                            .parseHex(
                                    "021066f293709356a33e9c13017867586baf52513e845bc4335233a15ed1e00baf"));

    /** The key image of every signature made with the placeholder's private key, compressed. */
    static final CompressedKey PLACEHOLDER_IMAGE =
            CompressedKey.of(
                    HexFormat.of()
                            .parseHex(
                                    "02fb1622d0131a0cddaae8cfda782a947b1b80101be4f51a84d4eb8df21c7ac1f1"),
                    0);

    private final List<PublicKey> members;
    private final PublicKey[] distinct;

    private Ring(List<PublicKey> members) {
        if (members.isEmpty()) {
            throw new IllegalArgumentException("a ring has at least one member");
        }
        this.members = List.copyOf(members);
        this.distinct = this.members.stream().distinct().toArray(PublicKey[]::new);
    }

    /**
     * Returns a ring of exactly the given keys, repetitions included.
     *
     * @param members at least one key
     */
    public static Ring of(List<PublicKey> members) {
        return new Ring(members);
    }

    /**
     * Returns the ring a verifier expects: the application and its gateways, or the application and
     * the {@link #PLACEHOLDER} if there are no gateways.
     *
     * @param application the application's key
     * @param gateways keys of the gateways delegated to at the session's end, possibly none
     */
    public static Ring expected(PublicKey application, Collection<PublicKey> gateways) {
        return withGateways(application, gateways, PLACEHOLDER);
    }

    /**
     * Returns the ring a gateway signs with: the application and its gateways, or the application
     * twice if there are no gateways.
     *
     * @param application the application's key
     * @param gateways keys of the gateways delegated to at the session's end, possibly none
     */
    public static Ring signing(PublicKey application, Collection<PublicKey> gateways) {
        return withGateways(application, gateways, application);
    }

    private static Ring withGateways(
            PublicKey application, Collection<PublicKey> gateways, PublicKey substitute) {
        List<PublicKey> members = new ArrayList<>(gateways.size() + 2);
        members.add(application);
        members.addAll(gateways);
        if (gateways.isEmpty()) {
            members.add(substitute);
        }
        return new Ring(members);
    }

    /** Returns the members in order, repetitions included; unmodifiable. */
    public List<PublicKey> members() {
        return members;
    }

    /** Returns the number of members, repetitions included. */
    public int size() {
        return members.size();
    }

    /** Returns whether a key is a member. */
    public boolean contains(PublicKey key) {
        return find(key.compressed()) != null;
    }

    int distinctSize() {
        return distinct.length;
    }

    /** Returns the member with a compressed form, or null. Rings are small, so this is a scan. */
    @Nullable PublicKey find(CompressedKey key) {
        for (PublicKey member : distinct) {
            if (member.compressed().equals(key)) {
                return member;
            }
        }
        return null;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Ring ring && members.equals(ring.members);
    }

    @Override
    public int hashCode() {
        return members.hashCode();
    }

    @Override
    public String toString() {
        return "Ring" + members;
    }
}
