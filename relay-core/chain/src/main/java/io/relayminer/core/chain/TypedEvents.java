package io.relayminer.core.chain;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;

import java.util.Base64;

/**
 * Events of the chain as the messages they were emitted from.
 *
 * <p>The chain renders each field of an event message as an attribute: the JSON of its value under
 * the field's name. Attributes that the message does not have are ignored, so that newer chains can
 * be read, and fields without attribute stay at their default, so that older ones can.
 */
public final class TypedEvents {

    private static final ObjectMapper JSON = new ObjectMapper();

    private TypedEvents() {}

    /** The type of the events that are made from a message. */
    public static String type(Message message) {
        return message.getDescriptorForType().getFullName();
    }

    /**
     * The message that an event was made from.
     *
     * @throws ChainAnswerException if the event is of another type or an attribute has a value that
     *     its field cannot have
     */
    @SuppressWarnings("unchecked")
    public static <M extends Message> M decode(ChainEvent event, M type) {
        if (!event.type().equals(type(type))) {
            throw new ChainAnswerException("event is not a " + type(type), null);
        }
        Message.Builder builder = type.newBuilderForType();
        for (FieldDescriptor field : type.getDescriptorForType().getFields()) {
            String text = event.attributes().get(field.getName());
            if (text != null) {
                set(builder, field, parse(field, text));
            }
        }
        return (M) builder.build();
    }

    private static JsonNode parse(FieldDescriptor field, String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw bad(field);
        }
    }

    private static void set(Message.Builder builder, FieldDescriptor field, JsonNode value) {
        if (value.isNull() || value.isMissingNode()) {
            return;
        }
        if (field.isMapField()) {
            FieldDescriptor key = field.getMessageType().findFieldByNumber(1);
            FieldDescriptor mapped = field.getMessageType().findFieldByNumber(2);
            value.properties()
                    .forEach(
                            entry -> {
                                Message.Builder pair = builder.newBuilderForField(field);
                                set(pair, key, JSON.getNodeFactory().textNode(entry.getKey()));
                                set(pair, mapped, entry.getValue());
                                builder.addRepeatedField(field, pair.build());
                            });
        } else if (field.isRepeated()) {
            for (JsonNode element : value) {
                builder.addRepeatedField(field, single(builder, field, element));
            }
        } else {
            builder.setField(field, single(builder, field, value));
        }
    }

    private static Object single(Message.Builder builder, FieldDescriptor field, JsonNode value) {
        try {
            return switch (field.getType()) {
                case STRING -> text(field, value);
                case INT64, SINT64, SFIXED64 -> Long.parseLong(value.asText());
                case UINT64, FIXED64 -> Long.parseUnsignedLong(value.asText());
                case INT32, SINT32, SFIXED32 -> Integer.parseInt(value.asText());
                case UINT32, FIXED32 -> Integer.parseUnsignedInt(value.asText());
                case BOOL -> value.asBoolean();
                case DOUBLE -> value.asDouble();
                case FLOAT -> (float) value.asDouble();
                case BYTES -> ByteString.copyFrom(Base64.getDecoder().decode(value.asText()));
                case ENUM -> enumValue(field, value);
                case MESSAGE, GROUP -> {
                    Message.Builder inner = builder.newBuilderForField(field);
                    for (FieldDescriptor part : field.getMessageType().getFields()) {
                        set(inner, part, value.path(part.getName()));
                    }
                    yield inner.build();
                }
            };
        } catch (IllegalArgumentException e) {
            throw bad(field);
        }
    }

    private static String text(FieldDescriptor field, JsonNode value) {
        if (!value.isTextual()) {
            throw bad(field);
        }
        return value.asText();
    }

    private static EnumValueDescriptor enumValue(FieldDescriptor field, JsonNode value) {
        if (value.isNumber()) {
            return field.getEnumType().findValueByNumberCreatingIfUnknown(value.asInt());
        }
        EnumValueDescriptor named = field.getEnumType().findValueByName(value.asText());
        if (named == null) {
            throw bad(field);
        }
        return named;
    }

    private static ChainAnswerException bad(FieldDescriptor field) {
        return new ChainAnswerException(
                "event attribute " + field.getFullName() + " has a value it cannot have", null);
    }
}
