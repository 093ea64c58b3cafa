package io.relayminer.testkit.chain.internal.node;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.ByteString;

import io.relayminer.core.wire.tendermint.types.Commit;
import io.relayminer.testkit.chain.internal.block.Mempool;
import io.relayminer.testkit.chain.internal.block.PocketChain;
import io.relayminer.testkit.chain.internal.block.StoredBlock;
import io.relayminer.testkit.chain.internal.execution.TxResult;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.concurrent.CompletionStage;

/**
 * What the CometBFT interface of a node is served from. All methods may be called from any thread.
 */
public interface CometNode {

    /**
     * What does not change while the node runs.
     *
     * @param nodeId id of the node's key
     * @param listenAddress peer-to-peer address
     * @param rpcAddress address of this interface
     * @param chainId network
     * @param version CometBFT version
     * @param channels hexadecimal channel ids
     * @param moniker name of the node
     * @param validatorAddress 20 bytes
     * @param validatorKey 32-byte Ed25519 key
     * @param votingPower power of the validator
     * @param applicationVersion version of the application
     */
    record Identity(
            String nodeId,
            String listenAddress,
            String rpcAddress,
            String chainId,
            String version,
            String channels,
            String moniker,
            ByteString validatorAddress,
            ByteString validatorKey,
            long votingPower,
            String applicationVersion) {}

    /** Answer to an application query. */
    record QueryAnswer(int code, String log, ByteString value, long height, String codespace) {}

    /**
     * A transaction that was handed in.
     *
     * @param check result of the check
     * @param location completes with its place when it is in a block, or with a {@link
     *     java.util.concurrent.TimeoutException} when the node is tired of waiting; never if the
     *     check failed
     */
    record Submission(TxResult check, CompletionStage<PocketChain.TxLocation> location) {}

    Identity identity();

    /** The document that the chain began with. */
    JsonNode genesis();

    /** Height of the last block. */
    long height();

    /** Lowest height that is still served. */
    long lowestHeight();

    /** The block at a served height; {@code null} when its record is gone. */
    @Nullable StoredBlock block(long height);

    @Nullable StoredBlock blockByHash(ByteString hash);

    /** The commit to a block. */
    Commit commit(StoredBlock block);

    PocketChain.@Nullable TxLocation find(ByteString txHash);

    /** Checks and queues a transaction. */
    TxResult broadcast(ByteString tx) throws Mempool.RefusalException;

    /** Checks and queues a transaction whose inclusion is waited for. */
    Submission submit(ByteString tx) throws Mempool.RefusalException;

    /** Checks a transaction only. */
    TxResult check(ByteString tx);

    /** Transactions that wait for a block. */
    List<ByteString> waiting();

    /** Asks the application; a height of 0 stands for the last block. */
    QueryAnswer query(String path, ByteString data, long height);

    /** All served blocks, ascending. */
    Iterable<StoredBlock> blocks();
}
