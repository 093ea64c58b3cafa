package io.relayminer.testkit.chain.internal.tx;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.DiscardUnknownFieldsParser;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;

import io.relayminer.core.wire.cosmos.bank.MsgSend;
import io.relayminer.core.wire.cosmos.base.Coin;
import io.relayminer.core.wire.cosmos.secp256k1.PubKey;
import io.relayminer.core.wire.proof.MsgCreateClaim;
import io.relayminer.core.wire.proof.MsgSubmitProof;
import io.relayminer.testkit.chain.internal.bank.Bank;
import io.relayminer.testkit.chain.internal.claims.ClaimRules;
import io.relayminer.testkit.chain.internal.claims.ProofRules;
import io.relayminer.testkit.chain.internal.encoding.Bech32Text;
import io.relayminer.testkit.chain.internal.execution.AbciException;
import io.relayminer.testkit.chain.internal.execution.AbciException.SdkError;
import io.relayminer.testkit.chain.internal.execution.ExecutionContext;
import io.relayminer.testkit.chain.internal.state.ChainAccount;

import org.jspecify.annotations.Nullable;

import java.math.BigInteger;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;

/**
 * The messages transactions may carry: who signs them, how they are checked on their face, what
 * they do.
 */
public final class Messages {

    /** Checks or executes a message of type {@code M}. */
    @FunctionalInterface
    private interface Step<M> {
        void apply(M message) throws AbciException;
    }

    @FunctionalInterface
    private interface Execution<M> {
        ByteString apply(ExecutionContext context, M message) throws AbciException;
    }

    /** An execution whose answer is empty. */
    @FunctionalInterface
    private interface PlainExecution<M> {
        void apply(ExecutionContext context, M message) throws AbciException;
    }

    private static <M> Execution<M> plain(PlainExecution<M> execution) {
        return (context, message) -> {
            execution.apply(context, message);
            return ByteString.EMPTY;
        };
    }

    private record Handler<M extends Message>(
            M prototype,
            String module,
            Function<M, String> signer,
            Step<M> validate,
            Execution<M> execute) {

        M parse(ByteString value) throws AbciException {
            try {
                @SuppressWarnings("unchecked")
                M message =
                        (M)
                                DiscardUnknownFieldsParser.wrap(prototype.getParserForType())
                                        .parseFrom(value);
                return message;
            } catch (InvalidProtocolBufferException e) {
                throw AbciException.sdk(
                        SdkError.TX_DECODE, "unexpected EOF: " + SdkError.TX_DECODE.text);
            }
        }
    }

    private static final Map<String, Handler<?>> HANDLERS = new LinkedHashMap<>();
    private static final Map<String, Descriptor> TYPES = new LinkedHashMap<>();

    static {
        register(
                new Handler<>(
                        MsgCreateClaim.getDefaultInstance(),
                        "proof",
                        MsgCreateClaim::getSupplierOperatorAddress,
                        ClaimRules::validateBasic,
                        plain(ClaimRules::create)));
        register(
                new Handler<>(
                        MsgSubmitProof.getDefaultInstance(),
                        "proof",
                        MsgSubmitProof::getSupplierOperatorAddress,
                        ProofRules::validateBasic,
                        plain(ProofRules::submit)));
        register(
                new Handler<>(
                        MsgSend.getDefaultInstance(),
                        "bank",
                        MsgSend::getFromAddress,
                        message -> {},
                        plain(Messages::send)));
        register(
                new Handler<>(
                        DynamicMessage.getDefaultInstance(Governance.EXEC),
                        "authz",
                        Governance::grantee,
                        message -> {},
                        Governance::exec));
        TYPES.put(typeUrl(PubKey.getDescriptor()), PubKey.getDescriptor());
        Governance.forEach(
                (prototype, module) ->
                        register(
                                new Handler<>(
                                        prototype,
                                        module,
                                        Governance::authority,
                                        message -> {},
                                        plain(Governance::execute))));
    }

    private Messages() {}

    private static void register(Handler<?> handler) {
        Descriptor type = handler.prototype().getDescriptorForType();
        HANDLERS.put(typeUrl(type), handler);
        TYPES.put(typeUrl(type), type);
    }

    public static String typeUrl(Descriptor type) {
        return "/" + type.getFullName();
    }

    /** The type behind a type URL, or {@code null} when the chain does not know it. */
    static @Nullable Descriptor descriptorOf(String typeUrl) {
        return TYPES.get(typeUrl);
    }

    private static Handler<?> handlerOf(Any message) throws AbciException {
        Handler<?> handler = HANDLERS.get(message.getTypeUrl());
        if (handler == null) {
            throw AbciException.sdk(
                    SdkError.TX_DECODE,
                    "unable to resolve type URL "
                            + message.getTypeUrl()
                            + ": "
                            + SdkError.TX_DECODE.text);
        }
        return handler;
    }

    /** Checks that need no state. */
    static void validateBasic(Any message) throws AbciException {
        validateBasic(handlerOf(message), message);
    }

    private static <M extends Message> void validateBasic(Handler<M> handler, Any message)
            throws AbciException {
        handler.validate().apply(handler.parse(message.getValue()));
    }

    /** Address that has to sign the message; not checked for being one. */
    public static String signer(Any message) throws AbciException {
        return signer(handlerOf(message), message);
    }

    private static <M extends Message> String signer(Handler<M> handler, Any message)
            throws AbciException {
        return handler.signer().apply(handler.parse(message.getValue()));
    }

    static String module(Any message) throws AbciException {
        return handlerOf(message).module();
    }

    /**
     * Executes a message; its changes are to be thrown away when this throws.
     *
     * @return encoded answer
     */
    public static ByteString execute(ExecutionContext context, Any message) throws AbciException {
        return execute(handlerOf(message), context, message);
    }

    private static <M extends Message> ByteString execute(
            Handler<M> handler, ExecutionContext context, Any message) throws AbciException {
        M parsed = handler.parse(message.getValue());
        handler.validate().apply(parsed);
        return handler.execute().apply(context, parsed);
    }

    /** Type URL of the answer to a message. */
    static String responseType(Any message) {
        return message.getTypeUrl() + "Response";
    }

    private static void send(ExecutionContext context, MsgSend message) throws AbciException {
        try {
            Bech32Text.decodeAccount(message.getFromAddress());
        } catch (Bech32Text.AddressException e) {
            throw AbciException.sdk(SdkError.INVALID_ADDRESS, "invalid from address: " + e.text());
        }
        try {
            Bech32Text.decodeAccount(message.getToAddress());
        } catch (Bech32Text.AddressException e) {
            throw AbciException.sdk(SdkError.INVALID_ADDRESS, "invalid to address: " + e.text());
        }
        BigInteger total = BigInteger.ZERO;
        for (Coin coin : message.getAmountList()) {
            if (!Bank.isDenom(coin.getDenom()) || Bank.amount(coin).signum() <= 0) {
                throw AbciException.sdk(SdkError.INVALID_COINS, Bank.text(message.getAmountList()));
            }
            total = total.add(Bank.amount(coin));
        }
        if (total.signum() == 0) {
            throw AbciException.sdk(SdkError.INVALID_COINS, Bank.text(message.getAmountList()));
        }
        ChainAccount recipient = Bank.account(context.state(), message.getToAddress());
        if (recipient != null && recipient.isModule()) {
            throw AbciException.sdk(
                    SdkError.UNAUTHORIZED,
                    message.getToAddress() + " is not allowed to receive funds");
        }
        Bank.send(
                context, message.getFromAddress(), message.getToAddress(), message.getAmountList());
    }
}
