package io.relayminer.testkit.chain;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;

import io.relayminer.core.wire.cosmos.node.StatusRequest;
import io.relayminer.core.wire.cosmos.node.StatusResponse;
import io.relayminer.core.wire.cosmos.tendermint.GetNodeInfoRequest;
import io.relayminer.core.wire.cosmos.tendermint.GetNodeInfoResponse;
import io.relayminer.core.wire.cosmos.tendermint.VersionInfo;
import io.relayminer.core.wire.tendermint.p2p.DefaultNodeInfo;
import io.relayminer.core.wire.tendermint.p2p.DefaultNodeInfoOther;
import io.relayminer.core.wire.tendermint.p2p.ProtocolVersion;
import io.relayminer.core.wire.tendermint.types.Header;

import java.util.HexFormat;

/** Answers over gRPC what the node itself says over CometBFT's RPC. */
final class NodeQueries {
    private static final long P2P_PROTOCOL = 8;
    private static final String APPLICATION = "pocket";

    private final CometNode node;

    private NodeQueries(CometNode node) {
        this.node = node;
    }

    static void register(QueryRouter router, CometNode node) {
        NodeQueries queries = new NodeQueries(node);
        router.add(
                "cosmos.base.tendermint.v1beta1.Service/GetNodeInfo",
                GetNodeInfoRequest.getDefaultInstance(),
                (context, request) -> queries.nodeInfo());
        router.add(
                "cosmos.base.node.v1beta1.Service/Status",
                StatusRequest.getDefaultInstance(),
                (context, request) -> queries.status(context));
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
