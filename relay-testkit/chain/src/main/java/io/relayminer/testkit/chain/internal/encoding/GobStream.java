package io.relayminer.testkit.chain.internal.encoding;

import org.jspecify.annotations.Nullable;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads the first value of a Go <i>gob</i> stream that holds one structure.
 *
 * <p>A stream is self-describing: messages with negative ids define types, the first with a
 * positive id carries a value. Structures come as (field number delta, value) pairs that end with a
 * zero delta or with the end of the message; absent fields are zero. Fields are matched by name by
 * the caller, so this class decodes into maps. Everything a hostile sender controls (lengths,
 * counts, nesting, type graphs) is bounded by the size of the input.
 */
public final class GobStream {
    private static final int FIRST_USER_TYPE = 64;
    private static final int MAX_DEPTH = 32;
    private static final int TYPE_BOOL = 1;
    private static final int TYPE_INT = 2;
    private static final int TYPE_UINT = 3;
    private static final int TYPE_FLOAT = 4;
    private static final int TYPE_BYTES = 5;
    private static final int TYPE_STRING = 6;
    private static final int TYPE_COMPLEX = 7;

    /** The bytes are no gob stream, or not one this reader accepts. */
    public static final class GobException extends Exception {
        private static final long serialVersionUID = 1L;

        GobException(String message) {
            super(message);
        }
    }

    private sealed interface WireType {}

    private record ArrayType(int element, int length) implements WireType {}

    private record SliceType(int element) implements WireType {}

    private record MapType(int key, int element) implements WireType {}

    private record StructType(List<FieldType> fields) implements WireType {}

    private record OpaqueType() implements WireType {}

    private record FieldType(String name, int type) {}

    private final byte[] input;
    private int position;
    private int end;
    private final Map<Integer, WireType> types = new HashMap<>();

    private GobStream(byte[] input) {
        this.input = input;
        this.end = input.length;
    }

    /**
     * Decodes the first value, which must be a structure.
     *
     * @return field name to value: {@code byte[]} for bytes and strings, {@code Long} for numbers,
     *     {@code List} for slices and arrays, {@code Map} for structures; zero fields are absent
     */
    public static Map<String, Object> readStruct(byte[] input) throws GobException {
        GobStream stream = new GobStream(input);
        Object value = stream.read();
        if (value instanceof Map<?, ?> fields) {
            Map<String, Object> named = new LinkedHashMap<>();
            fields.forEach((name, field) -> named.put((String) name, field));
            return named;
        }
        throw new GobException(
                "gob: type mismatch: no fields matched compiling decoder for"
                        + " SparseCompactMerkleClosestProof");
    }

    private @Nullable Object read() throws GobException {
        while (true) {
            end = input.length;
            if (position >= end) {
                throw new GobException("EOF");
            }
            long length = readUint();
            if (length == 0 || Long.compareUnsigned(length, 1L << 33) >= 0) {
                throw new GobException(length == 0 ? "EOF" : "gob: bad data: message too large");
            }
            if (length > input.length - position) {
                throw new GobException("unexpected EOF");
            }
            end = position + (int) length;
            long id = readInt();
            if (id >= 0) {
                int type = toTypeId(id);
                checkTypesDefined(type, new ArrayList<>());
                WireType wire = types.get(type);
                if (!(wire instanceof StructType)) {
                    throw new GobException("gob: type mismatch: value is no struct");
                }
                return readValue(type, 0);
            }
            define(toTypeId(-id));
        }
    }

    private static int toTypeId(long id) throws GobException {
        if (id <= 0 || id > Integer.MAX_VALUE) {
            throw new GobException("gob: bad data: undefined type id");
        }
        return (int) id;
    }

    private void define(int id) throws GobException {
        if (id < FIRST_USER_TYPE || types.containsKey(id)) {
            throw new GobException("gob: duplicate type received");
        }
        types.put(id, readWireType());
        if (position != end) {
            throw new GobException("extra data in buffer");
        }
    }

    private WireType readWireType() throws GobException {
        WireType found = null;
        int field = -1;
        while (true) {
            long delta = position >= end ? 0 : readUint();
            if (delta == 0) {
                break;
            }
            field = advance(field, delta, 7);
            WireType member =
                    switch (field) {
                        case 0 -> readArrayType();
                        case 1 -> readSliceType();
                        case 2 -> readStructType();
                        case 3 -> readMapType();
                        default -> {
                            readMarshalerType();
                            yield new OpaqueType();
                        }
                    };
            if (found == null || member instanceof OpaqueType) {
                found = member;
            }
        }
        if (found == null) {
            throw new GobException("gob: bad data: empty type definition");
        }
        return found;
    }

    private static int advance(int field, long delta, int fields) throws GobException {
        if (Long.compareUnsigned(delta, fields) > 0 || field + (int) delta >= fields) {
            throw new GobException("gob: bad data: field numbers out of bounds");
        }
        return field + (int) delta;
    }

    private void readCommonType() throws GobException {
        int field = -1;
        while (true) {
            long delta = position >= end ? 0 : readUint();
            if (delta == 0) {
                return;
            }
            field = advance(field, delta, 2);
            if (field == 0) {
                readBytes();
            } else {
                readInt();
            }
        }
    }

    /**
     * Reads a definition whose member 0 is the common part and whose other members are small
     * integers.
     */
    private long[] readIntegerMembers(int members) throws GobException {
        long[] values = new long[members];
        int field = -1;
        while (true) {
            long delta = position >= end ? 0 : readUint();
            if (delta == 0) {
                return values;
            }
            field = advance(field, delta, members);
            if (field == 0) {
                readCommonType();
            } else {
                values[field] = readInt();
            }
        }
    }

