package io.relayminer.core.chain;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;

/** Calls to the CometBFT RPC of the chain nodes over HTTP, and their WebSockets. Thread-safe. */
final class CometNodes implements AutoCloseable {

    /** Bound on an answer that is read as a whole. A block is at most some 30 MB of JSON. */
    private static final int MAX_ANSWER_BYTES = 64 << 20;

    private final Failover<URI> nodes;
    private final HttpClient http;
    private final Duration timeout;
    private final Executor blocking;
    private final AtomicLong ids = new AtomicLong();

    CometNodes(
            ChainSettings settings,
            Executor blocking,
            ScheduledExecutorService timer,
            InstantSource clock,
            RandomGenerator random) {
        this.nodes = new Failover<>(settings.rpcUrls(), timer, clock, random);
        this.timeout = settings.queryTimeout();
        this.blocking = blocking;
        this.http =
                HttpClient.newBuilder()
                        .connectTimeout(settings.queryTimeout())
                        .version(HttpClient.Version.HTTP_1_1)
                        .executor(blocking)
                        .build();
    }

    int count() {
        return nodes.nodes().size();
    }

    CompletableFuture<Block> block(long height) {
        return call("block " + height, "block", "{\"height\":\"" + height + "\"}")
                .thenApply(CometJson::block);
    }

    CompletableFuture<Block> latestBlock() {
        return call("latest block", "block", "{}").thenApply(CometJson::block);
    }

    CompletableFuture<String> chainId() {
        return call("chain id", "status", "{}")
                .thenApply(
                        result -> {
                            String id = result.path("node_info").path("network").asText();
                            if (id.isEmpty()) {
                                throw new ChainAnswerException("status: no chain id", null);
                            }
                            return id;
                        });
    }

    CompletableFuture<List<ChainEvent>> events(long height, Set<String> types) {
        String question = "results of block " + height;
        String params = "{\"height\":\"" + height + "\"}";
        return ask(
                question, "block_results", params, body -> CometJson.events(question, body, types));
    }

    private CompletableFuture<JsonNode> call(String question, String method, String params) {
        return ask(
                question,
                method,
                params,
                body -> CometJson.result(question, CometJson.tree(readBounded(question, body))));
    }

    private interface Reader<T> {
        T read(InputStream body) throws IOException;
    }

    private <T> CompletableFuture<T> ask(
            String question, String method, String params, Reader<T> reader) {
        String request =
                "{\"jsonrpc\":\"2.0\",\"id\":"
                        + ids.getAndIncrement()
                        + ",\"method\":\""
                        + method
                        + "\",\"params\":"
                        + params
                        + "}";
        return nodes.ask(
                        question,
                        node -> attempt(node, request, question, reader),
                        CometNodes::isNodeFailure)
                .handle(
                        (answer, thrown) -> {
                            Throwable failure = Failover.unwrap(thrown);
                            if (failure == null) {
                                return answer;
                            }
                            if (failure instanceof ChainException known) {
                                throw known;
                            }
                            // Messages of the HTTP client name the node's address.
                            throw new ChainUnavailableException(
                                    question
                                            + ": no chain node answered ("
                                            + failure.getClass().getSimpleName()
                                            + ")",
                                    null);
                        });
    }

    /** A node that lags or has pruned a height says so; another may have it. */
    private static boolean isNodeFailure(Throwable failure) {
        return !(failure instanceof ChainRefusedException refused)
                || refused.reason().startsWith("height ");
    }

    private <T> CompletionStage<T> attempt(
            URI node, String request, String question, Reader<T> reader) {
        HttpRequest.Builder builder =
                HttpRequest.newBuilder(endpoint(node, ""))
                        .timeout(timeout)
                        .header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString(request));
        if (node.getUserInfo() != null) {
            builder.header("Authorization", basic(node));
        }
        return http.sendAsync(builder.build(), HttpResponse.BodyHandlers.ofInputStream())
                .thenApplyAsync(
                        response -> {
                            try (InputStream body = response.body()) {
                                if (response.statusCode() != 200) {
                                    throw new ChainUnavailableException(
                                            question
                                                    + ": a chain node answered HTTP "
                                                    + response.statusCode(),
                                            null);
                                }
                                return reader.read(body);
                            } catch (IOException e) {
                                throw new ChainUnavailableException(
                                        question + ": the answer broke off", null);
                            }
                        },
                        blocking);
    }

    private static byte[] readBounded(String question, InputStream body) throws IOException {
        byte[] bytes = body.readNBytes(MAX_ANSWER_BYTES);
        if (bytes.length == MAX_ANSWER_BYTES && body.read() >= 0) {
            throw new ChainAnswerException(
                    question + ": answer of more than " + MAX_ANSWER_BYTES + " bytes", null);
        }
        return bytes;
    }

    /** Opens the WebSocket of a node, counted round. */
    CompletableFuture<WebSocket> open(int node, WebSocket.Listener listener) {
        List<URI> all = nodes.nodes();
        URI url = all.get(Math.floorMod(node, all.size()));
        WebSocket.Builder builder = http.newWebSocketBuilder().connectTimeout(timeout);
        if (url.getUserInfo() != null) {
            builder.header("Authorization", basic(url));
        }
        URI endpoint = endpoint(url, "/websocket");
        String scheme = endpoint.getScheme().equals("https") ? "wss" : "ws";
        return builder.buildAsync(
                URI.create(scheme + endpoint.toString().substring(endpoint.getScheme().length())),
                listener);
    }

    private static URI endpoint(URI node, String suffix) {
        String port = node.getPort() < 0 ? "" : ":" + node.getPort();
        String path = node.getRawPath() == null ? "" : node.getRawPath();
        String target = path + suffix;
        return URI.create(
                node.getScheme()
                        + "://"
                        + node.getHost()
                        + port
                        + (target.isEmpty() ? "/" : target));
    }

    private static String basic(URI node) {
        return "Basic " + Base64.getEncoder().encodeToString(node.getUserInfo().getBytes(UTF_8));
    }

    @Override
    public void close() {
        http.shutdownNow();
    }
}
