package io.relayminer.core.wire;

import com.google.protobuf.Any;
import com.google.protobuf.Message;

/** Typed values inside {@code Any}. The chain names a type by a slash and its full name. */
public final class TypeUrls {

    private TypeUrls() {}

    /** The type URL of a message type, for example {@code /pocket.proof.MsgCreateClaim}. */
    public static String of(Message type) {
        return "/" + type.getDescriptorForType().getFullName();
    }

    /** A message as a typed value. */
    public static Any pack(Message message) {
        return Any.newBuilder()
                .setTypeUrl(of(message))
                .setValue(CanonicalForm.encodeToByteString(CanonicalForm.of(message)))
                .build();
    }

    /** Whether a typed value is of the given type. */
    public static boolean is(Any value, Message type) {
        return value.getTypeUrl().equals(of(type));
    }

    /**
     * The message inside a typed value.
     *
     * @throws MalformedMessageException if the value is of another type or cannot be decoded
     * @throws MessageLimitException if a limit is exceeded
     */
    public static <M extends Message> M unpack(Any value, M type, WireLimits limits) {
        if (!is(value, type)) {
            throw new MalformedMessageException(
                    "typed value is not a " + type.getDescriptorForType().getFullName());
        }
        return CanonicalForm.parse(value.getValue().toByteArray(), type, limits);
    }
}
