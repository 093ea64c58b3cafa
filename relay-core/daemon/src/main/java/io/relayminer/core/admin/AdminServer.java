package io.relayminer.core.admin;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * A small HTTP/1.1 server for operators: health, readiness, metrics.
 *
 * <p>Each request runs on a virtual thread of its own, at most {@value #MAX_CONCURRENT} at a time;
 * more are answered 503. Request bodies are ignored. Endpoints are fixed at start; {@link #close}
 * stops within a second.
 */
public final class AdminServer implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(AdminServer.class);
    private static final int MAX_CONCURRENT = 32;

    private final HttpServer server;
    private final ExecutorService threads;

    private AdminServer(HttpServer server, ExecutorService threads) {
        this.server = server;
        this.threads = threads;
    }

    /** What an endpoint says: a status, a content type and a body. */
    public record Answer(int status, String contentType, String body) implements Content {

        /** A plain text of the status. */
        public static Answer text(int status, String body) {
            return new Answer(status, "text/plain; charset=utf-8", body);
        }

        /** A JSON document of the status. */
        public static Answer json(int status, String body) {
            return new Answer(status, "application/json", body);
        }
    }

    /** What an endpoint says in a file, which is deleted when it was sent. */
    public record Download(String contentType, Path file) implements Content {}

    /** An endpoint that takes the query of the request into account. */
    public interface Page {
        /**
         * Produces the answer.
         *
         * @param query decoded parameters by name; the last one of a name counts
         * @return an {@link Answer} or a {@link Download}
         */
        Content answer(Map<String, String> query) throws IOException;
    }

    /** An answer in memory or in a file. */
    public sealed interface Content {}

    /** Begins a server without endpoints. */
    public static Builder builder() {
        return new Builder();
    }

    /** The bound address; its port is the real one when 0 was asked for. */
    public InetSocketAddress address() {
        return server.getAddress();
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }

    /** Collects endpoints. Not thread-safe. */
    public static final class Builder {

        private final Map<String, Function<String, Answer>> exact = new LinkedHashMap<>();
        private final Map<String, Function<String, Answer>> prefixes = new LinkedHashMap<>();
        private final Map<String, Page> pages = new LinkedHashMap<>();

        private Builder() {}

        /** Answers exactly this path. */
        public Builder get(String path, Supplier<Answer> endpoint) {
            exact.put(path, ignored -> endpoint.get());
            return this;
        }

        /**
         * Answers every path that begins with the prefix; the endpoint is given what follows it.
         */
        public Builder getBelow(String prefix, Function<String, Answer> endpoint) {
            prefixes.put(prefix, endpoint);
            return this;
        }

        /** Answers exactly this path, with regard to the query. */
        public Builder page(String path, Page page) {
            pages.put(path, page);
            return this;
        }

        /** {@code /metrics} in the Prometheus text format. */
        public Builder metrics(Supplier<String> scrape) {
            return get(
                    "/metrics",
                    () ->
                            new Answer(
                                    200, "text/plain; version=0.0.4; charset=utf-8", scrape.get()));
        }

        /** {@code /health}: 200 while live, else 503. */
        public Builder health(BooleanSupplier live) {
            return get(
                    "/health",
                    () ->
                            live.getAsBoolean()
                                    ? Answer.text(200, "OK")
                                    : Answer.text(503, "Not Live"));
        }

        /**
         * Binds and starts.
         *
         * @param host the address to bind; empty means all
         * @param port 0 for any free port
         * @throws IOException if the address cannot be bound
         */
        public AdminServer start(String host, int port) throws IOException {
            InetSocketAddress address =
                    host.isEmpty()
                            ? new InetSocketAddress(port)
                            : new InetSocketAddress(InetAddress.getAllByName(host)[0], port);
            HttpServer server = HttpServer.create(address, 64);
            ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
            Semaphore slots = new Semaphore(MAX_CONCURRENT);
            server.setExecutor(threads);
            server.createContext(
                    "/",
                    exchange -> {
                        try (exchange) {
                            if (!slots.tryAcquire()) {
                                send(exchange, Answer.text(503, "Busy"));
                                return;
                            }
                            try {
                                respond(exchange);
                            } finally {
                                slots.release();
                            }
                        }
                    });
            server.start();
            return new AdminServer(server, threads);
        }

        private void respond(HttpExchange exchange) throws IOException {
            String path = exchange.getRequestURI().getPath();
            Page page = pages.get(path);
            if (page == null) {
                send(exchange, answer(path));
                return;
            }
            Content content;
            try {
                content = page.answer(query(exchange.getRequestURI().getRawQuery()));
            } catch (IllegalArgumentException e) {
                content = Answer.text(400, String.valueOf(e.getMessage()));
            } catch (IOException | RuntimeException e) {
                LOG.error("the endpoint {} failed", path, e);
                content = Answer.text(500, "Internal Server Error");
            }
            switch (content) {
                case Answer answer -> send(exchange, answer);
                case Download download -> send(exchange, download);
            }
        }

        private static Map<String, String> query(@Nullable String raw) {
            Map<String, String> query = new LinkedHashMap<>();
            for (String pair : raw == null ? new String[0] : raw.split("&", -1)) {
                int equals = pair.indexOf('=');
                String name = equals < 0 ? pair : pair.substring(0, equals);
                String value = equals < 0 ? "" : pair.substring(equals + 1);
                query.put(
                        URLDecoder.decode(name, StandardCharsets.UTF_8),
                        URLDecoder.decode(value, StandardCharsets.UTF_8));
            }
            return query;
        }

        private static void send(HttpExchange exchange, Download download) throws IOException {
            try {
                exchange.getResponseHeaders().set("Content-Type", download.contentType());
                exchange.sendResponseHeaders(200, Files.size(download.file()));
                try (OutputStream out = exchange.getResponseBody()) {
                    Files.copy(download.file(), out);
                }
            } finally {
                Files.deleteIfExists(download.file());
            }
        }

        private Answer answer(String path) {
            try {
                Function<String, Answer> endpoint = exact.get(path);
                if (endpoint != null) {
                    return endpoint.apply("");
                }
                for (var entry : prefixes.entrySet()) {
                    if (path.startsWith(entry.getKey())) {
                        return entry.getValue().apply(path.substring(entry.getKey().length()));
                    }
                }
                return Answer.text(404, "404 page not found\n");
            } catch (RuntimeException e) {
                LOG.error("the endpoint {} failed", path, e);
                return Answer.text(500, "Internal Server Error");
            }
        }

        private static void send(HttpExchange exchange, Answer answer) throws IOException {
            byte[] body = answer.body().getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", answer.contentType());
            boolean head = exchange.getRequestMethod().equals("HEAD");
            exchange.sendResponseHeaders(
                    answer.status(), head || body.length == 0 ? -1 : body.length);
            if (!head && body.length > 0) {
                try (OutputStream out = exchange.getResponseBody()) {
                    out.write(body);
                }
            }
        }
    }
}
