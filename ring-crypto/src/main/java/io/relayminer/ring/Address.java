package io.relayminer.ring;

import org.bouncycastle.crypto.digests.RIPEMD160Digest;

import java.util.Arrays;

/**
 * A Pocket account address: the 20 bytes RIPEMD-160(SHA-256(compressed public key)), written in
 * bech32 with the prefix {@code pokt} (43 characters). Immutable and safe for concurrent use.
 */
public final class Address implements Comparable<Address> {
    /** Length in bytes. */
    public static final int LENGTH = 20;

    /** The human-readable part of the text form. */
    public static final String PREFIX = "pokt";

    private final byte[] bytes;
    private final String text;

    private Address(byte[] bytes) {
        this.bytes = bytes;
        this.text = Bech32.encode(PREFIX, bytes);
    }

    /** Returns the address of a public key. */
    public static Address of(PublicKey key) {
        byte[] sha = Digests.sha256().digest(key.encodedUnshared());
        RIPEMD160Digest ripemd = new RIPEMD160Digest();
        ripemd.update(sha, 0, sha.length);
        byte[] bytes = new byte[LENGTH];
        ripemd.doFinal(bytes, 0);
        return new Address(bytes);
    }

    /**
     * Creates an address from its 20 bytes.
     *
     * @throws MalformedAddressException if there are not 20 bytes
     */
    public static Address ofBytes(byte[] bytes) {
        if (bytes.length != LENGTH) {
            throw new MalformedAddressException(
                    MalformedAddressException.Reason.PAYLOAD_LENGTH,
                    "an account address has 20 bytes, not " + bytes.length);
        }
        return new Address(bytes.clone());
    }

    /**
     * Parses a {@code pokt1…} string of 20 bytes. Upper-case text is accepted; {@link #toString} of
     * the result is lower case.
     *
     * @throws MalformedAddressException if the text is anything else
     */
    public static Address parse(String text) {
        return ofBytes(Bech32.decode(PREFIX, text));
    }

    /**
     * Returns whether the chain takes a string for an address: bech32 with prefix {@code pokt} and
     * a payload of 1 to 255 bytes. Wider than {@link #parse}, which only takes account addresses.
     */
    public static boolean isWellFormed(String text) {
        try {
            Bech32.decode(PREFIX, text);
            return true;
        } catch (MalformedAddressException e) {
            return false;
        }
    }

    /** Returns a copy of the 20 bytes. */
    public byte[] bytes() {
        return bytes.clone();
    }

    @Override
    public int compareTo(Address other) {
        return Arrays.compareUnsigned(bytes, other.bytes);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Address address && Arrays.equals(bytes, address.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    /** Returns the bech32 form in lower case. */
    @Override
    public String toString() {
        return text;
    }
}
