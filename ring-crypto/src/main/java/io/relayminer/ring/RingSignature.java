package io.relayminer.ring;

import io.relayminer.ring.secp256k1.Scalar;

import java.util.Arrays;
import java.util.Objects;

/**
 * A ring signature in its wire form of 69 + 65·n bytes:
 *
 * <pre>
 * offset      size  field
 * 0           4     number of members n, big-endian
 * 4           32    challenge c0, big-endian scalar
 * 36          33    key image, compressed point
 * 69 + 65·i   32    response s_i, big-endian scalar
 * 101 + 65·i  33    public key of member i, compressed point
 * </pre>
 *
 * <p>An instance has a member count that matches its length and only canonical scalars. Its points
 * are bytes that have not been decoded: whether they are on the curve is found out by verifying.
 * Immutable.
 */
public final class RingSignature {
    /** Bytes before the first member. */
    public static final int HEADER_LENGTH = 69;

    /** Bytes of a member. */
    public static final int MEMBER_LENGTH = 65;

    static final int CHALLENGE_OFFSET = 4;
    static final int IMAGE_OFFSET = 36;
    static final int KEY_OFFSET_IN_MEMBER = 32;

    private final byte[] encoded;

    private RingSignature(byte[] encoded) {
        this.encoded = encoded;
    }

    /**
     * Decodes a signature. The member count is checked against the length and the bound before
     * anything else is looked at, so a false count costs nothing.
     *
     * @param bytes the whole wire form, nothing before or after it; copied
     * @param maxMembers most members to accept, at least 1
     * @throws MalformedSignatureException if the bytes have another form
     */
    public static RingSignature decode(byte[] bytes, int maxMembers) {
        RingRejection rejection = checkFrame(bytes, maxMembers);
        if (rejection != null) {
            throw new MalformedSignatureException(
                    rejection, rejection.description() + " (" + bytes.length + " bytes)");
        }
        RingSignature signature = new RingSignature(bytes.clone());
        Scalar scalar = new Scalar();
        boolean canonical = scalar.setBytes(bytes, CHALLENGE_OFFSET);
        for (int i = 0; i < signature.size(); i++) {
            canonical &= scalar.setBytes(bytes, memberOffset(i));
        }
        if (!canonical) {
            throw new MalformedSignatureException(
                    RingRejection.SCALAR_RANGE, RingRejection.SCALAR_RANGE.description());
        }
        return signature;
    }

    /** Takes over the wire form made by a signer. */
    static RingSignature ofUnshared(byte[] encoded) {
        return new RingSignature(encoded);
    }

    /** Checks count, bound and length only; returns null if they are right. */
    static @org.jspecify.annotations.Nullable RingRejection checkFrame(
            byte[] bytes, int maxMembers) {
        if (bytes.length < HEADER_LENGTH) {
            return RingRejection.LENGTH;
        }
        int count = count(bytes);
        if (count == 0) {
            return RingRejection.NO_MEMBERS;
        }
        // The count is unsigned: negative means at least 2^31.
        if (count < 0 || count > maxMembers) {
            return RingRejection.TOO_MANY_MEMBERS;
        }
        if (bytes.length != HEADER_LENGTH + (long) MEMBER_LENGTH * count) {
            return RingRejection.LENGTH;
        }
        return null;
    }

    static int count(byte[] bytes) {
        return (bytes[0] & 0xff) << 24
                | (bytes[1] & 0xff) << 16
                | (bytes[2] & 0xff) << 8
                | (bytes[3] & 0xff);
    }

    static int memberOffset(int member) {
        return HEADER_LENGTH + MEMBER_LENGTH * member;
    }

    /** Returns the number of members. */
    public int size() {
        return count(encoded);
    }

    /** Returns the 32 bytes of the initial challenge c0. */
    public byte[] challenge() {
        return Arrays.copyOfRange(encoded, CHALLENGE_OFFSET, CHALLENGE_OFFSET + 32);
    }

    /**
     * Returns the 33 bytes of the key image. It depends on the signer's private key alone, so equal
     * images mean the same signer, whatever the ring or message.
     */
    public byte[] keyImage() {
        return Arrays.copyOfRange(encoded, IMAGE_OFFSET, IMAGE_OFFSET + PublicKey.LENGTH);
    }

    /** Returns whether two signatures were made with the same private key. */
    public boolean linkedTo(RingSignature other) {
        return Arrays.equals(
                encoded, IMAGE_OFFSET, HEADER_LENGTH, other.encoded, IMAGE_OFFSET, HEADER_LENGTH);
    }

    /** Returns the 32 bytes of a member's response scalar. */
    public byte[] response(int member) {
        int offset = memberOffset(Objects.checkIndex(member, size()));
        return Arrays.copyOfRange(encoded, offset, offset + KEY_OFFSET_IN_MEMBER);
    }

    /** Returns the 33 bytes of a member's public key; they may be no curve point. */
    public byte[] memberKey(int member) {
        int offset = memberOffset(Objects.checkIndex(member, size())) + KEY_OFFSET_IN_MEMBER;
        return Arrays.copyOfRange(encoded, offset, offset + PublicKey.LENGTH);
    }

    /** Returns a copy of the wire form. */
    public byte[] encoded() {
        return encoded.clone();
    }

    byte[] encodedUnshared() {
        return encoded;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof RingSignature signature
                && Arrays.equals(encoded, signature.encoded);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(encoded);
    }

    @Override
    public String toString() {
        return "RingSignature[" + size() + " members]";
    }
}
