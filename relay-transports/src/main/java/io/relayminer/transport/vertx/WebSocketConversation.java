package io.relayminer.transport.vertx;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.websocketx.CorruptedWebSocketFrameException;
import io.relayminer.transport.Closing;
import io.relayminer.transport.Conversation;
import io.relayminer.transport.Frame;
import io.relayminer.transport.FrameReceiver;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.WebSocketBase;
import io.vertx.core.http.WebSocketFrame;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.buffer.BufferInternal;

import org.jspecify.annotations.Nullable;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/**
 * The peer behind a WebSocket, of which this process may be either end.
 *
 * <p><b>Pace.</b> One message is read at a time; the next one when the receiver has taken it. While
 * it has not, the socket is not read from, and the peer feels that.
 *
 * <p><b>Silence.</b> A peer that has said nothing for a while is pinged, and one that does not even
 * answer that has vanished. A socket over which something comes is never pinged, and an idle one
 * costs one timer.
 *
 * <p><b>Close.</b> A close frame is passed on when everything before it has been taken. A
 * connection that breaks off is {@link Closing#DISCONNECTED}. WebSockets know no half-closed state:
 * the end of what is said to the peer is not shown to it.
 *
 * <p>State is touched by the socket's event loop only.
 */
final class WebSocketConversation implements Conversation {

    /** When a peer is pinged and when it is given up; both counted from its last sign of life. */
    record Patience(Duration ping, Duration silence) {
        static final Patience DEFAULT =
                new Patience(Duration.ofSeconds(27), Duration.ofSeconds(30));
    }

    private static final int LONGEST_REASON = 123;

    private final WebSocketBase socket;
    private final ContextInternal loop;
    private final int maxMessageBytes;
    private final Patience patience;
    private final Runnable whenOver;

    private @Nullable FrameReceiver outlet;
    private @Nullable BodyCollector message;
    private boolean text;

    /** A whole message that nobody has taken, because nobody has begun. */
    private @Nullable Frame waiting;

    /** What is to be passed on as soon as there is somebody to pass it to. */
    private @Nullable Closing closing;

    private boolean delivering;
    private boolean over;
    private boolean pinged;
    private long lastHeardNanos = System.nanoTime();
    private long timer = -1;

    /**
     * Installs itself; before the socket is connected or, on a server, before its handler returns.
     *
     * @param loop the socket's
     * @param maxMessageBytes longest message of the peer
     * @param whenOver called once, when no more is said in either direction
     */
    WebSocketConversation(
            WebSocketBase socket,
            ContextInternal loop,
            int maxMessageBytes,
            Patience patience,
            Runnable whenOver) {
        this.socket = socket;
        this.loop = loop;
        this.maxMessageBytes = maxMessageBytes;
        this.patience = patience;
        this.whenOver = whenOver;
        socket.frameHandler(this::read);
        socket.pongHandler(pong -> heard());
        socket.exceptionHandler(this::broken);
        socket.closeHandler(v -> disconnected());
    }

    /** The socket is open: begins to watch the peer. */
    void opened() {
        onLoop(
                () -> {
                    heard();
                    watch();
                });
    }

    @Override
    public FrameReceiver begin(FrameReceiver to) {
        onLoop(
                () -> {
                    outlet = to;
                    Frame first = waiting;
                    waiting = null;
                    if (closing != null) {
                        tell();
                    } else if (first != null) {
                        deliver(to, first);
                    }
                });
        return new Inlet();
    }

    // What the peer says

    private void read(WebSocketFrame frame) {
        heard();
        if (over) {
            return;
        }
        socket.pause();
        switch (frame.type()) {
            case TEXT, BINARY -> {
                text = frame.isText();
                message = new BodyCollector(maxMessageBytes, -1);
                add(frame);
            }
            case CONTINUATION -> add(frame);
            case CLOSE -> ended(closingOf(socket.closeStatusCode(), socket.closeReason()));
            case PING, PONG -> {}
        }
    }

    private void add(WebSocketFrame frame) {
        BodyCollector whole = message;
        if (whole == null) {
            fail(new Closing(1002, "continuation without a beginning"));
            return;
        }
        if (whole.add(frame.binaryData()) != BodyCollector.Outcome.ADDED) {
            fail(Closing.TOO_LARGE);
            return;
        }
        if (!frame.isFinal()) {
            socket.fetch(1);
            return;
        }
        message = null;
        Frame complete = new Frame(whole.finish(), text);
        FrameReceiver to = outlet;
        if (to == null) {
            waiting = complete;
        } else {
            deliver(to, complete);
        }
    }

    private void deliver(FrameReceiver to, Frame frame) {
        delivering = true;
        CompletableFuture<Void> taken = to.receive(frame).toCompletableFuture();
        if (taken.isDone()) {
            taken(taken.isCompletedExceptionally());
        } else {
            var unused =
                    taken.whenComplete((ready, failure) -> onLoop(() -> taken(failure != null)));
        }
    }

