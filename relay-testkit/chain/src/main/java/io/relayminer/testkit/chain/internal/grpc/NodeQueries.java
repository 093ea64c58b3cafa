package io.relayminer.testkit.chain.internal.grpc;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;

import io.grpc.Status;
import io.relayminer.core.wire.cosmos.ed25519.PubKey;
import io.relayminer.core.wire.cosmos.node.ConfigRequest;
import io.relayminer.core.wire.cosmos.node.ConfigResponse;
import io.relayminer.core.wire.cosmos.node.StatusRequest;
import io.relayminer.core.wire.cosmos.node.StatusResponse;
import io.relayminer.core.wire.cosmos.query.PageRequest;
import io.relayminer.core.wire.cosmos.query.PageResponse;
import io.relayminer.core.wire.cosmos.tendermint.ABCIQueryRequest;
import io.relayminer.core.wire.cosmos.tendermint.ABCIQueryResponse;
import io.relayminer.core.wire.cosmos.tendermint.GetLatestValidatorSetRequest;
import io.relayminer.core.wire.cosmos.tendermint.GetLatestValidatorSetResponse;
import io.relayminer.core.wire.cosmos.tendermint.GetNodeInfoRequest;
import io.relayminer.core.wire.cosmos.tendermint.GetNodeInfoResponse;
import io.relayminer.core.wire.cosmos.tendermint.GetValidatorSetByHeightRequest;
import io.relayminer.core.wire.cosmos.tendermint.GetValidatorSetByHeightResponse;
import io.relayminer.core.wire.cosmos.tendermint.Validator;
import io.relayminer.core.wire.cosmos.tendermint.VersionInfo;
import io.relayminer.core.wire.tendermint.p2p.DefaultNodeInfo;
import io.relayminer.core.wire.tendermint.p2p.DefaultNodeInfoOther;
import io.relayminer.core.wire.tendermint.p2p.ProtocolVersion;
import io.relayminer.core.wire.tendermint.types.Header;
import io.relayminer.testkit.chain.internal.block.PocketChain;
import io.relayminer.testkit.chain.internal.block.StoredBlock;
import io.relayminer.testkit.chain.internal.encoding.Bech32Text;
import io.relayminer.testkit.chain.internal.node.CometNode;
import io.relayminer.testkit.chain.internal.query.QueryException;
import io.relayminer.testkit.chain.internal.query.QueryRouter;
import io.relayminer.testkit.chain.internal.tx.Messages;

import java.util.HexFormat;

/** Answers over gRPC what the node itself says over CometBFT's RPC. */
public final class NodeQueries {
    private static final long P2P_PROTOCOL = 8;
    private static final int DEFAULT_LIMIT = 100;
    private static final String ABCI_QUERY = "cosmos.base.tendermint.v1beta1.Service/ABCIQuery";
    private static final String APPLICATION = "pocket";

    private final CometNode node;

    private NodeQueries(CometNode node) {
        this.node = node;
    }

    public static void register(QueryRouter router, CometNode node) {
        NodeQueries queries = new NodeQueries(node);
        router.add(
                "cosmos.base.tendermint.v1beta1.Service/GetNodeInfo",
                GetNodeInfoRequest.getDefaultInstance(),
                (context, request) -> queries.nodeInfo());
        router.add(
                ABCI_QUERY,
                ABCIQueryRequest.getDefaultInstance(),
                (context, request) -> queries.abciQuery(request));
        router.add(
                "cosmos.base.tendermint.v1beta1.Service/GetLatestValidatorSet",
                GetLatestValidatorSetRequest.getDefaultInstance(),
                (context, request) -> queries.latestValidators(request));
        router.add(
                "cosmos.base.tendermint.v1beta1.Service/GetValidatorSetByHeight",
                GetValidatorSetByHeightRequest.getDefaultInstance(),
                (context, request) -> queries.validatorsAt(request));
        router.add(
                "cosmos.base.node.v1beta1.Service/Status",
                StatusRequest.getDefaultInstance(),
                (context, request) -> queries.status(context));
        router.add(
                "cosmos.base.node.v1beta1.Service/Config",
                ConfigRequest.getDefaultInstance(),
                (context, request) ->
                        ConfigResponse.newBuilder()
                                .setPruningKeepRecent("0")
                                .setPruningInterval("0")
                                .build());
    }

