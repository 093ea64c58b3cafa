package io.relayminer.core.chain;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;

import io.grpc.Status;
import io.relayminer.core.key.SupplierKey;
import io.relayminer.core.session.SessionWindows;
import io.relayminer.core.tx.SignedTx;
import io.relayminer.core.wire.proof.Claim;
import io.relayminer.core.wire.proof.EventClaimCreated;
import io.relayminer.core.wire.proof.MsgCreateClaim;
import io.relayminer.core.wire.proof.MsgSubmitProof;
import io.relayminer.core.wire.session.Session;
import io.relayminer.core.wire.session.SessionHeader;
import io.relayminer.core.wire.shared.Params;
import io.relayminer.ring.PrivateKey;
import io.relayminer.testkit.chain.DevChain;
import io.relayminer.testkit.chain.genesis.Genesis;
import io.relayminer.testkit.chain.genesis.LocalnetAccounts;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.LongStream;

/** The chain client of relayers and miners against a chain that is as strict as the network. */
class ChainClientTest {

    private static final Duration PATIENCE = Duration.ofSeconds(120);
    private static final String SERVICE = "develop-http";

    private final SupplierKey supplier =
            new SupplierKey(
                    PrivateKey.of(LocalnetAccounts.named("supplier1").privateKey().toByteArray()));
    private final String application = LocalnetAccounts.named("app1").address();
    private DevChain chain;
    private ChainClient client;
    private ChainQueries queries;
    private TxSubmitter submitter;

    @BeforeEach
    void start() {
        chain = DevChain.start(Genesis.localnet().build());
        connect(Duration.ofSeconds(60));
    }

    private void connect(Duration timeout) {
        client =
                ChainClient.open(
                        new ChainSettings(
                                List.of(URI.create(chain.rpcAddress())),
                                List.of(chain.grpcAddress()),
                                true,
                                timeout,
                                Duration.ofSeconds(1),
                                "pocket"));
        queries = client.queries();
        submitter = client.submitter(TxSettings.DEFAULT);
        client.blocks().start().toCompletableFuture().join();
    }

    @AfterEach
    void stop() {
        client.close();
        chain.close();
    }

