package io.relayminer.core.chain;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;

import io.relayminer.core.net.UrlAuthority;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.io.InputStream;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;

/** Calls to the CometBFT RPC of the chain nodes over HTTP, and their WebSockets. Thread-safe. */
final class CometNodes implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(CometNodes.class);

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

    /** The newest block of one node, counted round. */
    CompletableFuture<Block> latestBlockOf(int node) {
        String question = "latest block";
        return attempt(
                        nodes.nodes().get(Math.floorMod(node, count())),
                        request("block", "{}"),
                        question,
                        body -> result(question, body))
                .thenApply(CometJson::block)
                .toCompletableFuture();
    }

    /** How long one answer may take to begin, and then to end. */
    Duration timeout() {
        return timeout;
    }

    CompletableFuture<String> chainId() {
        return call("chain id", "status", "{}").thenApply(CometNodes::chainId);
    }

    private static String chainId(JsonNode status) {
        String id = status.path("node_info").path("network").asText();
        if (id.isEmpty()) {
            throw new ChainAnswerException("status: no chain id", null);
        }
        return id;
    }

    /** Asks each node for its chain. */
    List<CompletableFuture<Optional<NodeProblem>>> examine(String configured) {
        List<CompletableFuture<Optional<NodeProblem>>> looks = new ArrayList<>();
        for (URI node : nodes.nodes()) {
            String address = UrlAuthority.of(node).hostAndPort();
            looks.add(
                    attempt(node, request("status", "{}"), "status", body -> result("status", body))
                            .thenApply(CometNodes::chainId)
                            .toCompletableFuture()
                            .orTimeout(timeout.toMillis(), TimeUnit.MILLISECONDS)
                            .handle((id, failure) -> problem(address, configured, id, failure)));
        }
        return looks;
    }

    private static Optional<NodeProblem> problem(
            String address, String configured, @Nullable String id, @Nullable Throwable failure) {
        if (id == null) {
            Throwable cause = Failover.unwrap(failure);
            return Optional.of(
                    new NodeProblem.Silent("CometBFT RPC", address, String.valueOf(cause)));
        }
        return id.equals(configured)
                ? Optional.empty()
                : Optional.of(
                        new NodeProblem.OtherChain(address, GrpcNodes.printable(id), configured));
    }

    CompletableFuture<List<ChainEvent>> events(long height, Set<String> types) {
        String question = "results of block " + height;
        String params = "{\"height\":\"" + height + "\"}";
        return ask(
                question, "block_results", params, body -> CometJson.events(question, body, types));
    }

    private CompletableFuture<JsonNode> call(String question, String method, String params) {
        return ask(question, method, params, body -> result(question, body));
    }

    private static JsonNode result(String question, InputStream body) throws IOException {
        return CometJson.result(question, CometJson.tree(readBounded(question, body)));
    }

    private String request(String method, String params) {
        return "{\"jsonrpc\":\"2.0\",\"id\":"
                + ids.getAndIncrement()
                + ",\"method\":\""
                + method
                + "\",\"params\":"
                + params
                + "}";
    }

    private interface Reader<T> {
        T read(InputStream body) throws IOException;
    }

    private <T> CompletableFuture<T> ask(
            String question, String method, String params, Reader<T> reader) {
        String request = request(method, params);
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
        return endpoint("http", node, "")
                .thenCompose(
                        endpoint -> {
                            HttpRequest.Builder builder =
                                    HttpRequest.newBuilder(endpoint)
                                            .timeout(timeout)
                                            .header("Content-Type", "application/json")
                                            .POST(HttpRequest.BodyPublishers.ofString(request));
                            authorization(node)
                                    .ifPresent(basic -> builder.header("Authorization", basic));
                            return http.sendAsync(
                                    builder.build(), HttpResponse.BodyHandlers.ofInputStream());
                        })
                .thenCompose(response -> read(response, question, reader));
    }

    /**
     * Reads an answer. The client's own deadline ends with the headers, so the body has another one
     * of the same length: a node that stalls in the middle is a node that does not answer.
     */
    private <T> CompletionStage<T> read(
            HttpResponse<InputStream> response, String question, Reader<T> reader) {
        InputStream body = response.body();
        return CompletableFuture.supplyAsync(
                        () -> {
                            try (body) {
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
                        blocking)
                .orTimeout(timeout.toNanos(), TimeUnit.NANOSECONDS)
                .whenComplete((answer, failure) -> end(body));
    }

    /** Wakes whoever reads. */
    private static void end(InputStream body) {
        try {
            body.close();
        } catch (IOException e) {
            LOG.trace("the answer was closed already", e);
        }
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
        return endpoint("ws", url, "/websocket")
                .thenCompose(
                        endpoint -> {
                            WebSocket.Builder builder =
                                    http.newWebSocketBuilder().connectTimeout(timeout);
                            authorization(url)
                                    .ifPresent(basic -> builder.header("Authorization", basic));
                            return builder.buildAsync(endpoint, listener);
                        })
                .orTimeout(timeout.toNanos(), TimeUnit.NANOSECONDS);
    }

    /**
     * Where a call goes. The JDK's client takes no name with an underscore, so the address of one
     * is looked up here, each time.
     */
    private CompletableFuture<URI> endpoint(String scheme, URI node, String suffix) {
        UrlAuthority authority = UrlAuthority.of(node);
        String secure = node.getScheme().equals("https") ? scheme + "s" : scheme;
        String path = (node.getRawPath() == null ? "" : node.getRawPath()) + suffix;
        String target = path.isEmpty() ? "/" : path;
        if (!authority.hasUnderscore()) {
            return CompletableFuture.completedFuture(
                    URI.create(secure + "://" + authority.hostAndPort() + target));
        }
        return CompletableFuture.supplyAsync(
                () -> {
                    UrlAuthority found =
                            new UrlAuthority("", lookUp(authority.host()), authority.port());
                    return URI.create(secure + "://" + found.hostAndPort() + target);
                },
                blocking);
    }

    private static String lookUp(String host) {
        try {
            InetAddress address = InetAddress.getByName(host);
            String literal = address.getHostAddress();
            return address instanceof Inet6Address ? "[" + literal + "]" : literal;
        } catch (UnknownHostException e) {
            throw new CompletionException(e);
        }
    }

    private static Optional<String> authorization(URI node) {
        String user = UrlAuthority.of(node).userInfo();
        return user.isEmpty()
                ? Optional.empty()
                : Optional.of("Basic " + Base64.getEncoder().encodeToString(user.getBytes(UTF_8)));
    }

    @Override
    public void close() {
        http.shutdownNow();
    }
}
