package io.relayminer.transport.vertx;

import io.netty.buffer.Unpooled;
import io.relayminer.transport.Cancellation;
import io.relayminer.transport.Closing;
import io.relayminer.transport.Frame;
import io.relayminer.transport.FrameReceiver;
import io.relayminer.transport.Headers;
import io.relayminer.transport.InboundRelay;
import io.relayminer.transport.RelayHandler;
import io.relayminer.transport.RelayReply;
import io.relayminer.transport.TransportEvents;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.buffer.BufferInternal;
import io.vertx.core.net.SocketAddress;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * One request and its response.
 *
 * <p>States, all on the listener's event loop: reading the body, then the handler's turn, then
 * writing, then over. A request that is refused while its body is still arriving is answered at
 * once and the rest of the body is read and dropped, up to a bound, so that a client that writes
 * everything before it reads still gets the answer.
 *
 * <p>A client that goes away cancels the relay, but the exchange lives on until the handler has
 * ended: the pipeline may still be paying for what it has done, and a drain must wait for that.
 */
final class HttpExchange {

    private static final Logger LOG = LoggerFactory.getLogger(HttpExchange.class);

    /** How much of a refused body is dropped before the connection is given up. */
    private static final long MAX_DISCARD = 16L * 1024 * 1024;

    private static final byte[] NOTHING = {};

    /** The client of a stream that went before the stream began. */
    private static final FrameReceiver GONE =
            new FrameReceiver() {
                @Override
                public CompletionStage<Void> receive(Frame frame) {
                    return CompletableFuture.failedStage(
                            new IllegalStateException("the client has gone"));
                }

                @Override
                public void end() {}

                @Override
                public void close(Closing closing) {}
            };

    private enum State {
        READING,
        DISCARDING,
        HANDLING,
        STREAMING,
        WRITING,
        OVER
    }

    private final HttpListener listener;
    private final HttpServerRequest request;
    private final HttpServerResponse response;
    private final Cancellation cancellation = new Cancellation();
    private final long arrivalNanos = System.nanoTime();
    private final BodyCollector body;
    private final String protocol;
    private State state = State.READING;
    private long deadlineNanos;
    private long discarded;
    private boolean counted;
    private boolean disconnected;
    private boolean bodyEnded;
    private boolean written;
    private boolean closeWhenWritten;
    private boolean messageBeingWritten;
    private @Nullable FrameReceiver handlerSide;

    HttpExchange(HttpListener listener, HttpServerRequest request) {
        this.listener = listener;
        this.request = request;
        this.response = request.response();
        this.protocol = request.version() == HttpVersion.HTTP_2 ? "h2c" : "http1";
        this.deadlineNanos = arrivalNanos + listener.options().readTimeout().toNanos();
        this.body =
                new BodyCollector(
                        listener.bodySpace(),
                        listener.options().maxBodyBytes(),
                        BodyCollector.announced(request.getHeader("content-length")));
    }

    void begin() {
        response.exceptionHandler(e -> disconnected());
        response.closeHandler(v -> disconnected());
        request.exceptionHandler(e -> disconnected());
        request.handler(this::bodyChunk);
        request.endHandler(v -> bodyEnd());
        String path = request.path() == null ? "/" : request.path();
        RequestKind kind =
                RequestKind.of(request.version(), request.method(), path, request.headers());
        if (kind == RequestKind.STATUS) {
            RelayHandler.StatusPage page = status(path);
            discardBody();
            write(page.status(), page.contentType(), Headers.empty(), utf8(page.body()));
            return;
        }
        counted = true;
        listener.events().requestStarted(protocol);
        switch (kind) {
            case STATUS, RELAY -> {
                if (BodyCollector.announced(request.getHeader("content-length"))
                        > listener.options().maxBodyBytes()) {
                    tooLarge();
                }
            }
            case WEBSOCKET ->
                    notOffered(() -> refuse(501, "websocket relays are not offered here"));
            case GRPC_WEB ->
                    notOffered(() -> grpcUnimplemented("application/grpc-web", "gRPC-Web"));
            case GRPC -> notOffered(() -> grpcUnimplemented("application/grpc", "gRPC"));
            case GRPC_OVER_HTTP1 ->
                    notOffered(
                            () ->
                                    write(
                                            505,
                                            "text/plain; charset=utf-8",
                                            Headers.of("X-Content-Type-Options", "nosniff"),
                                            utf8("gRPC requires HTTP/2\n")));
        }
    }

