package io.relayminer.testkit.chain.internal.block;

import com.google.protobuf.ByteString;

import io.relayminer.core.wire.tendermint.types.Block;
import io.relayminer.core.wire.tendermint.types.BlockID;
import io.relayminer.testkit.chain.internal.execution.AbciEvent;
import io.relayminer.testkit.chain.internal.execution.TxResult;

import java.time.Instant;
import java.util.List;

/**
 * A committed block and what executing it gave.
 *
 * @param block as proposed: header, transactions, commit of the block before
 * @param id hash of the header, and of the block's parts
 * @param results one per transaction
 * @param events events of the block itself: begin block, then end block
 * @param appHash state hash after the block, which the next header carries
 * @param restatesParams whether the application repeated the consensus parameters, as every Cosmos
 *     application does
 */
public record StoredBlock(
        Block block,
        BlockID id,
        List<TxResult> results,
        List<AbciEvent> events,
        ByteString appHash,
        boolean restatesParams) {
    public StoredBlock {
        results = List.copyOf(results);
        events = List.copyOf(events);
    }

    public long height() {
        return block.getHeader().getHeight();
    }

    public Instant time() {
        return CometHashes.instant(block.getHeader().getTime());
    }
}
