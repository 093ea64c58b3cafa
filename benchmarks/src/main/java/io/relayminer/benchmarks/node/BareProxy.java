package io.relayminer.benchmarks.node;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;

import java.net.URI;

/**
 * The yardstick of the suite, in a process of its own: what the relayer does without being a
 * relayer. It takes a POST, sends its body to the backend over a kept connection, and answers with
 * the answer.
 */
public final class BareProxy {

    private final HttpClient backend;
    private final RequestOptions target;

    private BareProxy(HttpClient backend, RequestOptions target) {
        this.backend = backend;
        this.target = target;
    }

    /**
     * Listens on loopback until the process ends.
     *
     * @param arguments port to listen on, URL of the backend
     */
    public static void main(String[] arguments) {
        int port = Integer.parseInt(arguments[0]);
        URI url = URI.create(arguments[1]);
        Vertx vertx =
                Vertx.vertx(
                        new VertxOptions()
                                .setPreferNativeTransport(true)
                                .setEventLoopPoolSize(Runtime.getRuntime().availableProcessors()));
        HttpClient client =
                vertx.createHttpClient(
                        new HttpClientOptions().setKeepAlive(true).setTcpNoDelay(true),
                        new PoolOptions().setHttp1MaxSize(256).setMaxWaitQueueSize(-1));
        RequestOptions target =
                new RequestOptions()
                        .setMethod(HttpMethod.POST)
                        .setHost(url.getHost())
                        .setPort(url.getPort())
                        .setURI("/")
                        .putHeader("Content-Type", "application/json");
        BareProxy proxy = new BareProxy(client, target);
        vertx.createHttpServer(
                        new HttpServerOptions()
                                .setHost("127.0.0.1")
                                .setPort(port)
                                .setTcpNoDelay(true))
                .requestHandler(proxy::forward)
                .listen()
                .onFailure(
                        failure -> {
                            System.err.println("the proxy cannot listen: " + failure);
                            vertx.close();
                        });
    }

    private void forward(HttpServerRequest request) {
        if (!request.method().equals(HttpMethod.POST)) {
            request.response().end();
            return;
        }
        request.body()
                .compose(this::ask)
                .onSuccess(
                        answer ->
                                request.response()
                                        .putHeader("Content-Type", "application/json")
                                        .end(answer))
                .onFailure(failure -> request.response().setStatusCode(502).end());
    }

    private Future<Buffer> ask(Buffer body) {
        return backend.request(new RequestOptions(target))
                .compose(call -> call.send(body).compose(HttpClientResponse::body));
    }
}