    private void taken(boolean failed) {
        delivering = false;
        heard(); // nothing was read while the receiver was busy
        if (over) {
            return;
        }
        if (failed) {
            fail(Closing.FAILED);
        } else {
            socket.fetch(1);
        }
    }

    private void disconnected() {
        Short code = socket.closeStatusCode();
        boolean closeFrameIsStillUnread = code != null && code != 1006 && !over;
        if (closeFrameIsStillUnread) {
            stopWatching();
        } else {
            ended(Closing.DISCONNECTED);
        }
    }

    private void broken(Throwable failure) {
        if (failure instanceof CorruptedWebSocketFrameException corrupted) {
            int code = corrupted.closeStatus().code();
            fail(
                    code == Closing.TOO_LARGE.code()
                            ? Closing.TOO_LARGE
                            : closingOf((short) code, "invalid frame"));
        }
        // otherwise the connection is lost, and its close handler is called
    }

    private static Closing closingOf(@Nullable Short code, @Nullable String reason) {
        try {
            return code == null || code == 1005
                    ? Closing.NORMAL
                    : new Closing(code, reason == null ? "" : reason);
        } catch (IllegalArgumentException notForTheWire) {
            return Closing.DISCONNECTED;
        }
    }

    /** Ends the conversation for both sides. */
    private void fail(Closing why) {
        if (!over) {
            closeSocket(why);
            ended(why);
        }
    }

    /** Ends the conversation for both sides, with a reason of this process. */
    void close(Closing why) {
        onLoop(() -> fail(why));
    }

    /** The peer is gone, and this side is told when it has begun. */
    private void ended(Closing why) {
        if (finish()) {
            closing = why;
            tell();
        }
    }

    private void tell() {
        FrameReceiver to = outlet;
        Closing why = closing;
        if (to != null && why != null) {
            closing = null;
            to.close(why);
        }
    }

    private boolean finish() {
        if (over) {
            return false;
        }
        over = true;
        message = null;
        waiting = null;
        stopWatching();
        whenOver.run();
        return true;
    }

    private void closeSocket(Closing why) {
        if (!socket.isClosed()) {
            socket.close((short) why.code(), cut(why.reason()));
        }
    }

    /** At most 123 bytes, and no half of a character. */
    private static String cut(String reason) {
        String cut = reason;
        while (cut.getBytes(UTF_8).length > LONGEST_REASON) {
            cut = cut.substring(0, cut.offsetByCodePoints(cut.length(), -1));
        }
        return cut;
    }

    // Signs of life

    private void heard() {
        lastHeardNanos = System.nanoTime();
        pinged = false;
    }

    private void watch() {
        if (over) {
            return;
        }
        Duration limit = pinged ? patience.silence() : patience.ping();
        long left = lastHeardNanos + limit.toNanos() - System.nanoTime();
        if (left > 0) {
            timer =
                    loop.owner()
                            .setTimer(
                                    Math.max(1, TimeUnit.NANOSECONDS.toMillis(left) + 1),
                                    id -> watch());
        } else if (delivering) {
            heard();
            watch();
        } else if (!pinged) {
            pinged = true;
            socket.writePing(Buffer.buffer()).onFailure(lost -> {});
            watch();
        } else {
            fail(Closing.DISCONNECTED);
        }
    }

    private void stopWatching() {
        if (timer >= 0) {
            loop.owner().cancelTimer(timer);
            timer = -1;
        }
    }

    private void onLoop(Runnable action) {
        if (loop.nettyEventLoop().inEventLoop()) {
            action.run();
        } else {
            loop.runOnContext(v -> action.run());
        }
    }

    /** What is said to the peer. */
    private final class Inlet implements FrameReceiver {

        @Override
        public CompletionStage<Void> receive(Frame frame) {
            CompletableFuture<Void> written = new CompletableFuture<>();
            onLoop(() -> write(frame, written));
            return written;
        }

        private void write(Frame frame, CompletableFuture<Void> written) {
            if (over || socket.isClosed()) {
                written.completeExceptionally(new IllegalStateException("the WebSocket is closed"));
                return;
            }
            WebSocketFrame out =
                    frame.text()
                            ? WebSocketFrame.textFrame(new String(frame.bytes(), UTF_8), true)
                            : WebSocketFrame.binaryFrame(
                                    BufferInternal.buffer(Unpooled.wrappedBuffer(frame.bytes())),
                                    true);
            socket.writeFrame(out)
                    .onComplete(done -> written.complete(null), written::completeExceptionally);
        }

        @Override
        public void end() {}

        @Override
        public void close(Closing why) {
            onLoop(
                    () -> {
                        if (finish()) {
                            closeSocket(why);
                        }
                    });
        }
    }
}
