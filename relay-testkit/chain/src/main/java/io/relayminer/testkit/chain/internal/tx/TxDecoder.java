package io.relayminer.testkit.chain.internal.tx;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.InvalidProtocolBufferException;

import io.relayminer.core.wire.cosmos.tx.AuthInfo;
import io.relayminer.core.wire.cosmos.tx.TxBody;
import io.relayminer.core.wire.cosmos.tx.TxRaw;
import io.relayminer.testkit.chain.internal.execution.AbciException;
import io.relayminer.testkit.chain.internal.execution.AbciException.SdkError;

import java.util.List;

/**
 * Decodes transactions as strictly as a node: the outer message must be canonical (ascending
 * fields, shortest lengths), and nothing may carry fields that are not understood, except body
 * fields whose number has bit 10 set.
 */
public final class TxDecoder {
    private static final int WIRE_BYTES = 2;
    private static final int NON_CRITICAL_BIT = 1 << 10;
    private static final int MAX_DEPTH = 16;

    private TxDecoder() {}

    /** A decoded transaction with the bytes that were signed. */
    public record DecodedTx(ByteString bytes, TxRaw raw, TxBody body, AuthInfo authInfo) {}

    public static DecodedTx decode(ByteString bytes) throws AbciException {
        try {
            checkCanonical(bytes);
            TxRaw raw = TxRaw.parseFrom(bytes);
            rejectUnknown(raw.getBodyBytes(), TxBody.getDescriptor(), true, 0);
            rejectUnknown(raw.getAuthInfoBytes(), AuthInfo.getDescriptor(), false, 0);
            return new DecodedTx(
                    bytes,
                    raw,
                    TxBody.parseFrom(raw.getBodyBytes()),
                    AuthInfo.parseFrom(raw.getAuthInfoBytes()));
        } catch (WireException e) {
            throw refused(e.detail());
        } catch (InvalidProtocolBufferException e) {
            throw refused("unexpected EOF");
        }
    }

    private static AbciException refused(String detail) {
        return AbciException.sdk(SdkError.TX_DECODE, detail + ": " + SdkError.TX_DECODE.text);
    }

    private static final class WireException extends Exception {
        private static final long serialVersionUID = 1L;

        WireException(String message) {
            super(message);
        }

        String detail() {
            return java.util.Objects.requireNonNull(getMessage());
        }
    }

    /** Walks the fields of one message. */
    private static final class Fields {
        private final ByteString bytes;
        private int position;

        Fields(ByteString bytes) {
            this.bytes = bytes;
        }

        boolean done() {
            return position >= bytes.size();
        }

        long varint(String problem) throws WireException {
            long value = 0;
            for (int shift = 0; shift < 70; shift += 7) {
                if (done()) {
                    throw new WireException(
                            problem.isEmpty() ? "invalid length; unexpected EOF" : problem);
                }
                int b = bytes.byteAt(position++) & 0xff;
                value |= (long) (b & 0x7f) << shift;
                if (b < 0x80) {
                    return value;
                }
            }
            throw new WireException(
                    problem.isEmpty()
                            ? "invalid length; proto:\u00a0variable length integer overflow"
                            : problem);
        }

        ByteString take(long length, String problem) throws WireException {
            if (length < 0 || length > bytes.size() - position) {
                throw new WireException(problem);
            }
            ByteString taken = bytes.substring(position, position + (int) length);
            position += (int) length;
            return taken;
        }

        void skip(int wireType, String problem) throws WireException {
            switch (wireType) {
                case 0 -> varint(problem);
                case 1 -> take(8, problem);
                case 2 -> take(varint(problem), problem);
                case 5 -> take(4, problem);
                default -> throw new WireException(problem);
            }
        }
    }

    private static int fieldNumber(long tag, String problem) throws WireException {
        long number = tag >>> 3;
        if (number < 1 || number > 536_870_911L) {
            throw new WireException(problem);
        }
        return (int) number;
    }

