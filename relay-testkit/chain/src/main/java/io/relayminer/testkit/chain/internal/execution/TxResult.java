package io.relayminer.testkit.chain.internal.execution;

import com.google.protobuf.ByteString;

import java.util.List;

/**
 * Result of a transaction: of its check, or of its execution in a block.
 *
 * @param code 0 for success
 * @param codespace module that the code belongs to, empty for success
 * @param data encoded message answers, empty on failure
 * @param log reason of a failure, byte for byte as reported
 * @param gasWanted the transaction's gas limit
 * @param gasUsed gas consumed
 * @param events events, of the ante handler only when the messages failed
 */
public record TxResult(
        int code,
        String codespace,
        ByteString data,
        ByteString log,
        long gasWanted,
        long gasUsed,
        List<AbciEvent> events) {

    /** The result of a transaction that was not executed. */
    public static final TxResult NONE =
            new TxResult(0, "", ByteString.EMPTY, ByteString.EMPTY, 0, 0, List.of());

    public TxResult {
        events = List.copyOf(events);
    }

    public static TxResult failed(
            AbciException cause, long gasWanted, long gasUsed, List<AbciEvent> events) {
        return new TxResult(
                cause.code(),
                cause.codespace(),
                ByteString.EMPTY,
                cause.log(),
                gasWanted,
                gasUsed,
                events);
    }

    public boolean ok() {
        return code == 0;
    }

    public String logText() {
        return log.toStringUtf8();
    }
}
