package io.relayminer.testkit.chain;

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
record TxResult(
        int code,
        String codespace,
        ByteString data,
        ByteString log,
        long gasWanted,
        long gasUsed,
        List<AbciEvent> events) {

    /** The result of a transaction that was not executed. */
    static final TxResult NONE =
            new TxResult(0, "", ByteString.EMPTY, ByteString.EMPTY, 0, 0, List.of());

    TxResult {
        events = List.copyOf(events);
    }

    static TxResult failed(
            TxException cause, long gasWanted, long gasUsed, List<AbciEvent> events) {
        return new TxResult(
                cause.code(),
                cause.codespace(),
                ByteString.EMPTY,
                cause.log(),
                gasWanted,
                gasUsed,
                events);
    }

    boolean ok() {
        return code == 0;
    }

    String logText() {
        return log.toStringUtf8();
    }

    /** The part of a result that the next header commits to. */
    ByteString hashedForm() {
        return CometHashes.encode(
                out -> {
                    if (code != 0) {
                        out.writeUInt32(1, code);
                    }
                    if (!data.isEmpty()) {
                        out.writeBytes(2, data);
                    }
                    if (gasWanted != 0) {
                        out.writeInt64(5, gasWanted);
                    }
                    if (gasUsed != 0) {
                        out.writeInt64(6, gasUsed);
                    }
                });
    }
}
