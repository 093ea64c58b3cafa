package io.relayminer.core.wire;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.WireFormat;

import org.jspecify.annotations.Nullable;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Walks an encoded message before protobuf-java builds it.
 *
 * <p>protobuf-java bounds the nesting of what it builds but not the number of parts, treats a known
 * field of the wrong wire type as an unknown one, and reads only the low 32 bits of a length. A
 * chain node refuses all of that. The walk touches each byte of structure once, skips payloads
 * without looking at them, allocates nothing, and refuses:
 *
 * <ul>
 *   <li>more bytes, levels or field occurrences than the limits allow,
 *   <li>a field number of 0 or above 2<sup>29</sup> − 1, an unused wire type, an end group without
 *       a start, a group that does not end, a varint of more than ten bytes, a length beyond the
 *       end of the enclosing message,
 *   <li>a known field with a wire type that its type does not have.
 * </ul>
 */
final class MessageScanner {

    /** What the scanner needs to know of a message type, compiled once per type. */
    private static final class Shape {
        final String name;
        final Map<Integer, Field> fields = new HashMap<>();

        Shape(String name) {
            this.name = name;
        }
    }

    private record Field(int wireType, boolean packable, @Nullable Shape child) {}

    /** Largest field number of the encoding. */
    private static final long MAX_FIELD_NUMBER = (1L << 29) - 1;

    private static final ConcurrentHashMap<String, Shape> SHAPES = new ConcurrentHashMap<>();

    private final byte[] bytes;
    private final WireLimits limits;
    private int position;
    private int fieldsLeft;

    private MessageScanner(byte[] bytes, WireLimits limits) {
        this.bytes = bytes;
        this.limits = limits;
        this.fieldsLeft = limits.maxFields();
    }

    static void check(byte[] bytes, Descriptor type, WireLimits limits) {
        if (bytes.length > limits.maxBytes()) {
            throw new MessageLimitException(
                    type.getName()
                            + " has "
                            + bytes.length
                            + " bytes, more than the "
                            + limits.maxBytes()
                            + " allowed");
        }
        new MessageScanner(bytes, limits).message(shapeOf(type), bytes.length, 1);
    }

    private static Shape shapeOf(Descriptor type) {
        Shape known = SHAPES.get(type.getFullName());
        if (known != null) {
            return known;
        }
        // Compiled aside and published whole, so that no thread sees a shape that is still being
        // filled.
        Map<String, Shape> compiled = new HashMap<>();
        Shape shape = compile(type, compiled);
        compiled.forEach(SHAPES::putIfAbsent);
        return shape;
    }

    private static Shape compile(Descriptor type, Map<String, Shape> compiled) {
        Shape known = compiled.get(type.getFullName());
        if (known != null) {
            return known;
        }
        Shape shape = new Shape(type.getName());
        compiled.put(type.getFullName(), shape);
        for (FieldDescriptor field : type.getFields()) {
            Shape child =
                    field.getJavaType() == FieldDescriptor.JavaType.MESSAGE
                            ? compile(field.getMessageType(), compiled)
                            : null;
            int wireType = field.getLiteType().getWireType();
            shape.fields.put(field.getNumber(), new Field(wireType, field.isPackable(), child));
        }
        return shape;
    }

