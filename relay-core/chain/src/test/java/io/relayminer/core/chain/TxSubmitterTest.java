package io.relayminer.core.chain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;

import io.grpc.Status;
import io.relayminer.core.chain.TxFailure.Kind;
import io.relayminer.core.key.SupplierKey;
import io.relayminer.core.tx.DecodedTx;
import io.relayminer.core.tx.GasPrice;
import io.relayminer.core.tx.SignedTx;
import io.relayminer.core.tx.TxLifetime;
import io.relayminer.core.wire.TypeUrls;
import io.relayminer.core.wire.cosmos.abci.GasInfo;
import io.relayminer.core.wire.cosmos.abci.TxResponse;
import io.relayminer.core.wire.cosmos.auth.BaseAccount;
import io.relayminer.core.wire.cosmos.auth.QueryAccountResponse;
import io.relayminer.core.wire.cosmos.tx.BroadcastTxRequest;
import io.relayminer.core.wire.cosmos.tx.BroadcastTxResponse;
import io.relayminer.core.wire.cosmos.tx.GetTxResponse;
import io.relayminer.core.wire.cosmos.tx.SimulateRequest;
import io.relayminer.core.wire.cosmos.tx.SimulateResponse;
import io.relayminer.core.wire.proof.MsgCreateClaim;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.math.BigInteger;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;

class TxSubmitterTest {

    private static final SupplierKey KEY =
            SupplierKey.fromHex("cd41a98ac7ac3b190c345b88e2885422d7bb553c59bca03c6e2618d49f8b1c06");
    private static final Block TIP =
            new Block(
                    100,
                    ByteString.copyFrom(new byte[32]),
                    Instant.parse("2026-01-02T03:04:05.678901234Z"));

    /** A node that accepts everything unless told otherwise. */
    private static final class Node implements ScriptedGrpcNode.Script {
        final List<ByteString> simulated = new CopyOnWriteArrayList<>();
        final List<ByteString> received = new CopyOnWriteArrayList<>();
        volatile TxResponse answer = TxResponse.getDefaultInstance();
        volatile Status simulation = Status.OK;
        volatile Status availability = Status.OK;
        volatile boolean accountExists = true;
        volatile TxResponse included;

        @Override
        public ByteString answer(String method, ByteString request) {
            try {
                return switch (method) {
                    case "/cosmos.auth.v1beta1.Query/Account" -> account();
                    case "/cosmos.tx.v1beta1.Service/Simulate" -> simulate(request);
                    case "/cosmos.tx.v1beta1.Service/BroadcastTx" -> broadcast(request);
                    case "/cosmos.tx.v1beta1.Service/GetTx" -> get();
                    default -> throw Status.UNIMPLEMENTED.asRuntimeException();
                };
            } catch (InvalidProtocolBufferException e) {
                throw Status.INVALID_ARGUMENT.asRuntimeException();
            }
        }

        private ByteString account() {
            if (!accountExists) {
                throw Status.NOT_FOUND.asRuntimeException();
            }
            return QueryAccountResponse.newBuilder()
                    .setAccount(
                            TypeUrls.pack(
                                    BaseAccount.newBuilder()
                                            .setAddress(KEY.address())
                                            .setAccountNumber(7)
                                            .build()))
                    .build()
                    .toByteString();
        }

        private ByteString simulate(ByteString request) throws InvalidProtocolBufferException {
            simulated.add(SimulateRequest.parseFrom(request).getTxBytes());
            if (!simulation.isOk()) {
                throw simulation.asRuntimeException();
            }
            return SimulateResponse.newBuilder()
                    .setGasInfo(GasInfo.newBuilder().setGasUsed(70001))
                    .build()
                    .toByteString();
        }

        private ByteString broadcast(ByteString request) throws InvalidProtocolBufferException {
            if (!availability.isOk()) {
                throw availability.asRuntimeException();
            }
            received.add(BroadcastTxRequest.parseFrom(request).getTxBytes());
            return BroadcastTxResponse.newBuilder().setTxResponse(answer).build().toByteString();
        }

        private ByteString get() {
            TxResponse found = included;
            if (found == null) {
                throw Status.NOT_FOUND.asRuntimeException();
            }
            return GetTxResponse.newBuilder().setTxResponse(found).build().toByteString();
        }
    }

    /** A feed that stands still. */
    private static final class StillFeed implements BlockFeed {
        @Override
        public CompletionStage<Block> start() {
            return CompletableFuture.completedStage(TIP);
        }

