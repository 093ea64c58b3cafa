package io.relayminer.smst;

import org.jspecify.annotations.Nullable;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads a proof out of a Go {@code encoding/gob} stream: type definitions, then one value. A sender
 * may number the types as it likes, order and omit fields, and send fields nobody knows, so the
 * decoder follows the definitions it was sent: known fields are matched by name and must have the
 * right kind, unknown ones are skipped by their type.
 *
 * <p>Bounds: every length is checked against the bytes that remain before anything is allocated;
 * each element of a list costs at least one input byte; nesting is limited; type definitions are
 * walked once each. So time and memory are linear in the input.
 */
final class GobProofDecoder {

    private static final int INT = 2;
    private static final int BYTES = 5;
    private static final int FIRST_USER_TYPE = 64;
    private static final int MAX_NESTING = 100;
    private static final long MAX_MESSAGE = 1L << 33;

    /**
     * A type as the stream describes it. Types without a number of elements or fields of their own
     * are told by id alone.
     */
    private sealed interface WireType {}

    private record ListType(int element) implements WireType {}

    private record ArrayType(int element, long length) implements WireType {}

    private record MapType(int key, int element) implements WireType {}

    private record StructType(List<Field> fields) implements WireType {}

    /** Marshalled by the sender's own code: a byte string to us. */
    private record OpaqueType() implements WireType {}

    /** A definition that defines nothing. */
    private record VoidType() implements WireType {}

    private record Field(String name, int type) {}

    private final byte[] in;
    private int position;
    private int limit;
    private final Map<Integer, WireType> types = new HashMap<>();

    /**
     * Nested types already checked, so that a struct naming one of them many times costs no more
     * than its own size.
     */
    private final Set<Integer> checkedInclusions = new HashSet<>();

    GobProofDecoder(byte[] in) {
        this.in = in;
        this.limit = in.length;
    }

    CompactClosestProof decode() {
        while (true) {
            limit = in.length;
            if (position == limit) {
                throw malformed("EOF");
            }
            long length = unsigned();
            if (length < 0 || length >= MAX_MESSAGE) {
                throw malformed("invalid message length");
            }
            if (length == 0 || length > in.length - position) {
                throw malformed(
                        "unexpected EOF: a message of "
                                + length
                                + " bytes with "
                                + (in.length - position)
                                + " left");
            }
            limit = position + (int) length;
            long id = integer();
            if (id >= 0) {
                return closestProof(id);
            }
            define(-id);
        }
    }

    // --- type definitions
    // -----------------------------------------------------------------------------------------------------

    private void define(long id) {
        if (id < FIRST_USER_TYPE || id > Integer.MAX_VALUE || types.containsKey((int) id)) {
            throw malformed("type id " + id + " is reserved, too large, or defined twice");
        }
        types.put((int) id, wireType());
        if (position != limit) {
            throw malformed("extra data after a type definition");
        }
    }

    /**
     * The members: array, slice, struct, map, and three kinds of marshalled. Exactly one is set in
     * a sound definition.
     */
    private WireType wireType() {
        WireType array = null;
        WireType slice = null;
        WireType struct = null;
        WireType map = null;
        boolean opaque = false;
        int field = -1;
        while ((field = nextField(field, 7)) >= 0) {
            switch (field) {
                case 0 -> array = arrayType();
                case 1 -> slice = listType();
                case 2 -> struct = structType();
                case 3 -> map = mapType();
                default -> {
                    opaque = true;
                    opaqueType();
                }
            }
        }
        if (opaque) {
            return new OpaqueType();
        }
        if (struct != null) {
            return struct;
        }
        if (slice != null) {
            return slice;
        }
        if (array != null) {
            return array;
        }
        return map == null ? new VoidType() : map;
    }

    private WireType arrayType() {
        int element = 0;
        long length = 0;
        int field = -1;
        while ((field = nextField(field, 3)) >= 0) {
            switch (field) {
                case 0 -> common();
                case 1 -> element = typeId();
                default -> length = integer();
            }
        }
        return new ArrayType(element, length);
    }

    private WireType listType() {
        int element = 0;
        int field = -1;
        while ((field = nextField(field, 2)) >= 0) {
            if (field == 0) {
                common();
            } else {
                element = typeId();
            }
        }
        return new ListType(element);
    }

    private WireType mapType() {
        int key = 0;
        int element = 0;
        int field = -1;
        while ((field = nextField(field, 3)) >= 0) {
            switch (field) {
                case 0 -> common();
                case 1 -> key = typeId();
                default -> element = typeId();
            }
        }
        return new MapType(key, element);
    }

    private void opaqueType() {
        int field = -1;
        while ((field = nextField(field, 1)) >= 0) {
            common();
        }
    }

    private WireType structType() {
        List<Field> fields = List.of();
        int field = -1;
        while ((field = nextField(field, 2)) >= 0) {
            if (field == 0) {
                common();
            } else {
                fields = fields();
            }
        }
        return new StructType(fields);
    }

