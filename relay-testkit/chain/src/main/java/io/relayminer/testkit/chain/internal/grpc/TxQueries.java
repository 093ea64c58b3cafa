package io.relayminer.testkit.chain.internal.grpc;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import com.google.protobuf.UnsafeByteOperations;

import io.grpc.Status;
import io.relayminer.core.wire.cosmos.abci.GasInfo;
import io.relayminer.core.wire.cosmos.abci.Result;
import io.relayminer.core.wire.cosmos.abci.TxResponse;
import io.relayminer.core.wire.cosmos.tendermint.Block;
import io.relayminer.core.wire.cosmos.tendermint.GetBlockByHeightRequest;
import io.relayminer.core.wire.cosmos.tendermint.GetBlockByHeightResponse;
import io.relayminer.core.wire.cosmos.tendermint.GetLatestBlockRequest;
import io.relayminer.core.wire.cosmos.tendermint.GetLatestBlockResponse;
import io.relayminer.core.wire.cosmos.tendermint.GetSyncingRequest;
import io.relayminer.core.wire.cosmos.tendermint.GetSyncingResponse;
import io.relayminer.core.wire.cosmos.tendermint.Header;
import io.relayminer.core.wire.cosmos.tx.BroadcastMode;
import io.relayminer.core.wire.cosmos.tx.BroadcastTxRequest;
import io.relayminer.core.wire.cosmos.tx.BroadcastTxResponse;
import io.relayminer.core.wire.cosmos.tx.GetBlockWithTxsRequest;
import io.relayminer.core.wire.cosmos.tx.GetBlockWithTxsResponse;
import io.relayminer.core.wire.cosmos.tx.GetTxRequest;
import io.relayminer.core.wire.cosmos.tx.GetTxResponse;
import io.relayminer.core.wire.cosmos.tx.GetTxsEventRequest;
import io.relayminer.core.wire.cosmos.tx.GetTxsEventResponse;
import io.relayminer.core.wire.cosmos.tx.OrderBy;
import io.relayminer.core.wire.cosmos.tx.SimulateRequest;
import io.relayminer.core.wire.cosmos.tx.SimulateResponse;
import io.relayminer.core.wire.cosmos.tx.Tx;
import io.relayminer.core.wire.tendermint.abci.Event;
import io.relayminer.core.wire.tendermint.abci.EventAttribute;
import io.relayminer.testkit.chain.internal.block.Mempool;
import io.relayminer.testkit.chain.internal.block.PocketChain;
import io.relayminer.testkit.chain.internal.block.StoredBlock;
import io.relayminer.testkit.chain.internal.encoding.Bech32Text;
import io.relayminer.testkit.chain.internal.encoding.Hashes;
import io.relayminer.testkit.chain.internal.execution.AbciEvent;
import io.relayminer.testkit.chain.internal.execution.AbciException;
import io.relayminer.testkit.chain.internal.execution.TxResult;
import io.relayminer.testkit.chain.internal.query.Pages;
import io.relayminer.testkit.chain.internal.query.QueryException;
import io.relayminer.testkit.chain.internal.query.QueryRouter;
import io.relayminer.testkit.chain.internal.query.QueryRouter.QueryContext;
import io.relayminer.testkit.chain.internal.search.EventQuery;
import io.relayminer.testkit.chain.internal.search.TxSearch;
import io.relayminer.testkit.chain.internal.tx.Messages;
import io.relayminer.testkit.chain.internal.tx.TxExecution;

import org.jspecify.annotations.Nullable;

import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Queries that need the chain itself: simulation, broadcast, transactions and blocks. */
public final class TxQueries {
    private static final int MAX_LIMIT = 100;
    private static final long INFINITE_GAS = -1;

    private final PocketChain chain;

    private TxQueries(PocketChain chain) {
        this.chain = chain;
    }