    @Test
    void nodesAreExaminedOneByOne() throws IOException {
        assertEquals(List.of(), get(client.examineNodes()));
        int closed;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            closed = socket.getLocalPort();
        }
        try (ChainClient odd =
                ChainClient.open(
                        new ChainSettings(
                                List.of(
                                        URI.create("http://user:pw@127.0.0.1:" + closed),
                                        URI.create(chain.rpcAddress())),
                                List.of(chain.grpcAddress(), "127.0.0.1:" + closed),
                                true,
                                Duration.ofSeconds(60),
                                Duration.ofSeconds(1),
                                "pocket-beta"))) {
            List<NodeProblem> problems = get(odd.examineNodes());
            assertEquals(3, problems.size(), problems::toString);
            NodeProblem.Silent grpc = assertInstanceOf(NodeProblem.Silent.class, problems.get(0));
            assertTrue(
                    grpc.message().startsWith("gRPC 127.0.0.1:" + closed + " does not answer: "),
                    grpc::message);
            assertTrue(grpc.message().contains("refused"), grpc::message);
            NodeProblem.Silent rpc = assertInstanceOf(NodeProblem.Silent.class, problems.get(1));
            assertEquals("127.0.0.1:" + closed, rpc.address());
            assertFalse(rpc.message().contains("pw"), rpc::message);
            assertEquals(
                    "CometBFT RPC "
                            + chain.rpcAddress().replace("http://", "")
                            + " is a node of chain \"pocket\", but the configured chain id is"
                            + " \"pocket-beta\"",
                    problems.get(2).message());
        }
    }

    /** A node that speaks TLS, or not, is the usual mistake. */
    @Test
    void aNodeThatIsSpokenToInTheWrongWaySaysHowItWas() {
        try (ChainClient secure =
                ChainClient.open(
                        new ChainSettings(
                                List.of(URI.create(chain.rpcAddress())),
                                List.of(chain.grpcAddress()),
                                false,
                                Duration.ofSeconds(60),
                                Duration.ofSeconds(1),
                                "pocket"))) {
            List<NodeProblem> problems = get(secure.examineNodes());
            assertEquals(1, problems.size(), problems::toString);
            assertTrue(problems.getFirst().message().endsWith("with TLS"), problems::toString);
        }
    }

    /** Names of Compose services often have an underscore; URLs by the book do not. */
    @Test
    void nodesMayHaveAnUnderscoreInTheirName() {
        String rpc = chain.rpcAddress().replace("127.0.0.1", ComposeNames.DEV_CHAIN);
        String grpc = chain.grpcAddress().replace("127.0.0.1", ComposeNames.DEV_CHAIN);
        assertTrue(rpc.contains("_") && grpc.contains("_"));
        try (ChainClient named =
                ChainClient.open(
                        new ChainSettings(
                                List.of(URI.create(rpc)),
                                List.of("tcp://" + grpc),
                                true,
                                Duration.ofSeconds(60),
                                Duration.ofSeconds(1),
                                "pocket"))) {
            assertEquals(get(queries.sharedParams()), get(named.queries().sharedParams()), "gRPC");
            get(named.blocks().start());
            assertEquals("pocket", get(named.queries().chainId()), "RPC");
        }
    }

    private static <T> T get(CompletionStage<T> stage) {
        return stage.toCompletableFuture().join();
    }

    private static TxFailure failure(CompletionStage<?> stage) {
        Throwable thrown = assertThrows(CompletionException.class, () -> get(stage)).getCause();
        return assertInstanceOf(TxException.class, thrown).failure();
    }

    /** Makes blocks and waits until the client has seen them. */
    private void advanceTo(long height) {
        chain.advanceTo(height);
        await().atMost(PATIENCE).until(() -> client.blocks().latest().height() >= height);
    }

    private MsgCreateClaim claim(SessionHeader header, long relays) {
        return MsgCreateClaim.newBuilder()
                .setSupplierOperatorAddress(supplier.address())
                .setSessionHeader(header)
                .setRootHash(
                        ByteString.copyFrom(
                                ByteBuffer.allocate(48)
                                        .putLong(32, 1000 * relays)
                                        .putLong(40, relays)))
                .build();
    }

    private SessionHeader firstSession() {
        return get(queries.session(application, SERVICE, 1)).getHeader();
    }

    @Test
    void questionsAreAnsweredAsTheChainIs() {
        advanceTo(3);
        assertEquals(chain.sharedParams(), get(queries.sharedParams()));
        assertEquals(chain.sharedParams(), get(queries.sharedParams(1)));
        assertEquals(15, get(queries.sessionParams()).getNumSuppliersPerSession());
        assertTrue(get(queries.proofParams()).hasProofMissingPenalty());
        assertTrue(get(queries.supplierParams()).hasMinStake());
        assertTrue(get(queries.applicationParams()).hasMinStake());
        assertTrue(get(queries.serviceParams()).getTargetNumRelays() > 0);
        assertTrue(get(queries.tokenomicsParams()).getMintRatio() > 0);
        assertEquals(application, get(queries.application(application)).orElseThrow().getAddress());
        assertEquals(Optional.empty(), get(queries.application(supplier.address())));
        assertEquals(
                supplier.address(),
                get(queries.supplier(supplier.address())).orElseThrow().getOperatorAddress());
        assertEquals(1000, get(queries.computeUnits(SERVICE, 1)).orElseThrow().perRelay());
        assertTrue(get(queries.computeUnits(SERVICE, 1)).orElseThrow().atHeight());
        assertEquals(32, get(queries.difficulty(SERVICE, 1)).orElseThrow().getTargetHash().size());
        assertEquals(Optional.empty(), get(queries.difficulty("nope", 1)));
        assertEquals(
                LocalnetAccounts.named("app1").publicKey(),
                get(queries.publicKey(application)).orElseThrow());
        assertEquals(chain.balance(application), get(queries.balance(application)));
        Session session = get(queries.session(application, SERVICE, 1));
        assertEquals(chain.session(application, SERVICE, 1).orElseThrow(), session);
        assertEquals(chain.blockHash(2), get(queries.block(2)).hash());
        assertEquals(3, get(queries.latestBlock()).height());
        assertEquals("pocket", get(queries.chainId()));
        Throwable refused =
                assertThrows(
                                CompletionException.class,
                                () -> get(queries.session(application, "nope", 1)))
                        .getCause();
        assertInstanceOf(ChainRefusedException.class, refused);
    }

    @Test
    void aQueryThatTheChainDoesNotKnowYetFallsBack() {
        chain.faults()
                .failQuery(
                        "/pocket.service.Query/ComputeUnitsPerRelayAtHeight",
                        Status.Code.UNIMPLEMENTED,
                        "unknown method");
        var units = get(queries.computeUnits(SERVICE, 1)).orElseThrow();
        assertEquals(1000, units.perRelay());
        assertFalse(units.atHeight());
    }

    @Test
    void blocksAreFollowedThroughLostAndRepeatedEvents() {
        List<Block> seen = new CopyOnWriteArrayList<>();
        client.blocks().subscribe(seen::add);
        advanceTo(3);
        chain.faults().skipEvents(2);
        chain.advance(2);
        chain.faults().duplicateEvents(1);
        advanceTo(8);
        chain.cutWebSockets();
        advanceTo(10);
        await().atMost(PATIENCE).until(() -> seen.get(seen.size() - 1).height() == 10);
        List<Long> heights = seen.stream().map(Block::height).toList();
        long first = heights.get(0);
        assertEquals(LongStream.rangeClosed(first, 10).boxed().toList(), heights);
        seen.forEach(block -> assertEquals(chain.blockHash(block.height()), block.hash()));
    }

    @Test
    void aClaimGoesOntoTheChain() {
        SessionHeader header = firstSession();
        advanceTo(12);
        MsgCreateClaim claim = claim(header, 5);
        SignedTx tx = get(submitter.prepare(new TxRequest(supplier, List.of(claim), 20)));
        assertEquals(Optional.empty(), get(submitter.find(tx.hash())));
        get(submitter.broadcast(tx));
        get(submitter.broadcast(tx));
        advanceTo(13);
        TxInclusion inclusion = get(submitter.find(tx.hash())).orElseThrow();
        assertEquals(13, inclusion.height());
        assertEquals(Optional.empty(), inclusion.failure());
        Claim stored = get(queries.claim(header.getSessionId(), supplier.address())).orElseThrow();
        assertEquals(claim.getRootHash(), stored.getRootHash());
        assertEquals(List.of(stored), get(queries.claims(supplier.address())));
        get(submitter.broadcast(tx));

        String type = TypedEvents.type(EventClaimCreated.getDefaultInstance());
        List<ChainEvent> events = get(queries.events(13, Set.of(type)));
        EventClaimCreated created =
                TypedEvents.decode(events.get(0), EventClaimCreated.getDefaultInstance());
        assertEquals(5, created.getNumRelays());
        assertEquals(supplier.address(), created.getSupplierOperatorAddress());
    }

    @Test
    void whatTheChainRefusesIsUnderstood() {
        SessionHeader header = firstSession();
        Params params = get(queries.sharedParams());
        SessionWindows windows = SessionWindows.of(params, 1);
        advanceTo(windows.claimOpen() - 1);
        assertEquals(
                TxFailure.Kind.WINDOW_NOT_OPEN,
                failure(submitter.prepare(new TxRequest(supplier, List.of(claim(header, 5)), 20)))
                        .kind());
        advanceTo(windows.claimOpen());
        List<Message> batch = new ArrayList<>();
        batch.add(claim(header, 5));
        batch.add(claim(header.toBuilder().setSessionId("0".repeat(64)).build(), 5));
        TxFailure poison = failure(submitter.prepare(new TxRequest(supplier, batch, 20)));
        assertEquals(TxFailure.Kind.MESSAGE_REFUSED, poison.kind());
        assertEquals(OptionalInt.of(1), poison.messageIndex());

        MsgSubmitProof proof =
                MsgSubmitProof.newBuilder()
                        .setSupplierOperatorAddress(supplier.address())
                        .setSessionHeader(header)
                        .setProof(ByteString.copyFromUtf8("no proof"))
                        .build();
        assertEquals(
                TxFailure.Kind.WINDOW_NOT_OPEN,
                failure(submitter.prepare(new TxRequest(supplier, List.of(proof), 28))).kind());
        advanceTo(windows.claimClose() + 1);
        assertEquals(
                TxFailure.Kind.WINDOW_CLOSED,
                failure(submitter.prepare(new TxRequest(supplier, List.of(claim(header, 5)), 40)))
                        .kind());

        // Without simulation the same is found out in the block, and paid for.
        SignedTx late =
                get(
                        submitter.prepare(
                                new TxRequest(
                                        supplier,
                                        List.of(claim(header, 5)),
                                        40,
                                        OptionalLong.of(300_000))));
        get(submitter.broadcast(late));
        advanceTo(chain.height() + 1);
        assertEquals(
                TxFailure.Kind.WINDOW_CLOSED,
                get(submitter.find(late.hash())).orElseThrow().failure().orElseThrow().kind());

        SignedTx over =
                get(
                        submitter.prepare(
                                new TxRequest(
                                        supplier,
                                        List.of(claim(header, 5)),
                                        chain.height() - 1,
                                        OptionalLong.of(300_000))));
        assertEquals(TxFailure.Kind.HEIGHT_PASSED, failure(submitter.broadcast(over)).kind());
    }

    @Test
    void aLostReplyIsNoSecondTransaction() {
        SessionHeader header = firstSession();
        advanceTo(12);
        SignedTx tx =
                get(submitter.prepare(new TxRequest(supplier, List.of(claim(header, 5)), 20)));
        client.close();
        connect(Duration.ofMillis(500));
        chain.faults().slowBroadcastReplies(Duration.ofSeconds(30));
        assertEquals(TxFailure.Kind.UNAVAILABLE, failure(submitter.broadcast(tx)).kind());
        chain.faults().clear();
        client.close();
        connect(Duration.ofSeconds(60));
        get(submitter.broadcast(tx));
        advanceTo(13);
        assertEquals(13, get(submitter.find(tx.hash())).orElseThrow().height());
        assertEquals(1, chain.transactions().size());
    }

    @Test
    void aDroppedTransactionCanBeSentAgain() {
        SessionHeader header = firstSession();
        advanceTo(12);
        SignedTx tx =
                get(submitter.prepare(new TxRequest(supplier, List.of(claim(header, 5)), 20)));
        chain.faults().dropNextAccepted(1);
        get(submitter.broadcast(tx));
        advanceTo(13);
        assertEquals(Optional.empty(), get(submitter.find(tx.hash())));
        chain.restartNode();
        get(submitter.broadcast(tx));
        advanceTo(14);
        assertEquals(14, get(submitter.find(tx.hash())).orElseThrow().height());
    }
}
