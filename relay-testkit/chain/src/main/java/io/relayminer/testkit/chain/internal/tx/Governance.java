package io.relayminer.testkit.chain.internal.tx;

import com.google.protobuf.Any;
import com.google.protobuf.AnyProto;
import com.google.protobuf.ByteString;
import com.google.protobuf.DescriptorProtos.DescriptorProto;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.DescriptorValidationException;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;

import io.grpc.Status;
import io.relayminer.testkit.chain.internal.encoding.Bech32Text;
import io.relayminer.testkit.chain.internal.execution.AbciException;
import io.relayminer.testkit.chain.internal.execution.ExecutionContext;
import io.relayminer.testkit.chain.internal.params.ChainParams;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

/**
 * Parameter changes: {@code MsgUpdateParams} of the Pocket modules, which the government account
 * may send, and {@code MsgExec} of the authz module, with which the network's foundation sends them
 * in its name.
 */
final class Governance {
    static final String AUTHORITY = Bech32Text.moduleAddress("gov");

    /** {@code cosmos.authz.v1beta1.MsgExec}: 1 grantee, 2 messages. */
    static final Descriptor EXEC = execDescriptor();

    private static final FieldDescriptor GRANTEE = EXEC.findFieldByNumber(1);
    private static final FieldDescriptor MESSAGES = EXEC.findFieldByNumber(2);
    private static final String NOT_AUTHORIZED = "authorization not found";
    private static final int NO_AUTHORIZATION_FOUND = 2;

    private Governance() {}

    @FunctionalInterface
    private interface Change {
        void apply(ExecutionContext context, Message params);
    }

    private record Update(Message prototype, Change change) {}

    private static final Map<String, Update> UPDATES = new LinkedHashMap<>();

    static {
        update(
                io.relayminer.core.wire.shared.MsgUpdateParams.getDefaultInstance(),
                (context, params) ->
                        ChainParams.updateShared(
                                context.state(),
                                context.height(),
                                (io.relayminer.core.wire.shared.Params) params));
        update(
                io.relayminer.core.wire.session.MsgUpdateParams.getDefaultInstance(),
                (context, params) ->
                        ChainParams.updateSession(
                                context.state(),
                                context.height(),
                                (io.relayminer.core.wire.session.Params) params));
        replace(
                io.relayminer.core.wire.proof.MsgUpdateParams.getDefaultInstance(),
                ChainParams.PROOF);
        replace(
                io.relayminer.core.wire.service.MsgUpdateParams.getDefaultInstance(),
                ChainParams.SERVICE);
        replace(
                io.relayminer.core.wire.application.MsgUpdateParams.getDefaultInstance(),
                ChainParams.APPLICATION);
        replace(
                io.relayminer.core.wire.supplier.MsgUpdateParams.getDefaultInstance(),
                ChainParams.SUPPLIER);
        replace(
                io.relayminer.core.wire.gateway.MsgUpdateParams.getDefaultInstance(),
                ChainParams.GATEWAY);
        replace(
                io.relayminer.core.wire.tokenomics.MsgUpdateParams.getDefaultInstance(),
                ChainParams.TOKENOMICS);
    }

    private static void update(Message prototype, Change change) {
        UPDATES.put(
                Messages.typeUrl(prototype.getDescriptorForType()), new Update(prototype, change));
    }

    private static void replace(Message prototype, String key) {
        update(prototype, (context, params) -> context.state().put(key, params));
    }

