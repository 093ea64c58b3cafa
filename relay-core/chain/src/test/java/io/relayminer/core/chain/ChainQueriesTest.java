package io.relayminer.core.chain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;

import io.grpc.Status;
import io.relayminer.core.wire.TypeUrls;
import io.relayminer.core.wire.cosmos.auth.BaseAccount;
import io.relayminer.core.wire.cosmos.auth.ModuleAccount;
import io.relayminer.core.wire.cosmos.auth.QueryAccountResponse;
import io.relayminer.core.wire.cosmos.query.PageResponse;
import io.relayminer.core.wire.cosmos.secp256k1.PubKey;
import io.relayminer.core.wire.cosmos.vesting.BaseVestingAccount;
import io.relayminer.core.wire.cosmos.vesting.ContinuousVestingAccount;
import io.relayminer.core.wire.cosmos.vesting.DelayedVestingAccount;
import io.relayminer.core.wire.cosmos.vesting.PeriodicVestingAccount;
import io.relayminer.core.wire.cosmos.vesting.PermanentLockedAccount;
import io.relayminer.core.wire.proof.Claim;
import io.relayminer.core.wire.proof.QueryAllClaimsRequest;
import io.relayminer.core.wire.proof.QueryAllClaimsResponse;
import io.relayminer.core.wire.service.QueryComputeUnitsPerRelayAtHeightResponse;
import io.relayminer.core.wire.service.QueryGetRelayMiningDifficultyAtHeightResponse;
import io.relayminer.core.wire.service.QueryGetServiceResponse;
import io.relayminer.core.wire.service.RelayMiningDifficulty;
import io.relayminer.core.wire.session.QueryGetSessionResponse;
import io.relayminer.core.wire.session.Session;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.core.wire.shared.QueryParamsResponse;
import io.relayminer.core.wire.shared.Service;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;

class ChainQueriesTest {

    private final AtomicReference<Instant> now =
            new AtomicReference<>(Instant.parse("2026-01-01T00:00:00Z"));
    private ScriptedGrpcNode first;
    private ScriptedGrpcNode second;
    private ChainClient client;
    private ChainQueries queries;

    @BeforeEach
    void start() throws Exception {
        first = new ScriptedGrpcNode(ChainQueriesTest::nothing);
        second = new ScriptedGrpcNode(ChainQueriesTest::nothing);
        connect(Duration.ofSeconds(30));
    }

    private void connect(Duration timeout) {
        client =
                ChainClient.open(
                        new ChainSettings(
                                List.of(URI.create("tcp://127.0.0.1:1/")),
                                List.of("grpc://" + first.target(), second.target() + "/"),
                                true,
                                timeout,
                                Duration.ofSeconds(30),
                                "pocket"),
                        now::get,
                        new Random(1));
        queries = client.queries();
    }

    @AfterEach
    void stop() {
        client.close();
        first.close();
        second.close();
    }

    private static ByteString nothing(String method, ByteString request) {
        throw Status.UNIMPLEMENTED.withDescription("unknown method").asRuntimeException();
    }

    private static <T> T await(CompletionStage<T> stage) {
        return stage.toCompletableFuture().join();
    }

    private static Throwable failure(CompletionStage<?> stage) {
        return assertThrows(CompletionException.class, () -> await(stage)).getCause();
    }

    @Test
    void allPagesOfClaimsAreRead() {
        first.script(
                (method, request) -> {
                    int from = pageKey(request);
                    QueryAllClaimsResponse.Builder page = QueryAllClaimsResponse.newBuilder();
                    int to = Math.min(from + 100, 250);
                    for (int i = from; i < to; i++) {
                        page.addClaims(Claim.newBuilder().setSupplierOperatorAddress("s" + i));
                    }
                    if (to < 250) {
                        page.setPagination(
                                PageResponse.newBuilder()
                                        .setNextKey(ByteString.copyFromUtf8("" + to)));
                    }
                    return page.build().toByteString();
                });
        List<Claim> claims = await(queries.claims("supplier"));
        assertEquals(250, claims.size());
        assertEquals("s249", claims.get(249).getSupplierOperatorAddress());
        assertEquals(3, first.calls().size());
    }