        @Override
        public Block latest() {
            return TIP;
        }

        @Override
        public Duration blockInterval() {
            return Duration.ofSeconds(30);
        }

        @Override
        public Subscription subscribe(Consumer<Block> listener) {
            return () -> {};
        }

        @Override
        public void close() {}
    }

    private final Node first = new Node();
    private final Node second = new Node();
    private ScriptedGrpcNode firstServer;
    private ScriptedGrpcNode secondServer;
    private ChainClient client;
    private TxSubmitter submitter;

    @BeforeEach
    void start() throws Exception {
        firstServer = new ScriptedGrpcNode(first);
        secondServer = new ScriptedGrpcNode(second);
        ChainSettings settings =
                new ChainSettings(
                        List.of(URI.create("http://127.0.0.1:1")),
                        List.of(firstServer.target(), secondServer.target()),
                        true,
                        Duration.ofSeconds(30),
                        Duration.ofSeconds(30),
                        "pocket");
        client = ChainClient.open(settings);
        submitter = submitter(TxSettings.DEFAULT);
    }

    private TxSubmitter submitter(TxSettings settings) {
        return client.submitter(settings, new StillFeed(), new Random(1));
    }

    @AfterEach
    void stop() {
        client.close();
        firstServer.close();
        secondServer.close();
    }

