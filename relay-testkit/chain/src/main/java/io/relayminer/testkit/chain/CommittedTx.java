package io.relayminer.testkit.chain;

import com.google.protobuf.ByteString;

import java.util.List;

/**
 * A transaction in a block.
 *
 * @param height height of the block
 * @param index position in the block
 * @param hash SHA-256 of the bytes in upper-case hexadecimal
 * @param bytes the transaction
 * @param messageTypes type URLs of its messages
 * @param code 0 for success
 * @param codespace module of the code, empty for success
 * @param log reason of a failure, empty for success
 * @param gasWanted gas limit
 * @param gasUsed gas used
 */
public record CommittedTx(
        long height,
        int index,
        String hash,
        ByteString bytes,
        List<String> messageTypes,
        int code,
        String codespace,
        String log,
        long gasWanted,
        long gasUsed) {

    /** Copies the list. */
    public CommittedTx {
        messageTypes = List.copyOf(messageTypes);
    }
}
