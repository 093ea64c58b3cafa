package io.relayminer.ring;

import io.relayminer.ring.secp256k1.AffinePoint;

import java.util.Arrays;
import java.util.HexFormat;

/**
 * A secp256k1 public key: a point of the curve, with its 33-byte compressed form (02 or 03, then x
 * big-endian).
 *
 * <p>An instance always is a valid curve point other than infinity. Two keys are equal exactly if
 * their encodings are, because each point has one compressed form. Immutable and safe for
 * concurrent use.
 */
public final class PublicKey implements Comparable<PublicKey> {
    /** Length of the compressed form in bytes. */
    public static final int LENGTH = AffinePoint.ENCODED_LENGTH;

    private static final int UNCOMPRESSED_LENGTH = 65;

    private final byte[] encoded;
    private final CompressedKey compressed;
    private final AffinePoint point;

    private PublicKey(byte[] encoded, AffinePoint point) {
        this.encoded = encoded;
        this.compressed = CompressedKey.of(encoded, 0);
        this.point = point;
    }

    /**
     * Decodes a compressed key. Costs one field square root.
     *
     * @param compressed 33 bytes; copied
     * @throws MalformedKeyException if the length is wrong or the bytes are no curve point
     */
    public static PublicKey of(byte[] compressed) {
        if (compressed.length != LENGTH) {
            throw new MalformedKeyException(
                    MalformedKeyException.Reason.LENGTH,
                    "a compressed public key has 33 bytes, not " + compressed.length);
        }
        AffinePoint point = new AffinePoint();
        check(point.decode(compressed, 0));
        return new PublicKey(compressed.clone(), point);
    }

    /**
     * Decodes a key in any SEC 1 form: 33 bytes compressed, 65 bytes uncompressed (04, x, y), or 65
     * bytes hybrid (06 for even or 07 for odd y, x, y). The protocol itself only uses the
     * compressed form.
     *
     * @throws MalformedKeyException if the length is wrong or the bytes are no curve point
     */
    public static PublicKey ofSec1(byte[] bytes) {
        if (bytes.length != UNCOMPRESSED_LENGTH) {
            return of(bytes);
        }
        byte prefix = bytes[0];
        boolean hybrid = prefix == 6 || prefix == 7;
        if (prefix != 4 && !(hybrid && (prefix & 1) == (bytes[64] & 1))) {
            throw new MalformedKeyException(
                    MalformedKeyException.Reason.PREFIX,
                    "an uncompressed public key starts with 04, a hybrid one with 06 or 07 by y");
        }
        AffinePoint point = new AffinePoint();
        check(point.decodeCoordinates(bytes, 1));
        return of(point);
    }

    private static void check(AffinePoint.Decoding decoding) {
        switch (decoding) {
            case OK -> {}
            case BAD_PREFIX ->
                    throw new MalformedKeyException(
                            MalformedKeyException.Reason.PREFIX,
                            "a compressed public key starts with 02 or 03");
            case X_OUT_OF_RANGE ->
                    throw new MalformedKeyException(
                            MalformedKeyException.Reason.X_OUT_OF_RANGE,
                            "a coordinate of the public key is not below the field prime");
            case NOT_ON_CURVE ->
                    throw new MalformedKeyException(
                            MalformedKeyException.Reason.NOT_ON_CURVE,
                            "the public key is not a point of the curve");
        }
    }

    /** Takes over a normalized, finite point. */
    static PublicKey of(AffinePoint point) {
        byte[] encoded = new byte[LENGTH];
        point.encode(encoded, 0);
        return new PublicKey(encoded, point);
    }

    /** Returns a copy of the 33-byte compressed form. */
    public byte[] encoded() {
        return encoded.clone();
    }

    /** Returns the account address of this key. */
    public Address address() {
        return Address.of(this);
    }

    /**
     * Verifies an ECDSA signature as Cosmos keys do: over SHA-256 of the message, low S only.
     *
     * @param message any bytes; for a relay response the 32-byte signable hash, which is thereby
     *     hashed again
     * @param signature R and S, 32 bytes big-endian each; any other length is refused
     * @return whether the signature is valid. R or S not below the group order is refused.
     */
    public boolean verify(byte[] message, byte[] signature) {
        return Ecdsa.verify(this, message, signature);
    }

    /**
     * Returns the hash of this key to the curve, the base that a private key turns into its key
     * image: 33 bytes compressed, even y. Costs about one and a half field square roots.
     */
    public byte[] hashToCurve() {
        AffinePoint hash = new AffinePoint();
        new ChallengeHash().toCurve(encoded, hash);
        byte[] out = new byte[LENGTH];
        hash.encode(out, 0);
        return out;
    }

    byte[] encodedUnshared() {
        return encoded;
    }

    CompressedKey compressed() {
        return compressed;
    }

    /** The decoded point: shared, must not be modified. */
    AffinePoint point() {
        return point;
    }

    @Override
    public int compareTo(PublicKey other) {
        return Arrays.compareUnsigned(encoded, other.encoded);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof PublicKey key && compressed.equals(key.compressed);
    }

    @Override
    public int hashCode() {
        return compressed.hashCode();
    }

    /** Returns the compressed form as 66 lower-case hexadecimal digits. */
    @Override
    public String toString() {
        return HexFormat.of().formatHex(encoded);
    }
}
