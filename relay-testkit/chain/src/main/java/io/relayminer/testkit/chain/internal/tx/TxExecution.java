package io.relayminer.testkit.chain.internal.tx;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;

import io.relayminer.core.wire.cosmos.abci.TxMsgData;
import io.relayminer.testkit.chain.internal.execution.AbciEvent;
import io.relayminer.testkit.chain.internal.execution.AbciException;
import io.relayminer.testkit.chain.internal.execution.AbciException.SdkError;
import io.relayminer.testkit.chain.internal.execution.ExecutionContext;
import io.relayminer.testkit.chain.internal.execution.TxResult;
import io.relayminer.testkit.chain.internal.state.GasMeter;
import io.relayminer.testkit.chain.internal.tx.AnteHandler.Mode;
import io.relayminer.testkit.chain.internal.tx.TxDecoder.DecodedTx;

import java.util.ArrayList;
import java.util.List;

/**
 * Runs whole transactions: decoding, stateless checks, ante handler and, except for checks, the
 * messages.
 */
public final class TxExecution {
    /** Gas a refusal costs that happens before the transaction's own meter runs. */
    private static final long GAS_BEFORE_ANTE = 1_174;

    private final AnteHandler ante;

    public TxExecution(AnteHandler ante) {
        this.ante = ante;
    }

    /**
     * How a transaction went.
     *
     * @param result result
     * @param anteOk whether the ante handler accepted it; if not, it left no trace
     * @param responses one per message, empty unless the messages succeeded
     */
    public record Outcome(TxResult result, boolean anteOk, List<Any> responses) {}

    /**
     * Runs {@code bytes} on top of {@code context}, whose state afterwards holds what the chain
     * keeps of it.
     */
    public Outcome run(ExecutionContext context, ByteString bytes, Mode mode) {
        DecodedTx tx;
        try {
            tx = TxDecoder.decode(bytes);
            validateBasic(tx);
        } catch (AbciException e) {
            return new Outcome(TxResult.failed(e, 0, GAS_BEFORE_ANTE, List.of()), false, List.of());
        }
        long gasLimit = tx.authInfo().getFee().getGasLimit();
        GasMeter meter =
                mode == Mode.SIMULATE || gasLimit < 0
                        ? GasMeter.unlimited()
                        : new GasMeter(gasLimit);
        ExecutionContext anteContext = context.nested();
        try {
            ante.run(anteContext, tx, mode, meter);
        } catch (AbciException e) {
            return new Outcome(
                    TxResult.failed(e, gasLimit, meter.consumed(), List.of()), false, List.of());
        } catch (GasMeter.OutOfGasException e) {
            return new Outcome(
                    TxResult.failed(
                            AbciException.outOfGas(e), gasLimit, meter.consumed(), List.of()),
                    false,
                    List.of());
        }
        anteContext.state().meter(null);
        anteContext.state().writeTo(context.state());
        if (mode == Mode.CHECK) {
            return new Outcome(
                    new TxResult(
                            0,
                            "",
                            ByteString.EMPTY,
                            ByteString.EMPTY,
                            gasLimit,
                            meter.consumed(),
                            List.of()),
                    true,
                    List.of());
        }
        return runMessages(context, tx, meter, anteContext.events());
    }

    private static void validateBasic(DecodedTx tx) throws AbciException {
        if (tx.body().getMessagesCount() == 0) {
            throw AbciException.sdk(SdkError.INVALID_REQUEST, "must contain at least one message");
        }
        for (Any message : tx.body().getMessagesList()) {
            Messages.validateBasic(message);
        }
    }

    private static Outcome runMessages(
            ExecutionContext context, DecodedTx tx, GasMeter meter, List<AbciEvent> anteEvents) {
        long gasLimit = tx.authInfo().getFee().getGasLimit();
        ExecutionContext messages = context.nested();
        messages.state().meter(meter);
        List<AbciEvent> events = new ArrayList<>(anteEvents);
        List<Any> responses = new ArrayList<>();
        try {
            for (int i = 0; i < tx.body().getMessagesCount(); i++) {
                runMessage(messages, tx.body().getMessages(i), i, events, responses);
            }
        } catch (AbciException e) {
            return new Outcome(
                    TxResult.failed(e, gasLimit, meter.consumed(), anteEvents), true, List.of());
        } catch (GasMeter.OutOfGasException e) {
            return new Outcome(
                    TxResult.failed(
                            AbciException.outOfGas(e), gasLimit, meter.consumed(), anteEvents),
                    true,
                    List.of());
        }
        messages.state().meter(null);
        messages.state().writeTo(context.state());
        ByteString data =
                TxMsgData.newBuilder().addAllMsgResponses(responses).build().toByteString();
        return new Outcome(
                new TxResult(0, "", data, ByteString.EMPTY, gasLimit, meter.consumed(), events),
                true,
                responses);
    }

    private static void runMessage(
            ExecutionContext messages,
            Any message,
            int index,
            List<AbciEvent> events,
            List<Any> responses)
            throws AbciException {
        int before = messages.events().size();
        ByteString answer;
        try {
            answer = Messages.execute(messages, message);
        } catch (AbciException e) {
            throw e.prefixed("failed to execute message; message index: " + index + ": ");
        }
        String messageIndex = Integer.toString(index);
        events.add(
                AbciEvent.of(
                        "message",
                        "action",
                        message.getTypeUrl(),
                        "sender",
                        Messages.signer(message),
                        "module",
                        Messages.module(message),
                        "msg_index",
                        messageIndex));
        for (AbciEvent event : messages.events().subList(before, messages.events().size())) {
            events.add(event.with("msg_index", messageIndex));
        }
        responses.add(
                Any.newBuilder()
                        .setTypeUrl(Messages.responseType(message))
                        .setValue(answer)
                        .build());
    }
}
