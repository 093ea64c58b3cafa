package io.relayminer.testkit.chain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.ProtoUtils;
import io.relayminer.core.wire.cosmos.auth.BaseAccount;
import io.relayminer.core.wire.cosmos.auth.Bech32PrefixRequest;
import io.relayminer.core.wire.cosmos.auth.QueryAccountsRequest;
import io.relayminer.core.wire.cosmos.auth.QueryAccountsResponse;
import io.relayminer.core.wire.cosmos.auth.QueryGrpc;
import io.relayminer.core.wire.cosmos.bank.QueryAllBalancesRequest;
import io.relayminer.core.wire.cosmos.bank.QueryDenomMetadataByQueryStringRequest;
import io.relayminer.core.wire.cosmos.bank.QueryDenomMetadataRequest;
import io.relayminer.core.wire.cosmos.bank.QueryDenomsMetadataRequest;
import io.relayminer.core.wire.cosmos.bank.QueryDenomsMetadataResponse;
import io.relayminer.core.wire.cosmos.bank.QuerySpendableBalanceByDenomRequest;
import io.relayminer.core.wire.cosmos.bank.QuerySpendableBalancesRequest;
import io.relayminer.core.wire.cosmos.bank.QuerySupplyOfRequest;
import io.relayminer.core.wire.cosmos.bank.QueryTotalSupplyRequest;
import io.relayminer.core.wire.cosmos.base.Coin;
import io.relayminer.core.wire.cosmos.ed25519.PubKey;
import io.relayminer.core.wire.cosmos.node.StatusRequest;
import io.relayminer.core.wire.cosmos.node.StatusResponse;
import io.relayminer.core.wire.cosmos.query.PageRequest;
import io.relayminer.core.wire.cosmos.query.PageResponse;
import io.relayminer.core.wire.cosmos.tendermint.ABCIQueryRequest;
import io.relayminer.core.wire.cosmos.tendermint.ABCIQueryResponse;
import io.relayminer.core.wire.cosmos.tendermint.GetBlockByHeightRequest;
import io.relayminer.core.wire.cosmos.tendermint.GetLatestBlockRequest;
import io.relayminer.core.wire.cosmos.tendermint.GetLatestValidatorSetRequest;
import io.relayminer.core.wire.cosmos.tendermint.GetNodeInfoRequest;
import io.relayminer.core.wire.cosmos.tendermint.GetNodeInfoResponse;
import io.relayminer.core.wire.cosmos.tendermint.GetSyncingRequest;
import io.relayminer.core.wire.cosmos.tendermint.GetValidatorSetByHeightRequest;
import io.relayminer.core.wire.cosmos.tendermint.ServiceGrpc;
import io.relayminer.testkit.chain.genesis.Genesis;
import io.relayminer.testkit.chain.genesis.LocalnetAccounts;
import io.relayminer.testkit.chain.internal.encoding.GoJson;
import io.relayminer.testkit.chain.internal.state.Keys;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

import java.math.BigInteger;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** What general tools of the Cosmos world ask a node. */
class NodeQueriesTest {

    private final DevChain chain = DevChain.start(Genesis.localnet().build());
    private final ManagedChannel channel =
            ManagedChannelBuilder.forTarget(chain.grpcAddress()).usePlaintext().build();

    @AfterEach
    void close() {
        channel.shutdownNow();
        chain.close();
    }

    @Test
    void nodeSaysWhatItIs() throws Exception {
        GetNodeInfoResponse info =
                ServiceGrpc.newBlockingStub(channel)
                        .getNodeInfo(GetNodeInfoRequest.getDefaultInstance());
        assertEquals("pocket", info.getDefaultNodeInfo().getNetwork());
        assertEquals("0.38.23", info.getDefaultNodeInfo().getVersion());
        assertEquals("on", info.getDefaultNodeInfo().getOther().getTxIndex());
        String version = info.getApplicationVersion().getVersion();
        String abciInfo =
                HttpClient.newHttpClient()
                        .send(
                                HttpRequest.newBuilder(
                                                URI.create(chain.rpcAddress() + "/abci_info"))
                                        .build(),
                                HttpResponse.BodyHandlers.ofString())
                        .body();
        assertEquals(
                version, GoJson.MAPPER.readTree(abciInfo).at("/result/response/version").asText());
        assertEquals(3, version.split("\\.").length, "a semantic version");
    }

    @Test
    void nodeSaysHowFarItIs() {
        chain.advanceTo(7);
        StatusResponse status =
                io.relayminer.core.wire.cosmos.node.ServiceGrpc.newBlockingStub(channel)
                        .status(StatusRequest.getDefaultInstance());
        assertEquals(7, status.getHeight());
        assertEquals(1, status.getEarliestStoreHeight());
        assertEquals(chain.time().getEpochSecond(), status.getTimestamp().getSeconds());
        assertEquals(32, status.getValidatorHash().size());
    }