    private RelayHandler.StatusPage status(String path) {
        try {
            String decoded = URLDecoder.decode(path.replace("+", "%2B"), StandardCharsets.UTF_8);
            return listener.handler().status(decoded);
        } catch (IllegalArgumentException e) {
            return new RelayHandler.StatusPage(
                    400, "application/json", JsonText.error("malformed path", Map.of()));
        } catch (RuntimeException e) {
            listener.events().handlerFailed("http_handler", e);
            return new RelayHandler.StatusPage(
                    500, "text/plain; charset=utf-8", "Internal Server Error\n");
        }
    }

    private void notOffered(Runnable answer) {
        listener.events().requestRefused(TransportEvents.Refusal.PROTOCOL_NOT_OFFERED);
        discardBody();
        answer.run();
    }

    /** A gRPC answer without messages: HTTP 200 with the status in the headers. */
    private void grpcUnimplemented(String contentType, String what) {
        write(
                200,
                contentType,
                Headers.of(
                        "grpc-status", "12", "grpc-message", what + " relays are not offered here"),
                NOTHING);
    }

    // ---- body ----------------------------------------------------------------------------------

    private void bodyChunk(Buffer chunk) {
        if (state == State.READING) {
            switch (body.add(chunk)) {
                case ADDED -> {
                    // More follows, or the end.
                }
                case TOO_LONG -> tooLarge();
                case NO_SPACE -> overloaded();
            }
            return;
        }
        discarded += chunk.length();
        if (discarded > MAX_DISCARD) {
            giveUp();
        }
    }

    private void tooLarge() {
        listener.events().requestRefused(TransportEvents.Refusal.BODY_TOO_LARGE);
        discardBody();
        refuse(413, "request body too large");
    }

    private void overloaded() {
        listener.events().requestRefused(TransportEvents.Refusal.OVERLOADED);
        discardBody();
        refuse(503, "relayer overloaded");
    }

    private void discardBody() {
        body.discard();
        state = State.DISCARDING;
    }

    private void bodyEnd() {
        bodyEnded = true;
        if (state == State.READING) {
            state = State.HANDLING;
            handle();
        } else if (written) {
            over();
        }
    }

    // ---- handler -------------------------------------------------------------------------------

    private void handle() {
        InboundRelay relay =
                new InboundRelay(
                        listener.transport(),
                        protocol,
                        request.method().name(),
                        request.uri(),
                        new MultiMapHeaders(request.headers()),
                        body.finish(),
                        remote(),
                        cancellation,
                        arrivalNanos);
        CompletionStage<RelayReply> stage;
        try {
            stage = listener.handler().handle(relay);
        } catch (RuntimeException | Error e) {
            failed(e);
            return;
        }
        if (stage == null) {
            failed(new IllegalStateException("the relay handler returned no stage"));
            return;
        }
        stage.whenComplete(this::handled);
    }

    private java.net.SocketAddress remote() {
        SocketAddress peer = request.remoteAddress();
        if (peer == null || peer.port() < 0) {
            return InetSocketAddress.createUnresolved("unknown", 0);
        }
        return InetSocketAddress.createUnresolved(peer.hostAddress(), peer.port());
    }

    /** Completion of the handler, on any thread. */
    private void handled(@Nullable RelayReply reply, @Nullable Throwable failure) {
        ContextInternal loop = listener.eventLoop();
        if (loop.nettyEventLoop().inEventLoop()) {
            answer(reply, failure);
        } else {
            loop.runOnContext(v -> answer(reply, failure));
        }
    }

    private void answer(@Nullable RelayReply reply, @Nullable Throwable failure) {
        if (failure != null || reply == null) {
            failed(
                    failure != null
                            ? failure
                            : new IllegalStateException("the relay handler answered null"));
            return;
        }
        switch (reply) {
            case RelayReply.Signed signed ->
                    write(
                            200,
                            signed.contentType(),
                            signed.headers(),
                            signed.body(),
                            signed.compressible() && compresses(signed.body().length));
            case RelayReply.Streamed streamed -> stream(streamed);
            case RelayReply.Refused refused ->
                    write(
                            refused.status(),
                            "application/json",
                            Headers.empty(),
                            utf8(JsonText.error(refused.message(), refused.details())));
        }
    }

    private void failed(Throwable cause) {
        LOG.error("relay handler failed", cause);
        listener.events().handlerFailed("http_handler", cause);
        write(500, "text/plain; charset=utf-8", Headers.empty(), utf8("Internal Server Error\n"));
    }

    // ---- stream ----------------------------------------------------------------------------