    private static Descriptor execDescriptor() {
        FileDescriptorProto file =
                FileDescriptorProto.newBuilder()
                        .setName("cosmos/authz/v1beta1/tx.proto")
                        .setPackage("cosmos.authz.v1beta1")
                        .setSyntax("proto3")
                        .addDependency("google/protobuf/any.proto")
                        .addMessageType(
                                DescriptorProto.newBuilder()
                                        .setName("MsgExec")
                                        .addField(
                                                field(
                                                                "grantee",
                                                                1,
                                                                FieldDescriptorProto.Type
                                                                        .TYPE_STRING)
                                                        .setLabel(
                                                                FieldDescriptorProto.Label
                                                                        .LABEL_OPTIONAL))
                                        .addField(
                                                field(
                                                                "msgs",
                                                                2,
                                                                FieldDescriptorProto.Type
                                                                        .TYPE_MESSAGE)
                                                        .setLabel(
                                                                FieldDescriptorProto.Label
                                                                        .LABEL_REPEATED)
                                                        .setTypeName(".google.protobuf.Any")))
                        .build();
        try {
            return FileDescriptor.buildFrom(file, new FileDescriptor[] {AnyProto.getDescriptor()})
                    .findMessageTypeByName("MsgExec");
        } catch (DescriptorValidationException e) {
            throw new IllegalStateException("the description of MsgExec is wrong", e);
        }
    }

    private static FieldDescriptorProto.Builder field(
            String name, int number, FieldDescriptorProto.Type type) {
        return FieldDescriptorProto.newBuilder().setName(name).setNumber(number).setType(type);
    }

    /** Offers every parameter update, with the module it belongs to. */
    static void forEach(BiConsumer<Message, String> consumer) {
        UPDATES.forEach(
                (url, update) -> {
                    List<String> parts = List.of(url.substring(1).split("\\.", 3));
                    consumer.accept(update.prototype(), parts.get(1));
                });
    }

    /** The account that has to sign an update. */
    static String authority(Message update) {
        return update.getField(update.getDescriptorForType().findFieldByName("authority"))
                .toString();
    }

    static String grantee(DynamicMessage exec) {
        return exec.getField(GRANTEE).toString();
    }

    /** Executes a {@code MsgExec}; the answer holds one empty result per inner message. */
    static ByteString exec(ExecutionContext context, DynamicMessage exec) throws AbciException {
        ByteString.Output results = ByteString.newOutput();
        for (int i = 0; i < exec.getRepeatedFieldCount(MESSAGES); i++) {
            Any inner;
            try {
                inner =
                        Any.parseFrom(
                                ((Message) exec.getRepeatedField(MESSAGES, i)).toByteString());
            } catch (InvalidProtocolBufferException e) {
                throw new IllegalStateException("a parsed message cannot be parsed", e);
            }
            apply(context, inner, grantee(exec));
            results.write(0x0a);
            results.write(0);
        }
        return results.toByteString();
    }

    private static void apply(ExecutionContext context, Any inner, String grantee)
            throws AbciException {
        Update update = UPDATES.get(inner.getTypeUrl());
        String foundation = ChainParams.tokenomics(context.state()).getDaoRewardAddress();
        if (update == null || !grantee.equals(foundation)) {
            throw AbciException.of(
                    "authz",
                    NO_AUTHORIZATION_FOUND,
                    "failed to get grant with given granter: "
                            + AUTHORITY
                            + ", grantee: "
                            + grantee
                            + " & msgType: "
                            + inner.getTypeUrl()
                            + " : "
                            + NOT_AUTHORIZED);
        }
        try {
            execute(context, update.prototype().getParserForType().parseFrom(inner.getValue()));
        } catch (InvalidProtocolBufferException e) {
            throw AbciException.sdk(AbciException.SdkError.TX_DECODE, "unexpected EOF");
        }
    }

    /** Executes a parameter update. */
    static void execute(ExecutionContext context, Message message) throws AbciException {
        Descriptor type = message.getDescriptorForType();
        Update update = UPDATES.get(Messages.typeUrl(type));
        if (update == null) {
            throw new IllegalArgumentException("not a parameter update: " + type.getFullName());
        }
        if (!authority(message).equals(AUTHORITY)) {
            throw AbciException.grpc(
                    Status.Code.PERMISSION_DENIED,
                    "invalid authority; expected "
                            + AUTHORITY
                            + ", got "
                            + authority(message)
                            + ": expected gov account as only signer for proposal message");
        }
        try {
            update.change()
                    .apply(context, (Message) message.getField(type.findFieldByName("params")));
        } catch (IllegalArgumentException e) {
            throw AbciException.grpc(Status.Code.INVALID_ARGUMENT, String.valueOf(e.getMessage()));
        }
    }
}
