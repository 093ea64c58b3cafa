package io.relayminer.testkit.chain.internal.node;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.ByteString;

import io.relayminer.core.wire.tendermint.types.Commit;
import io.relayminer.testkit.chain.genesis.Genesis;
import io.relayminer.testkit.chain.internal.block.Mempool;
import io.relayminer.testkit.chain.internal.block.PocketChain;
import io.relayminer.testkit.chain.internal.block.StoredBlock;
import io.relayminer.testkit.chain.internal.encoding.Hashes;
import io.relayminer.testkit.chain.internal.execution.AbciException;
import io.relayminer.testkit.chain.internal.execution.AbciException.SdkError;
import io.relayminer.testkit.chain.internal.execution.GrpcStatusText;
import io.relayminer.testkit.chain.internal.execution.TxResult;
import io.relayminer.testkit.chain.internal.query.QueryException;
import io.relayminer.testkit.chain.internal.query.QueryRouter;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** A {@link PocketChain} behind the CometBFT interface. */
public final class ChainNode implements CometNode {
    private static final String NODE_ID = "e129407f16366e1d3dbd5a69cd4388aa9b7d69a1";
    private static final String VERSION = "0.38.23";
    private static final String CHANNELS = "402021222330386061";
    private static final String BROADCAST = "/cosmos.tx.v1beta1.Service/BroadcastTx";

    private final PocketChain chain;
    private final QueryRouter router;
    private final Identity identity;
    private final JsonNode genesis;
    private final Set<Awaited> awaited = ConcurrentHashMap.newKeySet();

    /** A transaction that somebody waits for. */
    private record Awaited(ByteString hash, CompletableFuture<PocketChain.TxLocation> location) {}

    public ChainNode(
            PocketChain chain, QueryRouter router, String rpcAddress, String applicationVersion) {
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
        this.genesis = GenesisDocument.of(chain.genesis());
        chain.onBlock(block -> announceCommitted());
    }

    private void announceCommitted() {
        for (Awaited waiting : awaited) {
            PocketChain.TxLocation location = chain.find(waiting.hash());
            if (location != null) {
                waiting.location().complete(location);
            }
        }
    }

    @Override
    public Identity identity() {
        return identity;
    }

    @Override
    public JsonNode genesis() {
        return genesis;
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
    public Submission submit(ByteString tx) throws Mempool.RefusalException {
        Awaited waiting = new Awaited(Hashes.sha256(tx), new CompletableFuture<>());
        awaited.add(waiting);
        boolean queued = false;
        try {
            TxResult check = chain.broadcast(tx);
            queued = check.ok();
            return new Submission(
                    check,
                    waiting.location()
                            .orTimeout(
                                    chain.settings().commitTimeout().toMillis(),
                                    TimeUnit.MILLISECONDS)
                            .whenComplete((location, failure) -> awaited.remove(waiting)));
        } finally {
            if (!queued) {
                awaited.remove(waiting);
            }
        }
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
        if (path.equals(BROADCAST)) {
            return failed(SdkError.INVALID_REQUEST, "can't route a broadcast tx message", 0);
        }
        if (path.equals("/app/version")) {
            return new QueryAnswer(
                    0,
                    "",
                    ByteString.copyFromUtf8(identity.applicationVersion()),
                    height == 0 ? chain.height() : height,
                    AbciException.SDK);
        }
        if (!router.has(path)) {
            return failed(SdkError.UNKNOWN_REQUEST, "unknown query path", 0);
        }
        if (height < 0) {
            return failed(
                    SdkError.INVALID_REQUEST,
                    "cannot query with height < 0; please provide a valid height",
                    0);
        }
        if (height > chain.height()) {
            return failed(
                    SdkError.INVALID_HEIGHT,
                    "cannot query with height in the future; please provide a valid height",
                    0);
        }
        long at = height == 0 ? chain.height() : height;
        try {
            ByteString value =
                    router.answer(path, new QueryRouter.QueryContext(chain.stateAt(at), at), data);
            return new QueryAnswer(0, "", value, at, "");
        } catch (QueryException e) {
            return failed(e, at);
        }
    }

    /** An error of a query as the application reports it outside gRPC. */
    private static QueryAnswer failed(QueryException e, long height) {
        if (e.isUndecodable()) {
            return failed(SdkError.INVALID_REQUEST, "unexpected EOF", height);
        }
        if (e.isPlain()) {
            return failed(SdkError.INVALID_REQUEST, e.text(), height);
        }
        SdkError error =
                switch (e.code()) {
                    case NOT_FOUND -> SdkError.KEY_NOT_FOUND;
                    case INVALID_ARGUMENT, FAILED_PRECONDITION -> SdkError.INVALID_REQUEST;
                    case UNAUTHENTICATED -> SdkError.UNAUTHORIZED;
                    default -> SdkError.UNKNOWN_REQUEST;
                };
        return failed(
                error,
                "rpc error: code = " + GrpcStatusText.name(e.code()) + " desc = " + e.text(),
                height);
    }

    private static QueryAnswer failed(SdkError error, String log, long height) {
        return new QueryAnswer(
                error.code, log + ": " + error.text, ByteString.EMPTY, height, AbciException.SDK);
    }
}