    private static ScriptedGrpcNode.Script behind(long tip) {
        return (method, request) -> {
            throw Status.INTERNAL
                    .withDescription(
                            "block height 21 is ahead of the last committed block height "
                                    + tip
                                    + ": error during session hydration")
                    .asRuntimeException();
        };
    }

    @Test
    void nodeThatIsBehindIsAskedFirstAgainNextTime() {
        first.script(behind(20));
        second.script(
                (method, request) ->
                        QueryGetSessionResponse.newBuilder()
                                .setSession(
                                        Session.newBuilder()
                                                .setHeader(
                                                        SessionHeader.newBuilder()
                                                                .setSessionId("s")))
                                .build()
                                .toByteString());
        for (int i = 1; i <= 2; i++) {
            assertEquals("s", await(queries.session("a", "b", 21)).getHeader().getSessionId());
            assertEquals(i, first.calls().size(), "nothing is held against it");
            assertEquals(i, second.calls().size());
        }
    }

    @Test
    void whereAllNodesAreBehindThatIsTheAnswer() {
        first.script(behind(20));
        second.script(behind(19));
        ChainRefusedException refused =
                assertInstanceOf(
                        ChainRefusedException.class, failure(queries.session("a", "b", 21)));
        assertTrue(refused.isHeightAhead());
        assertEquals(1, first.calls().size(), "asked once each");
        assertEquals(1, second.calls().size());
    }

