package io.relayminer.core.redis;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.WireFormat;

import io.relayminer.transport.MinedRelay;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/**
 * The entry of a relay stream: protobuf {@code pocket.ha.MinedRelayMessage}, fields 1 to 11 in
 * ascending order, zero values omitted, unknown fields skipped.
 *
 * <p>Written by hand because it runs once per relay on both sides, and copies the kilobyte of relay
 * bytes exactly once.
 */
public final class MinedRelayCodec {

    private static final byte[] EMPTY = new byte[0];

    private MinedRelayCodec() {}

    /** Encodes a relay. */
    public static byte[] encode(MinedRelay relay) {
        byte[] session = utf8(relay.sessionId());
        byte[] supplier = utf8(relay.supplier());
        byte[] service = utf8(relay.serviceId());
        byte[] application = utf8(relay.application());
        int size =
                bytesSize(1, relay.relayHash())
                        + bytesSize(2, relay.relayBytes())
                        + varintSize(3, relay.computeUnitsPerRelay())
                        + bytesSize(4, session)
                        + varintSize(5, relay.sessionEndHeight())
                        + bytesSize(6, supplier)
                        + bytesSize(7, service)
                        + bytesSize(8, application)
                        + varintSize(9, relay.arrivalHeight())
                        + varintSize(10, relay.publishedAtUnixNano())
                        + varintSize(11, relay.sessionStartHeight());
        byte[] message = new byte[size];
        CodedOutputStream out = CodedOutputStream.newInstance(message);
        try {
            bytes(out, 1, relay.relayHash());
            bytes(out, 2, relay.relayBytes());
            varint(out, 3, relay.computeUnitsPerRelay());
            bytes(out, 4, session);
            varint(out, 5, relay.sessionEndHeight());
            bytes(out, 6, supplier);
            bytes(out, 7, service);
            bytes(out, 8, application);
            varint(out, 9, relay.arrivalHeight());
            varint(out, 10, relay.publishedAtUnixNano());
            varint(out, 11, relay.sessionStartHeight());
            out.checkNoSpaceLeft();
        } catch (IOException e) {
            throw new UncheckedIOException("an array of the computed size was too small", e);
        }
        return message;
    }

    /**
     * Decodes an entry.
     *
     * @throws RedisStateException.MalformedValue if it is not such a message, or its hash has a
     *     length other than 0 or 32
     */
    public static MinedRelay decode(byte[] message) {
        byte[] hash = EMPTY;
        byte[] relay = EMPTY;
        long units = 0;
        String session = "";
        long end = 0;
        String supplier = "";
        String service = "";
        String application = "";
        long arrival = 0;
        long published = 0;
        long start = 0;
        CodedInputStream in = CodedInputStream.newInstance(message);
        try {
            while (true) {
                int tag = in.readTag();
                switch (tag) {
                    case 0 -> {
                        return new MinedRelay(
                                hash,
                                relay,
                                units,
                                session,
                                start,
                                end,
                                supplier,
                                service,
                                application,
                                arrival,
                                published);
                    }
                    case (1 << 3) | 2 -> hash = in.readByteArray();
                    case (2 << 3) | 2 -> relay = in.readByteArray();
                    case 3 << 3 -> units = in.readUInt64();
                    case (4 << 3) | 2 -> session = string(in);
                    case 5 << 3 -> end = in.readInt64();
                    case (6 << 3) | 2 -> supplier = string(in);
                    case (7 << 3) | 2 -> service = string(in);
                    case (8 << 3) | 2 -> application = string(in);
                    case 9 << 3 -> arrival = in.readInt64();
                    case 10 << 3 -> published = in.readInt64();
                    case 11 << 3 -> start = in.readInt64();
                    default -> {
                        int field = WireFormat.getTagFieldNumber(tag);
                        if (field >= 1 && field <= 11) {
                            throw new RedisStateException.MalformedValue(
                                    "relay stream entry: field " + field + " has a wrong type");
                        }
                        if (!in.skipField(tag)) {
                            throw new RedisStateException.MalformedValue(
                                    "relay stream entry: unexpected end of a group");
                        }
                    }
                }
            }
        } catch (IOException | IllegalArgumentException e) {
            throw new RedisStateException.MalformedValue(
                    "relay stream entry is not a mined relay message", e);
        }
    }

    private static String string(CodedInputStream in) throws IOException {
        return new String(in.readByteArray(), StandardCharsets.UTF_8);
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static int bytesSize(int field, byte[] value) {
        return value.length == 0 ? 0 : CodedOutputStream.computeByteArraySize(field, value);
    }

    private static int varintSize(int field, long value) {
        return value == 0 ? 0 : CodedOutputStream.computeUInt64Size(field, value);
    }

    private static void bytes(CodedOutputStream out, int field, byte[] value) throws IOException {
        if (value.length != 0) {
            out.writeByteArray(field, value);
        }
    }

    private static void varint(CodedOutputStream out, int field, long value) throws IOException {
        if (value != 0) {
            out.writeUInt64(field, value);
        }
    }
}
