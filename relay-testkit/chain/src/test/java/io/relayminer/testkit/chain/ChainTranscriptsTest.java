package io.relayminer.testkit.chain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.ByteString;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ClientInterceptors;
import io.grpc.ForwardingClientCall;
import io.grpc.ForwardingClientCallListener;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import io.relayminer.core.wire.session.QueryGetSessionResponse;
import io.relayminer.core.wire.session.Session;
import io.relayminer.core.wire.shared.Supplier;
import io.relayminer.testkit.chain.genesis.LocalnetAccounts;
import io.relayminer.testkit.chain.internal.block.Mempool;
import io.relayminer.testkit.chain.internal.block.PocketChain;
import io.relayminer.testkit.chain.internal.encoding.GoJson;
import io.relayminer.testkit.chain.internal.encoding.Hashes;
import io.relayminer.testkit.vectors.VectorFile;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Sends every recorded request to a chain that relived the recorded one, and compares the answers:
 * codes, messages and errors exactly, results exactly where the state was seeded from the
 * recording, and by shape where they depend on block hashes, signatures or gas of that very chain.
 */
class ChainTranscriptsTest {
    private static final Metadata.Key<String> HEIGHT =
            Metadata.Key.of("x-cosmos-block-height", Metadata.ASCII_STRING_MARSHALLER);

    /** Answers that depend on hashes, signatures or gas of the recorded chain. */
    private static final Set<String> BY_SHAPE_ONLY =
            Set.of(
                    "query-gettx-found",
                    "query-gettx-found-lower",
                    "query-gettx-found-failed",
                    "query-latest-block",
                    "query-get-block-with-txs",
                    "query-txs-query-desc-1",
                    "query-txs-query-page0",
                    "query-txs-query-limit-0",
                    "query-txs-query-limit-101",
                    "query-txs-query-asc",
                    "query-txs-query-unspecified",
                    "query-txs-query-proof-desc",
                    "query-txs-by-sender",
                    "query-txs-by-event");

    private static @Nullable DevChain chain;
    private static @Nullable ManagedChannel channel;

    private final HttpClient http = HttpClient.newHttpClient();
    private final Map<String, WebSocketClient> sockets = new HashMap<>();

    @BeforeAll
    static void relive() throws Exception {
        chain = RecordedChain.start();
        channel =
                ManagedChannelBuilder.forTarget(chain.grpcAddress())
                        .usePlaintext()
                        .maxInboundMessageSize(100_000_000)
                        .build();
    }

    @AfterAll
    static void stop() throws InterruptedException {
        channel().shutdownNow();
        channel().awaitTermination(10, TimeUnit.SECONDS);
        chain().close();
    }

    private static DevChain chain() {
        return Objects.requireNonNull(chain);
    }

    private static ManagedChannel channel() {
        return Objects.requireNonNull(channel);
    }

    @Test
    void everyRecordedExchange() throws Exception {
        VectorFile file = new VectorFile("chain-transcripts.json");
        file.runAll(
                vector -> {
                    switch (vector.get("kind").asText()) {
                        case "grpc" -> checkGrpc(vector);
                        case "rpc" -> checkRpc(vector);
                        case "ws" -> checkWebSocket(vector);
                        default -> throw new AssertionError("unknown kind " + vector.get("kind"));
                    }
                });
    }

    // -------------------------------------------------------------------------------------------------------- gRPC

    private static final MethodDescriptor.Marshaller<ByteString> BYTES =
            new MethodDescriptor.Marshaller<>() {
                @Override
                public InputStream stream(ByteString value) {
                    return new ByteArrayInputStream(value.toByteArray());
                }

                @Override
                public ByteString parse(InputStream stream) {
                    try {
                        return ByteString.readFrom(stream);
                    } catch (IOException e) {
                        throw new java.io.UncheckedIOException(e);
                    }
                }
            };

