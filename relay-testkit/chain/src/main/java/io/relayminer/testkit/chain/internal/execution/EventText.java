package io.relayminer.testkit.chain.internal.execution;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.MapEntry;
import com.google.protobuf.Message;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;

/**
 * Protobuf events as chain events: one attribute per field, sorted by name, the value in JSON with
 * proto field names and every field present. 64-bit integers are quoted, enums are names, absent
 * messages are {@code null}.
 */
final class EventText {
    private EventText() {}

    static AbciEvent toAbci(Message event) {
        List<FieldDescriptor> fields = new ArrayList<>(event.getDescriptorForType().getFields());
        fields.sort(Comparator.comparing(FieldDescriptor::getName));
        List<AbciEvent.Attribute> attributes = new ArrayList<>();
        for (FieldDescriptor field : fields) {
            StringBuilder json = new StringBuilder();
            writeField(json, event, field);
            attributes.add(new AbciEvent.Attribute(field.getName(), json.toString()));
        }
        return new AbciEvent(event.getDescriptorForType().getFullName(), attributes);
    }

    private static void writeField(StringBuilder json, Message message, FieldDescriptor field) {
        if (field.isMapField()) {
            writeMap(json, message, field);
        } else if (field.isRepeated()) {
            json.append('[');
            for (int i = 0; i < message.getRepeatedFieldCount(field); i++) {
                if (i > 0) {
                    json.append(',');
                }
                writeValue(json, field, message.getRepeatedField(field, i));
            }
            json.append(']');
        } else if (field.getJavaType() == FieldDescriptor.JavaType.MESSAGE
                && !message.hasField(field)) {
            json.append("null");
        } else {
            writeValue(json, field, message.getField(field));
        }
    }

    private static void writeMap(StringBuilder json, Message message, FieldDescriptor field) {
        TreeMap<String, String> entries = new TreeMap<>();
        for (int i = 0; i < message.getRepeatedFieldCount(field); i++) {
            MapEntry<?, ?> entry = (MapEntry<?, ?>) message.getRepeatedField(field, i);
            StringBuilder value = new StringBuilder();
            writeValue(value, field.getMessageType().findFieldByNumber(2), entry.getValue());
            entries.put(entry.getKey().toString(), value.toString());
        }
        json.append('{');
        entries.forEach(
                (key, value) -> {
                    if (json.charAt(json.length() - 1) != '{') {
                        json.append(',');
                    }
                    writeText(json, key);
                    json.append(':').append(value);
                });
        json.append('}');
    }

    private static void writeMessage(StringBuilder json, Message message) {
        json.append('{');
        boolean first = true;
        for (FieldDescriptor field : message.getDescriptorForType().getFields()) {
            if (!first) {
                json.append(',');
            }
            first = false;
            writeText(json, field.getName());
            json.append(':');
            writeField(json, message, field);
        }
        json.append('}');
    }

    private static void writeValue(
            StringBuilder json, FieldDescriptor field, @Nullable Object value) {
        switch (value) {
            case null -> json.append("null");
            case Message message -> writeMessage(json, message);
            case EnumValueDescriptor constant -> writeEnum(json, constant);
            case ByteString bytes ->
                    writeText(json, Base64.getEncoder().encodeToString(bytes.toByteArray()));
            case String text -> writeText(json, text);
            case Long number ->
                    json.append('"')
                            .append(
                                    isUnsigned(field)
                                            ? Long.toUnsignedString(number)
                                            : Long.toString(number))
                            .append('"');
            case Integer number ->
                    json.append(
                            isUnsigned(field)
                                    ? Integer.toUnsignedString(number)
                                    : Integer.toString(number));
            default -> json.append(value);
        }
    }

    private static void writeEnum(StringBuilder json, EnumValueDescriptor constant) {
        if (constant.getIndex() < 0) {
            json.append(constant.getNumber());
        } else {
            writeText(json, constant.getName());
        }
    }

    private static boolean isUnsigned(FieldDescriptor field) {
        return field.getType() == FieldDescriptor.Type.UINT64
                || field.getType() == FieldDescriptor.Type.UINT32;
    }

    /** A JSON string with the escapes Go uses. */
    static void writeText(StringBuilder json, String text) {
        json.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"', '\\' -> json.append('\\').append(c);
                case '\n' -> json.append("\\n");
                case '\r' -> json.append("\\r");
                case '\t' -> json.append("\\t");
                default -> {
                    if (c < 0x20
                            || c == '<'
                            || c == '>'
                            || c == '&'
                            || c == '\u2028'
                            || c == '\u2029') {
                        json.append(String.format("\\u%04x", (int) c));
                    } else {
                        json.append(c);
                    }
                }
            }
        }
        json.append('"');
    }
}
