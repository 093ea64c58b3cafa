package io.relayminer.smst;

import org.jspecify.annotations.Nullable;

import java.io.ByteArrayOutputStream;
import java.util.HexFormat;
import java.util.List;

/**
 * Writes a proof as a Go {@code encoding/gob} stream. Gob describes the types of a stream before
 * their values; with one fixed type the description is a constant, and what remains are a few
 * length-prefixed fields, each preceded by its distance from the field before it. Fields that are
 * empty are left out; a struct ends with a zero byte.
 */
final class GobProofEncoder {

    /**
     * Definitions of the three types, under the ids that a fresh Go process assigns: 64 the closest
     * proof, 65 a list of byte strings, 66 the nested proof.
     */
    static final byte[] PREAMBLE =
            HexFormat.of()
                    .parseHex(
                            "ff877f0301011f537061727365436f6d706163744d65726b6c65436c6f7365737450726f6f6601ff80000106"
                                + "010450617468010a00010b466c69707065644269747301ff8200010544657074680"
                                + "10a00010b436c6f7365737450617468010a000110436c6f7365737456616c756548617368010a00010c"
                                + "436c6f7365737450726f6f6601ff84000000"
                                + "17ff81020101095b5d5b5d75696e743801ff8200010a0000"
                                + "7cff8303010118537061727365436f6d706163744d65726b6c6550726f6f6601ff84000105"
                                + "0109536964654e6f64657301ff820001154e6f6e4d656d626572736869704c65616644617461010a00"
                                + "01074269744d61736b010a00010c4e756d536964654e6f646573010400010b5369626c696e6744617461"
                                + "010a000000");

    private static final int CLOSEST_PROOF_ID = 64;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream(1024);

    private GobProofEncoder() {}

    static byte[] encode(CompactClosestProof proof) {
        GobProofEncoder body = new GobProofEncoder();
        body.integer(CLOSEST_PROOF_ID);
        body.closestProof(proof);
        GobProofEncoder message = new GobProofEncoder();
        message.out.writeBytes(PREAMBLE);
        message.unsigned(body.out.size());
        message.out.writeBytes(body.out.toByteArray());
        return message.out.toByteArray();
    }

    private void closestProof(CompactClosestProof proof) {
        int last = -1;
        last = bytes(0, last, proof.path());
        last = list(1, last, proof.flippedBits());
        last = bytes(2, last, proof.depth());
        last = bytes(3, last, proof.closestPath());
        last = bytes(4, last, proof.leafDataShared());
        CompactClosestProof.Inclusion inclusion = proof.inclusion();
        if (inclusion != null) {
            unsigned(5 - last);
            inclusion(inclusion);
        }
        out.write(0);
    }

    private void inclusion(CompactClosestProof.Inclusion inclusion) {
        int last = -1;
        last = list(0, last, inclusion.sideNodes);
        last = bytes(1, last, inclusion.nonMembershipLeaf);
        last = bytes(2, last, inclusion.bitMask);
        if (inclusion.numSideNodes != 0) {
            unsigned(3 - last);
            integer(inclusion.numSideNodes);
            last = 3;
        }
        bytes(4, last, inclusion.siblingData);
        out.write(0);
    }

    private int bytes(int field, int last, byte @Nullable [] value) {
        if (value == null || value.length == 0) {
            return last;
        }
        unsigned(field - last);
        unsigned(value.length);
        out.writeBytes(value);
        return field;
    }

    private int list(int field, int last, List<byte[]> values) {
        if (values.isEmpty()) {
            return last;
        }
        unsigned(field - last);
        unsigned(values.size());
        for (byte[] value : values) {
            unsigned(value.length);
            out.writeBytes(value);
        }
        return field;
    }

    /** One byte below 128; else the negated number of big-endian bytes that follow. */
    private void unsigned(long value) {
        if (value >= 0 && value < 128) {
            out.write((int) value);
            return;
        }
        int length = (71 - Long.numberOfLeadingZeros(value)) / 8;
        out.write(-length);
        for (int shift = (length - 1) * 8; shift >= 0; shift -= 8) {
            out.write((int) (value >>> shift));
        }
    }

    /** Sign in the lowest bit, so that small negative numbers stay short. */
    private void integer(long value) {
        unsigned(value >= 0 ? value << 1 : ~value << 1 | 1);
    }
}