    private static List<Message> claims(int count) {
        List<Message> claims = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            claims.add(
                    MsgCreateClaim.newBuilder()
                            .setSupplierOperatorAddress(KEY.address())
                            .setRootHash(ByteString.copyFromUtf8("root " + i))
                            .build());
        }
        return claims;
    }

    private static <T> T await(CompletionStage<T> stage) {
        return stage.toCompletableFuture().join();
    }

    private static TxFailure failure(CompletionStage<?> stage) {
        CompletionException thrown =
                assertThrows(CompletionException.class, () -> stage.toCompletableFuture().join());
        return assertInstanceOf(TxException.class, thrown.getCause()).failure();
    }

    @Test
    void aTransactionIsSimulatedPricedAndSigned() {
        SignedTx tx = await(submitter.prepare(new TxRequest(KEY, claims(2), 110)));
        DecodedTx decoded = DecodedTx.of(tx.bytes());
        assertEquals(2, decoded.body().getMessagesCount());
        assertEquals("HA RelayMiner", decoded.body().getMemo());
        assertTrue(decoded.body().getUnordered());
        assertEquals(110, decoded.body().getTimeoutHeight());
        assertEquals(119001, tx.gasLimit(), "gas is simulated gas times 1.7, cut off");
        assertEquals(BigInteger.ONE, tx.fee());
        assertEquals(119001, decoded.authInfo().getFee().getGasLimit());
        assertEquals("1", decoded.authInfo().getFee().getAmount(0).getAmount());

        // 10 blocks of 30 s, less a minute, counted from the time of the chain.
        Instant earliest = TIP.time().plusSeconds(240);
        assertFalse(tx.expiry().isBefore(earliest));
        assertTrue(tx.expiry().isBefore(earliest.plusMillis(11)));

        // What is simulated has the same body, no fee, and a real signature.
        DecodedTx simulated = DecodedTx.of(first.simulated.get(0));
        assertEquals(decoded.body(), simulated.body());
        assertEquals(0, simulated.authInfo().getFee().getAmountCount());
        assertEquals(64, simulated.signatures().get(0).size());
    }

    @Test
    void aFixedGasLimitIsNotSimulated() {
        SignedTx tx =
                await(
                        submitter.prepare(
                                new TxRequest(KEY, claims(1), 110, OptionalLong.of(250_000))));
        assertEquals(250_000, tx.gasLimit());
        assertTrue(first.simulated.isEmpty());
    }

    @Test
    void noTwoTransactionsOfAnAccountShareAnExpiry() {
        Set<Instant> expiries = new HashSet<>();
        TxRequest request = new TxRequest(KEY, claims(1), 110, OptionalLong.of(1));
        List<Future<SignedTx>> all = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (int i = 0; i < 1000; i++) {
                all.add(threads.submit(() -> await(submitter.prepare(request))));
            }
        }
        all.forEach(future -> assertTrue(expiries.add(future.resultNow().expiry())));
    }

    @Test
    void anExpiryStaysWithinTheChainsTenMinutes() {
        TxSubmitter longest =
                submitter(
                        new TxSettings(
                                "",
                                1,
                                1,
                                GasPrice.parse("0upokt"),
                                GasPrice.parse("0upokt"),
                                new TxLifetime(
                                        TxLifetime.CHAIN_LIMIT,
                                        TxLifetime.CHAIN_LIMIT,
                                        TxLifetime.CHAIN_LIMIT,
                                        Duration.ZERO)));
        for (int i = 0; i < 100; i++) {
            SignedTx tx = await(longest.prepare(new TxRequest(KEY, claims(1), 10_000)));
            assertFalse(tx.expiry().isAfter(TIP.time().plus(TxLifetime.CHAIN_LIMIT)));
        }
    }

    @Test
    void aPoisonedMessageIsNamed() {
        first.simulation =
                Status.UNKNOWN.withDescription(
                        "failed to execute message; message index: 2: rpc error: code ="
                                + " InvalidArgument desc = bad: invalid session ID"
                                + " [cosmos/cosmos-sdk@v0.53.7/baseapp/baseapp.go:1052] with gas"
                                + " used: '80459'");
        TxFailure failure = failure(submitter.prepare(new TxRequest(KEY, claims(5), 110)));
        assertEquals(Kind.MESSAGE_REFUSED, failure.kind());
        assertEquals(OptionalInt.of(2), failure.messageIndex());
        assertEquals(TxFailure.Remedy.WITHOUT_MESSAGE, failure.kind().remedy());
        assertFalse(failure.text().contains("baseapp.go"));
    }

    @Test
    void anAccountThatDoesNotExistIsReportedAndAskedForAgain() {
        first.accountExists = false;
        TxRequest request = new TxRequest(KEY, claims(1), 110);
        assertEquals(Kind.UNKNOWN_ACCOUNT, failure(submitter.prepare(request)).kind());
        first.accountExists = true;
        assertEquals(119001, await(submitter.prepare(request)).gasLimit());
    }

    @Test
    void acceptedBytesGoToAnotherNodeToo() {
        SignedTx tx = await(submitter.prepare(new TxRequest(KEY, claims(1), 110)));
        await(submitter.broadcast(tx));
        assertEquals(List.of(tx.bytes()), first.received);
        org.awaitility.Awaitility.await()
                .atMost(Duration.ofSeconds(60))
                .until(() -> second.received.equals(List.of(tx.bytes())));
    }

    @Test
    void bytesThatANodeKnowsAlreadyAreAccepted() {
        SignedTx tx = await(submitter.prepare(new TxRequest(KEY, claims(1), 110)));
        first.answer = TxResponse.newBuilder().setCodespace("sdk").setCode(19).build();
        await(submitter.broadcast(tx));
    }

    @Test
    void anotherNodeIsAskedWhenOneIsDown() {
        SignedTx tx = await(submitter.prepare(new TxRequest(KEY, claims(1), 110)));
        first.availability = Status.UNAVAILABLE;
        await(submitter.broadcast(tx));
        assertEquals(tx.bytes(), second.received.get(0));
    }

    @Test
    void whenEveryNodeIsDownTheSameBytesAreToBeSentAgain() {
        SignedTx tx = await(submitter.prepare(new TxRequest(KEY, claims(1), 110)));
        first.availability = Status.UNAVAILABLE.withDescription("secret.internal:9090");
        second.availability = Status.UNAVAILABLE.withDescription("secret.internal:9090");
        TxFailure failure = failure(submitter.broadcast(tx));
        assertEquals(Kind.UNAVAILABLE, failure.kind());
        assertEquals(TxFailure.Remedy.SAME_BYTES, failure.kind().remedy());
        assertFalse(failure.text().contains("secret"), "no addresses of nodes in messages");
    }

    @Test
    void aUsedNonceOfATransactionThatIsInABlockIsNoFailure() {
        SignedTx tx = await(submitter.prepare(new TxRequest(KEY, claims(1), 110)));
        first.answer =
                TxResponse.newBuilder()
                        .setCodespace("sdk")
                        .setCode(18)
                        .setRawLog(
                                "failed to add unordered nonce: sender a has already used timeout"
                                        + " 1: invalid request")
                        .build();
        assertEquals(Kind.NONCE_USED, failure(submitter.broadcast(tx)).kind());
        first.included = TxResponse.newBuilder().setHeight(101).build();
        await(submitter.broadcast(tx));
    }

    @Test
    void aWrongSignatureMakesTheAccountBeAskedForAgain() {
        SignedTx tx = await(submitter.prepare(new TxRequest(KEY, claims(1), 110)));
        first.answer =
                TxResponse.newBuilder()
                        .setCodespace("sdk")
                        .setCode(4)
                        .setRawLog("signature verification failed; please verify account number")
                        .build();
        assertEquals(Kind.UNAUTHORIZED, failure(submitter.broadcast(tx)).kind());
        long before = accountQuestions();
        await(submitter.prepare(new TxRequest(KEY, claims(1), 110)));
        assertEquals(before + 1, accountQuestions());
    }

    private long accountQuestions() {
        return firstServer.calls().stream().filter(call -> call.endsWith("Query/Account")).count();
    }

    @Test
    void theAccountIsAskedForOnce() {
        TxRequest request = new TxRequest(KEY, claims(1), 110);
        SignedTx one = await(submitter.prepare(request));
        SignedTx two = await(submitter.prepare(request));
        assertEquals(1, accountQuestions());
        assertNotEquals(one.hash(), two.hash());
    }

    @Test
    void aNodeThatWantsMoreIsGivenMoreUpToTheBound() {
        TxRequest request = new TxRequest(KEY, claims(1), 110, OptionalLong.of(200_000));
        SignedTx cheap = await(submitter.prepare(request));
        first.answer = feeTooLow("required: 20upokt");
        assertEquals(Kind.FEE_TOO_LOW, failure(submitter.broadcast(cheap)).kind());
        SignedTx dearer = await(submitter.prepare(request));
        assertEquals(BigInteger.valueOf(20), dearer.fee());
        first.answer = feeTooLow("required: 2000000upokt");
        failure(submitter.broadcast(dearer));
        assertEquals(
                BigInteger.valueOf(20),
                await(submitter.prepare(request)).fee(),
                "not above the highest price");
    }

    private static TxResponse feeTooLow(String text) {
        return TxResponse.newBuilder()
                .setCodespace("sdk")
                .setCode(13)
                .setRawLog("insufficient fees; got: 1upokt " + text + ": insufficient fee")
                .build();
    }

    @Test
    void aRefusalWhoseTextIsNotUtf8IsStillARefusal() {
        SignedTx tx = await(submitter.prepare(new TxRequest(KEY, claims(1), 110)));
        first.answer =
                TxResponse.newBuilder()
                        .setCodespace("sdk")
                        .setCode(9)
                        .setRawLogBytes(ByteString.copyFrom(new byte[] {(byte) 0xF2, (byte) 0xBC}))
                        .build();
        assertEquals(Kind.UNKNOWN_ACCOUNT, failure(submitter.broadcast(tx)).kind());
    }

    @Test
    void inclusionTellsHowItEnded() {
        assertEquals(Optional.empty(), await(submitter.find("AB")));
        first.included =
                TxResponse.newBuilder()
                        .setHeight(101)
                        .setCodespace("sdk")
                        .setCode(11)
                        .setGasUsed(60124)
                        .setGasWanted(60000)
                        .setRawLog("out of gas in location: ReadFlat")
                        .build();
        TxInclusion inclusion = await(submitter.find("AB")).orElseThrow();
        assertEquals(101, inclusion.height());
        assertEquals(Kind.OUT_OF_GAS, inclusion.failure().orElseThrow().kind());
    }

    @Test
    void aRecordingSubmitterSignsForRealAndSendsNothing() {
        RecordingTxSubmitter recording = new RecordingTxSubmitter("pocket");
        TxRequest request = new TxRequest(KEY, claims(1), 110);
        SignedTx tx = await(recording.prepare(request));
        await(recording.broadcast(tx));
        assertEquals(List.of(request), recording.prepared());
        assertEquals(List.of(tx), recording.broadcast());
        assertEquals(1, DecodedTx.of(tx.bytes()).body().getMessagesCount());
        TxFailure refused =
                new TxFailure(Kind.MEMPOOL_FULL, "sdk", 20, OptionalInt.empty(), "full");
        recording.onBroadcast(any -> Optional.of(refused));
        assertEquals(refused, failure(recording.broadcast(tx)));
        recording.onPrepare(any -> Optional.of(refused));
        assertEquals(refused, failure(recording.prepare(request)));
        assertEquals(Optional.empty(), await(recording.find(tx.hash())));
        recording.include(tx.hash(), new TxInclusion(5, 1, 1, Optional.empty()));
        assertEquals(5, await(recording.find(tx.hash())).orElseThrow().height());
    }
}