    public static void register(QueryRouter router, PocketChain chain) {
        TxQueries queries = new TxQueries(chain);
        String service = "cosmos.tx.v1beta1.Service/";
        router.add(
                service + "Simulate",
                SimulateRequest.getDefaultInstance(),
                (context, request) -> queries.simulate(request));
        router.add(
                service + "BroadcastTx",
                BroadcastTxRequest.getDefaultInstance(),
                (context, request) -> queries.broadcast(request));
        router.add(
                service + "GetTx",
                GetTxRequest.getDefaultInstance(),
                (context, request) -> queries.tx(request));
        router.add(
                service + "GetTxsEvent",
                GetTxsEventRequest.getDefaultInstance(),
                (context, request) -> queries.txsByEvent(request));
        router.add(
                service + "GetBlockWithTxs",
                GetBlockWithTxsRequest.getDefaultInstance(),
                (context, request) -> queries.blockWithTxs(request));
        String blocks = "cosmos.base.tendermint.v1beta1.Service/";
        router.add(
                blocks + "GetSyncing",
                GetSyncingRequest.getDefaultInstance(),
                (context, request) -> GetSyncingResponse.getDefaultInstance());
        router.add(
                blocks + "GetLatestBlock",
                GetLatestBlockRequest.getDefaultInstance(),
                (context, request) -> queries.latestBlock(context));
        router.add(
                blocks + "GetBlockByHeight",
                GetBlockByHeightRequest.getDefaultInstance(),
                (context, request) -> queries.blockByHeight(request));
    }

    private MessageLite simulate(SimulateRequest request) throws QueryException {
        ByteString bytes = request.getTxBytes();
        if (bytes.isEmpty() && request.hasTx()) {
            bytes = request.getTx().toByteString();
        }
        if (bytes.isEmpty()) {
            throw new QueryException(Status.Code.INVALID_ARGUMENT, "empty txBytes is not allowed");
        }
        TxExecution.Outcome outcome = chain.simulate(bytes);
        TxResult result = outcome.result();
        if (!result.ok()) {
            throw new QueryException(
                    Status.Code.UNKNOWN,
                    result.log()
                            .concat(
                                    ByteString.copyFromUtf8(
                                            " [devchain] with gas used: '"
                                                    + result.gasUsed()
                                                    + "'")));
        }
        return SimulateResponse.newBuilder()
                .setGasInfo(
                        GasInfo.newBuilder()
                                .setGasWanted(INFINITE_GAS)
                                .setGasUsed(result.gasUsed()))
                .setResult(
                        Result.newBuilder()
                                .setData(result.data())
                                .addAllEvents(wire(result.events()))
                                .addAllMsgResponses(outcome.responses()))
                .build();
    }

    private MessageLite broadcast(BroadcastTxRequest request) throws QueryException {
        ByteString tx = request.getTxBytes();
        if (tx.isEmpty()) {
            throw new QueryException(Status.Code.INVALID_ARGUMENT, "invalid empty tx");
        }
        if (request.getMode() == BroadcastMode.BROADCAST_MODE_UNSPECIFIED
                || request.getMode() == BroadcastMode.BROADCAST_MODE_BLOCK) {
            throw new QueryException(
                    Status.Code.UNKNOWN,
                    "unsupported return type "
                            + request.getMode().name()
                            + "; supported types: sync, async: invalid request");
        }
        TxResponse.Builder response =
                TxResponse.newBuilder().setTxhash(Hashes.upperHex(Hashes.sha256(tx)));
        try {
            TxResult result = chain.broadcast(tx);
            if (request.getMode() == BroadcastMode.BROADCAST_MODE_SYNC) {
                response.setCode(result.code())
                        .setCodespace(result.codespace())
                        .setData(Hashes.upperHex(result.data()))
                        .setRawLogBytes(result.log());
            }
        } catch (Mempool.RefusalException e) {
            response.setCode(e.error().code).setCodespace(AbciException.SDK);
        }
        return BroadcastTxResponse.newBuilder().setTxResponse(response).build();
    }