    /** Sets the height header and remembers the one of the response. */
    private record HeightHeader(
            @Nullable String request, AtomicReference<@Nullable String> response)
            implements ClientInterceptor {
        @Override
        public <Q, R> ClientCall<Q, R> interceptCall(
                MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
            return new ForwardingClientCall.SimpleForwardingClientCall<>(
                    next.newCall(method, options)) {
                @Override
                public void start(Listener<R> listener, Metadata headers) {
                    String height = HeightHeader.this.request();
                    if (height != null) {
                        headers.put(HEIGHT, height);
                    }
                    super.start(
                            new ForwardingClientCallListener.SimpleForwardingClientCallListener<>(
                                    listener) {
                                @Override
                                public void onHeaders(Metadata received) {
                                    HeightHeader.this.response().set(received.get(HEIGHT));
                                    super.onHeaders(received);
                                }
                            },
                            headers);
                }
            };
        }
    }

    private void checkGrpc(JsonNode vector) throws Exception {
        String id = vector.get("id").asText();
        JsonNode answeredAt = vector.at("/response_metadata/x-cosmos-block-height");
        JsonNode asked = vector.at("/request_metadata/x-cosmos-block-height");
        String height =
                !asked.isMissingNode()
                        ? asked.asText()
                        : answeredAt.isMissingNode() ? null : answeredAt.asText();
        if (!asked.isMissingNode() && asked.asText().equals("0")) {
            height = answeredAt.asText();
        }
        HeightHeader header = new HeightHeader(height, new AtomicReference<>());
        MethodDescriptor<ByteString, ByteString> method =
                MethodDescriptor.<ByteString, ByteString>newBuilder()
                        .setType(MethodDescriptor.MethodType.UNARY)
                        .setFullMethodName(vector.get("method").asText().substring(1))
                        .setRequestMarshaller(BYTES)
                        .setResponseMarshaller(BYTES)
                        .build();
        ByteString response;
        try {
            response =
                    ClientCalls.blockingUnaryCall(
                            ClientInterceptors.intercept(channel(), header),
                            method,
                            CallOptions.DEFAULT.withDeadlineAfter(60, TimeUnit.SECONDS),
                            CometVectors.base64(
                                    vector.path("request_b64").isMissingNode()
                                            ? com.fasterxml.jackson.databind.node.TextNode.valueOf(
                                                    "")
                                            : vector.get("request_b64")));
        } catch (StatusRuntimeException e) {
            assertEquals(
                    vector.get("status").asText(), e.getStatus().getCode().name(), e.getMessage());
            assertEquals(
                    pagesHidden(vector.get("message").asText()),
                    pagesHidden(String.valueOf(e.getStatus().getDescription())));
            assertEquals(
                    answeredAt.isMissingNode() ? null : answeredAt.asText(),
                    header.response().get());
            return;
        }
        assertEquals("OK", vector.get("status").asText());
        assertEquals(answeredAt.asText(), header.response().get());
        compare(id, vector, response);
    }

    /** How many transactions there are is a fact of the recorded chain. */
    private static String pagesHidden(String text) {
        return text.replaceAll("\\[1, \\d+\\]", "[1, N]")
                .replaceAll("blockchain height \\d+", "blockchain height N");
    }

    private static void compare(String id, JsonNode vector, ByteString response) throws Exception {
        if (BY_SHAPE_ONLY.contains(id)) {
            assertTrue(!response.isEmpty(), "an answer");
            return;
        }
        ByteString expected = CometVectors.base64(vector.get("response_b64"));
        if (vector.get("method").asText().equals("/pocket.session.Query/GetSession")) {
            assertEquals(
                    comparable(QueryGetSessionResponse.parseFrom(expected)),
                    comparable(QueryGetSessionResponse.parseFrom(response)));
            return;
        }
        if (!expected.equals(response)) {
            assertEquals(
                    vector.path("response").toString() + " " + Hashes.lowerHex(expected),
                    Hashes.lowerHex(response));
        }
    }

    /**
     * A session without what follows from the hash of its start block: its id and the order of its
     * suppliers.
     */
    private static Session comparable(QueryGetSessionResponse response) {
        Session.Builder session = response.getSession().toBuilder();
        List<Supplier> suppliers = new ArrayList<>(session.getSuppliersList());
        suppliers.sort(Comparator.comparing(Supplier::getOperatorAddress));
        session.clearSuppliers().addAllSuppliers(suppliers);
        if (session.getHeader().getSessionStartBlockHeight() == 171) {
            session.setSessionId("").getHeaderBuilder().setSessionId("");
        }
        return session.build();
    }

