package io.relayminer.core.wire;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.DiscardUnknownFieldsParser;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import com.google.protobuf.UnsafeByteOperations;

import io.relayminer.core.wire.cosmos.base.Coin;
import io.relayminer.core.wire.cosmos.base.DecCoin;

import java.util.List;
import java.util.Set;

/**
 * The canonical encoding of chain messages: the bytes a chain node would write for the same
 * content.
 *
 * <p>Once unknown fields are gone, protobuf-java's output differs from a node's in two ways only.
 * Some embedded messages are values on the node's side, so it writes them even when they are absent
 * from the input (an empty one is a tag and a zero length); and the amount of a coin is a number
 * there, so it is always written, and written as that number's decimal text. {@link #of} applies
 * both rules to a message and everything inside it, {@link #encode} writes the result with map
 * entries in ascending key order.
 *
 * <p>Relays have a faster way of their own in {@link RelayCodec}. All methods are pure and
 * thread-safe.
 */
public final class CanonicalForm {

    /** Embedded messages that a node always writes, by full name. */
    private static final Set<String> ALWAYS_WRITTEN =
            Set.of(
                    "pocket.service.RelayRequest.meta",
                    "pocket.service.RelayResponse.meta",
                    "pocket.application.QueryParamsResponse.params",
                    "pocket.gateway.QueryParamsResponse.params",
                    "pocket.proof.QueryParamsResponse.params",
                    "pocket.service.QueryParamsResponse.params",
                    "pocket.session.QueryParamsResponse.params",
                    "pocket.shared.QueryParamsResponse.params",
                    "pocket.supplier.QueryParamsResponse.params",
                    "pocket.tokenomics.QueryParamsResponse.params",
                    "pocket.shared.QueryParamsAtHeightResponse.params",
                    "cosmos.auth.v1beta1.QueryParamsResponse.params",
                    "pocket.service.QueryGetServiceResponse.service",
                    "pocket.service.QueryGetRelayMiningDifficultyResponse.relayMiningDifficulty",
                    "pocket.service.QueryGetRelayMiningDifficultyAtHeightResponse.relayMiningDifficulty",
                    "pocket.application.QueryGetApplicationResponse.application",
                    "pocket.gateway.QueryGetGatewayResponse.gateway",
                    "pocket.supplier.QueryGetSupplierResponse.supplier",
                    "pocket.proof.QueryGetClaimResponse.claim",
                    "pocket.proof.QueryGetProofResponse.proof",
                    "pocket.application.MsgUpdateParams.params",
                    "pocket.gateway.MsgUpdateParams.params",
                    "pocket.proof.MsgUpdateParams.params",
                    "pocket.service.MsgUpdateParams.params",
                    "pocket.session.MsgUpdateParams.params",
                    "pocket.shared.MsgUpdateParams.params",
                    "pocket.supplier.MsgUpdateParams.params",
                    "pocket.tokenomics.MsgUpdateParams.params",
                    "pocket.service.MsgAddService.service",
                    "pocket.tokenomics.Params.mint_allocation_percentages",
                    "pocket.tokenomics.Params.mint_equals_burn_claim_distribution",
                    "pocket.application.GenesisState.params",
                    "pocket.gateway.GenesisState.params",
                    "pocket.proof.GenesisState.params",
                    "pocket.service.GenesisState.params",
                    "pocket.session.GenesisState.params",
                    "pocket.shared.GenesisState.params",
                    "pocket.supplier.GenesisState.params",
                    "pocket.tokenomics.GenesisState.params");

    private CanonicalForm() {}

    /**
     * Decodes a chain message within limits and returns its canonical form: unknown fields dropped,
     * always-written messages present, amounts normalised.
     *
     * @throws MalformedMessageException if the bytes are not such a message
     * @throws MessageLimitException if a limit is exceeded
     */
    public static <M extends Message> M decode(byte[] bytes, M type, WireLimits limits) {
        return of(parse(bytes, type, limits));
    }

    /**
     * As {@link #decode}, with unknown fields kept. The body of a transaction is the one chain
     * message that may have some.
     *
     * @throws MalformedMessageException if the bytes are not such a message
     * @throws MessageLimitException if a limit is exceeded
     */
    @SuppressWarnings("unchecked")
    public static <M extends Message> M decodeKeepingUnknown(
            byte[] bytes, M type, WireLimits limits) {
        return of(parse(bytes, type, limits, (Parser<M>) type.getParserForType()));
    }