    private WireType readArrayType() throws GobException {
        long[] members = readIntegerMembers(3);
        if (members[2] < 0 || members[2] > input.length) {
            throw new GobException("gob: bad data: array too long");
        }
        return new ArrayType(toTypeId(members[1]), (int) members[2]);
    }

    private WireType readSliceType() throws GobException {
        return new SliceType(toTypeId(readIntegerMembers(2)[1]));
    }

    private WireType readMapType() throws GobException {
        long[] members = readIntegerMembers(3);
        return new MapType(toTypeId(members[1]), toTypeId(members[2]));
    }

    private void readMarshalerType() throws GobException {
        readIntegerMembers(1);
    }

    private WireType readStructType() throws GobException {
        List<FieldType> fields = new ArrayList<>();
        int field = -1;
        while (true) {
            long delta = position >= end ? 0 : readUint();
            if (delta == 0) {
                return new StructType(List.copyOf(fields));
            }
            field = advance(field, delta, 2);
            if (field == 0) {
                readCommonType();
            } else {
                int count = readCount();
                for (int i = 0; i < count; i++) {
                    fields.add(readFieldType());
                }
            }
        }
    }

    private FieldType readFieldType() throws GobException {
        String name = "";
        long type = 0;
        int field = -1;
        while (true) {
            long delta = position >= end ? 0 : readUint();
            if (delta == 0) {
                return new FieldType(name, toTypeId(type));
            }
            field = advance(field, delta, 2);
            if (field == 0) {
                name = new String(readBytes(), StandardCharsets.UTF_8);
            } else {
                type = readInt();
            }
        }
    }

    private void checkTypesDefined(int id, List<Integer> seen) throws GobException {
        if (id < FIRST_USER_TYPE) {
            if (id > TYPE_COMPLEX) {
                throw new GobException("gob: bad data: undefined type " + id);
            }
            return;
        }
        if (seen.contains(id)) {
            return;
        }
        seen.add(id);
        WireType type = types.get(id);
        switch (type) {
            case null -> throw new GobException("gob: bad data: undefined type " + id);
            case ArrayType array -> checkTypesDefined(array.element(), seen);
            case SliceType slice -> checkTypesDefined(slice.element(), seen);
            case MapType map -> {
                checkTypesDefined(map.key(), seen);
                checkTypesDefined(map.element(), seen);
            }
            case StructType struct -> {
                for (FieldType field : struct.fields()) {
                    checkTypesDefined(field.type(), seen);
                }
            }
            case OpaqueType opaque -> {}
        }
    }

    private @Nullable Object readValue(int id, int depth) throws GobException {
        if (depth > MAX_DEPTH) {
            throw new GobException("gob: bad data: nested too deeply");
        }
        return switch (id) {
            case TYPE_BOOL, TYPE_UINT, TYPE_FLOAT -> readUint();
            case TYPE_INT -> readInt();
            case TYPE_BYTES, TYPE_STRING -> readBytes();
            case TYPE_COMPLEX -> {
                readUint();
                yield readUint();
            }
            default -> readDefined(id, depth);
        };
    }

    private @Nullable Object readDefined(int id, int depth) throws GobException {
        WireType type = types.get(id);
        return switch (type) {
            case null -> throw new GobException("gob: bad data: undefined type " + id);
            case SliceType slice -> readElements(slice.element(), readCount(), depth);
            case ArrayType array -> {
                int count = readCount();
                if (count != array.length()) {
                    throw new GobException("gob: bad data: length mismatch in array");
                }
                yield readElements(array.element(), count, depth);
            }
            case MapType map -> {
                int count = readCount();
                for (int i = 0; i < count; i++) {
                    readValue(map.key(), depth + 1);
                    readValue(map.element(), depth + 1);
                }
                yield null;
            }
            case StructType struct -> readFields(struct, depth);
            case OpaqueType opaque -> readBytes();
        };
    }

    private List<Object> readElements(int type, int count, int depth) throws GobException {
        List<Object> elements = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Object element = readValue(type, depth + 1);
            elements.add(element == null ? new byte[0] : element);
        }
        return elements;
    }

    private Map<String, Object> readFields(StructType struct, int depth) throws GobException {
        Map<String, Object> values = new LinkedHashMap<>();
        int field = -1;
        while (position < end) {
            long delta = readUint();
            if (delta == 0) {
                break;
            }
            field = advance(field, delta, struct.fields().size());
            FieldType described = struct.fields().get(field);
            Object value = readValue(described.type(), depth + 1);
            if (value != null) {
                values.put(described.name(), value);
            }
        }
        return values;
    }

    private int readCount() throws GobException {
        long count = readUint();
        if (Long.compareUnsigned(count, end - position) > 0) {
            throw new GobException("unexpected EOF");
        }
        return (int) count;
    }

    private byte[] readBytes() throws GobException {
        int length = readCount();
        byte[] bytes = Arrays.copyOfRange(input, position, position + length);
        position += length;
        return bytes;
    }

    private long readInt() throws GobException {
        long unsigned = readUint();
        return (unsigned & 1) != 0 ? ~(unsigned >>> 1) : unsigned >>> 1;
    }

    private long readUint() throws GobException {
        if (position >= end) {
            throw new GobException("unexpected EOF");
        }
        int first = input[position++] & 0xff;
        if (first < 0x80) {
            return first;
        }
        int length = 256 - first;
        if (length > 8) {
            throw new GobException("gob: encoded unsigned integer out of range");
        }
        if (length > end - position) {
            throw new GobException("unexpected EOF");
        }
        long value = 0;
        for (int i = 0; i < length; i++) {
            value = (value << 8) | (input[position++] & 0xff);
        }
        return value;
    }
}