    private List<Field> fields() {
        int n = count();
        List<Field> fields = new ArrayList<>(Math.min(n, 16));
        for (int i = 0; i < n; i++) {
            requireMore();
            String name = "";
            int type = 0;
            int field = -1;
            while ((field = nextField(field, 2)) >= 0) {
                if (field == 0) {
                    name = string();
                } else {
                    type = typeId();
                }
            }
            fields.add(new Field(name, type));
        }
        return fields;
    }

    /** Name and id, which the definition repeats and nobody needs. */
    private void common() {
        int field = -1;
        while ((field = nextField(field, 2)) >= 0) {
            if (field == 0) {
                string();
            } else {
                typeId();
            }
        }
    }

    private int typeId() {
        long id = integer();
        if (id < Integer.MIN_VALUE || id > Integer.MAX_VALUE) {
            throw malformed("a type id does not fit in 32 bits");
        }
        return (int) id;
    }

    // --- the value
    // ------------------------------------------------------------------------------------------------------------

    private CompactClosestProof closestProof(long id) {
        List<Field> fields = structOf(id, "the closest proof");
        requireKnown(fields);
        boolean matched = fields.isEmpty();
        for (Field field : fields) {
            matched |=
                    switch (field.name()) {
                        case "Path", "Depth", "ClosestPath", "ClosestValueHash" ->
                                requireBytes(field);
                        case "FlippedBits" -> requireList(field);
                        case "ClosestProof" -> requireInclusion(field);
                        default -> false;
                    };
        }
        if (!matched) {
            throw malformed("no field of the closest proof is among those sent");
        }
        byte[] path = {};
        List<byte[]> flippedBits = List.of();
        byte[] depth = {};
        byte[] closestPath = {};
        byte[] leafData = null;
        CompactClosestProof.Inclusion inclusion = null;
        int index = -1;
        while ((index = nextField(index, fields.size())) >= 0) {
            Field field = fields.get(index);
            switch (field.name()) {
                case "Path" -> path = bytes();
                case "FlippedBits" -> flippedBits = list();
                case "Depth" -> depth = bytes();
                case "ClosestPath" -> closestPath = bytes();
                case "ClosestValueHash" -> leafData = emptyToNull(bytes());
                case "ClosestProof" ->
                        inclusion = inclusion(structOf(field.type(), "the nested proof"));
                default -> skip(field.type(), 0);
            }
        }
        return new CompactClosestProof(path, flippedBits, depth, closestPath, leafData, inclusion);
    }

    private CompactClosestProof.Inclusion inclusion(List<Field> fields) {
        List<byte[]> sideNodes = List.of();
        byte[] nonMembershipLeaf = null;
        byte[] bitMask = {};
        long numSideNodes = 0;
        byte[] siblingData = null;
        int index = -1;
        while ((index = nextField(index, fields.size())) >= 0) {
            Field field = fields.get(index);
            switch (field.name()) {
                case "SideNodes" -> sideNodes = list();
                case "NonMembershipLeafData" -> nonMembershipLeaf = emptyToNull(bytes());
                case "BitMask" -> bitMask = bytes();
                case "NumSideNodes" -> numSideNodes = integer();
                case "SiblingData" -> siblingData = emptyToNull(bytes());
                default -> skip(field.type(), 0);
            }
        }
        return new CompactClosestProof.Inclusion(
                sideNodes, nonMembershipLeaf, bitMask, numSideNodes, siblingData);
    }

    private static byte @Nullable [] emptyToNull(byte[] bytes) {
        return bytes.length == 0 ? null : bytes;
    }

    private List<Field> structOf(long id, String what) {
        if (id > 0 && id <= Integer.MAX_VALUE && types.get((int) id) instanceof StructType struct) {
            return struct.fields();
        }
        throw malformed("type " + id + " of " + what + " is not a struct that the stream defines");
    }

    private boolean requireInclusion(Field field) {
        if (!checkedInclusions.add(field.type())) {
            return true;
        }
        for (Field inner : structOf(field.type(), "the nested proof")) {
            switch (inner.name()) {
                case "NonMembershipLeafData", "BitMask", "SiblingData" -> requireBytes(inner);
                case "SideNodes" -> requireList(inner);
                case "NumSideNodes" -> requireType(inner, inner.type() == INT);
                default -> {
                    // Skipped when it is sent.
                }
            }
        }
        return true;
    }

    private boolean requireBytes(Field field) {
        return requireType(field, field.type() == BYTES);
    }

    private boolean requireList(Field field) {
        return requireType(
                field, types.get(field.type()) instanceof ListType list && list.element() == BYTES);
    }

    private static boolean requireType(Field field, boolean compatible) {
        if (!compatible) {
            throw malformed("wrong type for field " + printable(field.name()));
        }
        return true;
    }