    private void message(Shape shape, int end, int depth) {
        if (depth > limits.maxDepth()) {
            throw tooDeep();
        }
        while (position < end) {
            long tag = varint(end);
            int wireType = (int) (tag & 7);
            long number = tag >>> 3;
            if (number == 0 || number > MAX_FIELD_NUMBER) {
                throw malformed(shape, "illegal field number");
            }
            countField();
            Field field = shape.fields.get((int) number);
            if (field != null && !accepts(field, wireType)) {
                throw malformed(shape, "field " + number + " has wire type " + wireType);
            }
            switch (wireType) {
                case WireFormat.WIRETYPE_VARINT -> varint(end);
                case WireFormat.WIRETYPE_FIXED64 -> skip(8, end);
                case WireFormat.WIRETYPE_FIXED32 -> skip(4, end);
                case WireFormat.WIRETYPE_LENGTH_DELIMITED -> {
                    int length = length(end);
                    if (field != null && field.child != null) {
                        message(field.child, position + length, depth + 1);
                    } else if (field != null && field.packable) {
                        packed(field, position + length);
                    } else {
                        position += length;
                    }
                }
                case WireFormat.WIRETYPE_START_GROUP -> group(shape, (int) number, end, depth);
                case WireFormat.WIRETYPE_END_GROUP ->
                        throw malformed(shape, "end of a group that did not start");
                default -> throw malformed(shape, "illegal wire type " + wireType);
            }
        }
    }

    private static boolean accepts(Field field, int wireType) {
        return wireType == field.wireType
                || (field.packable && wireType == WireFormat.WIRETYPE_LENGTH_DELIMITED);
    }

    /** Skips an unknown group; its levels count as depth and its members as fields. */
    private void group(Shape shape, int number, int end, int depth) {
        if (depth + 1 > limits.maxDepth()) {
            throw tooDeep();
        }
        while (position < end) {
            long tag = varint(end);
            int wireType = (int) (tag & 7);
            long inner = tag >>> 3;
            if (inner == 0 || inner > MAX_FIELD_NUMBER) {
                throw malformed(shape, "illegal field number");
            }
            countField();
            switch (wireType) {
                case WireFormat.WIRETYPE_VARINT -> varint(end);
                case WireFormat.WIRETYPE_FIXED64 -> skip(8, end);
                case WireFormat.WIRETYPE_FIXED32 -> skip(4, end);
                case WireFormat.WIRETYPE_LENGTH_DELIMITED -> {
                    int length = length(end);
                    position += length;
                }
                case WireFormat.WIRETYPE_START_GROUP -> group(shape, (int) inner, end, depth + 1);
                case WireFormat.WIRETYPE_END_GROUP -> {
                    if (inner != number) {
                        throw malformed(shape, "group ends with another field number");
                    }
                    return;
                }
                default -> throw malformed(shape, "illegal wire type " + wireType);
            }
        }
        throw malformed(shape, "group does not end");
    }

    /** Counts the elements of a packed field: each becomes a number of the built message. */
    private void packed(Field field, int end) {
        while (position < end) {
            countField();
            switch (field.wireType) {
                case WireFormat.WIRETYPE_VARINT -> varint(end);
                case WireFormat.WIRETYPE_FIXED64 -> skip(8, end);
                default -> skip(4, end);
            }
        }
    }

    private void countField() {
        if (--fieldsLeft < 0) {
            throw new MessageLimitException("more than " + limits.maxFields() + " fields");
        }
    }

    private int length(int end) {
        long length = varint(end);
        if (length < 0 || length > end - position) {
            throw truncated();
        }
        return (int) length;
    }

    private void skip(int count, int end) {
        if (count > end - position) {
            throw truncated();
        }
        position += count;
    }

    private long varint(int end) {
        long value = 0;
        for (int shift = 0; shift < 70; shift += 7) {
            if (position >= end) {
                throw truncated();
            }
            byte b = bytes[position++];
            // The tenth byte carries one usable bit; the bits above it are dropped, as a node does.
            value |= (b & 0x7FL) << shift;
            if (b >= 0) {
                return value;
            }
        }
        throw new MalformedMessageException("integer of more than ten bytes");
    }

    private MessageLimitException tooDeep() {
        return new MessageLimitException("nested deeper than " + limits.maxDepth() + " levels");
    }

    private static MalformedMessageException truncated() {
        return new MalformedMessageException("ends in the middle of a field");
    }

    private static MalformedMessageException malformed(Shape shape, String what) {
        return new MalformedMessageException(shape.name + ": " + what);
    }
}
