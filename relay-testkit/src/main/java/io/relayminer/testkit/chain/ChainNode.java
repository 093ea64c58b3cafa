package io.relayminer.testkit.chain;

import com.google.protobuf.ByteString;

import io.grpc.Status;
import io.relayminer.core.wire.tendermint.types.Commit;

import org.jspecify.annotations.Nullable;

import java.util.List;

/** A {@link PocketChain} behind the CometBFT interface. */
final class ChainNode implements CometNode {
    private static final String NODE_ID = "e129407f16366e1d3dbd5a69cd4388aa9b7d69a1";
    private static final String VERSION = "0.38.23";
    private static final String CHANNELS = "402021222330386061";
    private static final int KEY_NOT_FOUND = 22;
    private static final int INVALID_REQUEST = 18;

    private final PocketChain chain;
    private final QueryRouter router;
    private final Identity identity;

    ChainNode(PocketChain chain, QueryRouter router, String rpcAddress, String applicationVersion) {
        this.chain = chain;
        this.router = router;
        Genesis.Validator validator = chain.genesis().validator();
        this.identity =
                new Identity(
                        NODE_ID,
                        "tcp://127.0.0.1:26656",
                        rpcAddress,
                        chain.genesis().chainId(),
                        VERSION,
                        CHANNELS,
                        validator.moniker(),
                        validator.address(),
                        validator.publicKey(),
                        validator.power(),
                        applicationVersion);
    }

    @Override
    public Identity identity() {
        return identity;
    }

    @Override
    public long height() {
        return chain.height();
    }

    @Override
    public long lowestHeight() {
        return chain.settings().lowestHeight();
    }

    @Override
    public @Nullable StoredBlock block(long height) {
        return chain.block(height);
    }

    @Override
    public @Nullable StoredBlock blockByHash(ByteString hash) {
        return chain.blockByHash(hash);
    }

    @Override
    public Commit commit(StoredBlock block) {
        StoredBlock next = chain.block(block.height() + 1);
        return next == null ? chain.commitFor(block, block.time()) : next.block().getLastCommit();
    }

    @Override
    public PocketChain.@Nullable TxLocation find(ByteString txHash) {
        return chain.find(txHash);
    }

    @Override
    public TxResult broadcast(ByteString tx) throws Mempool.RefusalException {
        return chain.broadcast(tx);
    }

    @Override
    public TxResult check(ByteString tx) {
        return chain.check(tx);
    }

    @Override
    public List<ByteString> waiting() {
        return chain.waiting();
    }

    @Override
    public Iterable<StoredBlock> blocks() {
        return chain.allBlocks();
    }

    @Override
    public QueryAnswer query(String path, ByteString data, long height) {
        if (path.equals("/app/version")) {
            return new QueryAnswer(0, "", ByteString.EMPTY, chain.height(), TxException.SDK);
        }
        if (height > chain.height()) {
            return failed(
                    TxException.SdkError.INVALID_HEIGHT.code,
                    "cannot query with height in the future; please provide a valid height: invalid"
                            + " height");
        }
        if (!router.has(path)) {
            return failed(
                    TxException.SdkError.UNKNOWN_REQUEST.code,
                    "unknown query path: unknown request");
        }
        long at = height <= 0 ? chain.height() : height;
        try {
            ByteString value =
                    router.answer(path, new QueryRouter.QueryContext(chain.stateAt(at), at), data);
            return new QueryAnswer(0, "", value, at, "");
        } catch (QueryException e) {
            String log =
                    "rpc error: code = " + GrpcStatusText.name(e.code()) + " desc = " + e.text();
            if (e.code() == Status.Code.NOT_FOUND) {
                return failed(KEY_NOT_FOUND, log + ": key not found", at);
            }
            return failed(INVALID_REQUEST, log + ": invalid request", at);
        }
    }

    private static QueryAnswer failed(int code, String log) {
        return failed(code, log, 0);
    }

    private static QueryAnswer failed(int code, String log, long height) {
        return new QueryAnswer(code, log, ByteString.EMPTY, height, TxException.SDK);
    }
}
