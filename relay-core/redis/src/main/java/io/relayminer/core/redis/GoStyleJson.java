package io.relayminer.core.redis;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import com.google.protobuf.MessageOrBuilder;

import java.util.Map;
import java.util.TreeMap;

/**
 * "Go-style JSON" of protobuf messages: what Go's reflection makes of the generated structs, which
 * is not the JSON mapping of protobuf. Names are the field names of the schema, 64-bit integers and
 * enums are JSON numbers, bytes are standard base64, and zero values vanish.
 *
 * <p>Three things do not vanish, because their struct tags in the reference differ: every field of
 * the shared params, the two coins of the supplier params ({@code null} when absent), and an
 * application's pending undelegations ({@code null} when empty).
 *
 * <p>Stateless and safe for use by any thread.
 */
public final class GoStyleJson {

    private GoStyleJson() {}

    /** Prints a message. */
    public static byte[] encode(MessageOrBuilder message) {
        GoJsonWriter json = new GoJsonWriter();
        write(json, message);
        return json.toBytes();
    }

    /**
     * Reads JSON into a builder. Unknown members are ignored and names match without regard to
     * case.
     *
     * @param stored JSON in UTF-8
     * @param builder receives the fields; cleared of nothing
     * @throws RedisStateException.MalformedValue if the JSON does not fit the message
     */
    public static void decode(byte[] stored, Message.Builder builder) {
        String what = builder.getDescriptorForType().getName();
        read(GoJsonReader.parse(what, stored), builder);
    }

    private static boolean always(FieldDescriptor field) {
        return switch (field.getContainingType().getFullName()) {
            case "pocket.shared.Params", "pocket.supplier.Params" -> true;
            case "pocket.application.Application" ->
                    field.getName().equals("pending_undelegations");
            default -> false;
        };
    }

    private static void write(GoJsonWriter json, MessageOrBuilder message) {
        json.beginObject();
        for (FieldDescriptor field : message.getDescriptorForType().getFields()) {
            if (field.isMapField()) {
                writeMap(json, message, field);
            } else if (field.isRepeated()) {
                int count = message.getRepeatedFieldCount(field);
                if (count == 0) {
                    if (always(field)) {
                        json.name(field.getName()).nil();
                    }
                    continue;
                }
                json.name(field.getName()).beginArray();
                for (int i = 0; i < count; i++) {
                    writeValue(json, field, message.getRepeatedField(field, i));
                }
                json.endArray();
            } else if (field.getJavaType() == FieldDescriptor.JavaType.MESSAGE) {
                if (message.hasField(field)) {
                    json.name(field.getName());
                    write(json, (MessageOrBuilder) message.getField(field));
                } else if (always(field)) {
                    json.name(field.getName()).nil();
                }
            } else {
                Object value = message.getField(field);
                if (always(field) || !isZero(value)) {
                    json.name(field.getName());
                    writeValue(json, field, value);
                }
            }
        }
        json.endObject();
    }

    private static void writeMap(
            GoJsonWriter json, MessageOrBuilder message, FieldDescriptor field) {
        int count = message.getRepeatedFieldCount(field);
        if (count == 0) {
            if (always(field)) {
                json.name(field.getName()).nil();
            }
            return;
        }
        FieldDescriptor keyField = field.getMessageType().findFieldByNumber(1);
        FieldDescriptor valueField = field.getMessageType().findFieldByNumber(2);
        // Go sorts the keys of a map as texts.
        Map<String, Object> sorted = new TreeMap<>();
        for (int i = 0; i < count; i++) {
            Message entry = (Message) message.getRepeatedField(field, i);
            sorted.put(keyText(keyField, entry.getField(keyField)), entry.getField(valueField));
        }
        json.name(field.getName()).beginObject();
        sorted.forEach(
                (key, value) -> {
                    json.name(key);
                    writeValue(json, valueField, value);
                });
        json.endObject();
    }

    private static String keyText(FieldDescriptor field, Object key) {
        return switch (field.getType()) {
            case UINT64, FIXED64 -> Long.toUnsignedString((Long) key);
            case UINT32, FIXED32 -> Integer.toUnsignedString((Integer) key);
            default -> key.toString();
        };
    }

    private static void writeValue(GoJsonWriter json, FieldDescriptor field, Object value) {
        switch (field.getType()) {
            case UINT64, FIXED64 -> json.unsigned((Long) value);
            case INT64, SINT64, SFIXED64 -> json.value((Long) value);
            case UINT32, FIXED32 -> json.value(Integer.toUnsignedLong((Integer) value));
            case INT32, SINT32, SFIXED32 -> json.value((long) (Integer) value);
            case DOUBLE -> json.value((Double) value);
            case BOOL -> json.value((Boolean) value);
            case STRING -> json.value((String) value);
            case BYTES -> json.base64(((ByteString) value).toByteArray());
            case ENUM -> json.value(((EnumValueDescriptor) value).getNumber());
            case MESSAGE -> write(json, (MessageOrBuilder) value);
            default ->
                    throw new RedisStateException.MalformedValue(
                            field.getFullName() + " has no Go-style JSON form");
        }
    }