    @Test
    void allAccountsAreListedInPages() throws Exception {
        QueryGrpc.QueryBlockingStub auth = QueryGrpc.newBlockingStub(channel);
        Set<ByteString> seen = new HashSet<>();
        ByteString next = ByteString.EMPTY;
        do {
            QueryAccountsResponse page =
                    auth.accounts(
                            QueryAccountsRequest.newBuilder()
                                    .setPagination(
                                            PageRequest.newBuilder().setKey(next).setLimit(7))
                                    .build());
            page.getAccountsList().forEach(account -> seen.add(account.getValue()));
            next = page.getPagination().getNextKey();
        } while (!next.isEmpty());
        QueryAccountsResponse all = auth.accounts(QueryAccountsRequest.getDefaultInstance());
        assertEquals(all.getPagination().getTotal(), seen.size());
        Set<String> addresses = new HashSet<>();
        for (var account : all.getAccountsList()) {
            if (account.getTypeUrl().endsWith(".BaseAccount")) {
                addresses.add(BaseAccount.parseFrom(account.getValue()).getAddress());
            }
        }
        for (LocalnetAccounts.Entry entry : LocalnetAccounts.all()) {
            assertEquals(true, addresses.contains(entry.address()), entry.name());
        }
        assertEquals(
                "pokt",
                auth.bech32Prefix(Bech32PrefixRequest.getDefaultInstance()).getBech32Prefix());
    }

    @Test
    void everythingCanBeSpent() {
        String address = LocalnetAccounts.named("app1").address();
        var bank = io.relayminer.core.wire.cosmos.bank.QueryGrpc.newBlockingStub(channel);
        var all =
                bank.allBalances(QueryAllBalancesRequest.newBuilder().setAddress(address).build());
        assertFalse(all.getBalancesList().isEmpty());
        assertEquals(
                all.getBalancesList(),
                bank.spendableBalances(
                                QuerySpendableBalancesRequest.newBuilder()
                                        .setAddress(address)
                                        .build())
                        .getBalancesList());
    }

    @Test
    void supplyIsWhatAllAccountsHold() {
        var bank = io.relayminer.core.wire.cosmos.bank.QueryGrpc.newBlockingStub(channel);
        Coin upokt =
                bank.supplyOf(QuerySupplyOfRequest.newBuilder().setDenom("upokt").build())
                        .getAmount();
        BigInteger held = BigInteger.ZERO;
        for (var balance : chain.machine().state().scan(Keys.BALANCES)) {
            if (balance.getKey().endsWith("/upokt")) {
                held = held.add((BigInteger) balance.getValue());
            }
        }
        assertEquals(held.toString(), upokt.getAmount());
        assertTrue(
                bank.totalSupply(QueryTotalSupplyRequest.getDefaultInstance())
                        .getSupplyList()
                        .contains(upokt));
        String address = LocalnetAccounts.named("app1").address();
        assertEquals(
                "1000000000000",
                bank.spendableBalanceByDenom(
                                QuerySpendableBalanceByDenomRequest.newBuilder()
                                        .setAddress(address)
                                        .setDenom("upokt")
                                        .build())
                        .getBalance()
                        .getAmount());
        assertTrue(
                bank.params(
                                io.relayminer.core.wire.cosmos.bank.QueryParamsRequest
                                        .getDefaultInstance())
                        .getParams()
                        .getDefaultSendEnabled());
    }

    /** As on the network, whose genesis describes no denomination. */
    @Test
    void noDenominationIsDescribed() {
        var bank = io.relayminer.core.wire.cosmos.bank.QueryGrpc.newBlockingStub(channel);
        assertEquals(
                QueryDenomsMetadataResponse.newBuilder()
                        .setPagination(PageResponse.getDefaultInstance())
                        .build(),
                bank.denomsMetadata(QueryDenomsMetadataRequest.getDefaultInstance()));
        for (Executable asked :
                List.<Executable>of(
                        () ->
                                bank.denomMetadata(
                                        QueryDenomMetadataRequest.newBuilder()
                                                .setDenom("upokt")
                                                .build()),
                        () ->
                                bank.denomMetadataByQueryString(
                                        QueryDenomMetadataByQueryStringRequest.newBuilder()
                                                .setDenom("upokt")
                                                .build()))) {
            Status status = assertThrows(StatusRuntimeException.class, asked).getStatus();
            assertEquals(Status.Code.NOT_FOUND, status.getCode());
            assertEquals("client metadata for denom upokt", status.getDescription());
        }
        assertEquals(
                Status.Code.INVALID_ARGUMENT,
                assertThrows(
                                StatusRuntimeException.class,
                                () ->
                                        bank.denomMetadata(
                                                QueryDenomMetadataRequest.getDefaultInstance()))
                        .getStatus()
                        .getCode());
    }

