package io.relayminer.transport.vertx;

import io.netty.buffer.Unpooled;
import io.relayminer.transport.Closing;
import io.relayminer.transport.Frame;
import io.relayminer.transport.FrameReceiver;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.buffer.BufferInternal;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * The body of a streamed response: signed responses one after another, each followed by the
 * delimiter. A message is received when it has been given to the socket, so a client that does not
 * read holds its stream up.
 */
final class ResponseStream implements FrameReceiver {

    private static final byte[] DELIMITER = "||POKT_STREAM||".getBytes(StandardCharsets.US_ASCII);

    private final HttpExchange exchange;
    private final HttpServerResponse response;
    private final ContextInternal loop;

    ResponseStream(HttpExchange exchange, HttpServerResponse response, ContextInternal loop) {
        this.exchange = exchange;
        this.response = response;
        this.loop = loop;
    }

    @Override
    public CompletionStage<Void> receive(Frame frame) {
        CompletableFuture<Void> received = new CompletableFuture<>();
        onLoop(
                () -> {
                    if (!exchange.isStreaming()) {
                        received.completeExceptionally(
                                new IllegalStateException("the response is over"));
                        return;
                    }
                    exchange.writing(true);
                    response.write(
                                    BufferInternal.buffer(
                                            Unpooled.wrappedBuffer(frame.bytes(), DELIMITER)))
                            .onComplete(
                                    written -> {
                                        exchange.writing(false);
                                        if (written.succeeded()) {
                                            received.complete(null);
                                        } else {
                                            received.completeExceptionally(written.cause());
                                        }
                                    });
                });
        return received;
    }

    @Override
    public void end() {
        onLoop(exchange::endStream);
    }

    @Override
    public void close(Closing closing) {
        if (closing.code() == Closing.NORMAL.code()) {
            end();
        } else {
            onLoop(exchange::breakStreamOff);
        }
    }

    private void onLoop(Runnable action) {
        if (loop.nettyEventLoop().inEventLoop()) {
            action.run();
        } else {
            loop.runOnContext(v -> action.run());
        }
    }
}