    private void stream(RelayReply.Streamed reply) {
        if (disconnected || response.closed()) {
            reply.conversation().begin(GONE).close(Closing.DISCONNECTED);
            written();
            return;
        }
        state = State.STREAMING;
        response.setStatusCode(reply.status());
        response.putHeader("Date", listener.date());
        reply.headers().forEach(response.headers()::add);
        if (request.version() != HttpVersion.HTTP_2) {
            response.setChunked(true);
        }
        response.writeHead();
        FrameReceiver side =
                reply.conversation()
                        .begin(new ResponseStream(this, response, listener.eventLoop()));
        handlerSide = side;
        if (state != State.STREAMING) {
            return; // over already
        }
        if (listener.isDraining()) {
            side.end();
        }
    }

    boolean isStreaming() {
        return state == State.STREAMING && !disconnected;
    }

    /** A message is, or is no longer, on its way to the client, for which it has limited time. */
    void writing(boolean now) {
        messageBeingWritten = now;
        deadlineNanos = System.nanoTime() + listener.options().writeTimeout().toNanos();
    }

    void endStream() {
        if (isStreaming()) {
            state = State.WRITING;
            deadlineNanos = System.nanoTime() + listener.options().writeTimeout().toNanos();
            response.end().onComplete(done -> written());
        }
    }

    /** So that the client can tell a stream that broke off from a complete one. */
    void breakStreamOff() {
        if (isStreaming()) {
            state = State.WRITING;
            giveUp();
        }
    }

    /** Asks a stream to come to its end. */
    void drain() {
        FrameReceiver side = handlerSide;
        if (side != null && isStreaming()) {
            side.end();
        }
    }

    // ---- response ------------------------------------------------------------------------------

    private void refuse(int status, String message) {
        write(status, "application/json", Headers.empty(), utf8(JsonText.error(message, Map.of())));
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private void write(int status, String contentType, Headers headers, byte[] bytes) {
        write(status, contentType, headers, bytes, false);
    }

    private void write(
            int status, String contentType, Headers headers, byte[] bytes, boolean compressed) {
        if (state == State.HANDLING) {
            state = State.WRITING;
        }
        if (disconnected || response.closed()) {
            written();
            return;
        }
        deadlineNanos = System.nanoTime() + listener.options().writeTimeout().toNanos();
        response.setStatusCode(status);
        response.putHeader("Content-Type", contentType);
        response.putHeader("Date", listener.date());
        headers.forEach(response.headers()::add);
        byte[] out = bytes;
        if (compressed) {
            out = Gzip.compress(bytes);
            response.putHeader("Content-Encoding", "gzip");
        }
        response.end(BufferInternal.buffer(Unpooled.wrappedBuffer(out)))
                .onComplete(done -> written());
    }

    private boolean compresses(int length) {
        int from = listener.options().compressFromBytes();
        if (from < 0 || length < from) {
            return false;
        }
        String accepted = request.getHeader("accept-encoding");
        return accepted != null && accepted.toLowerCase(Locale.ROOT).contains("gzip");
    }

    private void written() {
        written = true;
        if (closeWhenWritten) {
            giveUp();
        }
        if (bodyEnded || disconnected) {
            over();
        }
    }

    // ---- ends ----------------------------------------------------------------------------------

    private void disconnected() {
        disconnected = true;
        if (state == State.READING) {
            listener.events().requestRefused(TransportEvents.Refusal.BODY_READ_FAILED);
            discardBody();
        }
        FrameReceiver side = handlerSide;
        if (side != null && state == State.STREAMING) {
            state = State.WRITING;
            side.close(Closing.DISCONNECTED);
        }
        cancellation.cancel();
        if (state != State.HANDLING) {
            over();
        }
    }

    /** Ends what the client does not move on: the stream of HTTP/2, else the connection. */
    private void giveUp() {
        if (request.version() == HttpVersion.HTTP_2) {
            response.reset();
        } else {
            request.connection().close();
        }
        disconnected();
    }

    private void over() {
        if (state == State.OVER) {
            return;
        }
        state = State.OVER;
        body.discard();
        if (counted) {
            listener.events().requestFinished();
        }
        listener.finished(this, request.connection());
    }

    /** Whether a time limit has passed. While the handler works, its own deadline counts. */
    boolean isLate(long now) {
        return state != State.HANDLING
                && (state != State.STREAMING || messageBeingWritten)
                && now - deadlineNanos > 0;
    }

    /** Acts on a passed time limit. */
    void expire() {
        if (state == State.READING) {
            listener.events().requestRefused(TransportEvents.Refusal.BODY_READ_FAILED);
            discardBody();
            closeWhenWritten = true;
            refuse(400, "failed to read request body");
        } else {
            LOG.debug("closing a connection to {} that does not move", request.remoteAddress());
            giveUp();
        }
    }
}
