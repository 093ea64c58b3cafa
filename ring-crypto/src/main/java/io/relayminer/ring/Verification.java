package io.relayminer.ring;

import io.relayminer.ring.secp256k1.AffinePoint;
import io.relayminer.ring.secp256k1.GeneratorTables;
import io.relayminer.ring.secp256k1.MultiMultiplication;
import io.relayminer.ring.secp256k1.OddMultiples;
import io.relayminer.ring.secp256k1.OddMultiplesBuilder;
import io.relayminer.ring.secp256k1.RecodedScalar;
import io.relayminer.ring.secp256k1.Scalar;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;

/** The buffers and the course of one ring verification. Reused, not thread-safe. */
final class Verification {
    /** Members whose odd multiples are built together; with the image's they fill a builder. */
    private static final int GROUP = (OddMultiplesBuilder.CAPACITY - 1) / 2;

    private final ChallengeHash hash = new ChallengeHash();
    private final MultiMultiplication multiplication = new MultiMultiplication();
    private final RecodedScalar recodedResponse = new RecodedScalar();
    private final RecodedScalar recodedChallenge = new RecodedScalar();
    private final Scalar firstChallenge = new Scalar();
    private final Scalar challenge = new Scalar();
    private final Scalar response = new Scalar();
    private final AffinePoint left = new AffinePoint();
    private final AffinePoint right = new AffinePoint();
    private final AffinePoint image = new AffinePoint();
    private final OddMultiplesBuilder builder = new OddMultiplesBuilder();
    private final OddMultiples[] pointMultiples = newMultiples();
    private final OddMultiples[] hashMultiples = newMultiples();
    private final OddMultiples imageMultiples = new OddMultiples();
    private final KeyTables.@Nullable Combs[] groupCombs = new KeyTables.Combs[GROUP];
    private final CompressedKey probe = new CompressedKey();
    private PublicKey[] keys = new PublicKey[8];
    private KeyTables.@Nullable Base[] bases = new KeyTables.Base[8];

    private static OddMultiples[] newMultiples() {
        OddMultiples[] multiples = new OddMultiples[GROUP];
        for (int i = 0; i < GROUP; i++) {
            multiples[i] = new OddMultiples();
        }
        return multiples;
    }

    RingVerdict verify(
            byte[] message,
            byte[] signature,
            @Nullable Ring expected,
            RingPolicy policy,
            KeyTables tables) {
        int bound = policy.maxMembers();
        if (expected != null) {
            bound = Math.min(bound, Math.max(2, expected.distinctSize()));
        }
        RingRejection rejection = RingSignature.checkFrame(signature, bound);
        if (rejection == null) {
            rejection = checkMembers(signature, expected, policy);
        }
        if (rejection != null) {
            return RingVerdict.rejected(rejection);
        }

        tables.tick();
        int count = RingSignature.count(signature);
        probe.read(signature, RingSignature.IMAGE_OFFSET);
        KeyTables.Base imageBase = tables.image(probe);
        if (imageBase == null
                && image.decode(signature, RingSignature.IMAGE_OFFSET) != AffinePoint.Decoding.OK) {
            return RingVerdict.rejected(RingRejection.KEY_IMAGE);
        }
        for (int i = 0; i < count; i++) {
            bases[i] = tables.member(keys[i], hash);
        }

        hash.start(message);
        boolean closed = closes(signature, count, imageBase);
        if (!closed && hash.sawShort()) {
            // Costs a second pass only for a failed signature with a short challenge, one in a
            // hundred.
            hash.useRightAlignment();
            if (closes(signature, count, imageBase)) {
                rejection = RingRejection.FOREIGN_CHALLENGE_ENCODING;
            }
        }
        Arrays.fill(bases, 0, count, null);
        Arrays.fill(groupCombs, null);
        if (!closed) {
            return RingVerdict.rejected(rejection == null ? RingRejection.CHALLENGE : rejection);
        }
        if (imageBase == null) {
            tables.admitImage(probe, image);
        }
        return RingVerdict.ACCEPTED;
    }

