package io.relayminer.testkit.gateway;

import io.relayminer.core.wire.service.RelayRequest;
import io.relayminer.ring.PublicKey;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;

import org.jspecify.annotations.Nullable;

import java.net.URI;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;

/**
 * Sends relays over HTTP with the headers that gateways send, and checks the answers.
 *
 * <p>Thread-safe; keeps connections alive. Answers are checked on the executor given, so that
 * signature checks do not delay the sending of other relays.
 */
public final class GatewayClient implements AutoCloseable {

    private final Duration timeout;
    private final Executor checks;
    private final Vertx vertx;
    private final HttpClient http;

    /**
     * A client.
     *
     * @param timeout time for one relay
     * @param checks runs the checks of answers; not closed here
     */
    public GatewayClient(Duration timeout, Executor checks) {
        this.timeout = timeout;
        this.checks = checks;
        this.vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
        this.http =
                vertx.createHttpClient(
                        new HttpClientOptions()
                                .setKeepAlive(true)
                                .setTcpNoDelay(true)
                                .setConnectTimeout((int) timeout.toMillis()),
                        new PoolOptions().setHttp1MaxSize(256).setMaxWaitQueueSize(-1));
    }

    /**
     * An answer as it came over the wire.
     *
     * @param status HTTP status, or 0 without an answer
     * @param body body of the answer, empty without one
     * @param failure why there is no answer, or null
     */
    @SuppressWarnings("ArrayRecordComponent") // handed over; never compared
    public record Answer(int status, byte[] body, @Nullable String failure) {}

    /**
     * Sends a relay and checks its answer.
     *
     * @param relayer base URL of the relayer
     * @param supplier key of the supplier that the request names
     * @return the verdict; never completed exceptionally
     */
    public CompletionStage<RelayVerdict> send(
            URI relayer, RelayRequest request, PublicKey supplier) {
        return send(relayer, request.toByteArray())
                .thenApplyAsync(answer -> verdict(request, supplier, answer), checks);
    }

    /** Checks an answer of {@link #send(URI, byte[])}. */
    public static RelayVerdict verdict(RelayRequest request, PublicKey supplier, Answer answer) {
        String failure = answer.failure();
        return failure != null
                ? new RelayVerdict.Unanswered(failure)
                : ResponseCheck.check(request, supplier, answer.status(), answer.body());
    }

    /** Sends the bytes of a relay; never completed exceptionally. */
    public CompletionStage<Answer> send(URI relayer, byte[] relay) {
        CompletableFuture<Answer> result = new CompletableFuture<>();
        try {
            send(relayer, relay, result);
        } catch (IllegalStateException closed) {
            result.complete(new Answer(0, new byte[0], "the client is closed"));
        }
        return result;
    }

    private void send(URI relayer, byte[] relay, CompletableFuture<Answer> result) {
        String path = relayer.getRawPath().isEmpty() ? "/" : relayer.getRawPath();
        http.request(
                        new RequestOptions()
                                .setMethod(HttpMethod.POST)
                                .setHost(relayer.getHost())
                                .setPort(relayer.getPort())
                                .setURI(path)
                                .setTimeout(timeout.toMillis())
                                .putHeader("Content-Type", "application/json")
                                .putHeader("Rpc-Type", "3"))
                // All in one step on the event loop: a handler attached from the caller's thread
                // could come after the answer, whose body would then be lost.
                .compose(request -> request.send(Buffer.buffer(relay)).compose(GatewayClient::read))
                .onComplete(
                        done ->
                                result.complete(
                                        done.succeeded()
                                                ? done.result()
                                                : new Answer(
                                                        0,
                                                        new byte[0],
                                                        String.valueOf(
                                                                done.cause().getMessage()))));
    }

    private static Future<Answer> read(HttpClientResponse response) {
        return response.body()
                .map(body -> new Answer(response.statusCode(), body.getBytes(), null));
    }

    @Override
    public void close() {
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }
}