    private static boolean isZero(Object value) {
        return switch (value) {
            case Long l -> l == 0;
            case Integer i -> i == 0;
            case Double d -> d == 0;
            case Boolean b -> !b;
            case String s -> s.isEmpty();
            case ByteString b -> b.isEmpty();
            case EnumValueDescriptor e -> e.getNumber() == 0;
            default -> false;
        };
    }

    private static void read(GoJsonReader json, Message.Builder builder) {
        for (FieldDescriptor field : builder.getDescriptorForType().getFields()) {
            JsonNode node = json.get(field.getName());
            if (node == null) {
                continue;
            }
            if (field.isMapField()) {
                readMap(json, field, node, builder);
            } else if (field.isRepeated()) {
                if (!node.isArray()) {
                    throw json.wrong(field.getName(), "a list");
                }
                for (JsonNode element : node) {
                    builder.addRepeatedField(field, readValue(json, field, element, builder));
                }
            } else {
                builder.setField(field, readValue(json, field, node, builder));
            }
        }
    }

    private static void readMap(
            GoJsonReader json, FieldDescriptor field, JsonNode node, Message.Builder builder) {
        if (!node.isObject()) {
            throw json.wrong(field.getName(), "an object");
        }
        FieldDescriptor keyField = field.getMessageType().findFieldByNumber(1);
        FieldDescriptor valueField = field.getMessageType().findFieldByNumber(2);
        for (Map.Entry<String, JsonNode> member : node.properties()) {
            Message.Builder entry = builder.newBuilderForField(field);
            entry.setField(keyField, readKey(json, keyField, member.getKey()));
            if (!member.getValue().isNull()) {
                entry.setField(valueField, readValue(json, valueField, member.getValue(), entry));
            }
            builder.addRepeatedField(field, entry.build());
        }
    }

    private static Object readKey(GoJsonReader json, FieldDescriptor field, String key) {
        try {
            return switch (field.getType()) {
                case UINT64, FIXED64 -> Long.parseUnsignedLong(key);
                case INT64, SINT64, SFIXED64 -> Long.parseLong(key);
                case UINT32, FIXED32 -> Integer.parseUnsignedInt(key);
                case INT32, SINT32, SFIXED32 -> Integer.parseInt(key);
                default -> key;
            };
        } catch (NumberFormatException e) {
            throw json.wrong(key, "a number");
        }
    }

    private static Object readValue(
            GoJsonReader json, FieldDescriptor field, JsonNode node, Message.Builder parent) {
        String name = field.getName();
        return switch (field.getType()) {
            case UINT64, FIXED64 -> json.uint64(name, node);
            case INT64, SINT64, SFIXED64 -> json.int64(name, node);
            case UINT32, FIXED32 -> {
                long value = json.uint64(name, node);
                if (value >>> 32 != 0) {
                    throw json.wrong(name, "an unsigned 32-bit integer");
                }
                yield (int) value;
            }
            case INT32, SINT32, SFIXED32 -> narrow(json, name, node);
            case DOUBLE -> {
                if (!node.isNumber()) {
                    throw json.wrong(name, "a number");
                }
                yield node.doubleValue();
            }
            case BOOL -> {
                if (!node.isBoolean()) {
                    throw json.wrong(name, "true or false");
                }
                yield node.booleanValue();
            }
            case STRING -> {
                if (!node.isTextual()) {
                    throw json.wrong(name, "text");
                }
                yield node.textValue();
            }
            case BYTES -> ByteString.copyFrom(json.bytes(name, node));
            case ENUM ->
                    field.getEnumType()
                            .findValueByNumberCreatingIfUnknown(narrow(json, name, node));
            case MESSAGE -> {
                Message.Builder child = parent.newBuilderForField(field);
                if (!node.isNull()) {
                    read(GoJsonReader.of(json.what() + "." + name, node), child);
                }
                yield child.build();
            }
            default ->
                    throw new RedisStateException.MalformedValue(
                            field.getFullName() + " has no Go-style JSON form");
        };
    }

    private static int narrow(GoJsonReader json, String name, JsonNode node) {
        long value = json.int64(name, node);
        if (value != (int) value) {
            throw json.wrong(name, "a signed 32-bit integer");
        }
        return (int) value;
    }
}