    /** As {@link #decode} without adding what a node would add: only unknown fields are dropped. */
    @SuppressWarnings("unchecked")
    static <M extends Message> M parse(byte[] bytes, M type, WireLimits limits) {
        return parse(
                bytes,
                type,
                limits,
                DiscardUnknownFieldsParser.wrap((Parser<M>) type.getParserForType()));
    }

    static <M extends Message> M parse(byte[] bytes, M type, WireLimits limits, Parser<M> parser) {
        MessageScanner.check(bytes, type.getDescriptorForType(), limits);
        try {
            // Wrapping lets byte fields be slices of the input instead of copies.
            var input = UnsafeByteOperations.unsafeWrap(bytes).newCodedInput();
            input.enableAliasing(true);
            input.setRecursionLimit(limits.maxDepth());
            M message = parser.parseFrom(input);
            input.checkLastTagWas(0);
            return message;
        } catch (InvalidProtocolBufferException e) {
            throw malformed(type, e);
        }
    }

    static MalformedMessageException malformed(Message type, InvalidProtocolBufferException e) {
        var failure =
                new MalformedMessageException(
                        type.getDescriptorForType().getName() + " cannot be decoded");
        failure.initCause(e);
        return failure;
    }

    /**
     * The message with everything in it as a node would write it. Returns the argument itself if
     * that is already so.
     *
     * @throws MalformedMessageException if an amount is not an integer of at most 256 bits
     */
    @SuppressWarnings("unchecked")
    public static <M extends Message> M of(M message) {
        return (M) canonical(message);
    }

    // Identity tells that nothing changed; comparing contents would cost more than building.
    @SuppressWarnings("ReferenceEquality")
    private static Message canonical(Message message) {
        if (message instanceof Coin coin) {
            String amount = CoinAmount.normalise(coin.getAmount());
            return amount.equals(coin.getAmount())
                    ? coin
                    : coin.toBuilder().setAmount(amount).build();
        }
        if (message instanceof DecCoin coin) {
            String amount = CoinAmount.normaliseDecimal(coin.getAmount());
            return amount.equals(coin.getAmount())
                    ? coin
                    : coin.toBuilder().setAmount(amount).build();
        }
        Message.Builder builder = null;
        Descriptor type = message.getDescriptorForType();
        for (FieldDescriptor field : type.getFields()) {
            if (field.getJavaType() != FieldDescriptor.JavaType.MESSAGE) {
                continue;
            }
            if (field.isRepeated()) {
                List<?> elements = (List<?>) message.getField(field);
                for (int i = 0; i < elements.size(); i++) {
                    Message element = (Message) elements.get(i);
                    Message changed =
                            field.isMapField() ? canonicalEntry(element) : canonical(element);
                    if (changed != element) {
                        builder = builder == null ? message.toBuilder() : builder;
                        builder.setRepeatedField(field, i, changed);
                    }
                }
            } else if (message.hasField(field) || ALWAYS_WRITTEN.contains(field.getFullName())) {
                Message value = (Message) message.getField(field);
                Message changed = canonical(value);
                if (changed != value || !message.hasField(field)) {
                    builder = builder == null ? message.toBuilder() : builder;
                    builder.setField(field, changed);
                }
            }
        }
        return builder == null ? message : builder.build();
    }

    @SuppressWarnings("ReferenceEquality")
    private static Message canonicalEntry(Message entry) {
        FieldDescriptor valueField = entry.getDescriptorForType().findFieldByNumber(2);
        if (valueField.getJavaType() != FieldDescriptor.JavaType.MESSAGE) {
            return entry;
        }
        Message value = (Message) entry.getField(valueField);
        Message changed = canonical(value);
        return changed == value ? entry : entry.toBuilder().setField(valueField, changed).build();
    }

    /** Encodes a message with the entries of its maps in ascending key order. */
    public static byte[] encode(MessageLite message) {
        byte[] bytes = new byte[message.getSerializedSize()];
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        out.useDeterministicSerialization();
        try {
            message.writeTo(out);
        } catch (java.io.IOException e) {
            throw new IllegalStateException("writing to memory failed", e);
        }
        out.checkNoSpaceLeft();
        return bytes;
    }

    /** As {@link #encode}, as a byte string. */
    public static ByteString encodeToByteString(MessageLite message) {
        return UnsafeByteOperations.unsafeWrap(encode(message));
    }
}