    private MessageLite abciQuery(ABCIQueryRequest request) throws QueryException {
        if (request.getPath().equals("/" + ABCI_QUERY)) {
            throw new QueryException(
                    Status.Code.INVALID_ARGUMENT,
                    "a query that asks for a query: send the inner one itself");
        }
        CometNode.QueryAnswer answer =
                node.query(request.getPath(), request.getData(), request.getHeight());
        return ABCIQueryResponse.newBuilder()
                .setCode(answer.code())
                .setLog(answer.log())
                .setValue(answer.value())
                .setHeight(answer.height())
                .setCodespace(answer.codespace())
                .build();
    }

    /** The one validator, unless a later page is asked for. */
    private Validator validator(PageRequest page) throws QueryException {
        long limit = page.getLimit() == 0 ? DEFAULT_LIMIT : page.getLimit();
        if (page.getOffset() < 0) {
            throw new QueryException(Status.Code.INVALID_ARGUMENT, "offset must greater than 0");
        }
        if (limit < 0) {
            throw new QueryException(Status.Code.INVALID_ARGUMENT, "limit must greater than 0");
        }
        long number = page.getOffset() / limit + 1;
        if (number > 1) {
            throw QueryException.plain("page should be within [1, 1] range, given " + number);
        }
        CometNode.Identity identity = node.identity();
        return Validator.newBuilder()
                .setAddress(
                        Bech32Text.encode(Bech32Text.CONSENSUS_PREFIX, identity.validatorAddress()))
                .setPubKey(
                        Any.newBuilder()
                                .setTypeUrl(Messages.typeUrl(PubKey.getDescriptor()))
                                .setValue(
                                        PubKey.newBuilder()
                                                .setKey(identity.validatorKey())
                                                .build()
                                                .toByteString()))
                .setVotingPower(identity.votingPower())
                .build();
    }

    private MessageLite validatorsAt(GetValidatorSetByHeightRequest request) throws QueryException {
        if (request.getHeight() > node.height()) {
            throw new QueryException(
                    Status.Code.INVALID_ARGUMENT,
                    "requested block height is bigger then the chain length");
        }
        if (request.getHeight() <= 0) {
            throw QueryException.plain(
                    "height must be greater than 0, but got " + request.getHeight());
        }
        return GetValidatorSetByHeightResponse.newBuilder()
                .setBlockHeight(request.getHeight())
                .addValidators(validator(request.getPagination()))
                .setPagination(PageResponse.newBuilder().setTotal(1))
                .build();
    }

    private MessageLite latestValidators(GetLatestValidatorSetRequest request)
            throws QueryException {
        return GetLatestValidatorSetResponse.newBuilder()
                .setBlockHeight(node.height())
                .addValidators(validator(request.getPagination()))
                .setPagination(PageResponse.newBuilder().setTotal(1))
                .build();
    }

    private MessageLite nodeInfo() {
        CometNode.Identity identity = node.identity();
        return GetNodeInfoResponse.newBuilder()
                .setDefaultNodeInfo(
                        DefaultNodeInfo.newBuilder()
                                .setProtocolVersion(
                                        ProtocolVersion.newBuilder()
                                                .setP2P(P2P_PROTOCOL)
                                                .setBlock(PocketChain.BLOCK_PROTOCOL))
                                .setDefaultNodeId(identity.nodeId())
                                .setListenAddr(identity.listenAddress())
                                .setNetwork(identity.chainId())
                                .setVersion(identity.version())
                                .setChannels(
                                        ByteString.copyFrom(
                                                HexFormat.of().parseHex(identity.channels())))
                                .setMoniker(identity.moniker())
                                .setOther(
                                        DefaultNodeInfoOther.newBuilder()
                                                .setTxIndex("on")
                                                .setRpcAddress(identity.rpcAddress())))
                .setApplicationVersion(
                        VersionInfo.newBuilder()
                                .setName(APPLICATION)
                                .setAppName(APPLICATION + "d")
                                .setVersion(identity.applicationVersion()))
                .build();
    }

    private MessageLite status(QueryRouter.QueryContext context) {
        StatusResponse.Builder status =
                StatusResponse.newBuilder()
                        .setEarliestStoreHeight(node.lowestHeight())
                        .setHeight(context.height());
        StoredBlock block = node.block(context.height());
        if (block != null) {
            Header header = block.block().getHeader();
            status.setTimestamp(header.getTime())
                    .setAppHash(header.getAppHash())
                    .setValidatorHash(header.getNextValidatorsHash());
        }
        return status.build();
    }
}