    private static List<Event> wire(List<AbciEvent> events) {
        List<Event> wire = new ArrayList<>();
        for (AbciEvent event : events) {
            Event.Builder builder = Event.newBuilder().setType(event.type());
            for (AbciEvent.Attribute attribute : event.attributes()) {
                builder.addAttributes(
                        EventAttribute.newBuilder()
                                .setKey(attribute.key())
                                .setValue(attribute.value())
                                .setIndex(attribute.index()));
            }
            wire.add(builder.build());
        }
        return wire;
    }

    private static Tx decoded(ByteString tx) throws QueryException {
        try {
            return Tx.parseFrom(tx);
        } catch (InvalidProtocolBufferException e) {
            throw new QueryException(
                    Status.Code.INTERNAL, "a committed transaction cannot be decoded");
        }
    }

    private static TxResponse response(StoredBlock block, int index) throws QueryException {
        ByteString tx = block.block().getData().getTxs(index);
        TxResult result = block.results().get(index);
        return TxResponse.newBuilder()
                .setHeight(block.height())
                .setTxhash(Hashes.upperHex(Hashes.sha256(tx)))
                .setCodespace(result.codespace())
                .setCode(result.code())
                .setData(Hashes.upperHex(result.data()))
                .setRawLogBytes(result.log())
                .setGasWanted(result.gasWanted())
                .setGasUsed(result.gasUsed())
                .setTx(
                        Any.newBuilder()
                                .setTypeUrl(Messages.typeUrl(Tx.getDescriptor()))
                                .setValue(decoded(tx).toByteString()))
                .setTimestamp(block.time().truncatedTo(ChronoUnit.SECONDS).toString())
                .addAllEvents(wire(result.events()))
                .build();
    }

    private MessageLite tx(GetTxRequest request) throws QueryException {
        String hash = request.getHash();
        if (hash.isEmpty()) {
            throw new QueryException(Status.Code.INVALID_ARGUMENT, "tx hash cannot be empty");
        }
        for (int i = 0; i < hash.length(); i++) {
            char c = hash.charAt(i);
            if (Character.digit(c, 16) < 0 || c > 'f') {
                throw QueryException.plain(Hashes.hexProblem(c));
            }
        }
        if (hash.length() % 2 != 0) {
            throw QueryException.plain("encoding/hex: odd length hex string");
        }
        PocketChain.TxLocation location =
                chain.find(
                        UnsafeByteOperations.unsafeWrap(java.util.HexFormat.of().parseHex(hash)));
        StoredBlock block = location == null ? null : chain.block(location.height());
        if (location == null || block == null) {
            throw new QueryException(Status.Code.NOT_FOUND, "tx not found: " + hash);
        }
        return GetTxResponse.newBuilder()
                .setTx(decoded(block.block().getData().getTxs(location.index())))
                .setTxResponse(response(block, location.index()))
                .build();
    }

    private MessageLite txsByEvent(GetTxsEventRequest request) throws QueryException {
        if (request.getQuery().isEmpty()) {
            throw new QueryException(Status.Code.INTERNAL, "query cannot be empty");
        }
        List<TxSearch.Hit> hits;
        try {
            hits = new ArrayList<>(TxSearch.find(chain.allBlocks(), request.getQuery()));
        } catch (EventQuery.SyntaxException e) {
            throw new QueryException(Status.Code.INTERNAL, "failed to search for txs: " + e.text());
        }
        if (request.getOrderBy() == OrderBy.ORDER_BY_DESC) {
            Collections.reverse(hits);
        }
        long limit = request.getLimit() <= 0 ? MAX_LIMIT : Math.min(request.getLimit(), MAX_LIMIT);
        long pages = Math.max(1, (hits.size() + limit - 1) / limit);
        long page = request.getPage() == 0 ? 1 : request.getPage();
        if (page < 1 || page > pages) {
            throw new QueryException(
                    Status.Code.INTERNAL,
                    "failed to search for txs: page should be within [1, "
                            + pages
                            + "] range, given "
                            + Long.toUnsignedString(page));
        }
        GetTxsEventResponse.Builder response =
                GetTxsEventResponse.newBuilder().setTotal(hits.size());
        int from = (int) ((page - 1) * limit);
        for (TxSearch.Hit hit : hits.subList(from, (int) Math.min(hits.size(), from + limit))) {
            response.addTxs(decoded(hit.block().block().getData().getTxs(hit.index())));
            response.addTxResponses(response(hit.block(), hit.index()));
        }
        return response.build();
    }

