package io.relayminer.core.chain;

import static io.relayminer.testkit.vectors.VectorFile.base64;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.ByteString;
import com.google.protobuf.Message;

import io.grpc.Status;
import io.relayminer.core.MessageTypes;
import io.relayminer.core.wire.CanonicalForm;
import io.relayminer.core.wire.WireException;
import io.relayminer.core.wire.WireLimits;
import io.relayminer.testkit.vectors.VectorFile;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.net.URI;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiFunction;

/**
 * Questions to a real node and its answers: the same questions, asked by this client, have the same
 * bytes, and the recorded answers are read as what they say.
 */
class ChainTranscriptsTest {

    private static final WireLimits LIMITS = new WireLimits(4 << 20, 20, 100_000);

    /** How this client asks what was recorded, by method. */
    private static final Map<String, BiFunction<ChainQueries, JsonNode, CompletionStage<?>>>
            QUESTIONS = new HashMap<>();

    static {
        QUESTIONS.put("/pocket.shared.Query/Params", (q, r) -> q.sharedParams());
        QUESTIONS.put(
                "/pocket.shared.Query/ParamsAtHeight",
                (q, r) -> q.sharedParams(r.path("height").asLong()));
        QUESTIONS.put("/pocket.session.Query/Params", (q, r) -> q.sessionParams());
        QUESTIONS.put("/pocket.application.Query/Params", (q, r) -> q.applicationParams());
        QUESTIONS.put("/pocket.supplier.Query/Params", (q, r) -> q.supplierParams());
        QUESTIONS.put("/pocket.service.Query/Params", (q, r) -> q.serviceParams());
        QUESTIONS.put("/pocket.proof.Query/Params", (q, r) -> q.proofParams());
        QUESTIONS.put("/pocket.tokenomics.Query/Params", (q, r) -> q.tokenomicsParams());
        QUESTIONS.put(
                "/pocket.session.Query/GetSession",
                (q, r) ->
                        q.session(
                                r.path("application_address").asText(),
                                r.path("service_id").asText(),
                                r.path("block_height").asLong()));
        QUESTIONS.put(
                "/pocket.application.Query/Application",
                (q, r) -> q.application(r.path("address").asText()));
        QUESTIONS.put(
                "/pocket.supplier.Query/Supplier",
                (q, r) -> q.supplier(r.path("operator_address").asText()));
        QUESTIONS.put("/pocket.service.Query/Service", (q, r) -> q.service(r.path("id").asText()));
        QUESTIONS.put(
                "/pocket.service.Query/ComputeUnitsPerRelayAtHeight",
                (q, r) ->
                        q.computeUnits(
                                r.path("serviceId").asText(), r.path("blockHeight").asLong()));
        QUESTIONS.put(
                "/pocket.service.Query/RelayMiningDifficultyAtHeight",
                (q, r) ->
                        q.difficulty(r.path("serviceId").asText(), r.path("blockHeight").asLong()));
        QUESTIONS.put(
                "/pocket.proof.Query/Claim",
                (q, r) ->
                        q.claim(
                                r.path("session_id").asText(),
                                r.path("supplier_operator_address").asText()));
        QUESTIONS.put(
                "/pocket.proof.Query/Proof",
                (q, r) ->
                        q.proof(
                                r.path("session_id").asText(),
                                r.path("supplier_operator_address").asText()));
        QUESTIONS.put(
                "/cosmos.auth.v1beta1.Query/Account",
                (q, r) -> q.account(r.path("address").asText()));
        QUESTIONS.put(
                "/cosmos.bank.v1beta1.Query/Balance",
                (q, r) -> q.balance(r.path("address").asText()));
    }

    private final AtomicReference<JsonNode> playing = new AtomicReference<>();
    private final AtomicReference<ByteString> asked = new AtomicReference<>();
    private ScriptedGrpcNode node;
    private ChainClient client;

    @BeforeEach
    void start() throws Exception {
        node = new ScriptedGrpcNode(this::play);
        client =
                ChainClient.open(
                        new ChainSettings(
                                List.of(URI.create("http://127.0.0.1:1")),
                                List.of(node.target()),
                                true,
                                Duration.ofSeconds(30),
                                Duration.ofSeconds(1),
                                "pocket"));
    }

    @AfterEach
    void stop() {
        client.close();
        node.close();
    }

    private ByteString play(String method, ByteString request) {
        JsonNode vector = playing.get();
        if (vector == null || !vector.get("method").asText().equals(method)) {
            throw Status.UNIMPLEMENTED.asRuntimeException();
        }
        asked.set(request);
        if (!vector.get("status").asText().equals("OK")) {
            throw Status.fromCodeValue(vector.get("status_code").asInt())
                    .withDescription(vector.get("message").asText())
                    .asRuntimeException();
        }
        return ByteString.copyFrom(base64(vector.get("response_b64")));
    }