    private static void checkCanonical(ByteString bytes) throws WireException {
        Fields fields = new Fields(bytes);
        int previous = 0;
        while (!fields.done()) {
            long tag = fields.varint("");
            int number = fieldNumber(tag, "invalid length; proto:\u00a0invalid field number");
            int wireType = (int) (tag & 7);
            if (wireType != WIRE_BYTES) {
                throw new WireException("expected " + WIRE_BYTES + " wire type, got " + wireType);
            }
            if (number < previous) {
                throw new WireException(
                        "txRaw must follow ascending tagNums, got "
                                + number
                                + " after "
                                + previous);
            }
            previous = number;
            int before = fields.position;
            long length = fields.varint("");
            int shortest = Math.max(1, (64 - Long.numberOfLeadingZeros(length) + 6) / 7);
            if (fields.position - before != shortest) {
                throw new WireException(
                        "length prefix on tagNum "
                                + number
                                + " must be as short as possible, expected "
                                + shortest
                                + ", only read "
                                + (fields.position - before));
            }
            fields.take(length, "invalid length; unexpected EOF");
            if (number > 3) {
                throw new WireException(unknownField(TxRaw.getDescriptor(), number, wireType));
            }
        }
    }

    private static void rejectUnknown(
            ByteString bytes, Descriptor type, boolean allowNonCritical, int depth)
            throws WireException {
        if (depth > MAX_DEPTH) {
            throw new WireException("message is nested too deeply");
        }
        Fields fields = new Fields(bytes);
        while (!fields.done()) {
            long tag = fields.varint("invalid length");
            int number = fieldNumber(tag, "invalid length");
            int wireType = (int) (tag & 7);
            FieldDescriptor field = type.findFieldByNumber(number);
            if (field == null) {
                if (!allowNonCritical || (number & NON_CRITICAL_BIT) == 0) {
                    throw new WireException(unknownField(type, number, wireType));
                }
                fields.skip(wireType, "invalid length");
                continue;
            }
            if (field.getJavaType() != FieldDescriptor.JavaType.MESSAGE || wireType != WIRE_BYTES) {
                fields.skip(wireType, "invalid length");
                continue;
            }
            ByteString value = fields.take(fields.varint("invalid length"), "invalid length");
            if (field.getMessageType().getFullName().equals(Any.getDescriptor().getFullName())) {
                rejectUnknownInAny(value, depth);
            } else {
                rejectUnknown(value, field.getMessageType(), allowNonCritical, depth + 1);
            }
        }
    }

    private static void rejectUnknownInAny(ByteString bytes, int depth) throws WireException {
        rejectUnknown(bytes, Any.getDescriptor(), false, depth + 1);
        Any any;
        try {
            any = Any.parseFrom(bytes);
        } catch (InvalidProtocolBufferException e) {
            throw new WireException("invalid length");
        }
        Descriptor packed = Messages.descriptorOf(any.getTypeUrl());
        if (packed == null) {
            throw new WireException("unable to resolve type URL " + any.getTypeUrl());
        }
        rejectUnknown(any.getValue(), packed, false, depth + 1);
    }

    private static String unknownField(Descriptor type, int number, int wireType) {
        List<String> parts = List.of(type.getFile().getPackage().split("\\.", -1));
        String last = parts.get(parts.size() - 1);
        String packageName =
                parts.size() > 1 && last.startsWith("v1") ? parts.get(parts.size() - 2) : last;
        String wire =
                switch (wireType) {
                    case 0 -> "varint";
                    case 1 -> "fixed64";
                    case 2 -> "bytes";
                    case 3 -> "start_group";
                    case 4 -> "end_group";
                    case 5 -> "fixed32";
                    default -> "unknown type: " + wireType;
                };
        return "errUnknownField \"*"
                + packageName
                + "."
                + type.getName()
                + "\": {TagNum: "
                + number
                + ", WireType:\""
                + wire
                + "\"}";
    }
}