    @Test
    void validatorSetIsTheOneThatSigns() throws Exception {
        chain.advanceTo(5);
        ServiceGrpc.ServiceBlockingStub node = ServiceGrpc.newBlockingStub(channel);
        var latest = node.getLatestValidatorSet(GetLatestValidatorSetRequest.getDefaultInstance());
        assertEquals(5, latest.getBlockHeight());
        assertEquals(1, latest.getPagination().getTotal());
        var validator = latest.getValidators(0);
        assertTrue(validator.getAddress().startsWith("poktvalcons1"), validator.getAddress());
        assertEquals(
                chain.genesis().validator().publicKey(),
                PubKey.parseFrom(validator.getPubKey().getValue()).getKey());
        assertEquals("/cosmos.crypto.ed25519.PubKey", validator.getPubKey().getTypeUrl());
        assertEquals(900, validator.getVotingPower());
        assertEquals(
                latest.getValidatorsList(),
                node.getValidatorSetByHeight(
                                GetValidatorSetByHeightRequest.newBuilder().setHeight(3).build())
                        .getValidatorsList());
        Status future =
                assertThrows(
                                StatusRuntimeException.class,
                                () ->
                                        node.getValidatorSetByHeight(
                                                GetValidatorSetByHeightRequest.newBuilder()
                                                        .setHeight(6)
                                                        .build()))
                        .getStatus();
        assertEquals(Status.Code.INVALID_ARGUMENT, future.getCode());
        assertThrows(
                StatusRuntimeException.class,
                () ->
                        node.getLatestValidatorSet(
                                GetLatestValidatorSetRequest.newBuilder()
                                        .setPagination(PageRequest.newBuilder().setOffset(100))
                                        .build()));
    }

    @Test
    void blocksAreToldInBothForms() {
        chain.advanceTo(5);
        ServiceGrpc.ServiceBlockingStub node = ServiceGrpc.newBlockingStub(channel);
        var latest = node.getLatestBlock(GetLatestBlockRequest.getDefaultInstance());
        var told = latest.getSdkBlock().getHeader();
        assertEquals(latest.getBlock().getHeader().getAppHash(), told.getAppHash());
        assertEquals(5, told.getHeight());
        assertEquals(latest.getBlock().getLastCommit(), latest.getSdkBlock().getLastCommit());
        assertEquals(
                node.getLatestValidatorSet(GetLatestValidatorSetRequest.getDefaultInstance())
                        .getValidators(0)
                        .getAddress(),
                told.getProposerAddress());
        assertEquals(
                latest.getSdkBlock(),
                node.getBlockByHeight(GetBlockByHeightRequest.newBuilder().setHeight(5).build())
                        .getSdkBlock());
    }

    @Test
    void applicationIsAskedThroughTheNode() throws Exception {
        chain.advanceTo(4);
        ServiceGrpc.ServiceBlockingStub node = ServiceGrpc.newBlockingStub(channel);
        ABCIQueryResponse answer =
                node.aBCIQuery(
                        ABCIQueryRequest.newBuilder()
                                .setPath("/pocket.shared.Query/Params")
                                .setHeight(3)
                                .build());
        assertEquals(0, answer.getCode());
        assertEquals(3, answer.getHeight());
        assertEquals(
                chain.sharedParams(),
                io.relayminer.core.wire.shared.QueryParamsResponse.parseFrom(answer.getValue())
                        .getParams());
        ABCIQueryResponse refused =
                node.aBCIQuery(ABCIQueryRequest.newBuilder().setPath("/nope").build());
        assertEquals(6, refused.getCode());
        assertEquals("sdk", refused.getCodespace());
        assertEquals("unknown query path: unknown request", refused.getLog());
        assertEquals(
                Status.Code.INVALID_ARGUMENT,
                assertThrows(
                                StatusRuntimeException.class,
                                () ->
                                        node.aBCIQuery(
                                                ABCIQueryRequest.newBuilder()
                                                        .setPath(
                                                                "/cosmos.base.tendermint.v1beta1"
                                                                        + ".Service/ABCIQuery")
                                                        .build()))
                        .getStatus()
                        .getCode());
    }

    /** Clients of streams keep their side open until they have heard something. */
    @Test
    void unknownStreamIsRefusedAtOnce() throws Exception {
        MethodDescriptor<GetSyncingRequest, GetSyncingRequest> stream =
                MethodDescriptor.<GetSyncingRequest, GetSyncingRequest>newBuilder()
                        .setType(MethodDescriptor.MethodType.BIDI_STREAMING)
                        .setFullMethodName("pocket.nope.Query/Stream")
                        .setRequestMarshaller(
                                ProtoUtils.marshaller(GetSyncingRequest.getDefaultInstance()))
                        .setResponseMarshaller(
                                ProtoUtils.marshaller(GetSyncingRequest.getDefaultInstance()))
                        .build();
        ClientCall<GetSyncingRequest, GetSyncingRequest> call =
                channel.newCall(stream, CallOptions.DEFAULT);
        CompletableFuture<Status> closed = new CompletableFuture<>();
        call.start(
                new ClientCall.Listener<>() {
                    @Override
                    public void onClose(Status status, Metadata trailers) {
                        closed.complete(status);
                    }
                },
                new Metadata());
        call.request(1);
        call.sendMessage(GetSyncingRequest.getDefaultInstance());
        Status status = closed.get(60, TimeUnit.SECONDS);
        assertEquals(Status.Code.UNIMPLEMENTED, status.getCode());
        assertEquals("unknown service pocket.nope.Query", status.getDescription());
    }
}