    // --------------------------------------------------------------------------------------------------------- RPC

    private void checkRpc(JsonNode vector) throws Exception {
        String id = vector.get("id").asText();
        if (id.equals("rpc-num-unconfirmed-with-txs") || id.equals("rpc-unconfirmed-txs")) {
            fillMempool();
        } else if (id.startsWith("rpc-num-unconfirmed")) {
            chain().evictMempool();
        }
        HttpRequest.Builder request =
                HttpRequest.newBuilder(
                        URI.create(
                                chain().rpcAddress()
                                        + vector.get("path")
                                                .asText()
                                                .replace("\"", "%22")
                                                .replace("&", "&")));
        if (vector.get("transport").asText().equals("http_post")) {
            String body = vector.get("request").asText();
            if (id.equals("rpc-block-by-hash")) {
                // The blocks that are relived have hashes of their own.
                String hash =
                        Base64.getEncoder()
                                .encodeToString(
                                        Objects.requireNonNull(chain().machine().block(394))
                                                .id()
                                                .getHash()
                                                .toByteArray());
                body = body.replaceAll("\"hash\": \"[^\"]*\"", "\"hash\": \"" + hash + "\"");
            }
            request.POST(HttpRequest.BodyPublishers.ofString(body));
        }
        HttpResponse<String> response =
                http.send(request.build(), HttpResponse.BodyHandlers.ofString());
        assertEquals(vector.get("http_status").asInt(), response.statusCode());
        String recordedType = vector.path("content_type").asText("").replace("null", "");
        assertEquals(
                recordedType.replaceAll(";.*", ""),
                response.headers().firstValue("Content-Type").orElse("").replaceAll(";.*", ""));
        JsonNode expected = vector.get("response");
        if (expected == null || expected.isNull()) {
            if (!vector.has("response_summary")) {
                assertEquals("", response.body());
            }
            return;
        }
        if (expected.isTextual()) {
            String text = expected.asText();
            assertEquals(
                    text.startsWith("<html>")
                            ? "<html><body><br>Available endpoints:"
                            : text.trim(),
                    text.startsWith("<html>")
                            ? response.body()
                                    .substring(0, "<html><body><br>Available endpoints:".length())
                            : response.body().trim());
            return;
        }
        compareJson(id, expected, GoJson.MAPPER.readTree(response.body()));
    }

    private static void compareJson(String id, JsonNode expected, JsonNode actual) {
        if (expected.has("error") || expected.isArray()) {
            assertEquals(pagesHidden(expected.toString()), pagesHidden(actual.toString()));
            return;
        }
        if (expected.at("/result/response/code").asInt() != 0 || id.equals("rpc-abci-query-ok")) {
            assertEquals(
                    chanceHidden(GoJson.MAPPER.valueToTree(expected).toString()),
                    chanceHidden(actual.toString()));
            return;
        }
        List<String> differences = JsonShape.differences(expected, actual);
        assertEquals(List.of(), differences);
    }

    /** The height at the time of the question, and the gas, are facts of the recorded run. */
    private static String chanceHidden(String json) {
        return json.replaceAll("\"(gas_used|height)\":\"[1-9]\\d*\"", "\"$1\":\"N\"");
    }

    private static void fillMempool() {
        PocketChain machine = chain().machine();
        if (!machine.waiting().isEmpty()) {
            return;
        }
        for (String name : List.of("supplier14", "supplier13")) {
            ByteString tx =
                    TestTransactions.send(
                            LocalnetAccounts.named(name),
                            LocalnetAccounts.all().indexOf(LocalnetAccounts.named(name)),
                            machine.time().plusSeconds(100));
            try {
                assertTrue(machine.broadcast(tx).ok());
            } catch (Mempool.RefusalException e) {
                throw new AssertionError(e);
            }
        }
    }

    // --------------------------------------------------------------------------------------------------- websocket