    private StoredBlock blockAt(long height) throws QueryException {
        StoredBlock block = height < 1 ? null : chain.block(height);
        if (block == null) {
            throw new QueryException(
                    Status.Code.INVALID_ARGUMENT,
                    height < 1
                            ? "height must not be less than 1 or greater than the current height ("
                                    + chain.height()
                                    + ")"
                            : "requested block height is bigger then the chain length");
        }
        return block;
    }

    private MessageLite blockWithTxs(GetBlockWithTxsRequest request) throws QueryException {
        StoredBlock block = blockAt(request.getHeight());
        List<Pages.Entry<Tx>> txs = new ArrayList<>();
        for (ByteString tx : block.block().getData().getTxsList()) {
            txs.add(new Pages.Entry<>(ByteString.EMPTY, decoded(tx)));
        }
        Pages.Page<Tx> page = Pages.of(txs, request.getPagination());
        return GetBlockWithTxsResponse.newBuilder()
                .addAllTxs(page.values())
                .setBlockId(block.id())
                .setBlock(block.block())
                .setPagination(page.response().toBuilder().setTotal(txs.size()))
                .build();
    }

    private MessageLite latestBlock(QueryContext context) throws QueryException {
        @Nullable StoredBlock block = chain.block(context.height());
        if (block == null) {
            throw new QueryException(Status.Code.INTERNAL, "the chain has no block yet");
        }
        return GetLatestBlockResponse.newBuilder()
                .setBlockId(block.id())
                .setBlock(block.block())
                .setSdkBlock(sdkBlock(block.block()))
                .build();
    }

    /** The block as the SDK tells it: with the proposer's address in bech32. */
    private static Block sdkBlock(io.relayminer.core.wire.tendermint.types.Block block) {
        io.relayminer.core.wire.tendermint.types.Header header = block.getHeader();
        return Block.newBuilder()
                .setHeader(
                        Header.newBuilder()
                                .setVersion(header.getVersion())
                                .setChainId(header.getChainId())
                                .setHeight(header.getHeight())
                                .setTime(header.getTime())
                                .setLastBlockId(header.getLastBlockId())
                                .setLastCommitHash(header.getLastCommitHash())
                                .setDataHash(header.getDataHash())
                                .setValidatorsHash(header.getValidatorsHash())
                                .setNextValidatorsHash(header.getNextValidatorsHash())
                                .setConsensusHash(header.getConsensusHash())
                                .setAppHash(header.getAppHash())
                                .setLastResultsHash(header.getLastResultsHash())
                                .setEvidenceHash(header.getEvidenceHash())
                                .setProposerAddress(
                                        Bech32Text.encode(
                                                Bech32Text.CONSENSUS_PREFIX,
                                                header.getProposerAddress())))
                .setData(block.getData())
                .setEvidence(block.getEvidence())
                .setLastCommit(block.getLastCommit())
                .build();
    }

    private MessageLite blockByHeight(GetBlockByHeightRequest request) throws QueryException {
        StoredBlock block = blockAt(request.getHeight());
        return GetBlockByHeightResponse.newBuilder()
                .setBlockId(block.id())
                .setBlock(block.block())
                .setSdkBlock(sdkBlock(block.block()))
                .build();
    }
}