    @Test
    void everyRecordedExchange() throws Exception {
        new VectorFile("chain-transcripts.json").runAll(this::check);
    }

    private void check(JsonNode vector) throws Exception {
        switch (vector.get("kind").asText()) {
            case "grpc" -> grpc(vector);
            case "rpc" ->
                    CometVectorsTest.answer(
                            request(vector.get("request")),
                            vector.path("path").asText(),
                            vector.get("response"));
            case "ws" -> {
                if (vector.get("id").asText().equals("ws-order-of-events")) {
                    assertTrue(vector.get("frames").size() > 0);
                    return;
                }
                vector.get("frames").forEach(CometVectorsTest::event);
            }
            default -> throw new AssertionError("unknown kind " + vector.get("kind"));
        }
    }

    private static JsonNode request(JsonNode request) {
        if (request == null || !request.isTextual()) {
            return request;
        }
        try {
            return CometJson.tree(request.asText());
        } catch (ChainAnswerException notJson) {
            return null;
        }
    }

    private void grpc(JsonNode vector) throws Exception {
        decodes(vector);
        String method = vector.get("method").asText();
        BiFunction<ChainQueries, JsonNode, CompletionStage<?>> question = QUESTIONS.get(method);
        // Heights of zero and below never leave this client: they mean the parameters of now.
        boolean neverAsked =
                method.endsWith("ParamsAtHeight")
                        && vector.path("request").path("height").asLong() <= 0;
        if (question == null
                || neverAsked
                || vector.has("request_metadata")
                || !vector.has("request")) {
            return;
        }
        playing.set(vector);
        asked.set(null);
        CompletionStage<?> stage = question.apply(client.queries(), vector.get("request"));
        switch (vector.get("status").asText()) {
            case "OK" -> {
                Object answer = stage.toCompletableFuture().join();
                assertTrue(!(answer instanceof Optional<?> found) || found.isPresent());
            }
            case "NOT_FOUND" -> assertEquals(Optional.empty(), stage.toCompletableFuture().join());
            default -> {
                CompletionException thrown =
                        assertThrows(
                                CompletionException.class,
                                () -> stage.toCompletableFuture().join());
                ChainRefusedException refused =
                        assertInstanceOf(ChainRefusedException.class, thrown.getCause());
                assertEquals(vector.get("status").asText(), refused.status());
                assertTrue(
                        vector.get("message").asText().startsWith(refused.reason().stripTrailing()),
                        refused.reason());
            }
        }
        boolean sameQuestion =
                !method.endsWith("Service")
                        && !method.endsWith("Supplier")
                        && !method.endsWith("Balance")
                        && asked.get() != null;
        if (sameQuestion) {
            assertEquals(ByteString.copyFrom(base64(vector.get("request_b64"))), asked.get());
        }
    }

    /** The recorded bytes are what the recorded JSON says. */
    private static void decodes(JsonNode vector) throws Exception {
        String[] path = vector.get("method").asText().substring(1).split("/");
        var service = service(path[0]);
        if (service == null || service.findMethodByName(path[1]) == null) {
            return;
        }
        var method = service.findMethodByName(path[1]);
        Message requestType = MessageTypes.named(method.getInputType().getFullName());
        if (vector.has("request")) {
            Message request = MessageTypes.parseJson(requestType, vector.get("request").toString());
            assertEquals(
                    ByteString.copyFrom(base64(vector.get("request_b64"))),
                    CanonicalForm.encodeToByteString(request));
        } else {
            assertThrows(
                    WireException.class,
                    () ->
                            CanonicalForm.decode(
                                    base64(vector.get("request_b64")), requestType, LIMITS));
        }
        if (vector.has("response_b64")) {
            byte[] bytes = base64(vector.get("response_b64"));
            Message type = MessageTypes.named(method.getOutputType().getFullName());
            Message response = CanonicalForm.decode(bytes, type, LIMITS);
            // Blocks carry parts of the consensus engine that nobody here reads.
            if (vector.has("response")
                    && !method.getOutputType().getFullName().contains("Block")
                    && MessageTypes.isKnown(vector.get("response"))) {
                assertEquals(
                        MessageTypes.parseJson(type, vector.get("response").toString()), response);
                assertEquals(
                        ByteString.copyFrom(bytes), CanonicalForm.encodeToByteString(response));
            }
        }
    }

    private static com.google.protobuf.Descriptors.ServiceDescriptor service(String fullName) {
        return MessageTypes.services().get(fullName);
    }
}