    /**
     * Every type that can be reached from the value has to be defined, whether the value uses it or
     * not.
     */
    private void requireKnown(List<Field> fields) {
        Set<Integer> seen = new HashSet<>();
        List<Integer> pending = new ArrayList<>();
        fields.forEach(field -> pending.add(field.type()));
        while (!pending.isEmpty()) {
            int id = pending.removeLast();
            if (!seen.add(id) || (id >= 1 && id <= 8)) {
                continue;
            }
            switch (types.get(id)) {
                case ListType list -> pending.add(list.element());
                case ArrayType array -> pending.add(array.element());
                case MapType map -> {
                    pending.add(map.key());
                    pending.add(map.element());
                }
                case StructType struct ->
                        struct.fields().forEach(field -> pending.add(field.type()));
                case OpaqueType opaque -> {
                    // A byte string refers to nothing.
                }
                case VoidType nothing -> throw malformed("type " + id + " is defined as nothing");
                case null -> throw malformed("type " + id + " is not defined");
            }
        }
    }

    private void skip(int id, int nesting) {
        if (nesting > MAX_NESTING) {
            throw malformed("values nested deeper than " + MAX_NESTING);
        }
        switch (id) {
            case 1, 2, 3, 4 -> unsigned();
            case 5, 6 -> bytes();
            case 7 -> {
                unsigned();
                unsigned();
            }
            case 8 -> throw malformed("interface values are not supported");
            default -> skipDefined(id, nesting);
        }
    }

    private void skipDefined(int id, int nesting) {
        switch (types.get(id)) {
            case ListType list -> skipElements(count(), list.element(), nesting);
            case ArrayType array -> {
                long n = unsigned();
                if (n != array.length() || n > limit - position) {
                    throw malformed("array of another length than declared");
                }
                skipElements((int) n, array.element(), nesting);
            }
            case MapType map -> {
                int n = count();
                for (int i = 0; i < n; i++) {
                    skipElements(1, map.key(), nesting);
                    skipElements(1, map.element(), nesting);
                }
            }
            case StructType struct -> {
                int index = -1;
                while ((index = nextField(index, struct.fields().size())) >= 0) {
                    skip(struct.fields().get(index).type(), nesting + 1);
                }
            }
            case OpaqueType opaque -> bytes();
            case VoidType nothing -> throw malformed("type " + id + " is defined as nothing");
            case null -> throw malformed("type " + id + " is not defined");
        }
    }

    private void skipElements(int n, int type, int nesting) {
        for (int i = 0; i < n; i++) {
            requireMore();
            skip(type, nesting + 1);
        }
    }

    // --- primitives
    // -----------------------------------------------------------------------------------------------------------

    /**
     * Index of the next field that is set, or -1 at the end of the struct. The end of the message
     * ends every open struct.
     *
     * @param last index of the field before, -1 at the start
     */
    private int nextField(int last, int fields) {
        if (position == limit) {
            return -1;
        }
        long delta = unsigned();
        if (delta == 0) {
            return -1;
        }
        if (delta < 0 || delta >= fields - last) {
            throw malformed("field numbers out of bounds");
        }
        return last + (int) delta;
    }

    private List<byte[]> list() {
        int n = count();
        List<byte[]> list = new ArrayList<>(Math.min(n, 256));
        for (int i = 0; i < n; i++) {
            list.add(bytes());
        }
        return list;
    }

    private byte[] bytes() {
        int length = count();
        byte[] bytes = Arrays.copyOfRange(in, position, position + length);
        position += length;
        return bytes;
    }

    private String string() {
        return new String(bytes(), StandardCharsets.UTF_8);
    }

    /** A number of bytes or elements: at most as many as there are bytes left. */
    private int count() {
        long n = unsigned();
        if (n < 0 || n > limit - position) {
            throw malformed(
                    "a length of "
                            + Long.toUnsignedString(n)
                            + " with "
                            + (limit - position)
                            + " bytes left");
        }
        return (int) n;
    }

    private void requireMore() {
        if (position == limit) {
            throw malformed("list with more elements than bytes");
        }
    }

    private long integer() {
        long bits = unsigned();
        return (bits & 1) == 0 ? bits >>> 1 : ~(bits >>> 1);
    }

    private long unsigned() {
        requireMore();
        byte first = in[position++];
        if (first >= 0) {
            return first;
        }
        int length = -first;
        if (length > 8 || length > limit - position) {
            throw malformed("encoded unsigned integer out of range");
        }
        long value = 0;
        for (int i = 0; i < length; i++) {
            value = value << 8 | (in[position++] & 0xff);
        }
        return value;
    }

    private static String printable(String name) {
        return name.length() <= 40 ? name : name.substring(0, 40) + "…";
    }

    private static MalformedProofException malformed(String what) {
        return new MalformedProofException(
                "proof bytes are not a gob stream of a closest proof: " + what);
    }
}