    private static int pageKey(ByteString request) {
        try {
            QueryAllClaimsRequest query = QueryAllClaimsRequest.parseFrom(request);
            assertEquals("supplier", query.getSupplierOperatorAddress());
            assertEquals(100, query.getPagination().getLimit());
            String key = query.getPagination().getKey().toStringUtf8();
            return key.isEmpty() ? 0 : Integer.parseInt(key);
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void pagesThatDoNotEndAreNotFollowedForever() {
        first.script(
                (method, request) ->
                        QueryAllClaimsResponse.newBuilder()
                                .setPagination(
                                        PageResponse.newBuilder()
                                                .setNextKey(ByteString.copyFromUtf8("same")))
                                .build()
                                .toByteString());
        assertInstanceOf(ChainAnswerException.class, failure(queries.claims("supplier")));
        assertEquals(2, first.calls().size());
    }

    @Test
    void nodesWithoutComputeUnitsAtAHeightAreLeftAloneForAWhile() {
        first.script(
                (method, request) -> {
                    if (method.endsWith("/Service")) {
                        return QueryGetServiceResponse.newBuilder()
                                .setService(Service.newBuilder().setComputeUnitsPerRelay(7))
                                .build()
                                .toByteString();
                    }
                    throw Status.UNIMPLEMENTED.asRuntimeException();
                });
        assertEquals(Optional.of(new ComputeUnits(7, false)), await(queries.computeUnits("s", 5)));
        assertEquals(Optional.of(new ComputeUnits(7, false)), await(queries.computeUnits("s", 6)));
        assertEquals(1, atHeightQuestions(), "not asked again at once");

        first.script(
                (method, request) ->
                        QueryComputeUnitsPerRelayAtHeightResponse.newBuilder()
                                .setComputeUnitsPerRelay(9)
                                .build()
                                .toByteString());
        now.set(now.get().plusSeconds(60));
        assertEquals(Optional.of(new ComputeUnits(9, true)), await(queries.computeUnits("s", 5)));
    }

    private long atHeightQuestions() {
        return first.calls().stream().filter(call -> call.endsWith("AtHeight")).count();
    }

    @Test
    void accountsOfEveryTypeAreReadDownToTheirBase() {
        BaseAccount base =
                BaseAccount.newBuilder().setAddress("pokt1a").setAccountNumber(42).build();
        BaseVestingAccount vesting = BaseVestingAccount.newBuilder().setBaseAccount(base).build();
        List<Message> accounts =
                List.of(
                        base,
                        ModuleAccount.newBuilder().setBaseAccount(base).setName("m").build(),
                        ContinuousVestingAccount.newBuilder()
                                .setBaseVestingAccount(vesting)
                                .build(),
                        DelayedVestingAccount.newBuilder().setBaseVestingAccount(vesting).build(),
                        PeriodicVestingAccount.newBuilder().setBaseVestingAccount(vesting).build(),
                        PermanentLockedAccount.newBuilder().setBaseVestingAccount(vesting).build());
        for (Message account : accounts) {
            first.script(
                    (method, request) ->
                            QueryAccountResponse.newBuilder()
                                    .setAccount(TypeUrls.pack(account))
                                    .build()
                                    .toByteString());
            assertEquals(Optional.of(base), await(queries.account("pokt1a")));
            assertEquals(Optional.empty(), await(queries.publicKey("pokt1a")), "never signed");
        }
        first.script(
                (method, request) ->
                        QueryAccountResponse.newBuilder()
                                .setAccount(TypeUrls.pack(Claim.getDefaultInstance()))
                                .build()
                                .toByteString());
        assertInstanceOf(ChainAnswerException.class, failure(queries.account("pokt1a")));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 32, 33, 65})
    void onlyKeysOfTheRightLengthAreKeys(int length) {
        first.script(
                (method, request) ->
                        QueryAccountResponse.newBuilder()
                                .setAccount(
                                        TypeUrls.pack(
                                                BaseAccount.newBuilder()
                                                        .setPubKey(
                                                                TypeUrls.pack(
                                                                        PubKey.newBuilder()
                                                                                .setKey(
                                                                                        ByteString
                                                                                                .copyFrom(
                                                                                                        new byte
                                                                                                                [length]))
                                                                                .build()))
                                                        .build()))
                                .build()
                                .toByteString());
        assertEquals(length == 33, await(queries.publicKey("a")).isPresent());
    }

    @Test
    void answersThatWouldBreakArithmeticAreRefused() {
        first.script((method, request) -> QueryParamsResponse.getDefaultInstance().toByteString());
        assertInstanceOf(ChainAnswerException.class, failure(queries.sharedParams()));
        assertInstanceOf(ChainAnswerException.class, failure(queries.sharedParams(0)));
        first.script(
                (method, request) ->
                        QueryGetRelayMiningDifficultyAtHeightResponse.newBuilder()
                                .setRelayMiningDifficulty(
                                        RelayMiningDifficulty.newBuilder()
                                                .setTargetHash(ByteString.copyFrom(new byte[31])))
                                .build()
                                .toByteString());
        assertInstanceOf(ChainAnswerException.class, failure(queries.difficulty("s", 5)));
        first.script(
                (method, request) -> QueryGetSessionResponse.getDefaultInstance().toByteString());
        assertInstanceOf(ChainAnswerException.class, failure(queries.session("a", "s", 5)));
    }

    @ParameterizedTest
    @EnumSource(
            value = Status.Code.class,
            names = {"UNAVAILABLE", "RESOURCE_EXHAUSTED", "ABORTED", "DEADLINE_EXCEEDED"})
    void anotherNodeAnswersWhenOneCannot(Status.Code code) {
        first.script(
                (method, request) -> {
                    throw code.toStatus()
                            .withDescription("internal.example:1")
                            .asRuntimeException();
                });
        second.script(ChainQueriesTest::service);
        assertTrue(await(queries.service("s")).isPresent());
        assertEquals(1, first.calls().size());
        assertTrue(await(queries.service("s")).isPresent());
        assertEquals(1, first.calls().size(), "a node that failed is not asked first again");
        now.set(now.get().plusSeconds(1));
        first.script(ChainQueriesTest::service);
        assertTrue(await(queries.service("s")).isPresent());
        assertEquals(2, first.calls().size(), "after a while it is");
    }

    private static ByteString service(String method, ByteString request) {
        return QueryGetServiceResponse.newBuilder()
                .setService(Service.newBuilder().setId("s"))
                .build()
                .toByteString();
    }

    @Test
    void whenNoNodeCanTheyAreAskedTwice() {
        for (ScriptedGrpcNode node : List.of(first, second)) {
            node.script(
                    (method, request) -> {
                        throw Status.UNAVAILABLE
                                .withDescription("internal.example:1")
                                .asRuntimeException();
                    });
        }
        Throwable failure = failure(queries.service("s"));
        assertInstanceOf(ChainUnavailableException.class, failure);
        assertFalse(failure.getMessage().contains("internal.example"));
        assertEquals(2, first.calls().size());
        assertEquals(2, second.calls().size());
    }

    @Test
    void aNodeThatHangsIsLeftAfterTheDeadline() {
        client.close();
        connect(Duration.ofMillis(200));
        first.script((method, request) -> null);
        second.script(ChainQueriesTest::service);
        assertTrue(await(queries.service("s")).isPresent());
    }

    @Test
    void anAnswerIsNotAskedForAgain() {
        first.script(
                (method, request) -> {
                    throw Status.INTERNAL
                            .withDescription("no suppliers\nfound")
                            .asRuntimeException();
                });
        ChainRefusedException refused =
                assertInstanceOf(
                        ChainRefusedException.class, failure(queries.session("a", "s", 5)));
        assertEquals("INTERNAL", refused.status());
        assertEquals("no suppliers found", refused.reason());
        assertEquals(1, first.calls().size());
        assertTrue(second.calls().isEmpty());
    }

    @Test
    void whatIsNotFoundIsEmpty() {
        first.script(
                (method, request) -> {
                    throw Status.NOT_FOUND.asRuntimeException();
                });
        assertEquals(Optional.empty(), await(queries.application("a")));
        assertEquals(Optional.empty(), await(queries.supplier("a")));
        assertEquals(Optional.empty(), await(queries.account("a")));
        assertEquals(Optional.empty(), await(queries.publicKey("a")));
        assertEquals(Optional.empty(), await(queries.service("a")));
        assertEquals(Optional.empty(), await(queries.computeUnits("a", 1)));
        assertEquals(Optional.empty(), await(queries.difficulty("a", 1)));
        assertEquals(Optional.empty(), await(queries.claim("a", "b")));
        assertEquals(Optional.empty(), await(queries.proof("a", "b")));
        assertInstanceOf(ChainRefusedException.class, failure(queries.balance("a")));
    }

    @Test
    void settingsThatCannotWorkAreRefused() {
        Duration second = Duration.ofSeconds(1);
        URI rpc = URI.create("http://node:26657");
        assertThrows(
                IllegalArgumentException.class,
                () -> new ChainSettings(List.of(), List.of("a:1"), true, second, second, "c"));
        assertThrows(
                IllegalArgumentException.class,
                () -> new ChainSettings(List.of(rpc), List.of(), true, second, second, "c"));
        assertThrows(
                IllegalArgumentException.class,
                () ->
                        new ChainSettings(
                                List.of(URI.create("ftp://node")),
                                List.of("a:1"),
                                true,
                                second,
                                second,
                                "c"));
        assertThrows(
                IllegalArgumentException.class,
                () ->
                        new ChainSettings(
                                List.of(rpc), List.of("grpc://"), true, second, second, "c"));
        assertThrows(
                IllegalArgumentException.class,
                () ->
                        new ChainSettings(
                                List.of(rpc), List.of("a:1"), true, Duration.ZERO, second, "c"));
        ChainSettings settings =
                new ChainSettings(
                        List.of(URI.create("tcp://user:pw@node:1//")),
                        List.of("grpcs://node:9090/"),
                        false,
                        second,
                        second,
                        "c");
        assertEquals(List.of(URI.create("http://user:pw@node:1")), settings.rpcUrls());
        assertEquals(List.of("node:9090"), settings.grpcTargets());
        ChainSettings compose =
                new ChainSettings(
                        List.of(URI.create("tcp://user:p%40w@my_node:1/a%20b/")),
                        List.of("tcp://my_node:9090", "[::1]:9090"),
                        true,
                        second,
                        second,
                        "c");
        assertEquals(List.of(URI.create("http://user:p%40w@my_node:1/a%20b")), compose.rpcUrls());
        assertEquals(List.of("my_node:9090", "[::1]:9090"), compose.grpcTargets());
        for (String grpc : List.of("ftp://node:9090", "node:9090/x", "node 1:9", "node:x", ":1")) {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> new ChainSettings(List.of(rpc), List.of(grpc), true, second, second, "c"),
                    grpc);
        }
        for (String url : List.of("https://my_node:1", "grpc://node:1", "node:1")) {
            assertThrows(
                    IllegalArgumentException.class,
                    () ->
                            new ChainSettings(
                                    List.of(URI.create(url)),
                                    List.of("a:1"),
                                    true,
                                    second,
                                    second,
                                    "c"),
                    url);
        }
    }
}
