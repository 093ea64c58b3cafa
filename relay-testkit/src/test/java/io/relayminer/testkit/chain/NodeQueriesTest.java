package io.relayminer.testkit.chain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.google.protobuf.ByteString;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.protobuf.ProtoUtils;
import io.relayminer.core.wire.cosmos.auth.BaseAccount;
import io.relayminer.core.wire.cosmos.auth.Bech32PrefixRequest;
import io.relayminer.core.wire.cosmos.auth.QueryAccountsRequest;
import io.relayminer.core.wire.cosmos.auth.QueryAccountsResponse;
import io.relayminer.core.wire.cosmos.auth.QueryGrpc;
import io.relayminer.core.wire.cosmos.bank.QueryAllBalancesRequest;
import io.relayminer.core.wire.cosmos.bank.QuerySpendableBalancesRequest;
import io.relayminer.core.wire.cosmos.node.StatusRequest;
import io.relayminer.core.wire.cosmos.node.StatusResponse;
import io.relayminer.core.wire.cosmos.query.PageRequest;
import io.relayminer.core.wire.cosmos.tendermint.GetNodeInfoRequest;
import io.relayminer.core.wire.cosmos.tendermint.GetNodeInfoResponse;
import io.relayminer.core.wire.cosmos.tendermint.GetSyncingRequest;
import io.relayminer.core.wire.cosmos.tendermint.ServiceGrpc;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.HashSet;
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

    /** Clients of reflection keep their side open until they have heard something. */
    @Test
    void unknownStreamIsRefusedAtOnce() throws Exception {
        MethodDescriptor<GetSyncingRequest, GetSyncingRequest> reflection =
                MethodDescriptor.<GetSyncingRequest, GetSyncingRequest>newBuilder()
                        .setType(MethodDescriptor.MethodType.BIDI_STREAMING)
                        .setFullMethodName(
                                "grpc.reflection.v1.ServerReflection/ServerReflectionInfo")
                        .setRequestMarshaller(
                                ProtoUtils.marshaller(GetSyncingRequest.getDefaultInstance()))
                        .setResponseMarshaller(
                                ProtoUtils.marshaller(GetSyncingRequest.getDefaultInstance()))
                        .build();
        ClientCall<GetSyncingRequest, GetSyncingRequest> call =
                channel.newCall(reflection, CallOptions.DEFAULT);
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
        assertEquals(
                "unknown service grpc.reflection.v1.ServerReflection", status.getDescription());
    }
}