    private void checkWebSocket(JsonNode vector) throws Exception {
        String id = vector.get("id").asText();
        if (id.equals("ws-order-of-events")) {
            checkOrder();
            return;
        }
        WebSocketClient client = socketFor(id);
        if (vector.hasNonNull("request")) {
            client.send(vector.get("request").asText());
            if (id.equals("ws-notification")) {
                client.send("{\"jsonrpc\":\"2.0\",\"id\":77,\"method\":\"health\",\"params\":{}}");
                assertEquals("{\"jsonrpc\":\"2.0\",\"id\":77,\"result\":{}}", client.next());
                return;
            }
            JsonNode expected = vector.get("frames").get(0);
            JsonNode actual = GoJson.MAPPER.readTree(client.nextLike(expected));
            compareJson(id, expected, actual);
            if (id.equals("ws-subscribe-new-block-header")) {
                chain().advance(1);
                compareJson(
                        id, vector.get("frames").get(1), GoJson.MAPPER.readTree(client.next(0)));
            }
            return;
        }
        JsonNode expected = vector.get("frames").get(0);
        makeInterestingBlock();
        JsonNode actual = GoJson.MAPPER.readTree(client.next(expected.get("id").asInt()));
        assertEquals(expected.at("/result/query"), actual.at("/result/query"));
        assertEquals(expected.at("/result/data/type"), actual.at("/result/data/type"));
        assertEquals(expected.at("/result/events/tm.event"), actual.at("/result/events/tm.event"));
        compareJson(id, withOptional(expected, actual), actual);
    }

    /**
     * Whether a block has transactions, and whether they failed, is chance: members that hold them
     * may be absent.
     */
    private static JsonNode withOptional(JsonNode expected, JsonNode actual) {
        JsonNode copy = expected.deepCopy();
        for (String path :
                List.of(
                        "/result/data/value/result_finalize_block",
                        "/result/data/value/TxResult",
                        "/result/data/value/TxResult/result")) {
            JsonNode wanted = copy.at(path);
            JsonNode found = actual.at(path);
            if (wanted instanceof com.fasterxml.jackson.databind.node.ObjectNode object) {
                for (String member :
                        List.of("tx_results", "index", "code", "log", "codespace", "data")) {
                    if (found.has(member)) {
                        object.set(
                                member,
                                object.has(member) ? object.get(member) : found.get(member));
                    } else {
                        object.remove(member);
                    }
                }
            }
        }
        return copy;
    }

    private WebSocketClient socketFor(String id) {
        String key =
                id.matches("ws-[A-D]-.*")
                        ? id.substring(3, 4)
                        : id.startsWith("ws-order") ? "order" : "";
        if (id.startsWith("ws-event-")) {
            key =
                    id.startsWith("ws-event-NewBlockHeader")
                            ? "B"
                            : id.startsWith("ws-event-NewBlockEvents")
                                    ? "D"
                                    : id.startsWith("ws-event-Tx") ? "C" : "A";
        }
        int port = URI.create(chain().rpcAddress()).getPort();
        return sockets.computeIfAbsent(key, k -> WebSocketClient.connect(port));
    }

    private int salt;

    /** A block with a transaction of the supplier that the recorded subscription watches. */
    private void makeInterestingBlock() throws Exception {
        sockets.values().forEach(WebSocketClient::clear);
        PocketChain machine = chain().machine();
        LocalnetAccounts.Entry supplier9 = LocalnetAccounts.named("supplier9");
        ByteString tx =
                TestTransactions.send(
                        supplier9,
                        LocalnetAccounts.all().indexOf(supplier9),
                        machine.time().plusSeconds(100).plusNanos(++salt));
        assertTrue(machine.broadcast(tx).ok());
        chain().advance(1);
    }

    private void checkOrder() throws Exception {
        makeInterestingBlock();
        WebSocketClient client = socketFor("ws-order-sub-0");
        List<Integer> ids = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            ids.add(GoJson.MAPPER.readTree(client.next()).get("id").asInt());
        }
        assertEquals(List.of(1, 2, 3, 4), ids);
    }
}