    /**
     * Checks policy, scalars and membership and fills {@link #keys}; no curve work if a ring is
     * expected.
     */
    private @Nullable RingRejection checkMembers(
            byte[] signature, @Nullable Ring expected, RingPolicy policy) {
        int count = RingSignature.count(signature);
        if (count == 1 && !policy.singleMemberAllowed()) {
            return RingRejection.SINGLE_MEMBER;
        }
        boolean canonical = firstChallenge.setBytes(signature, RingSignature.CHALLENGE_OFFSET);
        for (int i = 0; i < count; i++) {
            canonical &= response.setBytes(signature, RingSignature.memberOffset(i));
        }
        if (!canonical && policy.scalarsCanonical()) {
            return RingRejection.SCALAR_RANGE;
        }
        probe.read(signature, RingSignature.IMAGE_OFFSET);
        if (policy.placeholderSignerRefused() && probe.equals(Ring.PLACEHOLDER_IMAGE)) {
            return RingRejection.PLACEHOLDER_SIGNER;
        }
        if (keys.length < count) {
            keys = new PublicKey[count];
            bases = new KeyTables.Base[count];
        }
        for (int i = 0; i < count; i++) {
            int offset = RingSignature.memberOffset(i) + RingSignature.KEY_OFFSET_IN_MEMBER;
            if (expected != null) {
                probe.read(signature, offset);
                PublicKey key = expected.find(probe);
                if (key == null) {
                    return RingRejection.NOT_A_MEMBER;
                }
                keys[i] = key;
            } else {
                try {
                    keys[i] =
                            PublicKey.of(
                                    Arrays.copyOfRange(
                                            signature, offset, offset + PublicKey.LENGTH));
                } catch (MalformedKeyException e) {
                    return RingRejection.MEMBER_KEY;
                }
            }
        }
        return null;
    }

    /** Runs the chain of challenges once around the ring. */
    private boolean closes(byte[] signature, int count, KeyTables.@Nullable Base imageBase) {
        KeyTables.Combs imageCombs = imageBase == null ? null : imageBase.combs();
        if (imageCombs == null) {
            builder.add(imageBase == null ? image : imageBase.point, imageMultiples);
        }
        challenge.set(firstChallenge);
        for (int i = 0; i < count; i++) {
            int slot = i % GROUP;
            if (slot == 0) {
                prepare(i, Math.min(count, i + GROUP));
            }
            KeyTables.Combs combs = groupCombs[slot];
            response.setBytes(signature, RingSignature.memberOffset(i));
            recodedResponse.set(response);
            recodedChallenge.set(challenge);
            multiplication.commitments(
                    recodedResponse,
                    recodedChallenge,
                    GeneratorTables.verification(),
                    combs == null ? null : combs.point(),
                    pointMultiples[slot],
                    combs == null ? null : combs.hash(),
                    hashMultiples[slot],
                    imageCombs == null ? null : imageCombs.point(),
                    imageMultiples,
                    left,
                    right);
            hash.challenge(left, right, challenge);
        }
        return challenge.sameAs(firstChallenge);
    }

    /** Takes the combs of members [from, to), and builds odd multiples for those that have none. */
    private void prepare(int from, int to) {
        for (int i = from; i < to; i++) {
            KeyTables.Base base = bases[i];
            AffinePoint hashPoint = base == null ? null : base.hash;
            if (base == null || hashPoint == null) {
                throw new IllegalStateException("member " + i + " has no base");
            }
            int slot = i - from;
            KeyTables.Combs combs = base.combs();
            groupCombs[slot] = combs;
            if (combs == null) {
                builder.add(base.point, pointMultiples[slot]);
                builder.add(hashPoint, hashMultiples[slot]);
            }
        }
        builder.build();
    }
}
